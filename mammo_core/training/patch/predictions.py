"""What the networks of a run said of pictures they were not trained on, read from its folders."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammo_core.training.datasets.twice import known_twice
from mammo_core.training.lab.records import read_split
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.recipes.patch import FOLDS, read_recipe

SCORES = "scores.csv"
"""Of a fold: what every head says, as it is, of each picture that its network was not trained on."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Raw scores of n pictures by the networks that had not seen them, in the order of `rows` into a `Pictures`.

    `scores` (n, k) raw malignant scores of k heads, `benign_map` (n,) top mean of benign against background, `fold` (n,) whose network
    it was, NO_FOLD where it was several.
    """

    rows: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    benign_map: npt.NDArray[np.float64]
    fold: npt.NDArray[np.int64]


def folds_done(run: Path) -> list[int]:
    """The folds of `run` whose scores are there."""
    return [fold for fold in range(FOLDS) if (run / f"fold{fold}" / SCORES).is_file()]


def read_predictions(folders: Iterable[tuple[Path, int]], pictures: Pictures) -> Predictions:
    """Read what every head of the networks in `folders` (folder, fold) said of pictures they were not trained on.

    A picture of which several speak, as of an outside set all do, is taken from the first of them: one network is judged, not their
    mean.

    Raises ValueError where a folder speaks of a picture that is not in `pictures`.
    """
    table: dict[int, tuple[float, ...]] = {}
    for folder, fold in folders:
        for row, (scores, benign_map) in said_by(folder, pictures).items():
            table.setdefault(row, (benign_map, fold, *scores))
    rows = np.array(sorted(table), dtype=np.int64)  # in one order, so that the cases of two models can be paired
    values = np.array([table[row] for row in rows.tolist()], dtype=np.float64)
    return Predictions(rows, values[:, 2:], values[:, 0], values[:, 1].astype(np.int64))


Said = tuple[list[float], float]


def said_by(folder: Path, pictures: Pictures) -> dict[int, Said]:
    """Raw scores of the heads and benign map of every picture (by its row) of women the network in `folder` was not trained on."""
    place = pictures.places
    recipe, known = read_recipe(folder.parent / "recipe.toml"), _trained_women(folder)
    found: dict[int, Said] = {}
    with (folder / SCORES).open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            key = (row["dataset"], row["file"])
            if key not in place:
                raise ValueError(f"{folder} speaks of {key[1]} of {key[0]}, which is not among the pictures")
            if pictures.women[place[key]] in known:  # by another name
                continue
            found[place[key]] = ([float(row[head.name]) for head in recipe.heads], float(row["benign_map"]))
    return found


def _trained_women(folder: Path) -> set[str]:
    """The women whom the network in `folder` was trained on, those of two names by the first."""
    part = read_split(folder)
    first = known_twice(part)
    return {first.get(woman, woman) for woman in part if part[woman] == "train"}


def trained_on(folder: Path, pictures: Pictures, sets: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """(n,) whether the network in `folder` was trained on a picture of `sets`: its scores are of all others."""
    with (folder / SCORES).open(encoding="utf-8") as stream:
        others = {(row["dataset"], row["file"]) for row in csv.DictReader(stream)}
    keys = zip(pictures.columns["dataset"], pictures.columns["file"], strict=True)
    return np.asarray(pictures.of(*sets) & np.array([key not in others for key in keys]))


def select(predictions: Predictions, chosen: npt.NDArray[np.bool_]) -> Predictions:
    """Those of the predictions that are `chosen`, (n,) bool."""
    return Predictions(*(getattr(predictions, name)[chosen] for name in ("rows", "scores", "benign_map", "fold")))
