"""The views as they are printed: on one scale, chest walls meeting, with or without the model's map.

Makes JPEG pictures of whole panes, black around the breast as on the wall. Positions come from `hanging`, grey and
colours from `presentation`; nothing is measured or scored here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import FloatArray, ImageResult, Mammogram, Presentation
from mammo_core.hanging import Pane, heat_png, picture_png

QUALITY = 82
OPACITY = 0.6
"""Of the heat map, as on the wall at first."""

LARGEST = 4096
"""Pixels of the longest side that a picture is rendered with, however small the breast in it."""

Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Film:
    """One pane on paper: a JPEG, and its foci as (number, (left, top, right, bottom)) in parts of its width and height."""

    jpeg: bytes
    foci: tuple[tuple[int, Box], ...] = ()


def film(
    pane: Pane, shown: tuple[float, float], size: tuple[int, int], said: ImageResult | None, heat: FloatArray | None
) -> Film:
    """The pane as it hangs at first, in `size` (rows, columns) pixels, showing at least `shown` (height, width) units of it.

    `heat` is a map on the mammogram's grid; with `said` its foci are given too.
    """
    rows, columns = size
    scale = min(rows / shown[0], columns / shown[1])
    left, bottom, right, top = pane.box
    edge = -columns / scale if pane.wall_right else 0.0
    upper = (pane.breast[1] + pane.breast[3]) / 2 + rows / scale / 2
    place = (left - edge) * scale, (upper - top) * scale, (right - left) * scale, (top - bottom) * scale
    longest = int(min(max(1.0, *place[2:]), LARGEST))
    printed = _laid(_decoded(picture_png(pane, as_the_file_says(pane.mammogram), longest)), place, size)
    layer = None if heat is None else heat_png(pane, heat)
    if layer is not None:
        printed = _overlaid(printed, _laid(_decoded(layer), place, size))
    foci = []
    for focus in said.foci if said else ():
        x0, y0, x1, y1 = pane.outline(focus)
        box = ((x0 - edge) / columns, (upper - y1) / rows, (x1 - edge) / columns, (upper - y0) / rows)
        foci.append((focus.number, (box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale)))
    return Film(_jpeg(printed), tuple(foci))


def as_the_file_says(mammogram: Mammogram) -> Presentation:
    """The file's own first window, unchanged."""
    return Presentation(mammogram.presets[0] if mammogram.presets else None)


def _laid(picture: Picture, place: Box, size: tuple[int, int]) -> Picture:
    """The picture at (left, top, width, height) of a black pane of `size` (rows, columns) pixels."""
    left, top, width, height = place
    across, down = width / picture.shape[1], height / picture.shape[0]
    # A pixel's centre lies half a pixel from its edge, on both grids.
    move = np.array([[across, 0, left + across / 2 - 0.5], [0, down, top + down / 2 - 0.5]])
    return np.asarray(cv2.warpAffine(picture, move, (size[1], size[0]), flags=cv2.INTER_LINEAR), np.uint8)


def _overlaid(picture: Picture, layer: Picture) -> Picture:
    """Grey with a BGRA map over it, BGR."""
    cover = OPACITY * layer[:, :, 3:].astype(np.float32) / 255.0
    return np.asarray(np.rint(picture[:, :, None] * (1.0 - cover) + layer[:, :, :3] * cover), np.uint8)


def _decoded(png: bytes) -> Picture:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def _jpeg(picture: Picture) -> bytes:
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"No JPEG can be made of an array of the shape {picture.shape}.")
    return bytes(encoded.tobytes())
