"""What a picture shows, as far as its pixels say: a breast or none, film as it is or inverted.

Both answers rest on the air: beside a breast lies a region as dark and as smooth as hardly anything in a photograph, and
it takes up most of one side of the picture. All is measured at 256 pixels, between the picture's own black and white, so
that size, depth and exposure do not matter. The figures beside the limits were measured on 4,707 mammograms of four sets
(two digital sites, nine machines, three film archives), of which one, all black, is refused, and 13 more from PACS. It
knows no files, and refuses to be sharp: what could be a breast passes as one, and film is inverted only where nothing
else explains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

_LONGEST = 256
_ENDS = (0.5, 99.5)
"""Percentiles that are a picture's own black and white."""
_PATCH, _SMOOTH = 7, 0.02
"""A square of so many pixels is smooth if its tones have at most this standard deviation."""
_DARK, _BRIGHT = 0.35, 0.85
"""Air is darker than the first; on inverted film it is brighter than the second, since nothing on film is blacker."""
_WITHIN = 12
"""Sides are measured a twelfth of the picture within it, clear of letters and ragged borders."""
_HARD = 0.12
"""An edge is hard where the tone changes by more than this from pixel to pixel."""

_GRAIN = 0.13
"""Variance that a slight blur takes away: at most 0.11 in mammograms, 0.14 to 0.8 in writing, screens and noise."""
_TEXTURE = 0.004
"""Contrast of fine structure: at least 0.009 in mammograms, at most 0.002 in gradients of any kind."""
_LUNG = 0.04
"""Share of the picture of a dark island in each of its halves: at most 0.023 in mammograms with air on less than all of a side."""
_NO_AIR, _NO_SIDE, _LITTLE_AIR = 0.04, 0.15, 0.15
"""A picture with less air than the first has none, nor one with less than the last on less of a side than the second. Breasts that
fill the film have 0.05 and more, and those with air on next to no side 0.17."""
_ALL_ALONG = 0.9
"""Air along this share of a side is a breast's: nothing that is seen from side to side, or in pieces, leaves so much."""
_SOFT_EDGES, _SOFT_GRAIN = 0.01, 0.004
"""What has no air and at most so many hard edges and so much grain may be a magnified part of a breast."""
_ONE_PIECE = 0.3
"""Share of the largest piece in all that is not air: at least 0.35 in mammograms, less in windows full of panels."""
_ACROSS, _CLUTTER = 0.3, 0.035
"""A body that takes the first share of the left side and of the right, with more hard edges in it than the second, is ground
under a sky: large breasts between white borders have at most 0.031."""
_MIRRORED = 0.88
"""Correlation with the mirror image: at most 0.853 in mammograms, more in portraits, dialogs and skulls."""
_ONE_SIDED = 0.3
"""With less than this, dark islands are no lungs: at most 0.16 in mammograms that have such islands, 0.5 and more in chest films."""
_FLAT, _DRAWN = 0.0005, 0.06
"""Fills whose tone changes less than the first, with more hard edges in them than the second (0.047 in mammograms), are drawings."""

_Tones = npt.NDArray[np.float32]
_Mask = npt.NDArray[np.bool_]


def looks_like_a_breast(grey: npt.NDArray[Any], *, inverted: bool = False) -> bool:
    """Whether a picture may show a breast: False for pages, photographs, chest films and pictures of nothing.

    `grey` is (rows, columns), integers or floats on any scale, finite, dense tissue bright, or dark if `inverted`.
    Where it cannot tell, True.
    """
    tones = _tones(grey, inverted)
    tones = None if tones is None else _tones(_without_frame(tones))
    if tones is None or (grain := _grain(tones)) > _GRAIN:
        return False
    air, mirrored = _air(tones), _mirrored(tones)
    beside = air.side > _ALL_ALONG
    one_sided = beside and mirrored < _ONE_SIDED
    if not one_sided and (_has_lungs(tones) or _has_lungs(1 - tones)):
        return False
    body = _body(tones)
    if not body.any() or np.abs(tones - cv2.GaussianBlur(tones, (0, 0), 4))[body].mean() < _TEXTURE:
        return False
    hard, change = _steps(tones)
    if air.area < _NO_AIR or (air.side < _NO_SIDE and air.area < _LITTLE_AIR):
        return bool(hard.mean() < _SOFT_EDGES and grain < _SOFT_GRAIN)
    inside, sides = _inside(body), _at_the_sides(body)
    edges = float(hard[inside].mean()) if inside.any() else 0.0
    if mirrored > _MIRRORED or _is_drawn(edges, change[inside], sides, mirrored):
        return False
    return beside or not _is_scene(edges, body, _tissue(tones), sides)


