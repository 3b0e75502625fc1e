"""How an exam hangs: which pane each view takes, which way round, at what scale, and as what bytes a screen loads.

Chest walls meet in the middle, right breast left, CC above MLO, one scale for all views. A picture is mirrored only
where its pixels show it stored the other way round. It chooses no window, computes no score and knows no screen:
positions are in millimetres where every view states its spacing, else in pixels, x from the chest wall, y upwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import Exam, FloatArray, Focus, Laterality, Mammogram, Presentation, View
from mammo_core.preprocessing import find_outline
from mammo_core.presentation import bright_is_dense, colour_map, png, render

PLACES = tuple((side, view) for view in (View.CC, View.MLO) for side in (Laterality.RIGHT, Laterality.LEFT))
"""The four panes, in reading order."""

PICTURE_SIZE = 1600
HEAT_SIZE = 640
"""Longest side, in pixels, of what is sent to a screen."""

OUTLINE_SIDE = 512
MARGIN = 1.03
"""The breast fills the pane but for this much air."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Pane:
    """One picture in its place.

    Attributes:
        mammogram: the picture.
        mirrored: True where it is shown the other way round than it is stored.
        wall_right: True where the chest wall is shown at the right (as a right breast hangs).
        box: (left, bottom, right, top) of the whole picture.
        breast: the same of the breast in it.
    """

    mammogram: Mammogram
    mirrored: bool
    wall_right: bool
    box: Box
    breast: Box

    def place(self, row: float, column: float) -> tuple[float, float]:
        """(x, y) in the pane of a (row, column) position on the mammogram's grid, from its upper left corner."""
        rows, columns = self.mammogram.pixels.shape
        left, bottom, right, top = self.box
        across = columns - column if self.mirrored else column
        return left + across / columns * (right - left), top - row / rows * (top - bottom)

    def outline(self, focus: Focus) -> Box:
        """(left, bottom, right, top) of a focus."""
        top, left, bottom, right = focus.box
        x0, y0 = self.place(top, left)
        x1, y1 = self.place(bottom, right)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


@dataclass(frozen=True, eq=False)
class Hanging:
    """An exam on the wall: `panes` by place (missing views have none), `others` for the strip.

    `unit` is "mm" or "px"; `height` and `width` are what every pane shows of its breast at first.
    """

    panes: dict[tuple[Laterality, View], Pane]
    others: tuple[Pane, ...]
    unit: str
    height: float
    width: float


def hang(exam: Exam) -> Hanging:
    """Find each view's place, side and scale; looks at every picture once."""
    in_mm = all(m.spacing is not None for m in exam.mammograms)
    panes = {place: _pane(mammogram, in_mm) for place, mammogram in exam.hung().items()}
    others = tuple(_pane(mammogram, in_mm) for mammogram in exam.strip())
    height, width = reach(panes.values() or others)
    return Hanging(panes, others, "mm" if in_mm else "px", height, width)


def reach(panes: Iterable[Pane]) -> tuple[float, float]:
    """Height and width that hold the breast of every pane, with a little air."""
    boxes = [pane.breast for pane in panes]
    height = max((top - bottom for _, bottom, _, top in boxes), default=1.0)
    width = max((right - left for left, _, right, _ in boxes), default=1.0)
    return height * MARGIN, width * MARGIN


def picture_png(pane: Pane, presentation: Presentation, size: int = PICTURE_SIZE) -> bytes:
    """The picture as it hangs: 8-bit grey PNG, longest side at most `size`."""
    return png(_turned(render(pane.mammogram, presentation, size), pane))


def heat_png(pane: Pane, heat: FloatArray) -> bytes | None:
    """A map on the mammogram's grid as it hangs: RGBA PNG, transparent where it says nothing; None if all zero."""
    if not heat.any():
        return None
    factor = min(1.0, HEAT_SIZE / max(heat.shape))
    target = (max(1, round(heat.shape[1] * factor)), max(1, round(heat.shape[0] * factor)))
    small = cv2.resize(heat, target, interpolation=cv2.INTER_AREA)
    coloured = colour_map(np.asarray(small, dtype=np.float32), 1.0)
    return png(cv2.cvtColor(np.ascontiguousarray(_turned(coloured, pane)), cv2.COLOR_RGBA2BGRA))


def _pane(mammogram: Mammogram, in_mm: bool) -> Pane:
    rows, columns = mammogram.pixels.shape
    down, across = mammogram.spacing if in_mm and mammogram.spacing is not None else (1.0, 1.0)
    (top, left, bottom, right), stored_right = _breast_box(mammogram)
    wall_right = stored_right if mammogram.laterality is None else mammogram.laterality is Laterality.RIGHT
    mirrored = stored_right != wall_right
    if mirrored:
        left, right = columns - right, columns - left
    wall = right if wall_right else left
    return Pane(
        mammogram=mammogram,
        mirrored=mirrored,
        wall_right=wall_right,
        box=(-wall * across, -rows * down, (columns - wall) * across, 0.0),
        breast=((left - wall) * across, -bottom * down, (right - wall) * across, -top * down),
    )


def _breast_box(mammogram: Mammogram) -> tuple[tuple[int, int, int, int], bool]:
    """(top, left, bottom, right) of the breast, and whether its chest wall is stored at the right."""
    rows, columns = mammogram.pixels.shape
    step = max(1, min(rows, columns) // OUTLINE_SIDE)
    thinned = replace(mammogram, pixels=np.ascontiguousarray(mammogram.pixels[::step, ::step]))
    outline = find_outline(bright_is_dense(thinned))
    top, left, bottom, right = (edge * step for edge in outline.box)
    return (top, left, min(bottom, rows), min(right, columns)), not outline.chest_wall_left


def _turned(picture: npt.NDArray[np.uint8], pane: Pane) -> npt.NDArray[np.uint8]:
    return picture[:, ::-1] if pane.mirrored else picture


def name_of(mammogram: Mammogram) -> str:
    """What a picture is called on the wall: "R-CC", or as much of it as is known."""
    side = mammogram.laterality.value if mammogram.laterality else "?"
    view = mammogram.view.value if mammogram.view else mammogram.view_code or "?"
    return "side and view not stated" if side == view == "?" else f"{side}-{view}"
