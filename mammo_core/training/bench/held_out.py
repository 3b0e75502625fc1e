"""A run's predictions as a card's figures: calibrated on women whom the networks had not seen, judged on others than those.

No Keras. The network that ships is calibrated on all it said of such women; what is judged is calibrated by other women's predictions, fold
by fold, so no figure is of a probability that was fitted to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from mammo_core.evaluation import (
    POINTS,
    Calibration,
    auc_interval,
    brier,
    controls,
    exams_at_least,
    expected_calibration_error,
    fit_calibration,
    rounded,
)
from mammo_core.exam import Source
from mammo_core.training.judging import evaluate
from mammo_core.training.judging.cases import (
    UNITS,
    Bools,
    Cases,
    Floats,
    cases,
    first_of_each,
    log_odds,
    looked_for,
    select,
)
from mammo_core.training.judging.evaluate import metadata_auc
from mammo_core.training.judging.notes import FEW, FOLDS
from mammo_core.training.judging.points import threshold_at
from mammo_core.training.lab.records import Predictions
from mammo_core.training.recipes.classifier import Recipe

FILM = ("cbis", "ddsm", "mini_mias", "mias")
"""What names of sets that were digitised from film begin with; the others are taken for digital."""


@dataclass(frozen=True, eq=False)
class Group:
    """The judged cases of one set in one unit, their scores calibrated; `how` as in a card's evaluation, `fold` (n,) who was asked."""

    name: str
    unit: str
    how: str
    cases: Cases
    fold: Any
    own: Predictions


def source_of(dataset: str) -> Source:
    """Film or digital, by the set's name."""
    return Source.FILM if dataset.lower().startswith(FILM) else Source.DIGITAL


def calibrations(told: Predictions, recipe: Recipe, fold: int) -> dict[str, Any]:
    """The card's calibration: of the network of `fold`, by source, from all it said of women it was not fitted to.

    How well it holds (`brier`, `ece`) is said of probabilities that other women's predictions calibrated.

    Raises:
        ValueError: no source has enough pictures with and without cancer.
    """
    inside = select(told, (told.fold == fold) & (told.columns["part"] != "outside"))
    found = cases(inside, recipe)
    source = np.array([source_of(str(name)).value for name in inside.columns["dataset"][found.lead]])
    entries: dict[str, Any] = {}
    for name in np.unique(source).tolist():
        own = _chosen(found, source == name)
        if _enough(own.truth):
            entries[name] = _entry(own, _cross_fitted(select(inside, own.lead), recipe))
    if not entries:
        raise ValueError(
            f"the network of fold {fold} was asked of too few women it had not seen to be calibrated: {FEW} pictures with and "
            f"{FEW} without cancer are needed"
        )
    return {"default": max(entries, key=lambda name: entries[name]["n"]), **entries}


def groups(told: Predictions, recipe: Recipe, fold: int) -> Iterator[Group]:
    """Every set that was held out or outside and has cases of both kinds, in each unit that says something new.

    Of outside sets the network of `fold` is asked alone.
    """
    held_out = first_of_each(select(told, told.columns["part"] == "test"))
    outside = select(told, (told.columns["part"] == "outside") & (told.fold == fold))
    for how, part in (("held out", held_out), ("outside", outside)):
        for name in np.unique(part.columns["dataset"]).tolist():
            own = select(part, part.columns["dataset"] == name)
            sure = _calibrated(own, told, recipe)
            counted = 0
            for unit in UNITS:
                found = cases(sure, recipe, unit)
                if len(found.score) != counted and found.truth.any() and not found.truth.all():
                    counted = len(found.score)
                    yield Group(name, unit, how, found, own.fold[found.lead], own)