def looks_inverted(grey: npt.NDArray[Any], *, inverted: bool = False) -> bool:
    """Whether a picture of a breast has its air bright, so that black and white must be swapped to show it.

    `grey` is (rows, columns), integers or floats on any scale, finite; it is looked at with black and white swapped
    if `inverted`. Where it cannot tell, False.
    """
    tones = _tones(grey, inverted)
    if tones is None:
        return False
    smooth, mean = _smooth(tones), cv2.blur(tones, (_PATCH, _PATCH))
    dark, bright = _along_the_sides(smooth, mean)
    if bright < 0.4 or bright < 1.5 * dark:
        return False
    # A wide white mount around film is bright along the sides too: look again without what is white all along.
    rows, columns = (np.flatnonzero((mean < 0.9).mean(axis=axis) > 0.05) for axis in (1, 0))
    if min(len(rows), len(columns)) < 2 * _WITHIN:
        return False
    inner = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    dark, bright = _along_the_sides(smooth[inner], mean[inner])
    return bool(bright >= 0.75 * dark)


def _tones(grey: npt.NDArray[Any], inverted: bool = False) -> _Tones | None:
    """The picture in small, 0 its own black and 1 its own white; None where these are the same."""
    if grey.dtype not in (np.uint8, np.uint16, np.int16, np.float32):
        grey = grey.astype(np.float32)
    shrink = min(1.0, _LONGEST / max(grey.shape))
    rows, columns = (max(1, round(length * shrink)) for length in grey.shape)
    small = np.asarray(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32)
    black, white = np.percentile(small, _ENDS)
    if white <= black or min(small.shape) < 2 * _WITHIN:
        return None
    tones = np.asarray(np.clip((small - black) / (white - black), 0, 1), dtype=np.float32)
    return 1 - tones if inverted else tones


def _without_frame(tones: _Tones) -> _Tones:
    """Cut off white borders of film: outermost rows and columns, up to a sixth a side, that are mostly white."""
    for _ in range(2):
        tones = tones.T
        deepest = len(tones) // 6
        white = (tones > 0.9).mean(axis=1) > 0.75
        first, last = (max(np.flatnonzero(side), default=-1) + 1 for side in (white[:deepest], white[::-1][:deepest]))
        tones = tones[first : len(tones) - last]
    return np.ascontiguousarray(tones)


def _grain(tones: _Tones) -> float:
    return float(np.mean((tones - cv2.GaussianBlur(tones, (0, 0), 1)) ** 2) / tones.var())


def _smooth(tones: _Tones) -> _Mask:
    soft = cv2.GaussianBlur(tones, (0, 0), 1)
    mean = cv2.blur(soft, (_PATCH, _PATCH))
    return np.asarray(cv2.blur(soft * soft, (_PATCH, _PATCH)) - mean * mean < _SMOOTH**2)


def _steps(tones: _Tones) -> tuple[_Mask, _Tones]:
    """Where edges are hard, and by how much the tone changes from pixel to pixel."""
    across, down = (cv2.Sobel(tones, cv2.CV_32F, *order) / 8 for order in ((1, 0), (0, 1)))
    change = np.hypot(across, down)
    return change > _HARD, change


def _sides(mask: _Mask) -> list[_Mask]:
    rows, columns = mask.shape
    down, across = rows // _WITHIN, columns // _WITHIN
    inner_rows, inner_columns = slice(down, rows - down), slice(across, columns - across)
    return [
        mask[down, inner_columns],
        mask[rows - down - 1, inner_columns],
        mask[inner_rows, across],
        mask[inner_rows, columns - across - 1],
    ]


