"""Rows of views on a sheet: hung as on the wall, right breast left, chest walls meeting, with what has no place beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mammo_core.exam import FloatArray, ImageResult, Laterality
from mammo_core.hanging import PLACES, Hanging, Pane, name_of, reach
from mammo_core.reporting.films import Box, film
from mammo_core.reporting.sheet import PALE, QUIET, Sheet

DENSITY = 8.0
"""Pixels per mm of paper (203 dpi)."""

GAP = 2.0

MOST = 8
"""Of the views without a place among the four so many are printed; the rest is counted."""

WHITE = 235


@dataclass(frozen=True)
class Overlay:
    """What a model marks: results by image id, and the map of a picture (on its own grid), None where there is none."""

    images: Mapping[str, ImageResult]
    heat: Callable[[Pane], FloatArray | None]


def views(sheet: Sheet, hanging: Hanging, y: float, height: float, overlay: Overlay | None = None) -> None:
    """One row of the exam's views at `y`, of `height` mm; at its right, smaller, what has no place among the four."""
    others = hanging.others[:MOST]
    aside = sheet.width if not hanging.panes else sheet.width * min(0.4, 0.1 * len(others))
    if others:
        _others(sheet, hanging, (sheet.right - aside, y, aside, height), overlay)
    if hanging.panes:
        width = (sheet.width - aside - GAP * (2 if others else 1)) / 4
        for index, place in enumerate(PLACES):
            box = (sheet.left + index * width + (GAP if index > 1 else 0), y, width, height)
            pane = hanging.panes.get(place)
            outer = "L" if place[0] is Laterality.RIGHT else "R"
            if pane is None:
                sheet.box(*box, fill=255, edge=PALE)
                sheet.line(box[0], y + height / 2 - 2, f"no {'-'.join(place)}", 8, width, grey=QUIET, align="C")
            else:
                _pane(sheet, pane, (hanging.height, hanging.width), box, outer, overlay)


def _others(sheet: Sheet, hanging: Hanging, box: Box, overlay: Overlay | None) -> None:
    """A grid of views, each on its own scale; a last line counts those that are not printed."""
    x, y, width, height = box
    shown, more = hanging.others[:MOST], len(hanging.others) - MOST
    if more > 0:
        height -= 4
        words = f"and {more} more picture{'' if more == 1 else 's'}"
        sheet.line(x, y + height + 0.5, words, 7, width, grey=QUIET)
    rows = 1 if len(shown) <= 3 else 2
    columns = -(-len(shown) // rows)
    across, down = width / columns, height / rows
    for index, pane in enumerate(shown):
        place = (
            x + index % columns * across,
            y + index // columns * down,
            across - 0.6,
            down - (0.6 if rows > 1 else 0),
        )
        _pane(sheet, pane, reach([pane]), place, "L", overlay)


def _pane(
    sheet: Sheet,
    pane: Pane,
    shown: tuple[float, float],
    box: Box,
    outer: str,
    overlay: Overlay | None,
) -> None:
    x, y, width, height = box
    size = max(1, round(height * DENSITY)), max(1, round(width * DENSITY))
    said = overlay.images.get(pane.mammogram.image_id) if overlay else None
    heat = overlay.heat(pane) if overlay and said else None
    sheet.film(film(pane, shown, size, said if heat is not None else None, heat), box)
    sheet.line(x + 1, y + 0.7, name_of(pane.mammogram), 8, width - 2, bold=True, grey=WHITE, align=outer)
    if overlay:
        words = "not scored" if said is None else "" if said.foci or "lesion" not in said.maps else "no focus"
        sheet.line(x + 1, y + height - 3.8, words, 7, width - 2, grey=WHITE, align=outer)
