"""The way from a mammogram's grid to the network's canvas, and exactly back.

The breast's box is turned so that the chest wall stands left and is stretched to a fixed tall canvas; the aspect ratio is
given up on purpose, since public pictures come stretched to squares by unknown amounts. Contrast is normalised inside the
breast. Windows, padding and names play no part: equal pixels give an equal canvas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import Mammogram, Presentation
from mammo_core.preprocessing.outline import BoolArray, FloatArray, find_outline, resized
from mammo_core.presentation import bright_is_dense, render

CANVAS = (512, 320)
"""Rows and columns of a network's input, where its card says nothing else."""
BLACK, WHITE = 2.0, 99.7
"""Percentiles inside the breast that become 0 and 1."""
SKIN_MARGIN = 9
"""Pixels of a canvas of 512 rows kept around the outline; beyond lie letters, stamps and borders, which become black."""

ENOUGH = 1024
"""Larger pictures are first averaged by a whole factor, to no less than this: twice the canvas."""

_ALL = np.uint16(65535)

PointArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CanvasTransform:
    """Where the canvas lies on the mammogram.

    `shape` (rows, columns) is the mammogram's, `box` (top, left, bottom, right) the breast's, `flipped` if mirrored.

    A point is (row, column) with pixel centres at whole numbers, as in DICOM's pixel coordinates less one.
    """

    shape: tuple[int, int]
    box: tuple[int, int, int, int]
    flipped: bool
    canvas: tuple[int, int] = CANVAS

    def points_to_canvas(self, points: PointArray) -> PointArray:
        """Bring (n, 2) points of the mammogram to the canvas."""
        top, left, bottom, right = self.box
        unit = (np.asarray(points, dtype=np.float64) + 0.5 - (top, left)) / (bottom - top, right - left)
        if self.flipped:
            unit = np.stack([unit[:, 0], 1 - unit[:, 1]], axis=1)
        return unit * self.canvas - 0.5

    def points_to_mammogram(self, points: PointArray) -> PointArray:
        """Bring (n, 2) points of the canvas to the mammogram; undoes `points_to_canvas`."""
        top, left, bottom, right = self.box
        unit = (np.asarray(points, dtype=np.float64) + 0.5) / self.canvas
        if self.flipped:
            unit = np.stack([unit[:, 0], 1 - unit[:, 1]], axis=1)
        return unit * (bottom - top, right - left) + (top, left) - 0.5

    def to_canvas(self, picture: npt.NDArray[Any]) -> FloatArray:
        """Bring a (rows, columns) picture on the mammogram's grid to the canvas, averaging where it shrinks."""
        top, left, bottom, right = self.box
        crop = picture[top:bottom, left:right]
        rows, columns = self.canvas
        shrinks = crop.shape[0] >= rows and crop.shape[1] >= columns
        canvas = resized(crop, self.canvas, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return np.ascontiguousarray(canvas[:, ::-1]) if self.flipped else canvas

    def from_whole(self, map_: FloatArray) -> FloatArray:
        """The part of a map of the whole mammogram, of any resolution, that lies in the box, turned as the canvas is; the same shape."""
        rows, columns = map_.shape
        top, left, bottom, right = self.box
        height, width = (bottom - top) / self.shape[0], (right - left) / self.shape[1]
        down, across = (
            rows * top / self.shape[0] + 0.5 * height - 0.5,
            columns * left / self.shape[1] + 0.5 * width - 0.5,
        )
        where = np.array([[width, 0, across], [0, height, down]])
        part = cv2.warpAffine(
            np.ascontiguousarray(map_, dtype=np.float32),
            where,
            (columns, rows),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(np.ascontiguousarray(part[:, ::-1]) if self.flipped else part)

    def to_mammogram(self, map_: FloatArray) -> FloatArray:
        """Bring a map of any resolution that spans the canvas to the mammogram's grid; 0 outside the box."""
        top, left, bottom, right = self.box
        turned = np.ascontiguousarray(map_[:, ::-1] if self.flipped else map_, dtype=np.float32)
        whole = np.zeros(self.shape, dtype=np.float32)
        inside = whole[top:bottom, left:right]
        cv2.resize(turned, (right - left, bottom - top), dst=inside, interpolation=cv2.INTER_LINEAR)
        return whole


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """`canvas` (rows, columns) float32 in 0..1, `breast` of the same shape bool, and the transform that made them."""

    canvas: FloatArray
    breast: BoolArray
    transform: CanvasTransform


def prepare(mammogram: Mammogram, canvas: tuple[int, int] = CANVAS) -> NetworkInput:
    """Make the network's input from a mammogram's pixels alone: a picture file of the same pixels cannot name its padding.

    Contrast is normalised, so rescaling changes nothing and stored values will do, but where a table bends them.
    """
    if mammogram.modality_lut is not None:
        return prepare_grey(bright_is_dense(replace(mammogram, padding=None)), canvas=canvas)
    return prepare_grey(mammogram.pixels, inverted=mammogram.inverted != (mammogram.slope < 0), canvas=canvas)


def whole_picture(mammogram: Mammogram, canvas: tuple[int, int]) -> FloatArray:
    """The whole picture as its file shows it at full range, stretched to `canvas`: (rows, columns) float32 0..1, no breast looked for."""
    grey = render(mammogram, Presentation())
    shrinks = grey.shape[0] >= canvas[0] and grey.shape[1] >= canvas[1]
    seen = resized(grey, canvas, cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(np.clip(seen / np.float32(255), 0, 1), dtype=np.float32)


def prepare_grey(grey: npt.NDArray[Any], *, inverted: bool = False, canvas: tuple[int, int] = CANVAS) -> NetworkInput:
    """Make the network's input from a (rows, columns) picture on any scale, dense tissue bright, or dark if `inverted`."""
    step = max(1, max(grey.shape) // ENOUGH)
    rows, columns = grey.shape[0] // step, grey.shape[1] // step
    near = grey if step == 1 else resized(grey[: rows * step, : columns * step], (rows, columns), cv2.INTER_AREA)
    outline = find_outline(near, inverted=inverted)
    transform = CanvasTransform((rows, columns), outline.box, not outline.chest_wall_left, canvas)
    seen = -transform.to_canvas(near) if inverted else transform.to_canvas(near)
    breast = transform.to_canvas(outline.mask.astype(np.uint16) * _ALL) >= _ALL / 2
    inside = seen[breast] if breast.any() else seen.ravel()
    black, white = np.percentile(inside, (BLACK, WHITE))
    scaled = np.clip((seen - black) / max(white - black, np.finfo(np.float32).tiny), 0, 1)
    margin = 2 * (SKIN_MARGIN * canvas[0] // CANVAS[0]) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))
    kept = cv2.dilate(breast.astype(np.uint8), kernel)
    top, left, bottom, right = outline.box
    box = (top * step, left * step, bottom * step, right * step)
    on_picture = replace(transform, shape=(grey.shape[0], grey.shape[1]), box=box)
    return NetworkInput((scaled * kept).astype(np.float32), breast, on_picture)
