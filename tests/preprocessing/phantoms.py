"""Breasts made of arithmetic: half an ellipse of tissue on air, to be outlined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def breast(rows: int = 400, columns: int = 320, seed: int = 0) -> tuple[FloatArray, tuple[int, int, int, int]]:
    """A breast at the left edge, skin dimmer than what lies within, and the (top, left, bottom, right) it was given."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:rows, :columns].astype(np.float32)
    middle, height, width = rows * 0.5, rows * 0.36, columns * 0.6
    depth = 1 - ((row - middle) / height) ** 2 - (column / width) ** 2
    grey = np.where(depth > 0, 900 + 1500 * np.sqrt(np.clip(depth, 0, 1)), 60).astype(np.float32)
    for _ in range(25):
        at = rng.uniform((middle - height / 2, 0), (middle + height / 2, width / 2))
        blob = np.exp(-((row - at[0]) ** 2 + (column - at[1]) ** 2) / (2 * rng.uniform(3, 14) ** 2))
        grey += np.where(depth > 0, 500 * rng.uniform(-1, 1) * blob, 0).astype(np.float32)
    grey += rng.normal(0, 8, grey.shape).astype(np.float32)
    return grey, (round(middle - height), 0, round(middle + height), round(width))


def filmed(grey: FloatArray, border: int = 12) -> FloatArray:
    """The same picture as film: a white border all round, and a white letter in the air at the top right."""
    film = grey.copy()
    white = float(grey.max()) * 1.1
    rows, columns = film.shape
    film[:border] = film[-border:] = white
    film[:, -border:] = white
    top, left = border + rows // 20, columns - border - columns // 6
    film[top : top + 40, left : left + 8] = white
    film[top + 32 : top + 40, left : left + 30] = white
    return film
