"""Pictures put together as the cases that are judged: images, breasts and exams of each set, and the file that holds them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammo_core.inference.evidence import JUDGED_COLUMNS
from mammo_core.training.judging.cases import Cases, together
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import Predictions, select
from mammo_core.training.recipes.patch import PatchRecipe


@dataclass(frozen=True, eq=False)
class FoldCases(Cases):
    """Cases with `fold` (n,), whose network was asked; `lead` is a row of `Pictures` of each, for its columns."""

    fold: npt.NDArray[np.int64]


def cases(predictions: Predictions, log_odds: npt.NDArray[np.float64], pictures: Pictures, unit: str) -> FoldCases:
    """Pictures put `together` as cases of a unit; (n,) calibrated `log_odds`. Raises ValueError where there is no such unit."""
    rows = predictions.rows
    images = Cases(log_odds, pictures.malignant[rows], pictures.women[rows], np.arange(len(rows)))
    file, side, view = (pictures.columns[key][rows] for key in ("file", "laterality", "view"))
    found = together(images, file, side, view, unit)
    return FoldCases(found.score, found.truth, found.woman, rows[found.lead], predictions.fold[found.lead])


@dataclass(frozen=True, eq=False)
class JudgedCases:
    """The cases of one set in one unit, with the names that the card gives them."""

    title: str
    unit: str
    how: str
    cases: FoldCases


def how(recipe: PatchRecipe, name: str) -> str:
    """Whether women of a set were held out, or none of it was trained on."""
    return "outside" if name in recipe.outside else "held out"


def judged_cases(
    predictions: Predictions, log_odds: npt.NDArray[np.float64], pictures: Pictures, recipe: PatchRecipe
) -> Iterator[JudgedCases]:
    """Every judged set of the recipe that has cases of both kinds, in each of its units; (n,) calibrated `log_odds`."""
    dataset, malignant = pictures.columns["dataset"][predictions.rows], pictures.malignant[predictions.rows]
    for each in recipe.judged:
        chosen = dataset == each.set
        if malignant[chosen].any() and not malignant[chosen].all():
            for unit in each.units:
                found = cases(select(predictions, chosen), log_odds[chosen], pictures, unit)
                yield JudgedCases(each.title, unit, how(recipe, each.set), found)


def write_judged(
    path: Path, predictions: Predictions, log_odds: npt.NDArray[np.float64], pictures: Pictures, recipe: PatchRecipe
) -> None:
    """Write the judged cases as `inference.judged` reads them; women by numbers that mean nothing elsewhere."""
    number = {woman: place for place, woman in enumerate(np.unique(pictures.women[predictions.rows]).tolist())}
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(JUDGED_COLUMNS)
        for group in judged_cases(predictions, log_odds, pictures, recipe):
            found = group.cases
            suspicion = 100 / (1 + np.exp(-found.score))
            writer.writerows(
                (group.title, group.unit, group.how, number[str(woman)], int(truth), f"{score:.5f}", int(fold))
                for woman, truth, score, fold in zip(found.woman, found.truth, suspicion, found.fold, strict=True)
            )
