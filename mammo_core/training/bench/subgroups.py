"""How good a run is in each kind of woman and picture: density, age, view, site, machine, source. Small groups are never hidden.

Nothing is averaged over groups, and no group is called better than another: intervals say how far apart they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation import Band, auc_interval, rates
from mammo_core.training.bench.cases import Bools, Cases
from mammo_core.training.bench.runs import Predictions

GROUPED_BY = ("density", "age", "view", "site", "machine", "source")
NOT_STATED = "not stated"
DECADES = (40, 50, 60, 70)
"""Ages at which a band begins; screening invites from 40 or 50 on."""
DRAWS = 500


def subgroups(
    found: Cases, predictions: Predictions, threshold: float, rng: np.random.Generator, draws: int = DRAWS
) -> list[dict[str, Any]]:
    """A row for every group of every kind: `by`, `group`, `n`, `n_women`, `n_cancer`, and AUC and both rates with intervals.

    Rates are at the probability `threshold`. A figure that a group cannot give, having cases of one class only, is None. A kind
    of which nothing is stated, or everything the same, has no rows, but for the source.
    """
    rows = []
    for kind in GROUPED_BY:
        groups = grouping(predictions, kind)[found.lead]
        names = sorted(set(groups.tolist()) - {NOT_STATED}) + [NOT_STATED] * bool((groups == NOT_STATED).any())
        if kind == "source" or (len(names) > 1 and names != [NOT_STATED]):
            rows += [
                {"by": kind, "group": name} | _figures(found, groups == name, threshold, rng, draws) for name in names
            ]
    return rows


def grouping(predictions: Predictions, kind: str) -> npt.NDArray[np.str_]:
    """(n,) the group of each picture, `NOT_STATED` where its data say nothing; ages in bands of ten years."""
    values = predictions.columns["dataset" if kind == "source" else kind]
    if kind == "age":
        return np.array([age_band(value) for value in values.tolist()], dtype=np.str_)
    return np.where(values == "", NOT_STATED, values)


def age_band(age: str) -> str:
    """The band of an age as predictions.csv has it: "under 40", "40–49", … "70 or more"."""
    if age == "":
        return NOT_STATED
    years = float(age)
    if years < DECADES[0]:
        return f"under {DECADES[0]}"
    if years >= DECADES[-1]:
        return f"{DECADES[-1]} or more"
    begins = int(years // 10) * 10
    return f"{begins}–{begins + 9}"


def _figures(found: Cases, chosen: Bools, threshold: float, rng: np.random.Generator, draws: int) -> dict[str, Any]:
    truth, score, woman = found.truth[chosen], found.probability[chosen], found.woman[chosen]
    figures: dict[str, Any] = {
        "n": int(truth.size),
        "n_women": len(set(woman.tolist())),
        "n_cancer": int(truth.sum()),
        "auc": None,
        "sensitivity": None,
        "specificity": None,
    }
    if truth.any() and not truth.all():
        at = rates(truth, score, woman, [threshold], rng, draws)
        figures["auc"] = rounded(auc_interval(truth, score, woman, rng, draws).as_list())
        figures["sensitivity"], figures["specificity"] = at_place(at.sensitivity, 0), at_place(at.specificity, 0)
    return figures


def rounded(values: list[float]) -> list[float]:
    """Figures as a report holds them: four places."""
    return [round(float(value), 4) for value in values]


def at_place(band: Band, place: int) -> list[float]:
    """One point of a band as a report holds it: value, and the ends of its interval."""
    return rounded([float(values[place]) for values in (band.y, band.low, band.high)])
