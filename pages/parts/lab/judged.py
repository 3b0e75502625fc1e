"""What a run said of women it was not trained on, as numbers to draw; worked out once for each state of its files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from mammo_core.evaluation import (
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
from mammo_core.training.bench import compare, evaluate, records
from mammo_core.training.bench import recipe as recipes
from mammo_core.training.bench.cases import UNKNOWN, Cases, cases, first_of_each, known_class, select
from pages.parts.evidence import DRAWS, STEP, UNITS

PARTS = {"test": "women held out", "outside": "outside sets", "validation": "women watched during training"}
"""Who a run may have been judged on."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What one run said of one part of one set, as cases of one unit; `predictions` are its pictures, each once."""

    folder: Path
    part: str
    dataset: str
    unit: str
    state: tuple[int, ...]
    recipe: recipes.Recipe
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
    return _reported(str(folder), state_of(folder))


@st.cache_resource(max_entries=32, show_spinner=False)
def _told(folder: str, state: tuple[int, ...]) -> tuple[recipes.Recipe, records.Predictions]:
    recipe = recipes.read(Path(folder) / "recipe.toml")[0]
    return recipe, first_of_each(records.read_predictions(Path(folder), tuple(PARTS)))


@st.cache_resource(max_entries=96, show_spinner=False)
def _judged(folder: str, part: str, dataset: str, unit: str, state: tuple[int, ...]) -> Judged | None:
    recipe, told = _told(folder, state)
    rows = np.flatnonzero((told.columns["part"] == part) & (told.columns["dataset"] == dataset))
    if not rows.size:
        return None
    own = select(told, rows)
    return Judged(Path(folder), part, dataset, unit, state, recipe, own, cases(own, recipe, unit))


@st.cache_data(max_entries=32, show_spinner=False)
def _reported(folder: str, state: tuple[int, ...]) -> dict[str, Any]:
    return _written(folder, state) or evaluate.report(Path(folder))


def _written(folder: str, state: tuple[int, ...]) -> dict[str, Any] | None:
    """The report in a run's folder, None where there is none of these predictions."""
    written = Path(folder) / "report.json"
    if not (written.is_file() and written.stat().st_mtime_ns >= max(state)):
        return None
    found: dict[str, Any] = json.loads(written.read_bytes())
    return found


def row_of(report: dict[str, Any], one: Judged) -> dict[str, Any] | None:
    """What a report says of these very cases."""
    key = (one.part, one.dataset, one.unit)
    return next((row for row in report["sets"] if (row["part"], row["set"], row["unit"]) == key), None)


def auc(one: Judged) -> list[float]:
    """Area under the ROC curve with its interval: as the report in its folder has it, so that it is the same everywhere."""
    report = _written(str(one.folder), one.state)
    row = row_of(report, one) if report else None
    return list(row["auc"]) if row else _auc(*one.key, one).as_list()


def curves(one: Judged) -> tuple[Band, Band]:
    """ROC and precision-recall with their bands."""
    return _curves(*one.key, one)


def every_rate(one: Judged) -> Rates:
    """Both rates at thresholds of 0 to 100 points, in steps of `STEP`."""
    return _rates(*one.key, one)


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
