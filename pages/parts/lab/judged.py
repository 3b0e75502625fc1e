"""What a run said of women it was not trained on, as numbers to draw; worked out once for each state of its files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from mammo_core.evaluation import (
    DRAWS,
    Band,
    Interval,
    Rates,
    Reliability,
    auc_interval,
    confusion,
    precision_recall_band,
    rates,
    reliability,
    roc_band,
)
from mammo_core.training.judging import compare, evaluate
from mammo_core.training.judging.cases import UNKNOWN, Cases, cases, first_of_each, known_class, select
from mammo_core.training.lab import records
from mammo_core.training.recipes import Judged as Recipe
from mammo_core.training.recipes import recipe_of
from pages.parts.evidence import STEP, UNITS

PARTS = {"test": "women held out", "outside": "outside sets", "validation": "women watched during training"}
"""Who a run may have been judged on."""
ALONE = "Metadata alone: age, machine, site, view and volume as far as stated, no picture."
_ABOUT = {"set", "part"}
_COUNTED = {"n", "n_women", "n_cancer", "auc"}
READ = {
    "sets": _ABOUT
    | _COUNTED
    | {"unit", "auc_by_fold", "metadata_auc", "permuted_auc", "ece", "ece_calibrated", "operating_points"},
    "classes_judged": _ABOUT | {"n", "n_women", "n_left_open", "majority", "accuracy", "balanced_accuracy"},
    "subgroups": _ABOUT | _COUNTED | {"by", "group", "sensitivity", "specificity"},
}
"""What the lab reads of the rows of a report. One of an older version that lacks any of it is taken for none."""
OF_A_POINT = {"name", "threshold", "set_on", "sensitivity", "specificity"}


@dataclass(frozen=True, eq=False)
class Judged:
    """What one run said of one part of one set, as cases of one unit; `predictions` are its pictures, each once."""

    folder: Path
    part: str
    dataset: str
    unit: str
    state: tuple[int, ...]
    recipe: Recipe
    predictions: records.Predictions
    cases: Cases

    @property
    def run(self) -> str:
        """The run's name."""
        return self.folder.name

    @property
    def positive(self) -> str:
        """The class that is looked for: the recipe's last."""
        return self.predictions.classes[-1]

    @property
    def both_kinds(self) -> bool:
        """Whether there are cases of the positive class and others, without which nothing can be told apart."""
        return bool(self.cases.truth.any() and not self.cases.truth.all())

    @property
    def whom(self) -> str:
        """On whom figures of these cases are."""
        unit, women = UNITS[self.unit], np.unique(self.cases.woman).size
        counted = f"{self.cases.truth.size} {unit} of {women} women, {int(self.cases.truth.sum())} {self.positive}"
        return f"{self.dataset}, {PARTS[self.part]}: {counted}"

    @property
    def key(self) -> tuple[Any, ...]:
        """What these numbers are kept under."""
        return str(self.folder), self.part, self.dataset, self.unit, self.state

    @property
    def slug(self) -> str:
        """Beginning of the names of files about these cases."""
        return "-".join((self.run, self.dataset, self.part, self.unit))


def state_of(folder: Path) -> tuple[int, ...]:
    """When the files that figures are made of last changed; empty while there are none."""
    return tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("fold*/predictions.csv")))


def places_of(folder: Path) -> list[tuple[str, str]]:
    """Every (part, set) that a run said something of, held out first."""
    state = state_of(folder)
    if not state:
        return []
    told = _told(str(folder), state)[1].columns
    found = set(zip(told["part"].tolist(), told["dataset"].tolist(), strict=True))
    return [(part, name) for part in PARTS for name in sorted(name for own, name in found if own == part)]


def judged(folder: Path, part: str, dataset: str, unit: str) -> Judged | None:
    """What the run said of a part of a set, or None where it said nothing of it."""
    state = state_of(folder)
    return _judged(str(folder), part, dataset, unit, state) if state else None


def reported(folder: Path) -> dict[str, Any]:
    """The run's report: the one in its folder, or made now where there is none of these predictions."""
    return written(folder) or _made(str(folder), state_of(folder))


@st.cache_resource(max_entries=32, show_spinner=False)
def _told(folder: str, state: tuple[int, ...]) -> tuple[Recipe, records.Predictions]:
    return recipe_of(Path(folder)), first_of_each(records.read_predictions(Path(folder), tuple(PARTS)))


@st.cache_resource(max_entries=96, show_spinner=False)
def _judged(folder: str, part: str, dataset: str, unit: str, state: tuple[int, ...]) -> Judged | None:
    recipe, told = _told(folder, state)
    rows = np.flatnonzero((told.columns["part"] == part) & (told.columns["dataset"] == dataset))
    if not rows.size:
        return None
    own = select(told, rows)
    return Judged(Path(folder), part, dataset, unit, state, recipe, own, cases(own, recipe, unit))


@st.cache_data(max_entries=32, show_spinner=False)
def _made(folder: str, state: tuple[int, ...]) -> dict[str, Any]:
    return evaluate.report(Path(folder))


def written(folder: Path) -> dict[str, Any] | None:
    """The report in a run's folder; None where there is none of these predictions, or it lacks what is read here."""
    path = folder / "report.json"
    found = _read(str(path), path.stat().st_mtime_ns) if path.is_file() else None
    return found if found and found["predictions"] == _digest(str(folder), state_of(folder)) else None


