"""Thresholds that are named: set on some women at a stated specificity, judged on others."""

from __future__ import annotations

from typing import Any

import numpy as np

from mammo_core import evaluation
from mammo_core.evaluation import rates
from mammo_core.training.bench.cases import Cases

POINTS = (("US screening", 0.889), ("European screening", 0.966))
"""Names and specificities, those of the patch network's card: models are compared at the same points."""
HALF = "probability of one half"


def threshold_at(found: Cases, specificity: float = POINTS[0][1]) -> float:
    """The lowest probability that leaves at least so large a share of the cases of the other classes below it; one half without any."""
    return 0.5 if found.truth.all() else evaluation.threshold_at(found.truth, found.probability, specificity)


def operating_points(found: Cases, set_on: Cases, rng: np.random.Generator, draws: int) -> list[dict[str, Any]]:
    """Both rates at thresholds that `set_on` gives at the named specificities, and at a probability of one half."""
    thresholds = [(name, threshold_at(set_on, specificity)) for name, specificity in POINTS] + [(HALF, 0.5)]
    at = rates(found.truth, found.probability, found.woman, [value for _, value in thresholds], rng, draws)
    return [
        {
            "name": name,
            "threshold": round(threshold, 6),
            "sensitivity": at.sensitivity.at(k),
            "specificity": at.specificity.at(k),
            "caught": int(at.caught[k]),
            "recalled_without": int(at.recalled_without[k]),
        }
        for k, (name, threshold) in enumerate(thresholds)
    ]
