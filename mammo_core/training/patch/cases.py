"""Pictures put together as the cases that are judged: images, breasts and exams of each set, and the file that holds them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.inference.combine import mean_log_odds
from mammo_core.inference.evidence import JUDGED_COLUMNS
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import Predictions, select
from mammo_core.training.recipes.patch import PatchRecipe


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases of one unit (image, breast or exam): score in log-odds, truth, woman, fold; `lead` is a picture of each, for its columns."""

    score: npt.NDArray[np.float64]
    truth: npt.NDArray[np.bool_]
    woman: npt.NDArray[np.str_]
    fold: npt.NDArray[np.int64]
    lead: npt.NDArray[np.int64]


def cases(predictions: Predictions, log_odds: npt.NDArray[np.float64], pictures: Pictures, unit: str) -> Cases:
    """Pictures put together as `inference.combine` does: views by mean log-odds, breasts by the higher."""
    columns, rows = pictures.columns, predictions.rows
    truth, woman = pictures.malignant[rows], pictures.women[rows]
    images = Cases(log_odds, truth, woman, predictions.fold, rows)
    if unit == "image":
        return images
    views = _grouped(images, (woman, columns["laterality"][rows], columns["view"][rows]), _mean)
    breasts = _grouped(views, (views.woman, columns["laterality"][views.lead]), _mean)
    if unit == "breast":
        return breasts
    if unit == "exam":
        return _grouped(breasts, (breasts.woman,), np.max)
    raise ValueError(f"a unit is image, breast or exam, not {unit!r}")


def _mean(log_odds: npt.NDArray[np.float64]) -> float:
    return mean_log_odds((1 / (1 + np.exp(-log_odds))).tolist())


def _grouped(
    single: Cases, keys: tuple[npt.NDArray[Any], ...], combine: Callable[[npt.NDArray[np.float64]], Any]
) -> Cases:
    names = np.array(["|".join(parts) for parts in zip(*(key.astype(str) for key in keys), strict=True)])
    _, first, place = np.unique(names, return_index=True, return_inverse=True)
    members = [np.flatnonzero(place == number) for number in range(len(first))]
    return Cases(
        np.array([float(combine(single.score[each])) for each in members]),
        np.array([bool(single.truth[each].any()) for each in members]),
        single.woman[first],
        single.fold[first],
        single.lead[first],
    )


@dataclass(frozen=True, eq=False)
class JudgedCases:
    """The cases of one set in one unit, with the names that the card gives them."""

    title: str
    unit: str
    how: str
    cases: Cases


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
