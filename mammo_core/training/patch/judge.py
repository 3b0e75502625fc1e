"""Judging: what a recipe's networks said of women they had not seen, as figures with intervals beside a baseline that sees no picture.

It never mixes a woman's own training scores in, and never averages over
sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.baselines import metadata_baseline, metadata_of
from mammo_core.evaluation.calibration import Calibration, fit_calibration
from mammo_core.evaluation.controls import controls
from mammo_core.evaluation.metrics import (
    auc_interval,
    brier,
    expected_calibration_error,
    rounded,
    threshold_at,
)
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.summaries import POINTS, exams_at_least, operating_points
from mammo_core.training.patch.cases import FoldCases, JudgedCases, cases, how, judged_cases
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import Predictions, select
from mammo_core.training.recipes.patch import PatchRecipe


def judge(
    predictions: Predictions, pictures: Pictures, recipe: PatchRecipe, rng: np.random.Generator
) -> dict[str, Any]:
    """Everything a card says in figures but pointing: calibration, evaluation, operating points, exams_at_least, subgroups.

    Calibration, which also weighs the heads, is fitted on these out-of-fold predictions, by source. What is judged is cross-fitted: a
    fold's probabilities come from the weights that the other folds give (the same fold's where there is but one).
    """
    calibration, log_odds = weighed(predictions, pictures, recipe)
    groups = list(judged_cases(predictions, log_odds, pictures, recipe))
    evaluation = [_evaluated(group, pictures, rng) for group in groups]
    first, unit = recipe.points
    own = pictures.columns["dataset"][predictions.rows] == first.set
    exams = cases(select(predictions, own), log_odds[own], pictures, unit)
    suspicion = 100 / (1 + np.exp(-exams.score))
    return {
        "calibration": calibration,
        "evaluation": evaluation,
        "operating_points": operating_points(exams.truth, suspicion, exams.woman, exams.fold, unit, rng),
        "exams_at_least": {"unit": unit, "source": first.title.split(",")[0]} | exams_at_least(suspicion, exams.truth),
        "subgroups": [row for group in groups if group.unit == "image" for row in _in_groups(group, pictures, rng)],
    }


def heads_alone(
    predictions: Predictions, pictures: Pictures, recipe: PatchRecipe, heads: Sequence[str], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """What each of the k named heads would tell without the others: its AUC on the pictures of every judged set."""
    dataset = pictures.columns["dataset"][predictions.rows]
    rows = []
    for each in recipe.judged:
        own = dataset == each.set
        truth, women = pictures.malignant[predictions.rows[own]], pictures.women[predictions.rows[own]]
        if truth.any() and not truth.all():
            for place, head in enumerate(heads):
                auc = auc_interval(truth, predictions.scores[own, place], women, rng).as_list()
                about = {"set": each.title, "how": how(recipe, each.set)}
                rows.append(about | {"head": head, "auc": rounded(auc)})
    return rows


def weighed(
    predictions: Predictions, pictures: Pictures, recipe: PatchRecipe
) -> tuple[dict[str, Any], npt.NDArray[np.float64]]:
    """The card's calibration, fitted by source on all of the predictions, and (n,) log-odds to be judged, cross-fitted.

    Raises ValueError where the set that a source is calibrated on has no cases of both kinds.
    """
    dataset = pictures.columns["dataset"][predictions.rows]
    truth, women = pictures.malignant[predictions.rows], pictures.women[predictions.rows]
    calibration: dict[str, Any] = {"default": recipe.points[0].source}
    log_odds = np.zeros(len(truth))
    for source, (fitted_on, also) in recipe.sources.items():
        used, other = dataset == fitted_on, np.isin(dataset, also)
        if not truth[used].any() or truth[used].all():
            raise ValueError(
                f"of {fitted_on}, on which {source} pictures are calibrated, women of both kinds must be held out"
            )
        fitted = fit_calibration(predictions.scores[used], truth[used])
        log_odds[used] = _cross_fitted(predictions.scores[used], truth[used], predictions.fold[used])
        log_odds[other] = fitted.log_odds(predictions.scores[other])
        calibration[source] = _calibration_entry(fitted, log_odds[used], truth[used], women[used])
    return calibration, log_odds


def _cross_fitted(
    scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """(n,) calibrated log-odds of (n, k) scores, each fold's by the calibration of the others."""
    log_odds = np.zeros(len(truth))
    folds = np.unique(fold)
    for each in folds:
        inside = fold == each
        fitted_on = ~inside if len(folds) > 1 else inside
        log_odds[inside] = fit_calibration(scores[fitted_on], truth[fitted_on]).log_odds(scores[inside])
    return log_odds


def _calibration_entry(
    fitted: Calibration, log_odds: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_], women: npt.NDArray[np.str_]
) -> dict[str, Any]:
    probability = 1 / (1 + np.exp(-log_odds))
    return {
        "weights": list(fitted.weights),
        "intercept": fitted.intercept,
        "n": len(truth),
        "n_women": len(np.unique(women)),
        "n_cancer": int(truth.sum()),
        "brier": round(brier(truth, probability), 4),
        "ece": round(expected_calibration_error(truth, probability), 4),
    }


def _evaluated(group: JudgedCases, pictures: Pictures, rng: np.random.Generator) -> dict[str, Any]:
    found = group.cases
    baseline = _baseline(found, pictures, rng) if group.how != "outside" else None
    return {
        "set": group.title,
        "unit": group.unit,
        "n": len(found.score),
        "n_women": len(np.unique(found.woman)),
        "n_cancer": int(found.truth.sum()),
        "auc": rounded(auc_interval(found.truth, found.score, found.woman, rng).as_list()),
        "baseline_auc": rounded(baseline) if baseline else None,
        **controls(found.truth, found.score, found.woman, rng),
        "how": group.how,
    }


def _in_groups(group: JudgedCases, pictures: Pictures, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Subgroups of one set's pictures; rates where the first of `POINTS` would lie on these very pictures."""
    found = group.cases
    columns = {key: values[found.lead] for key, values in pictures.columns.items()}
    at = POINTS[0][1]
    threshold = threshold_at(found.truth, found.score, at)
    rows = subgroups(found.truth, found.score, found.woman, columns, threshold, rng)
    return [{"set": group.title, "how": group.how, "at": at, **row} for row in rows]


def _baseline(found: FoldCases, pictures: Pictures, rng: np.random.Generator) -> list[float] | None:
    """AUC of `metadata_of` these cases alone, fitted on the same set's women of the other folds; None where nothing of that is stated."""
    name = pictures.columns["dataset"][found.lead[0]]
    everyone = np.flatnonzero(pictures.of(str(name)))
    columns = metadata_of(pictures.columns, everyone)
    if not columns:
        return None
    scores = metadata_baseline(
        columns, pictures.malignant[everyone], pictures.women[everyone], pictures.folds()[everyone]
    )
    by_row = dict(zip(everyone.tolist(), scores.tolist(), strict=True))
    score = np.array([by_row[int(row)] for row in found.lead])
    return auc_interval(found.truth, score, found.woman, rng).as_list()
