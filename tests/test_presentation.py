"""Stored values to grey, held against the formulas of PS3.3 (DCMTK's renderings: intake/test_oracle.py)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.exam import Mammogram, Presentation, Preset, VoiFunction, VoiLut, Window
from mammo_core.presentation import bright_is_dense, colour_map, render


def made(pixels: Any, **more: Any) -> Mammogram:
    return Mammogram("id", "name", np.asarray(pixels), **more)


def shown(mammogram: Mammogram, preset: Preset | None = None, **changes: Any) -> npt.NDArray[np.uint8]:
    return render(mammogram, Presentation(preset, **changes))


def by_the_standard(x: float, c: float, w: float, function: VoiFunction) -> float:
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.2 and C.11.2.1.3.1 as they are written, with an output range of 0 to 1."""
    if function is VoiFunction.SIGMOID:
        return 1 / (1 + math.exp(min(-4 * (x - c) / w, 700)))
    if function is VoiFunction.LINEAR_EXACT:
        return 0.0 if x <= c - w / 2 else 1.0 if x > c + w / 2 else (x - c) / w + 0.5
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    return 1.0 if x > c - 0.5 + (w - 1) / 2 else (x - (c - 0.5)) / (w - 1) + 0.5


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.integers(-32768, 32767), min_size=1, max_size=20),
    st.floats(-5000, 5000),
    st.floats(1, 10_000),
    st.sampled_from(list(VoiFunction)),
    st.sampled_from([(1.0, 0.0), (0.5, -1000.0), (2.25, 17.0)]),
    st.booleans(),
)
def test_every_window_is_that_of_the_standard(
    stored: list[int],
    center: float,
    width: float,
    function: VoiFunction,
    rescale: tuple[float, float],
    inverted: bool,
) -> None:
    """Rescale first (C.11.1), then the window, then MONOCHROME1's or INVERSE's reversal (C.11.6.1.2)."""
    slope, intercept = rescale
    mammogram = made(np.array([stored], np.int16), slope=slope, intercept=intercept, inverted=inverted)
    grey = shown(mammogram, Window("", center, width, function))[0]
    for one, value in zip(grey.tolist(), stored, strict=True):
        y = by_the_standard(value * slope + intercept, center, width, function)
        assert abs(one - 255 * (1 - y if inverted else y)) <= 0.5 + 1e-6


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-200, 400), min_size=1, max_size=20),
    st.integers(-100, 100),
    st.integers(8, 16).flatmap(
        lambda bits: st.tuples(st.just(bits), st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=300))
    ),
)
def test_every_lut_is_that_of_the_standard(stored: list[int], first: int, table: tuple[int, list[int]]) -> None:
    """PS3.3 C.11.2.1.1: inputs below the first mapped take the first entry, those above the last take the last."""
    bits, entries = table
    lut = VoiLut("", first, np.array(entries, np.uint16), bits)
    grey = shown(made(np.array([stored], np.int16)), lut)[0]
    for one, value in zip(grey.tolist(), stored, strict=True):
        entry = entries[min(max(value - first, 0), len(entries) - 1)]
        assert abs(one - 255 * entry / (2**bits - 1)) <= 0.5 + 1e-6


def test_a_window_is_applied_to_what_the_modality_lut_gives() -> None:
    lut = VoiLut("", 0, np.array([0, 100, 300, 4095], np.uint16), 12)
    mammogram = made(np.array([[0, 1, 2, 3, 200]], np.uint8), modality_lut=lut, slope=5.0, intercept=9.0)
    grey = shown(mammogram, Window("", 200, 200, VoiFunction.LINEAR_EXACT))
    assert grey.tolist() == [[0, 0, 255, 255, 255]]


def test_the_linear_window_is_that_of_the_standard() -> None:
    """PS3.3 C.11.2.1.2.1, with its own example: centre 2048, width 4096 shows 0..4095 whole."""
    grey = shown(made(np.array([[0, 4095, 5000]], np.uint16)), Window("", 2048, 4096))
    assert grey.tolist() == [[0, 255, 255]]
    step = shown(made(np.array([[99, 100, 101]], np.uint16)), Window("", 100, 1))
    assert step.tolist() == [[0, 255, 255]]


def test_the_exact_and_the_sigmoid_window_are_those_of_the_standard() -> None:
    pixels = np.array([[0, 50, 75, 100, 150, 999]], np.uint16)
    exact = shown(made(pixels), Window("", 100, 100, VoiFunction.LINEAR_EXACT))
    assert exact.tolist() == [[0, 0, 64, 128, 255, 255]]
    sigmoid = shown(made(pixels), Window("", 100, 100, VoiFunction.SIGMOID))
    assert sigmoid.tolist()[0] == [round(255 / (1 + np.exp(-4 * (v - 100) / 100))) for v in pixels[0].astype(float)]


