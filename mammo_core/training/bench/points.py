"""Thresholds that are named: set on some women at a stated specificity, judged on others."""

from __future__ import annotations

from typing import Any

import numpy as np

from mammo_core.evaluation import rates
from mammo_core.training.bench.cases import Cases
from mammo_core.training.bench.subgroups import at_place

POINTS = (("US screening", 0.889), ("European screening", 0.966))
"""Names and specificities, those of the patch network's card: models are compared at the same points."""
HALF = "probability of one half"


def threshold_at(found: Cases, specificity: float = POINTS[0][1]) -> float:
    """The lowest probability that leaves at least so large a share of the cases of the other classes below it; one half without any."""
    others = np.sort(found.probability[~found.truth])
    if not others.size:
        return 0.5
    last_below = float(others[min(int(np.ceil(specificity * others.size - 1e-9)), others.size) - 1])
    above = found.probability[found.probability > last_below]
    return (last_below + float(above.min())) / 2 if above.size else float(np.nextafter(last_below, np.inf))


def operating_points(found: Cases, set_on: Cases, rng: np.random.Generator, draws: int) -> list[dict[str, Any]]:
    """Both rates at thresholds that `set_on` gives at the named specificities, and at a probability of one half."""
    thresholds = [(name, threshold_at(set_on, specificity)) for name, specificity in POINTS] + [(HALF, 0.5)]
    at = rates(found.truth, found.probability, found.woman, [value for _, value in thresholds], rng, draws)
    return [
        {
            "name": name,
            "threshold": round(threshold, 6),
            "sensitivity": at_place(at.sensitivity, k),
            "specificity": at_place(at.specificity, k),
            "caught": int(at.caught[k]),
            "recalled_without": int(at.recalled_without[k]),
        }
        for k, (name, threshold) in enumerate(thresholds)
    ]
