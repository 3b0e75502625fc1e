"""Picture files: what is kept, what is refused, and what their names say."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mammo_core.exam import Laterality, Mammogram, Refusal, View
from mammo_core.intake import read_bytes
from mammo_core.intake.picture import side_and_view
from tests.intake.phantoms import dataset, encoded, ramp, saved

R, L, CC, MLO = Laterality.RIGHT, Laterality.LEFT, View.CC, View.MLO


def read(data: bytes, name: str = "picture.png") -> Mammogram:
    (mammogram,) = read_bytes(name, data)
    assert isinstance(mammogram, Mammogram), mammogram
    return mammogram


def refused(data: bytes, name: str = "picture.png") -> Refusal:
    (refusal,) = read_bytes(name, data)
    assert isinstance(refusal, Refusal), refusal
    return refusal


@pytest.mark.parametrize(
    ("ending", "dtype"),
    [(".png", "u1"), (".png", "u2"), (".tiff", "u1"), (".tiff", "u2"), (".pgm", "u1"), (".pgm", "u2"), (".bmp", "u1")],
)
def test_grey_pictures_keep_their_values_and_depth(ending: str, dtype: str) -> None:
    pixels = ramp(dtype=dtype, top=np.iinfo(dtype).max)
    mammogram = read(encoded(ending, pixels), name="misnamed.dcm")
    assert mammogram.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(mammogram.pixels, pixels)
    assert mammogram.bits_stored == 8 * pixels.dtype.itemsize


def test_a_picture_of_the_same_pixels_is_the_same_image_as_the_dicom() -> None:
    pixels = ramp()
    assert read(encoded(".png", pixels)).image_id == read(saved(dataset(pixels))).image_id
    assert read(encoded(".png", pixels)).image_id != read(encoded(".png", pixels + 1)).image_id


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tiff"])
def test_colour_files_of_grey_pictures_are_grey(ending: str) -> None:
    pixels = ramp(dtype="u1", top=255)
    mammogram = read(encoded(ending, np.dstack([pixels] * 3)))
    assert mammogram.pixels.ndim == 2
    assert np.abs(mammogram.pixels.astype(int) - pixels).mean() < 3


def test_alpha_is_dropped_and_palettes_are_looked_up() -> None:
    pixels = ramp(dtype="u1", top=255)
    opaque = np.dstack([pixels] * 3 + [np.full_like(pixels, 40)])
    np.testing.assert_array_equal(read(encoded(".png", opaque)).pixels, pixels)
    wide = np.dstack([ramp()] * 3)
    np.testing.assert_array_equal(read(encoded(".png", wide)).pixels, ramp())
    stream = BytesIO()
    Image.fromarray(pixels).convert("P").save(stream, "PNG")
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, pixels)


def test_a_sixteen_bit_tiff_with_white_as_zero_is_inverted() -> None:
    stream = BytesIO()
    Image.fromarray(ramp()).save(stream, "TIFF", tiffinfo={262: 0})
    mammogram = read(stream.getvalue())
    np.testing.assert_array_equal(mammogram.pixels, ramp())
    assert mammogram.inverted


def test_colour_photographs_and_stacks_are_refused() -> None:
    pixels = ramp(dtype="u1", top=255)
    assert refused(encoded(".png", np.dstack([pixels, 255 - pixels, pixels]))).code == "colour"
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "TIFF", save_all=True, append_images=[Image.fromarray(pixels)])
    assert refused(stream.getvalue()).code == "several_frames"
    assert refused(encoded(".tiff", pixels.astype(np.float32))).code == "unsupported_pixels"


def test_a_huge_picture_is_refused_by_its_header() -> None:
    assert refused(b"P5\n60000 60000\n255\n" + bytes(100)).code == "too_large"


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tiff", ".pgm", ".bmp", ".webp"])
def test_cut_pictures_are_refused(ending: str) -> None:
    data = encoded(ending, ramp(dtype="u1", top=255))
    assert refused(data[: len(data) // 2]).code == "truncated"


@pytest.mark.parametrize(
    ("name", "side", "view"),
    [
        ("0_R-CC.png", R, CC),
        ("a/b/0_L-MLO.png", L, MLO),
        ("Smith_LCC.jpg", L, CC),
        ("P_00001_LEFT_MLO.png", L, MLO),
        ("Mass-Training_P_00694_RIGHT_CC_1.tif", R, CC),
        ("L MLO.png", L, MLO),
        ("rcc.png", R, CC),
        ("A_1004_1.RIGHT_CC.png", R, CC),
        ("10006_CC_L.png", L, CC),
        ("MLOR.png", R, MLO),
        ("RCC_study_L-MLO.png", L, MLO),
        ("12_left.png", L, None),
        ("mlo_3.png", None, MLO),
        ("mdb001.pgm", None, None),
        ("success.png", None, None),
        ("copyright.png", None, None),
        ("Carlcc.png", None, None),
        ("R.png", None, None),
        ("a/R-CC/17.png", None, None),
        ("", None, None),
    ],
)
def test_names_speak_by_whole_words(name: str, side: Laterality | None, view: View | None) -> None:
    assert side_and_view(name)[:2] == (side, view)


@given(st.text(max_size=60))
def test_any_name_has_an_answer(name: str) -> None:
    side_and_view(name)


@given(
    st.text("abdefghij0123456789", min_size=1, max_size=12),
    st.sampled_from(["R", "L", "right", "LEFT"]),
    st.sampled_from(["cc", "MLO"]),
    st.sampled_from(["", "-", "_", " "]),
)
def test_views_of_one_woman_share_the_rest_of_their_name(stem: str, side: str, view: str, between: str) -> None:
    found_side, found_view, rest = side_and_view(f"{stem}_{side}{between}{view}.png")
    assert found_side is (R if side[0] in "Rr" else L)
    assert found_view is View(view.upper())
    assert rest == f"{stem}_*"
