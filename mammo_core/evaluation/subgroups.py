"""How good a score is in each kind of woman and picture: density, age, view, site, machine, source. Small groups are never hidden.

Nothing is averaged over groups, and no group is called better than another: intervals say how far apart they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.curves import rates
from mammo_core.evaluation.metrics import auc_interval, rounded

GROUPED_BY = ("density", "age", "view", "site", "machine", "source")
NOT_STATED = "not stated"
DECADES = (40, 50, 60, 70)
"""Ages at which a band begins; screening invites from 40 or 50 on."""
DRAWS = 500


def subgroups(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    women: npt.ArrayLike,
    columns: Mapping[str, npt.NDArray[np.str_]],
    threshold: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> list[dict[str, Any]]:
    """A row for every group of every kind: `by`, `group`, `n`, `n_women`, `n_cancer`, and AUC and both rates with intervals.

    `columns` are those of a data set's table, (n,) strings each, "" where nothing is known: one for every kind in `GROUPED_BY`, of which
    the source is the column `dataset`. Rates are at the score `threshold`, one or (n,); other arguments are those of `auc_interval`.
    A figure that a group cannot give, having cases of one class only, is None. A kind of which nothing is stated, or everything the same,
    has no rows, but for the source.
    """
    cancer, scores, names = np.asarray(truth, bool), np.asarray(score, np.float64), np.asarray(women)
    thresholds = np.broadcast_to(np.asarray(threshold, np.float64), scores.shape)
    rows = []
    for kind in GROUPED_BY:
        groups = grouping(columns["dataset" if kind == "source" else kind], kind)
        stated = sorted(set(groups.tolist()) - {NOT_STATED}, key=_order)
        stated += [NOT_STATED] * bool((groups == NOT_STATED).any())
        if kind == "source" or (len(stated) > 1 and stated != [NOT_STATED]):
            for name in stated:
                own = groups == name
                figures = _figures(cancer[own], scores[own], names[own], thresholds[own], rng, draws)
                rows.append({"by": kind, "group": name, **figures})
    return rows


def grouping(values: npt.NDArray[np.str_], kind: str) -> npt.NDArray[np.str_]:
    """(n,) the group of each case, `NOT_STATED` where its data say nothing; ages in bands of ten years."""
    if kind == "age":
        return np.array([age_band(value) for value in values.tolist()], dtype=np.str_)
    return np.where(values == "", NOT_STATED, values)


def age_band(age: str) -> str:
    """The band of an age as data sets have it: "under 40", "40–49", … "70 or more"."""
    if age == "":
        return NOT_STATED
    years = float(age)
    if years < DECADES[0]:
        return f"under {DECADES[0]}"
    if years >= DECADES[-1]:
        return f"{DECADES[-1]} or more"
    begins = int(years // 10) * 10
    return f"{begins}–{begins + 9}"


def _order(name: str) -> tuple[bool, int, str]:
    """Youngest first, numbers by their size, all else by the alphabet."""
    return not name.startswith("under"), len(name) if name.isdigit() else 0, name


def _figures(
    truth: npt.NDArray[np.bool_],
    score: npt.NDArray[np.float64],
    women: npt.NDArray[Any],
    threshold: npt.NDArray[np.float64],
    rng: np.random.Generator,
    draws: int,
) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "n": int(truth.size),
        "n_women": len(set(women.tolist())),
        "n_cancer": int(truth.sum()),
        "auc": None,
        "sensitivity": None,
        "specificity": None,
    }
    if truth.any() and not truth.all():
        at = rates(truth, score - threshold, women, [0.0], rng, draws)
        figures["auc"] = rounded(auc_interval(truth, score, women, rng, draws).as_list())
        figures["sensitivity"], figures["specificity"] = at.sensitivity.at(0), at.specificity.at(0)
    return figures
