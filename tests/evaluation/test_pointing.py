"""The pointing game."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.evaluation import Pointing, PointingFigures, point, pointing_figures

BREAST = np.zeros((100, 80), bool)
BREAST[10:90, 0:50] = True
BOX = [(40, 20, 60, 30)]


@given(st.integers(0, 99), st.integers(0, 79))
def test_a_peak_hits_exactly_the_pixels_of_the_box(row, column):
    turn = point((row, column), BOX, BREAST)
    assert turn.hit == (40 <= row < 60 and 20 <= column < 30)
    assert turn.near or not turn.hit


@pytest.mark.parametrize(("row", "hit", "near"), [(59, True, True), (60, False, True), (74, False, True)])
def test_boxes_are_half_open_and_near_is_fifteen_pixels(row, hit, near):
    turn = point((row, 25), BOX, BREAST)
    assert (turn.hit, turn.near) == (hit, near)
    assert not point((76, 25), BOX, BREAST).near


def test_any_of_several_lesions_counts_and_no_focus_is_a_miss():
    assert point((15, 5), [*BOX, (10, 0, 20, 10)], BREAST).hit
    missed = point(None, BOX, BREAST)
    assert not missed.hit
    assert not missed.near


def test_the_skill_free_figures_are_the_middle_of_the_breast_and_its_share_in_boxes():
    turn = point((0, 0), BOX, BREAST)
    assert turn.centre
    assert turn.random == pytest.approx(20 * 10 / (80 * 50))
    overlapping = point((0, 0), [*BOX, *BOX], BREAST)
    assert overlapping.random == turn.random


def test_figures_are_shares_over_pictures():
    turns = [Pointing(True, True, False, 0.1), Pointing(False, True, False, 0.3)]
    assert pointing_figures(turns) == PointingFigures(2, 0.5, 1.0, 0.0, 0.2)


def test_nothing_to_point_at_is_refused():
    with pytest.raises(ValueError, match="every box an area"):
        point((0, 0), [(5, 5, 5, 9)], BREAST)
    with pytest.raises(ValueError, match="needs a box"):
        point((0, 0), [], BREAST)
    with pytest.raises(ValueError, match="breast is empty"):
        point((0, 0), BOX, np.zeros((5, 5), bool))
    with pytest.raises(ValueError, match="no picture"):
        pointing_figures([])
