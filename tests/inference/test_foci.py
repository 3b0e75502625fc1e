"""Foci: the spots a map marks, and none where it marks nothing."""

import numpy as np
import pytest

from mammo_core.inference import find_foci
from mammo_core.inference.foci import MAX_FOCI

BREAST = np.zeros((200, 120), bool)
BREAST[20:180, :100] = True


def spots(*places: tuple[int, int, float], radius: float = 6.0) -> np.ndarray:
    rows, columns = np.indices(BREAST.shape)
    heat = np.full(BREAST.shape, 0.01, np.float32)
    for row, column, height in places:
        distance = (rows - row) ** 2 + (columns - column) ** 2
        heat += (height * np.exp(-distance / (2 * radius**2))).astype(np.float32)
    return heat


def test_one_spot_is_one_focus_with_its_peak_in_its_box() -> None:
    (focus,) = find_foci(spots((90, 40, 0.8)), BREAST)
    top, left, bottom, right = focus.box
    assert focus.number == 1
    assert focus.peak == (90, 40)
    assert top <= 90 < bottom
    assert left <= 40 < right
    assert bottom - top == pytest.approx(2.355 * 6, abs=3)  # full width at half maximum
    assert focus.value == pytest.approx(0.81, abs=0.01)
    assert 0.3 < focus.share < 1


def test_spots_come_highest_first_and_never_more_than_three() -> None:
    heat = spots((40, 30, 0.6), (80, 70, 0.9), (120, 30, 0.7), (160, 70, 0.8))
    foci = find_foci(heat, BREAST)
    assert [focus.peak for focus in foci] == [(80, 70), (160, 70), (120, 30)]
    assert [focus.number for focus in foci] == [1, 2, 3]
    assert len(foci) == MAX_FOCI
    assert sum(focus.share for focus in foci) <= 1


def test_a_lesser_spot_is_left_out() -> None:
    assert len(find_foci(spots((60, 40, 0.9), (140, 40, 0.2)), BREAST)) == 1


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_map_has_no_focus(level: float) -> None:
    rng = np.random.default_rng(0)
    heat = np.full(BREAST.shape, level, np.float32) + rng.uniform(0, 0.01, BREAST.shape).astype(np.float32)
    assert find_foci(heat, BREAST) == ()


def test_a_maximum_outside_the_breast_is_no_focus() -> None:
    assert find_foci(spots((90, 40, 0.5), (5, 110, 0.9)), BREAST) == ()


def test_no_breast_or_no_number_is_no_focus() -> None:
    assert find_foci(spots((90, 40, 0.8)), np.zeros_like(BREAST)) == ()
    assert find_foci(np.full(BREAST.shape, np.nan, np.float32), BREAST) == ()


def test_grids_must_agree() -> None:
    with pytest.raises(ValueError, match="one grid"):
        find_foci(np.zeros((3, 3), np.float32), BREAST)
