"""The spots that a map marks: where, how large, and how much of the map lies in them.

Works on maps on any grid. A map that is flat, or whose maximum lies outside the breast,
marks nothing: there is "no focus", and none is made up.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import FloatArray, Focus

MAX_FOCI = 3
"""More spots than this guide no eye; the rest of the map can still be seen."""

HALF_HEIGHT = 0.5
"""A spot reaches to half of the map's height above its floor (full width at half maximum), as one measures any peak."""

MIN_CONTRAST = 0.05
"""A map that rises less than this probability above its median in the breast is flat: its maximum is chance."""

MIN_PEAK = 0.5
"""A spot counts only where the patch network holds malignant for more likely than background and benign together."""

MIN_SIDE = 0.015
"""Spots narrower than this part of the picture's longer side, half a cell of the map, are edges of what was cut off."""


def find_foci(heat: FloatArray, breast: npt.NDArray[np.bool_], min_contrast: float = MIN_CONTRAST) -> tuple[Focus, ...]:
    """Spots of `heat` (rows, columns), highest peak first, at most three; empty where it marks nothing.

    `breast` (rows, columns) says where a maximum may lie. `share` is the part of the map's mass above its floor (its
    median in the breast) that lies in the spot, so the shares of all spots sum to at most 1.

    Raises:
        ValueError: the two are not of one shape.
    """
    if heat.shape != breast.shape:
        raise ValueError(f"Map {heat.shape} and breast {breast.shape} must lie on one grid.")
    if says_nothing(heat, breast, min_contrast):
        return ()
    floor = float(np.median(heat[breast]))
    raised = np.where(breast, np.maximum(heat - floor, 0.0), 0.0)
    mass = float(raised.sum(dtype=np.float64))
    threshold = HALF_HEIGHT * float(raised.max())
    count, labels, stats, _ = cv2.connectedComponentsWithStats((raised >= threshold).astype(np.uint8), connectivity=8)
    narrow = MIN_SIDE * max(heat.shape)
    wide = [
        label
        for label in range(1, count)
        if min(stats[label, cv2.CC_STAT_WIDTH], stats[label, cv2.CC_STAT_HEIGHT]) > narrow
    ]
    spots = [spot for label in wide if (spot := _spot(raised, heat, labels, stats[label], label))[0] >= MIN_PEAK]
    spots.sort(key=lambda spot: (-spot[0], spot[2]))
    return tuple(
        Focus(number, box, peak, share=min(1.0, inside / mass), value=value)
        for number, (value, inside, peak, box) in enumerate(spots[:MAX_FOCI], start=1)
    )


def says_nothing(heat: FloatArray, breast: npt.NDArray[np.bool_], min_contrast: float = MIN_CONTRAST) -> bool:
    """True where a map is flat, or its maximum lies outside the breast."""
    if not breast.any() or not np.isfinite(heat).all():
        return True
    inside = heat[breast]
    highest = float(inside.max())
    return highest - float(np.median(inside)) < min_contrast or float(heat.max()) > highest


def _spot(
    raised: FloatArray, heat: FloatArray, labels: npt.NDArray[np.int32], stats: Any, label: int
) -> tuple[float, float, tuple[int, int], tuple[int, int, int, int]]:
    """Value at the peak, mass, peak and box of one component."""
    left, top, width, height = (int(n) for n in stats[:4])
    rows, columns = slice(top, top + height), slice(left, left + width)
    part = np.where(labels[rows, columns] == label, raised[rows, columns], 0.0)
    row, column = np.unravel_index(int(part.argmax()), part.shape)
    peak = (top + int(row), left + int(column))
    return float(heat[peak]), float(part.sum(dtype=np.float64)), peak, (top, left, top + height, left + width)
