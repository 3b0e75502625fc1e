"""Judging: what a recipe's networks said of women they had not seen, as figures with intervals beside a baseline that sees no picture.

Reads the run folders of the folds there are, and says which. It never mixes a woman's own training scores in, and never averages over
sets.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.baselines import metadata_baseline
from mammo_core.evaluation.calibration import Calibration, fit_calibration
from mammo_core.evaluation.metrics import auc_interval, brier, expected_calibration_error, operating_point
from mammo_core.evaluation.pointing import Pointing, point, pointing_figures
from mammo_core.evaluation.summaries import exams_at_least
from mammo_core.inference.combine import mean_log_odds
from mammo_core.training.pictures import FOLDS, Pictures
from mammo_core.training.recipe import read_recipe

OPERATING_POINTS = (("US screening", 0.889), ("European screening", 0.966))
BASELINE_COLUMNS = ("age", "machine", "site", "view")
POINTING_SETS = ("cbis_ddsm_mass", "mini_mias")
SOURCES = (("digital", "rsna", ()), ("film", "cbis_ddsm_mass", ("mini_mias",)))
"""A source, the set its calibration is fitted on (one: of two, telling the sets apart would pass for skill), and sets it also holds for."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Raw scores of n pictures by the networks that had not seen them, in the order of `rows` into a `Pictures`.

    `scores` (n, k) raw malignant scores of k heads, `benign_map` (n,) top mean of benign against background, `peak` (n, 2) of the
    malignant lesion map on the canvas, `fold` (n,) whose network it was.
    """

    rows: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    benign_map: npt.NDArray[np.float64]
    peak: npt.NDArray[np.float64]
    fold: npt.NDArray[np.int64]


def folds_done(run: Path) -> list[int]:
    """The folds of `run` whose predictions are there."""
    return [fold for fold in range(FOLDS) if (run / f"fold{fold}" / "predictions.csv").is_file()]


def read_predictions(folders: Iterable[tuple[Path, int]], pictures: Pictures) -> Predictions:
    """Read what every head of the networks in `folders` (folder, fold) said of pictures they were not trained on.

    A picture of which several speak, as of an outside set all do, is taken from the first of them: one network is judged, not their mean.

    Raises ValueError where a folder speaks of a picture that is not in `pictures`.
    """
    place = {
        key: row for row, key in enumerate(zip(pictures.columns["dataset"], pictures.columns["file"], strict=True))
    }
    table: dict[int, tuple[float, ...]] = {}
    for folder, fold in folders:
        names = [head.name for head in read_recipe(folder / "recipe.toml").heads]
        with (folder / "predictions.csv").open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                if int(row["trained_on"]):
                    continue
                key = (row["dataset"], row["file"])
                if key not in place:
                    raise ValueError(f"{folder} speaks of {key[1]} of {key[0]}, which is not among the pictures")
                peak = (float(row["peak_row"]), float(row["peak_column"]))
                said = (float(row["benign_map"]), *peak, fold, *(float(row[name]) for name in names))
                table.setdefault(place[key], said)
    rows, values = np.array(list(table), dtype=np.int64), np.array(list(table.values()), dtype=np.float64)
    return Predictions(rows, values[:, 4:], values[:, 0], values[:, 1:3], values[:, 3].astype(np.int64))


def select(predictions: Predictions, chosen: npt.NDArray[np.bool_]) -> Predictions:
    """Those of the predictions that are `chosen`, (n,) bool."""
    return Predictions(
        *(getattr(predictions, name)[chosen] for name in ("rows", "scores", "benign_map", "peak", "fold"))
    )


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


def judge(predictions: Predictions, pictures: Pictures, rng: np.random.Generator) -> dict[str, Any]:
    """Everything a card says in figures: calibration, evaluation, operating points, exams_at_least, pointing.

    Calibration, which also weighs the heads, is fitted on these out-of-fold predictions, by source. What is judged is cross-fitted: a
    fold's probabilities come from the weights that the other folds give (the same fold's where there is but one).
    """
    dataset = pictures.columns["dataset"][predictions.rows]
    truth, women = pictures.malignant[predictions.rows], pictures.women[predictions.rows]
    calibration: dict[str, Any] = {"default": "digital"}
    log_odds = np.zeros(len(truth))
    for source, fitted_on, also in SOURCES:
        used, other = dataset == fitted_on, np.isin(dataset, also)
        fitted = fit_calibration(predictions.scores[used], truth[used])
        log_odds[used] = _cross_fitted(predictions.scores[used], truth[used], predictions.fold[used])
        log_odds[other] = fitted.log_odds(predictions.scores[other])
        calibration[source] = _calibration_entry(fitted, log_odds[used], truth[used], women[used])
    evaluation = [
        _evaluated(name, chosen, unit, predictions, log_odds, pictures, rng, how)
        for name, chosen, units, how in (
            ("RSNA, digital", dataset == "rsna", ("image", "breast", "exam"), "held out"),
            ("CBIS-DDSM masses, film", dataset == "cbis_ddsm_mass", ("image", "breast"), "held out"),
            ("mini-MIAS, film", dataset == "mini_mias", ("image",), "outside"),
        )
        for unit in units
        if truth[chosen].any() and not truth[chosen].all()
    ]
    rsna = dataset == "rsna"
    exams = cases(select(predictions, rsna), log_odds[rsna], pictures, "exam")
    suspicion = 100 / (1 + np.exp(-exams.score))
    points = []
    for name, specificity in OPERATING_POINTS:
        found = operating_point(exams.truth, suspicion, exams.woman, specificity, rng)
        points.append(
            {
                "name": name,
                "suspicion": round(found.threshold, 2),
                "unit": "exam",
                "specificity": _rounded(found.specificity.as_list()),
                "sensitivity": _rounded(found.sensitivity.as_list()),
                "n": found.n,
                "n_cancer": found.n_cancer,
            }
        )
    return {
        "calibration": calibration,
        "evaluation": evaluation,
        "operating_points": points,
        "exams_at_least": {"unit": "exam", "source": "RSNA"} | exams_at_least(suspicion, exams.truth),
        "pointing": [
            {"map": "lesion", **pointed(predictions.rows, predictions.peak, pictures, name)} for name in POINTING_SETS
        ],
    }


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


def _evaluated(
    name: str,
    chosen: npt.NDArray[np.bool_],
    unit: str,
    predictions: Predictions,
    log_odds: npt.NDArray[np.float64],
    pictures: Pictures,
    rng: np.random.Generator,
    how: str,
) -> dict[str, Any]:
    found = cases(select(predictions, chosen), log_odds[chosen], pictures, unit)
    baseline = None
    if how != "outside":
        baseline = _rounded(_baseline(found, pictures, rng))
    return {
        "set": name,
        "unit": unit,
        "n": len(found.score),
        "n_women": len(np.unique(found.woman)),
        "n_cancer": int(found.truth.sum()),
        "auc": _rounded(auc_interval(found.truth, found.score, found.woman, rng).as_list()),
        "baseline_auc": baseline,
        "how": how,
    }


def _baseline(found: Cases, pictures: Pictures, rng: np.random.Generator) -> list[float]:
    """AUC of the metadata alone on these cases, fitted on the same set's women of the other folds."""
    name = pictures.columns["dataset"][found.lead[0]]
    everyone = np.flatnonzero(pictures.of(str(name)))
    columns = {key: pictures.columns[key][everyone] for key in BASELINE_COLUMNS}
    scores = metadata_baseline(
        columns, pictures.malignant[everyone], pictures.women[everyone], pictures.folds()[everyone]
    )
    by_row = dict(zip(everyone.tolist(), scores.tolist(), strict=True))
    score = np.array([by_row[int(row)] for row in found.lead])
    return auc_interval(found.truth, score, found.woman, rng).as_list()


def pointed(
    rows: npt.NDArray[np.int64], peaks: npt.NDArray[np.float64], pictures: Pictures, name: str
) -> dict[str, Any]:
    """The pointing game on the malignant pictures among `rows` of the set `name` that have boxes; (n, 2) `peaks` on the canvas."""
    turns: list[Pointing] = []
    for row, peak in zip(rows, peaks, strict=True):
        boxes = pictures.boxes[(pictures.box_picture == row) & pictures.box_malignant]
        if pictures.columns["dataset"][row] == name and pictures.malignant[row] and len(boxes):
            turns.append(point((float(peak[0]), float(peak[1])), boxes, pictures.breasts[row]))
    figures = pointing_figures(turns)
    return {
        "set": name,
        "n": figures.n,
        "hit_rate": round(figures.hit_rate, 3),
        "hit_rate_15px": round(figures.hit_rate_15px, 3),
        "centre": round(figures.centre, 3),
        "random": round(figures.random, 3),
    }


def _rounded(values: list[float]) -> list[float]:
    return [round(float(value), 4) for value in values]
