"""Hanging: chest walls meet, pictures are mirrored only where they are stored the other way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mammo_core.exam import Exam, Focus, Laterality, Mammogram, View
from mammo_core.hanging import hang


def picture(side: Laterality, wall_right: bool) -> Mammogram:
    rows, columns = np.mgrid[:300, :200]
    breast = ((rows - 150) / 120) ** 2 + (columns / 150) ** 2 < 1
    pixels = np.where(breast, 2000, 0).astype(np.uint16)
    if wall_right:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    return Mammogram(f"{side}{wall_right}", "x", pixels, bits_stored=12, laterality=side, view=View.CC)


def pane(side: Laterality, wall_right: bool):
    mammogram = picture(side, wall_right)
    return hang(Exam("e", "e", (mammogram,))).panes[side, View.CC]


def test_a_picture_stored_as_it_hangs_is_not_mirrored() -> None:
    assert not pane(Laterality.RIGHT, wall_right=True).mirrored
    assert not pane(Laterality.LEFT, wall_right=False).mirrored


def test_a_picture_stored_the_other_way_round_is_mirrored() -> None:
    assert pane(Laterality.RIGHT, wall_right=False).mirrored
    assert pane(Laterality.LEFT, wall_right=True).mirrored


def test_the_chest_wall_hangs_at_zero_whichever_way_it_is_stored() -> None:
    for stored in (True, False):
        right, left = pane(Laterality.RIGHT, stored).breast, pane(Laterality.LEFT, stored).breast
        assert right[2] == 0
        assert right[0] < -100
        assert left[0] == 0
        assert left[2] > 100


def test_a_focus_keeps_its_place_on_a_mirrored_picture() -> None:
    focus = Focus(1, (100, 10, 120, 40), (110, 20), 0.5, 0.9)
    plain = pane(Laterality.LEFT, wall_right=False).outline(focus)
    turned = pane(Laterality.LEFT, wall_right=True).outline(replace(focus, box=(100, 160, 120, 190)))
    np.testing.assert_allclose(plain, turned, atol=3)
