"""Views on paper: as they hang, on one scale, with the model's map and foci where they belong."""

from __future__ import annotations

import cv2
import numpy as np

from mammo_core.exam import Laterality, View
from mammo_core.hanging import hang
from mammo_core.inference import heat_map
from mammo_core.reporting.films import film
from tests.reporting.cases import exam, scored


def picture(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).astype(int)


def test_the_chest_wall_is_at_the_inner_edge_and_the_outside_is_black() -> None:
    hanging = hang(exam())
    for side, inner, outer in ((Laterality.RIGHT, -3, 2), (Laterality.LEFT, 2, -3)):
        shown = picture(
            film(hanging.panes[side, View.CC], (hanging.height, hanging.width), (300, 400), None, None).jpeg
        )
        assert shown.shape == (300, 400, 3)
        assert shown[150, inner].min() > 60
        assert shown[:, outer].max() < 20


def test_a_film_without_a_map_is_grey_and_with_one_is_coloured_where_it_speaks() -> None:
    of = exam()
    pane = hang(of).panes[Laterality.LEFT, View.CC]
    said = scored(of).images[pane.mammogram.image_id]
    plain = picture(film(pane, (300, 200), (300, 200), None, None).jpeg)
    assert np.ptp(plain, axis=2).max() == 0
    overlaid = film(pane, (300, 200), (300, 200), said, heat_map(pane.mammogram, said))
    assert np.ptp(picture(overlaid.jpeg), axis=2).max() > 60


def test_a_focus_is_outlined_where_it_lies_in_the_picture() -> None:
    of = exam()
    pane = hang(of).panes[Laterality.LEFT, View.CC]
    said = scored(of).images[pane.mammogram.image_id]
    ((number, (left, top, right, bottom)),) = film(pane, (300, 200), (300, 200), said, None).foci
    assert number == 1
    rows, columns = slice(100, 150), slice(40, 80)
    box = [left * 200, top * 300, right * 200, bottom * 300]
    assert np.allclose(box, [columns.start, rows.start, columns.stop, rows.stop], atol=8)


def test_a_small_breast_in_a_large_picture_needs_no_large_picture() -> None:
    pane = hang(exam(1)).panes[Laterality.RIGHT, View.CC]
    shown = film(pane, (2.0, 1.0), (400, 300), None, None)
    assert picture(shown.jpeg).shape == (400, 300, 3)
