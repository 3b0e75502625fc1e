"""Where the breast is: its outline, the side of its chest wall, and the box a network looks at.

Works on any picture in which dense tissue is bright, without being told side, view or machine. It refuses to
guess when there is no breast: the whole picture is the box then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

WORKING_SIDE = 512
"""Longest side, in pixels, at which the outline is found."""
GAMMA = 0.7
"""Compresses the bright end, so that dim skin counts."""
SKIN_FRACTION = 0.45
"""Skin is dimmer than the tissue that Otsu's threshold separates from air: part of the way from air to that threshold."""
APEX_ROWS = (0.3, 0.85)
"""Part of the body, top to bottom, in which the nipple's row is looked for."""
FOLD_REBOUND = 0.10
"""A waist of the outline ends the breast where the outline widens again beyond it by this part of the breast's width."""

FOLD_WAIST = 0.9
"""... and only where the outline is narrower than this part: a nipple is no waist above which to cut."""
BENT, ENCLOSED, BORDER = 0.8, 1.15, 16
"""A body that fills less of its convex hull, or more when its holes are filled, has the film's edge joined to it; that edge
is at most a sixteenth of the picture deep. Breasts fill 0.86 and more in nineteen of twenty pictures."""
RECTANGULAR = 0.93
"""A body that fills more of its box is a sheet of film; half an ellipse fills 0.79."""

FINE = 1024
"""Values that spread over less are not averaged as whole numbers."""

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outline:
    """The breast in a picture of `shape` (rows, columns).

    `box` (top, left, bottom, right) on the picture's grid, `chest_wall_left` the side; `coarse` is the breast, bool, on the grid
    that it was found on, at most 512 pixels long.
    """

    shape: tuple[int, int]
    coarse: BoolArray
    box: tuple[int, int, int, int]
    chest_wall_left: bool

    @cached_property
    def mask(self) -> BoolArray:
        """(rows, columns) bool, the breast on the picture's grid."""
        rows, columns = self.shape
        large = cv2.resize(self.coarse.view(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST)
        return np.asarray(large.view(np.bool_))


def find_outline(grey: npt.NDArray[Any], *, inverted: bool = False) -> Outline:
    """Find the breast in `grey`, (rows, columns), any scale, dense tissue bright, or dark if `inverted`."""
    if grey.ndim != 2 or min(grey.shape) < 1:
        raise ValueError(f"a picture has two dimensions, both at least 1; this one has the shape {grey.shape}")
    rows, columns = grey.shape
    shrink = min(1.0, WORKING_SIDE / max(rows, columns))
    small = resized(grey, (max(1, round(rows * shrink)), max(1, round(columns * shrink))), cv2.INTER_AREA)
    mask = _breast(-small if inverted else small)
    if not mask.any():
        return Outline((rows, columns), np.ones(mask.shape, dtype=bool), (0, 0, rows, columns), True)
    left = _chest_wall_is_left(mask)
    mask = _without_folds(mask, left)
    down, across = rows / mask.shape[0], columns / mask.shape[1]
    rows_in, columns_in = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (
        int(rows_in[0] * down),
        int(columns_in[0] * across),
        min(rows, int(np.ceil((rows_in[-1] + 1) * down))),
        min(columns, int(np.ceil((columns_in[-1] + 1) * across))),
    )
    return Outline((rows, columns), mask, box, left)


def resized(picture: npt.NDArray[Any], shape: tuple[int, int], how: int) -> FloatArray:
    """A (rows, columns) picture in another size, float32.

    Whole numbers of 16 bits are averaged as they are, in a third of the time, and come out rounded: to less than a thousandth of
    their range, or they are made floats first.
    """
    if picture.dtype not in (np.uint16, np.int16) or _range(picture) < FINE:
        picture = picture.astype(np.float32, copy=False)
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.float32)


def _range(picture: npt.NDArray[Any]) -> int:
    """Spread of the values of every sixteenth pixel."""
    some = picture[::4, ::4]
    return int(some.max()) - int(some.min())


def _breast(small: FloatArray) -> BoolArray:
    """The largest body of tissue, holes filled; frames, letters and stamps are dropped."""
    low, high = np.percentile(small, (0.5, 99.5))
    if high <= low:
        return np.zeros(small.shape, dtype=bool)
    scaled = (np.clip((small - low) / (high - low), 0, 1) ** GAMMA * 255).astype(np.uint8)
    tissue = _tissue(cv2.GaussianBlur(_without_frame(scaled), (0, 0), 1.5))
    body = _largest(tissue)
    if body.any() and _is_framed(body):
        inner = _largest(_without_borders(tissue))
        body = inner if inner.any() else body
    if body.any() and _is_film(body):
        rows, columns = (np.flatnonzero(body.any(axis=axis)) for axis in (1, 0))
        film = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        body = np.zeros_like(body)
        body[film] = _breast(small[film])
    return _filled(body)


def _tissue(scaled: npt.NDArray[np.uint8]) -> BoolArray:
    """What is brighter than air by part of the way to Otsu's threshold, as skin is."""
    otsu, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    air = float(np.median(scaled[scaled <= otsu]))
    return np.asarray(scaled > air + SKIN_FRACTION * (otsu - air))


