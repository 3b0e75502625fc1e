"""To the canvas and back: points return, maps land where points say, equal pixels give an equal canvas."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.exam import Mammogram, Window
from mammo_core.intake import read_bytes
from mammo_core.preprocessing import CANVAS, CanvasTransform, prepare, prepare_grey
from tests.intake.phantoms import encoded
from tests.preprocessing.phantoms import breast
from tests.shared import SHARED, needs_shared

MAMMOGRAMS = SHARED / "dicom" / "mammograms"


@st.composite
def transforms(draw: st.DrawFn, smallest: int = 1) -> CanvasTransform:
    rows, columns = draw(st.integers(smallest, 900)), draw(st.integers(smallest, 900))
    top, left = draw(st.integers(0, rows - smallest)), draw(st.integers(0, columns - smallest))
    bottom, right = draw(st.integers(top + smallest, rows)), draw(st.integers(left + smallest, columns))
    canvas = draw(st.sampled_from([CANVAS, (128, 96), (64, 64)]))
    return CanvasTransform((rows, columns), (top, left, bottom, right), draw(st.booleans()), canvas)


points = st.lists(st.tuples(st.floats(-50, 1000), st.floats(-50, 1000)), min_size=1, max_size=6).map(np.array)


@given(transforms(), points)
def test_a_point_that_goes_to_the_canvas_comes_back(transform: CanvasTransform, there: np.ndarray) -> None:
    back = transform.points_to_mammogram(transform.points_to_canvas(there))
    np.testing.assert_allclose(back, there, atol=1e-6)


@given(transforms(), points)
def test_a_point_that_goes_to_the_mammogram_comes_back(transform: CanvasTransform, there: np.ndarray) -> None:
    back = transform.points_to_canvas(transform.points_to_mammogram(there))
    np.testing.assert_allclose(back, there, atol=1e-6)


@given(transforms())
def test_the_corners_of_the_box_are_the_corners_of_the_canvas(transform: CanvasTransform) -> None:
    top, left, bottom, right = transform.box
    corners = transform.points_to_canvas(np.array([[top, left], [bottom, right]]) - 0.5)
    rows, columns = transform.canvas
    wanted = [[0, columns], [rows, 0]] if transform.flipped else [[0, 0], [rows, columns]]
    np.testing.assert_allclose(corners + 0.5, wanted, atol=1e-9)


@settings(deadline=None)
@given(transforms(smallest=64), st.integers(1, 30), st.integers(1, 18))
def test_a_map_peaks_on_the_mammogram_where_its_point_lands(transform: CanvasTransform, row: int, column: int) -> None:
    map_ = np.zeros((32, 20), dtype=np.float32)
    map_[row, column] = 1
    cell = np.array([transform.canvas[0] / 32, transform.canvas[1] / 20])
    centre = (np.array([[row, column]]) + 0.5) * cell - 0.5
    whole = transform.to_mammogram(map_)
    assert whole.shape == transform.shape
    peak = np.unravel_index(int(whole.argmax()), whole.shape)
    assert np.abs(np.array(peak) - transform.points_to_mammogram(centre)[0]).max() <= 1


@settings(deadline=None)
@given(transforms(smallest=8))
def test_a_map_says_nothing_outside_the_box(transform: CanvasTransform) -> None:
    whole = transform.to_mammogram(np.ones((32, 20), dtype=np.float32))
    top, left, bottom, right = transform.box
    np.testing.assert_array_equal(whole[top:bottom, left:right], 1)
    assert whole.sum(dtype=np.float64) == (bottom - top) * (right - left)


@pytest.mark.parametrize(("rows", "columns"), [(400, 320), (401, 333), (1300, 900), (700, 1024)])
def test_a_mirrored_picture_gives_the_same_canvas_and_says_so(rows: int, columns: int) -> None:
    grey, _ = breast(rows, columns)
    plain, mirrored = prepare_grey(grey), prepare_grey(np.ascontiguousarray(grey[:, ::-1]))
    assert plain.transform.flipped is not mirrored.transform.flipped
    top, left, bottom, right = plain.transform.box
    assert mirrored.transform.box == (top, columns - right, bottom, columns - left)
    np.testing.assert_allclose(mirrored.canvas, plain.canvas, atol=0.02)


@settings(deadline=None, max_examples=15)
@given(st.floats(0.05, 20), st.floats(-5000, 5000))
def test_the_scale_of_the_grey_makes_no_difference(slope: float, intercept: float) -> None:
    grey, _ = breast()
    plain, scaled = prepare_grey(grey), prepare_grey((slope * grey + intercept).astype(np.float32))
    assert scaled.transform == plain.transform
    np.testing.assert_allclose(scaled.canvas, plain.canvas, atol=0.01)


@needs_shared("dicom/mammograms")
@pytest.mark.parametrize(
    ("file", "tolerance"),
    [
        ("mg_cbisddsm_crop_mlo_r_sc_ivrle.dcm", 1e-4),
        ("mg_siemens_stereo_cc_l_overlay_jpegll.dcm", 1e-4),
        # Its header names a padding, 0 to 30, which a picture file cannot know.
        ("mg_ge_cc_r_small_voilut3_sigmoid_jpegll.dcm", 1e-4),
    ],
)
def test_a_dicom_and_the_png_of_its_pixels_give_the_same_canvas(file: str, tolerance: float) -> None:
    if not (MAMMOGRAMS / file).is_file():
        pytest.skip(f"the collected files are not here: dicom/mammograms/{file}")
    (dicom,) = read_bytes(file, (MAMMOGRAMS / file).read_bytes())
    assert isinstance(dicom, Mammogram)
    (png,) = read_bytes("picture.png", encoded(".png", dicom.pixels.astype(np.uint16)))
    assert isinstance(png, Mammogram)
    np.testing.assert_array_equal(png.pixels, dicom.pixels)
    one, other = prepare(dicom), prepare(png)
    assert one.transform == other.transform
    np.testing.assert_allclose(one.canvas, other.canvas, atol=tolerance)


def test_a_negative_gives_the_canvas_of_its_positive() -> None:
    grey, _ = breast()
    pixels = np.clip(grey, 0, 4095).astype(np.uint16)
    positive = Mammogram("positive", "a.dcm", pixels, bits_stored=12)
    negative = replace(positive, pixels=(4095 - pixels).astype(np.uint16), inverted=True)
    # Whole numbers are averaged to whole numbers: halves go up in one and down in the other, by less than a thousandth of the range.
    np.testing.assert_allclose(prepare(negative).canvas, prepare(positive).canvas, atol=1e-3)


@pytest.mark.parametrize("rows", [1500, 2048, 3333])
def test_a_large_picture_gives_nearly_the_canvas_of_a_smaller_one(rows: int) -> None:
    """It is first averaged by a whole factor; the box still lies on the picture's own grid."""
    columns = round(rows * 0.77)
    grey, box = breast(rows, columns)
    pixels = np.clip(grey, 0, 4095).astype(np.uint16)
    large, small = (
        prepare_grey(pixels),
        prepare_grey(cv2.resize(pixels, (columns // 3, rows // 3), interpolation=cv2.INTER_AREA)),
    )
    assert np.abs(np.array(large.transform.box) - box).max() < 0.02 * rows
    assert np.abs(large.canvas - small.canvas)[small.breast].mean() < 0.02


def test_windows_play_no_part() -> None:
    grey, _ = breast()
    plain = Mammogram("plain", "a.dcm", grey.clip(0).astype(np.uint16), bits_stored=12)
    windowed = replace(plain, presets=(Window("narrow", 1000, 50),))
    np.testing.assert_array_equal(prepare(windowed).canvas, prepare(plain).canvas)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-6, 1.0, 30_000.0]))
