"""The pointing game of patch networks: the highest point, inside the breast, of the malignant map that the reading page shows.

Each picture is pointed at by networks that had not seen its woman. Only malignant pictures with boxes are looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.metrics import share_interval
from mammo_core.evaluation.pointing import Pointing, point, pointing_figures
from mammo_core.training.export import reader
from mammo_core.training.patch.ensemble import load_member
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.serving import serving_network
from mammo_core.training.recipes.patch import PatchRecipe

Peaks = Mapping[int, tuple[float, float]]
"""(row, column) on the canvas, by the picture's row."""


def peaks(rows: npt.NDArray[np.int64], speakers: Sequence[tuple[Path, ...]], pictures: Pictures) -> Peaks:
    """Where the mean map of the networks in `speakers` (n,), folders of runs, is highest on each of the pictures at `rows` (n,).

    Raises ValueError where networks need a finer canvas than the pictures have.
    """
    groups: dict[tuple[Path, ...], list[int]] = defaultdict(list)
    for place in np.flatnonzero(boxed_cancers(pictures)[rows]).tolist():
        groups[speakers[place]].append(int(rows[place]))
    canvas = pictures.canvases.shape[1:]
    found: dict[int, tuple[float, float]] = {}
    for who, own in groups.items():
        members = [load_member(folder) for folder in who]
        if max(member.canvas for member in members) != canvas:
            raise ValueError(f"the networks of one group need pictures on their finest canvas, not on {canvas}")
        network = serving_network(members, (1.0, 0.0))
        read = reader(keras.Model(network.inputs[0], {"lesion": network.output["lesion"]}), ("lesion",))
        for row in own:
            seen = pictures.canvases[row][None, ..., None] / np.float32(255)
            found[row] = highest(read(seen)["lesion"][0, 2], pictures.breasts[row])
    return found


def boxed_cancers(pictures: Pictures) -> npt.NDArray[np.bool_]:
    """(n,) whether a picture is malignant and has a malignant box to point at."""
    boxed = np.isin(np.arange(len(pictures.malignant)), pictures.box_picture[pictures.box_malignant])
    return np.asarray(boxed & pictures.malignant)


def figures(
    rows: npt.NDArray[np.int64],
    speakers: Sequence[tuple[Path, ...]],
    pictures: Pictures,
    recipe: PatchRecipe,
    seed: int,
) -> list[dict[str, Any]]:
    """The pointing game of each judged set that was pointed at, as a card has it; arguments and errors as of `peaks`."""
    found, rng = peaks(rows, speakers, pictures), np.random.default_rng(seed)
    sets = set(pictures.columns["dataset"][list(found)].tolist())
    judged = (each.set for each in recipe.judged if each.set in sets)
    return [{"map": "lesion", **pointed(found, pictures, name, rng)} for name in judged]


def highest(map_: npt.NDArray[np.float32], breast: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """(row, column) on the canvas where a map of cells is highest inside the breast."""
    heat = cv2.resize(map_, breast.shape[::-1], interpolation=cv2.INTER_LINEAR)
    row, column = np.unravel_index(int(np.where(breast, heat, -np.inf).argmax()), breast.shape)
    return float(row), float(column)


def pointed(peaks: Peaks, pictures: Pictures, name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Figures of the pointing game on the pictures of the set `name` that were pointed at."""
    turns: list[Pointing] = []
    women: list[str] = []
    for row in sorted(peaks):
        if pictures.columns["dataset"][row] == name:
            boxes = pictures.boxes[(pictures.box_picture == row) & pictures.box_malignant]
            turns.append(point(peaks[row], boxes, pictures.breasts[row]))
            women.append(str(pictures.women[row]))
    game = pointing_figures(turns)
    return {
        "set": name,
        "n": game.n,
        "n_women": len(set(women)),
        "hit_rate": round(game.hit_rate, 3),
        "hit_rate_15px": round(game.hit_rate_15px, 3),
        "centre": round(game.centre, 3),
        "random": round(game.random, 3),
        "hit_rate_interval": _interval([turn.hit for turn in turns], women, rng),
        "hit_rate_15px_interval": _interval([turn.near for turn in turns], women, rng),
    }


def _interval(hits: list[bool], women: list[str], rng: np.random.Generator) -> list[float]:
    return [round(float(value), 4) for value in share_interval(hits, women, rng).as_list()[1:]]
