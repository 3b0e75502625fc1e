"""Thresholds that are named: set on some women at a stated specificity, judged on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mammo_core import evaluation
from mammo_core.evaluation import POINTS, rates
from mammo_core.training.judging.cases import Cases, Numbers

HALF = "probability of one half"
VALIDATION, OTHERS, ITSELF = "validation", "other folds", "these cases"
"""Whom thresholds are set on: women watched, women whom other folds' networks judged, or the very cases that are judged."""


def threshold_at(found: Cases, specificity: float = POINTS[0][1]) -> float:
    """The lowest probability that leaves at least so large a share of the cases of the other classes below it; one half without any."""
    return 0.5 if found.truth.all() else evaluation.threshold_at(found.truth, found.probability, specificity)


def thresholds(
    found: Cases, folds: Sequence[int], watched: Mapping[int, Cases] | None, specificity: float = POINTS[0][1]
) -> list[float]:
    """A threshold for each of the folds, set on cases that were `watched`, on whom its network is not judged.

    Where nobody was watched, all are set on the cases themselves.
    """
    return [threshold_at(watched[fold] if watched else found, specificity) for fold in folds]


def operating_points(
    found: Cases,
    fold: Numbers,
    watched: Mapping[int, Cases] | None,
    set_on: str,
    rng: np.random.Generator,
    draws: int,
) -> list[dict[str, Any]]:
    """Both rates at `thresholds` of the named specificities, and at a probability of one half; `fold` (n,) is whose network was asked.

    `threshold` has one for each fold there is, in order; `set_on` says whose cases those `watched` are.
    """
    folds, place = np.unique(fold, return_inverse=True)
    points = [(name, thresholds(found, folds.tolist(), watched, at), set_on) for name, at in POINTS]
    told = []
    for name, threshold, whom in [*points, (HALF, [0.5] * len(folds), "nobody")]:
        at = rates(found.truth, found.probability - np.array(threshold)[place], found.woman, [0.0], rng, draws)
        told.append(
            {
                "name": name,
                "threshold": [round(each, 6) for each in threshold],
                "set_on": whom,
                "sensitivity": at.sensitivity.at(0),
                "specificity": at.specificity.at(0),
                "caught": int(at.caught[0]),
                "recalled_without": int(at.recalled_without[0]),
            }
        )
    return told


def from_to(threshold: Sequence[float], scale: float = 1.0, decimals: int = 3) -> str:
    """A point's thresholds in words: one, or the lowest and the highest of the folds'."""
    ends = dict.fromkeys(f"{scale * each:.{decimals}f}" for each in (min(threshold), max(threshold)))
    return "–".join(ends)