def _largest(mask: BoolArray) -> BoolArray:
    """The largest piece; thin lines and letters do not join pieces."""
    reach = max(3, round(max(mask.shape) * 0.015)) | 1  # an even kernel would move the outline up and left
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    if count < 2:
        return np.zeros(mask.shape, dtype=bool)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _filled(body: BoolArray) -> BoolArray:
    contours, _ = cv2.findContours(body.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros(body.shape, np.uint8), contours, -1, 1, cv2.FILLED), dtype=bool)


def _touched(body: BoolArray) -> list[float]:
    """Share of each side of the picture that the body touches, smallest first."""
    return sorted(float(side.any(axis=0).mean()) for side in (body[:2], body[-2:], body.T[:2], body.T[-2:]))


def _is_framed(body: BoolArray) -> bool:
    """Whether film's edge is joined to the breast: a body that bends around air, encloses it, or lies along three sides."""
    filled = _filled(body)
    contours, _ = cv2.findContours(filled.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.fillConvexPoly(np.zeros(body.shape, np.uint8), cv2.convexHull(np.vstack(contours)), 1)
    bends = float(body.sum()) < BENT * float(hull.sum())
    encloses = float(filled.sum()) > ENCLOSED * float(body.sum())
    return bends or encloses or _touched(filled)[1] > 0.5


def _is_film(body: BoolArray) -> bool:
    """Whether the body is a sheet of film on a darker ground: a rectangle with two sides or more clear of the picture's."""
    rows, columns = (np.flatnonzero(body.any(axis=axis)) for axis in (1, 0))
    within = body[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(within.mean()) > RECTANGULAR and _touched(body)[1] == 0


def _without_frame(scaled: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Blacken white film borders: outermost rows and columns that are almost wholly at the picture's white end."""
    framed = scaled.copy()
    for turned in (framed, framed[::-1], framed.T, framed.T[::-1]):
        depth = turned.shape[0] // 12
        bright = np.percentile(turned[:depth], 25, axis=1) > 235
        if bright.any():
            turned[: int(np.flatnonzero(bright)[-1]) + 1] = 0
    return framed


def _without_borders(tissue: BoolArray) -> BoolArray:
    """Cut film's edge: whatever begins at a side of the picture and ends within a short way."""
    cut = tissue.copy()
    for turned in (cut, cut[::-1], cut.T, cut.T[::-1]):
        strip = turned[: max(2, turned.shape[0] // BORDER)]
        depth = np.where(strip.all(axis=0), 0, np.argmin(strip, axis=0))
        strip[np.arange(len(strip))[:, None] < depth] = False
    return cut


def _chest_wall_is_left(mask: BoolArray) -> bool:
    """The chest wall is the side whose edge the breast touches most; the breast's mass settles a draw."""
    strip = max(1, mask.shape[1] // 50)
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = columns[0], columns[-1] + 1
    at_left = mask[:, first : first + strip].sum()
    at_right = mask[:, last - strip : last].sum()
    if at_left == at_right:
        return bool(mask[:, : mask.shape[1] // 2].sum() >= mask[:, mask.shape[1] // 2 :].sum())
    return bool(at_left > at_right)


def _without_folds(mask: BoolArray, chest_wall_left: bool) -> BoolArray:
    """Cut what lies beyond a waist of the outline: the abdominal fold below the breast, arm and axilla above it."""
    turned = mask if chest_wall_left else mask[:, ::-1]
    reach = np.where(turned.any(axis=1), turned.shape[1] - np.argmax(turned[:, ::-1], axis=1), 0).astype(np.float32)
    reach = cv2.blur(reach[:, None], (1, max(3, len(reach) // 40)))[:, 0]
    start = (
        int(np.flatnonzero(mask.any(axis=0))[0])
        if chest_wall_left
        else int(np.flatnonzero(mask[:, ::-1].any(axis=0))[0])
    )
    width = np.maximum(reach - start, 0)
    apex = _apex(width)
    cut = mask.copy()
    below = _waist(width[apex:], float(width[apex]))
    if below is not None:
        cut[apex + below :] = False
    above = _waist(width[apex::-1], float(width[apex]))
    if above is not None:
        cut[: apex - above + 1] = False
    return cut


def _apex(width: npt.NDArray[np.float32]) -> int:
    """Widest row of the body's middle: at its ends, the axilla or the abdomen may be wider than the breast."""
    body = np.flatnonzero(width > 0)
    first, last = body[0] + int(APEX_ROWS[0] * len(body)), body[0] + int(np.ceil(APEX_ROWS[1] * len(body)))
    return int(first + np.argmax(width[first : max(last, first + 1)]))


def _waist(width: npt.NDArray[np.float32], full: float) -> int | None:
    """First row, walking away from the apex, at which the outline is narrower than it ever becomes again."""
    lowest = np.minimum.accumulate(width)
    rebound = width - lowest
    beyond = np.flatnonzero((rebound > FOLD_REBOUND * full) & (lowest < FOLD_WAIST * full))
    if len(beyond) == 0:
        return None
    return int(np.argmin(width[: beyond[0] + 1]))
