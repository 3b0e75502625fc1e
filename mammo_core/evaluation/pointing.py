"""The pointing game: does a map's highest point lie on the lesion (Zhang et al. 2018, section 4.1)?

Beside it what no skill gives: the centre of the breast, and a point thrown into the breast at random.
Everything is on the picture's own grid; nothing here knows how a map was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEAR = 15.0
"""Pixels of the picture that still count as near the lesion."""


@dataclass(frozen=True)
class Pointing:
    """One picture's turn. `hit`, `near` and `centre` are yes or no, `random` the chance of a hit."""

    hit: bool
    near: bool
    centre: bool
    random: float


@dataclass(frozen=True)
class PointingFigures:
    """Shares (0..1) over `n` pictures, as cards hold them."""

    n: int
    hit_rate: float
    hit_rate_15px: float
    centre: float
    random: float


def point(peak: tuple[float, float] | None, boxes: npt.ArrayLike, breast: npt.NDArray[np.bool_]) -> Pointing:
    """One picture's turn.

    Args:
        peak: (row, column) of the map's maximum, None where the map has no focus: a miss.
        boxes: (lesions, 4) as (top, left, bottom, right), half open.
        breast: (rows, columns) true inside the breast.

    Raises:
        ValueError: no box, a box without area, or an empty breast.
    """
    lesions = np.asarray(boxes, np.float64).reshape(-1, 4)
    if not len(lesions) or (lesions[:, 2:] <= lesions[:, :2]).any():
        raise ValueError(f"every picture needs a box, and every box an area: {lesions.tolist()}")
    rows, columns = np.nonzero(breast)
    if not rows.size:
        raise ValueError("the breast is empty")
    away = np.inf if peak is None else _distance(peak, lesions)
    inside = np.zeros(rows.shape, bool)
    for top, left, bottom, right in lesions:
        inside |= (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    return Pointing(
        hit=away == 0,
        near=away <= NEAR,
        centre=_distance((float(rows.mean()), float(columns.mean())), lesions) == 0,
        random=float(inside.mean()),
    )


def pointing_figures(turns: Sequence[Pointing]) -> PointingFigures:
    """Shares over all pictures. Raises ValueError where there are none."""
    if not turns:
        raise ValueError("no picture was pointed at")
    return PointingFigures(
        n=len(turns),
        hit_rate=float(np.mean([turn.hit for turn in turns])),
        hit_rate_15px=float(np.mean([turn.near for turn in turns])),
        centre=float(np.mean([turn.centre for turn in turns])),
        random=float(np.mean([turn.random for turn in turns])),
    )


def _distance(place: tuple[float, float], boxes: npt.NDArray[np.float64]) -> float:
    """Pixels from a point to the nearest box, 0 inside one."""
    beyond = np.maximum(np.maximum(boxes[:, :2] - place, place - np.nextafter(boxes[:, 2:], -np.inf)), 0.0)
    return float(np.hypot(beyond[:, 0], beyond[:, 1]).min())