def _calibrated(own: Predictions, told: Predictions, recipe: Recipe) -> Predictions:
    """The same pictures with calibrated probabilities of the last class: by the validation women of their network, else cross-fitted."""
    score, calibrated = log_odds(own.score), np.array(own.score)
    for number in np.unique(own.fold).tolist():
        rows = np.flatnonzero(own.fold == number)
        watched = cases(select(told, (told.fold == number) & (told.columns["part"] == "validation")), recipe)
        if _enough(watched.truth):
            calibrated[rows] = _fitted(watched.score, watched.truth).apply(score[rows, None])
        else:
            calibrated[rows] = _cross_fitted(select(own, rows), recipe)
    probabilities = own.probabilities.copy()
    probabilities[:, :-1] *= ((1 - calibrated) / np.clip(1 - own.score, 1e-9, None))[:, None]
    probabilities[:, -1] = calibrated
    return replace(own, probabilities=probabilities)


def _cross_fitted(own: Predictions, recipe: Recipe) -> Floats:
    """(n,) probabilities, those of a fifth of the women by the calibration of the others; as they were where there are too few."""
    score, probability = log_odds(own.score), np.array(own.score)
    truth, known = looked_for(own.columns["label"], recipe)
    if not _enough(truth[known]):
        return probability
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for others, part in parts.split(score, truth, own.columns["patient_id"]):
        fitted_on = others[known[others]]
        if truth[fitted_on].any() and not truth[fitted_on].all():
            probability[part] = _fitted(score[fitted_on], truth[fitted_on]).apply(score[part, None])
    return probability


def at_least(group: Group) -> dict[str, Any]:
    """The card's counts of what a score meant, from the cases of `group`."""
    counted = exams_at_least(100 * group.cases.probability, group.cases.truth)
    return {"unit": group.unit, "source": group.name} | counted


def evaluated(group: Group, rng: np.random.Generator, draws: int = 1000) -> dict[str, Any]:
    """One row of the card's evaluation."""
    found = group.cases
    return {
        "set": group.name,
        "unit": group.unit,
        "n": int(found.truth.size),
        "n_women": len(set(found.woman.tolist())),
        "n_cancer": int(found.truth.sum()),
        "auc": rounded(auc_interval(found.truth, found.probability, found.woman, rng, draws).as_list()),
        "baseline_auc": metadata_auc(group.own, found, rng, draws),
        **controls(found.truth, found.probability, found.woman, rng),
        "ece": round(expected_calibration_error(found.truth, found.probability), 4),
        "how": group.how,
    }


def in_groups(found: list[Group], rng: np.random.Generator) -> list[dict[str, Any]]:
    """The card's subgroups, of pictures; rates where the first named point would lie on these very pictures."""
    return [
        {"set": group.name, "how": group.how, "at": POINTS[0][1], **row}
        for group in found
        if group.unit == "image"
        for row in evaluate.in_groups(group.cases, group.own, threshold_at(group.cases), rng)
    ]


def points_from(found: list[Group]) -> Group:
    """The cases that operating points are set on: of the largest held-out set, in its largest unit. Raises ValueError without any."""
    inside = [group for group in found if group.how == "held out"]
    if not inside:
        raise ValueError(
            "no set that was held out has pictures with and without cancer: there is nothing to judge it by"
        )
    largest = max(inside, key=lambda group: len(set(group.cases.woman.tolist()))).name
    return [group for group in inside if group.name == largest][-1]


def _entry(found: Cases, probability: Floats) -> dict[str, Any]:
    fitted = _fitted(found.score, found.truth)
    return {
        "weights": list(fitted.weights),
        "intercept": fitted.intercept,
        "n": int(found.truth.size),
        "n_women": len(set(found.woman.tolist())),
        "n_cancer": int(found.truth.sum()),
        "brier": round(brier(found.truth, probability), 4),
        "ece": round(expected_calibration_error(found.truth, probability), 4),
    }


def _fitted(score: Floats, truth: Bools) -> Calibration:
    return fit_calibration(score[:, None], truth)


def _chosen(found: Cases, rows: Bools) -> Cases:
    return Cases(found.score[rows], found.truth[rows], found.woman[rows], found.lead[rows])


def _enough(truth: Bools) -> bool:
    return bool(min(truth.sum(), (~truth).sum()) >= FEW)
