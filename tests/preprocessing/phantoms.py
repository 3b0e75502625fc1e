"""Breasts made of arithmetic: half an ellipse of tissue on air, to be outlined."""

from __future__ import annotations

import cv2
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


Breast = tuple[FloatArray, tuple[int, int, int, int]]


def disturbed(grey: FloatArray, box: tuple[int, int, int, int]) -> dict[str, Breast]:
    """The same breast under all that lies around breasts in practice, by name, and the box that it has there.

    `grey` has its chest wall left and `box` is (top, left, bottom, right).
    """
    white, (rows, columns) = float(grey.max()) * 1.1, grey.shape
    row, column = np.mgrid[:rows, :columns].astype(np.float32)
    air = grey < 400
    edge = np.minimum(np.minimum(row, rows - 1 - row), np.minimum(column, columns - 1 - column))
    rng = np.random.default_rng(1)

    def put(where: npt.NDArray[np.bool_], value: float) -> FloatArray:
        return np.where(where, np.float32(value), grey)

    def raised(by: npt.NDArray[np.float64] | float) -> FloatArray:
        return (grey + by * air).astype(np.float32)

    letters = np.zeros(grey.shape, np.uint8)
    cv2.putText(letters, "R CC", (columns - 210, 120), cv2.FONT_HERSHEY_SIMPLEX, 2.2, 1, 12)
    label = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(
        label, [np.array([[columns - 220, -20], [columns + 20, 60], [columns - 10, 150], [columns - 250, 70]])], 1
    )
    bulge = ((row - box[2] - 55) / 60) ** 2 + (column / (0.3 * box[3])) ** 2 < 1
    implant = ((row - rows / 2) / (0.24 * rows)) ** 2 + (column / (0.38 * columns)) ** 2 < 1
    frame = put(edge < 30, white)
    inside = (box[0], 30, box[2], box[3])
    around = np.zeros((rows + 200, columns + 300), np.float32)
    around[100:-100, :-300] = np.maximum(grey, 350)
    film = raised(rng.normal(150, 60, grey.shape))
    film[(edge < 20) | (np.abs(column - 0.8 * columns) < 2) | (label > 0)] = 0.7 * white
    return {
        "white frame": (frame, inside),
        "grey frame": (put(edge < 22, 0.5 * white), box),
        "thin frame": (put((edge < 10) & (grey < 900), 900), box),
        "ragged frame": (put(edge < rng.integers(4, 26, grey.shape), 0.6 * white), box),
        "label at the edge": (put(label > 0, white), box),
        "lead letters": (put(letters > 0, white), box),
        "vertical line": (put(np.abs(column - 0.75 * columns) < 2, white), box),
        "line beside the nipple": (put(np.abs(column - box[3] - 6) < 3, 0.6 * white), box),
        "wide line": (put(np.abs(column - 0.8 * columns) < 5, 0.7 * white), box),
        "fold of the abdomen": (put(bulge, 1500), box),
        "paddle": (put(np.abs(np.maximum(np.abs(row - rows / 2) - 0.42 * rows, column - 0.9 * columns)) < 3, 700), box),
        "implant": (put(implant, 1.4 * white), box),
        "raised air": (raised(240.0), box),
        "noisy air": (raised(rng.normal(150, 60, grey.shape)), box),
        "air that brightens sideways": (raised(350 * column / columns), box),
        "air that brightens downwards": (raised(350 * row / rows), box),
        "dimmer strip below": (put((row > rows - 45) & air, 700), box),
        "film on a dark ground": (around, (box[0] + 100, box[1], box[2] + 100, box[3])),
        "film with all of it": (film, (box[0], 0, box[2], box[3])),
    }