def test_any_picture_gives_a_canvas_between_black_and_white(rows: int, columns: int, seed: int, scale: float) -> None:
    grey = np.random.default_rng(seed).random((rows, columns), dtype=np.float32) * np.float32(scale)
    prepared = prepare_grey(grey)
    assert prepared.canvas.shape == prepared.breast.shape == CANVAS
    assert prepared.canvas.dtype == np.float32
    assert prepared.breast.dtype == np.bool_
    assert 0 <= prepared.canvas.min() <= prepared.canvas.max() <= 1
    top, left, bottom, right = prepared.transform.box
    assert 0 <= top < bottom <= rows
    assert 0 <= left < right <= columns


@pytest.mark.parametrize("value", [0.0, 1.0, 4095.0, -3.5])
def test_a_flat_picture_is_taken_whole(value: float) -> None:
    prepared = prepare_grey(np.full((60, 40), value, dtype=np.float32))
    assert prepared.transform.box == (0, 0, 60, 40)
    assert np.isfinite(prepared.canvas).all()


def test_what_lies_far_from_the_breast_is_black_on_the_canvas() -> None:
    grey, _ = breast()
    grey[60:90, 150:190] = grey.max()
    prepared = prepare_grey(grey)
    assert prepared.canvas[:60, -60:].max() == 0