def test_windows_are_stated_on_the_rescaled_values() -> None:
    window = Window("", 0, 200, VoiFunction.LINEAR_EXACT)
    signed = shown(made(np.array([[-100, 0, 100]], np.int16)), window)
    rescaled = shown(made(np.array([[0, 50, 100]], np.uint8), slope=2.0, intercept=-100.0), window)
    assert signed.tolist() == rescaled.tolist() == [[0, 128, 255]]


def test_luts_hold_their_ends_beyond_their_range() -> None:
    lut = VoiLut("", 10, np.array([0, 4095, 2048], np.uint16), 12)
    assert shown(made(np.array([[0, 10, 11, 12, 99]], np.uint8)), lut).tolist() == [[0, 0, 255, 128, 128]]
    modality = made(np.array([[10, 11]], np.uint8), modality_lut=lut)
    assert bright_is_dense(modality).tolist() == [[0.0, 4095.0]]


def test_inversion_by_the_file_and_by_the_reader_cancel() -> None:
    pixels = np.array([[0, 40, 255]], np.uint8)
    window = Window("", 128, 256)
    plain = shown(made(pixels), window)
    assert shown(made(pixels, inverted=True), window).tolist() == (255 - plain).tolist()
    assert shown(made(pixels, inverted=True), window, inverted=True).tolist() == plain.tolist()


def test_padding_is_never_shown_bright_and_never_dense() -> None:
    pixels = np.array([[0, 100, 200, 250]], np.uint8)
    padded = made(pixels, inverted=True, padding=(0, 0))
    assert shown(padded, Window("", 128, 256))[0, 0] == 0
    assert bright_is_dense(padded).tolist() == [[100.0, 250.0, 150.0, 100.0]]


def test_without_a_preset_the_whole_range_is_seen() -> None:
    pixels = np.linspace(1000, 1200, 10_000).astype(np.uint16).reshape(100, 100)
    grey = shown(made(pixels))
    assert grey.min() == 0
    assert grey.max() == 255
    assert shown(made(np.full((4, 4), 7, np.uint8))).shape == (4, 4)


def test_brightness_and_contrast_move_the_grey_as_their_names_say() -> None:
    mammogram, window = made(np.arange(256, dtype=np.uint8).reshape(16, 16)), Window("", 128, 256)
    plain = shown(mammogram, window)
    assert shown(mammogram, window, brightness=0.4).mean() > plain.mean()
    assert shown(mammogram, window, contrast=0.4).std() > plain.std()
    assert shown(mammogram, window, contrast=-0.4).std() < plain.std()


def test_a_picture_is_averaged_down_to_the_size_asked_for() -> None:
    mammogram = made(np.tile(np.array([[0, 255]], np.uint8), (400, 100)))
    small = render(mammogram, Presentation(Window("", 128, 256)), size=100)
    assert small.shape == (100, 50)
    assert abs(float(small.mean()) - 127.5) < 1.5
    assert render(mammogram, Presentation(), size=1000).shape == (400, 200)


def test_pixels_of_another_type_are_wrong_use() -> None:
    with pytest.raises(ValueError, match="float32"):
        bright_is_dense(made(np.zeros((2, 2), np.float32)))


@settings(deadline=None, max_examples=200)
@given(
    st.floats(-70_000, 70_000),
    st.floats(1e-3, 1e6),
    st.sampled_from(list(VoiFunction)),
    st.booleans(),
    st.floats(-1, 1),
    st.floats(-1, 1),
)
def test_any_window_is_monotone_in_the_stored_value(
    center: float, width: float, function: VoiFunction, inverted: bool, brightness: float, contrast: float
) -> None:
    pixels = np.arange(-32768, 32768, 7, dtype=np.int16)[None]
    grey = shown(
        made(pixels, inverted=inverted),
        Window("", center, width, function),
        brightness=brightness,
        contrast=contrast,
    )
    steps = np.diff(grey[0].astype(int))
    assert (steps <= 0).all() if inverted else (steps >= 0).all()


def test_a_map_is_transparent_where_it_says_nothing() -> None:
    rgba = colour_map(np.array([[0.0, 0.25, 0.6, 1.0, np.nan]], np.float32), 0.5)
    assert rgba.dtype == np.uint8
    assert rgba[0, :, 3].tolist() == [0, 0, 128, 128, 0]
    assert rgba[0, 3, 0] > rgba[0, 3, 2]
    assert 0 < colour_map(np.array([[0.35]], np.float32), 1.0)[0, 0, 3] < 64  # little more is said palely
    with pytest.raises(ValueError, match="opacity"):
        colour_map(np.zeros((1, 1), np.float32), 1.5)