def outdated(folder: Path) -> bool:
    """Whether the report in a run's folder is not the one of its predictions, or of another version than this."""
    return bool(state_of(folder)) and (folder / "report.json").is_file() and written(folder) is None


@st.cache_data(max_entries=64, show_spinner=False)
def _digest(folder: str, state: tuple[int, ...]) -> str:
    return records.digest(Path(folder))


@st.cache_resource(max_entries=64, show_spinner=False)
def _read(path: str, changed: int) -> dict[str, Any] | None:
    try:
        report = json.loads(Path(path).read_bytes())
        rows = all(keys <= set(row) for name, keys in READ.items() for row in report[name])
        points = [point for row in report["sets"] for point in row["operating_points"]]
        spoken = all(set(point) >= OF_A_POINT and isinstance(point["threshold"], list) for point in points)
        whole = rows and spoken and "predictions" in report
    except (ValueError, KeyError, TypeError):
        return None
    return report if whole else None


def row_of(report: dict[str, Any], one: Judged) -> dict[str, Any] | None:
    """What a report says of these very cases."""
    key = (one.part, one.dataset, one.unit)
    return next((row for row in report["sets"] if (row["part"], row["set"], row["unit"]) == key), None)


def auc(one: Judged) -> list[float]:
    """Area under the ROC curve with its interval: as the report in its folder has it, so that it is the same everywhere."""
    report = written(one.folder)
    row = row_of(report, one) if report else None
    return list(row["auc"]) if row else _auc(*one.key, one).as_list()


def metadata_alone(one: Judged) -> list[float] | None:
    """AUC of what needs no picture, with its interval: the report's. Nothing is worked out where there is none."""
    report = written(one.folder)
    row = row_of(report, one) if report else None
    return row["metadata_auc"] if row else None


def curves(one: Judged) -> tuple[Band, Band]:
    """ROC and precision-recall with their bands."""
    return _curves(*one.key, one)


def every_rate(one: Judged) -> Rates:
    """Both rates at thresholds of 0 to 100 points, in steps of `STEP`.

    Where a named point of the report lies on one of them, the interval is the report's: drawn anew, its last digit would differ.
    """
    found, row = _rates(*one.key, one), row_of(reported(one.folder), one)
    for point in row["operating_points"] if row else []:
        steps = {100 * each / STEP for each in point["threshold"]}
        if len(steps) == 1 and (step := steps.pop()).is_integer():
            sensitivity = _told_at(found.sensitivity, int(step), point["sensitivity"])
            specificity = _told_at(found.specificity, int(step), point["specificity"])
            found = replace(found, sensitivity=sensitivity, specificity=specificity)
    return found


def _told_at(band: Band, place: int, told: Sequence[float]) -> Band:
    """The band with another value and interval at one place."""
    y, low, high = (values.copy() for values in (band.y, band.low, band.high))
    y[place], low[place], high[place] = told
    return Band(band.x, y, low, high)


def calibrated(one: Judged) -> Reliability:
    """Probability against frequency, in groups of neighbouring probability."""
    return reliability(one.cases.truth, one.cases.probability, one.cases.woman)


def paired(first: Judged, other: Judged) -> list[dict[str, Any]]:
    """Differences of two runs on the pictures that both judged, with intervals and p; none where they have no picture in common."""
    return _paired(str(first.folder), str(other.folder), first.state, other.state)


def matrix(one: Judged) -> npt.NDArray[np.int64]:
    """Counts (classes, classes) of the pictures whose class is known: row by truth, column by the likeliest class."""
    meant = known_class(one.predictions.columns["label"], one.recipe)
    said = one.predictions.probabilities.argmax(axis=1)
    known = meant != UNKNOWN
    return confusion(meant[known], said[known], range(len(one.predictions.classes)))


@st.cache_data(max_entries=256, show_spinner=False)
def _auc(folder: str, part: str, dataset: str, unit: str, state: tuple[int, ...], _one: Judged) -> Interval:
    return auc_interval(_one.cases.truth, _one.cases.score, _one.cases.woman, np.random.default_rng(0), DRAWS)


@st.cache_data(max_entries=64, show_spinner=False)
def _curves(folder: str, part: str, dataset: str, unit: str, state: tuple[int, ...], _one: Judged) -> tuple[Band, Band]:
    given = (_one.cases.truth, _one.cases.score, _one.cases.woman)
    return (
        roc_band(*given, np.random.default_rng(0), DRAWS),
        precision_recall_band(*given, np.random.default_rng(0), DRAWS),
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _rates(folder: str, part: str, dataset: str, unit: str, state: tuple[int, ...], _one: Judged) -> Rates:
    asked, own = np.arange(0, 100 + STEP, STEP), _one.cases
    return rates(own.truth, 100 * own.probability, own.woman, asked, np.random.default_rng(0), DRAWS)


@st.cache_data(max_entries=64, show_spinner=False)
def _paired(first: str, other: str, state: tuple[int, ...], others: tuple[int, ...]) -> list[dict[str, Any]]:
    try:
        return compare.compared([Path(first), Path(other)], DRAWS)
    except ValueError:  # they have judged no picture in common
        return []