def _along_the_sides(smooth: _Mask, mean: _Tones) -> tuple[float, float]:
    """Shares of all four sides that are smooth and dark, and smooth and bright."""
    dark, bright = (np.concatenate(_sides(smooth & tone)) for tone in (mean < _DARK, mean > _BRIGHT))
    return float(dark.mean()), float(bright.mean())


@dataclass(frozen=True)
class _Air:
    """The largest dark, smooth region: its share of the picture, and of the side that it covers most."""

    area: float
    side: float


def _air(tones: _Tones) -> _Air:
    region = _largest(_smooth(tones) & (cv2.blur(tones, (_PATCH, _PATCH)) < _DARK))
    return _Air(float(region.mean()), max(float(side.mean()) for side in _sides(region)))


def _largest(mask: _Mask) -> _Mask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def _levels(tones: _Tones) -> tuple[npt.NDArray[np.uint8], float]:
    """The picture in 256 levels, and Otsu's threshold between its dark and its bright ones."""
    levels = np.asarray(cv2.GaussianBlur(tones, (0, 0), 1) * 255, dtype=np.uint8)
    return levels, float(cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0])


def _tissue(tones: _Tones) -> _Mask:
    """What is brighter than air by part of the way to the threshold, as skin is."""
    levels, threshold = _levels(tones)
    air = float(np.median(levels[levels <= threshold]))
    return np.asarray(levels > air + 0.45 * (threshold - air))


def _body(tones: _Tones) -> _Mask:
    """The largest piece that is not air; letters and thin lines are no part of it."""
    opened = cv2.morphologyEx(_tissue(tones).astype(np.uint8), cv2.MORPH_OPEN, _disc(7))
    return _largest(opened.astype(bool))


def _disc(size: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def _has_lungs(tones: _Tones) -> bool:
    """A large dark island in the left half and another in the right, with tissue all around them."""
    levels, threshold = _levels(tones)
    dark = cv2.morphologyEx((levels < threshold).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, _, stats, centres = cv2.connectedComponentsWithStats(dark)
    rows, columns = tones.shape
    islands = [0.0, 0.0]
    for (left, top, width, height, area), (column, _) in zip(stats[1:], centres[1:], strict=True):
        if left > 0 and top > 0 and left + width < columns and top + height < rows:
            half = int(column >= columns / 2)
            islands[half] = max(islands[half], float(area) / tones.size)
    return min(islands) > _LUNG


def _at_the_sides(body: _Mask) -> tuple[float, float]:
    """Shares of the left side and of the right that the body takes."""
    left, right = (float(side.any(axis=1).mean()) for side in (body[:, :3], body[:, -3:]))
    return left, right


def _is_scene(edges: float, body: _Mask, tissue: _Mask, sides: tuple[float, float]) -> bool:
    """Many pieces, or cluttered ground from side to side."""
    return bool(body.sum() < _ONE_PIECE * tissue.sum()) or (min(sides) > _ACROSS and edges > _CLUTTER)


def _mirrored(tones: _Tones) -> float:
    return float(np.corrcoef(tones.ravel(), tones[:, ::-1].ravel())[0, 1])


def _inside(body: _Mask) -> _Mask:
    """The body with its holes filled, away from its outline."""
    contours, _ = cv2.findContours(body.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(body.shape, np.uint8), contours, -1, 1, cv2.FILLED)
    return np.asarray(cv2.erode(filled, _disc(13), borderType=cv2.BORDER_CONSTANT, borderValue=1).astype(bool))


def _is_drawn(edges: float, change: _Tones, sides: tuple[float, float], mirrored: float) -> bool:
    """Flat fills with hard edges in them, or one thing with hard edges in the middle of a dark ground."""
    if edges > _DRAWN and np.median(change) < _FLAT:
        return True
    return max(sides) < 0.05 and edges > 0.1 and mirrored > 0.5
