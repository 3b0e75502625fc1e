"""Thresholds that are named: set on some women at a stated specificity, judged on others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mammo_core import evaluation
from mammo_core.evaluation import rates
from mammo_core.training.bench.cases import Cases, Numbers

POINTS = (("US screening", 0.889), ("European screening", 0.966))
"""Names and specificities, those of the patch network's card: models are compared at the same points."""
HALF = "probability of one half"


def threshold_at(found: Cases, specificity: float = POINTS[0][1]) -> float:
    """The lowest probability that leaves at least so large a share of the cases of the other classes below it; one half without any."""
    return 0.5 if found.truth.all() else evaluation.threshold_at(found.truth, found.probability, specificity)


def operating_points(
    found: Cases, fold: Numbers, watched: Mapping[int, Cases] | None, rng: np.random.Generator, draws: int
) -> list[dict[str, Any]]:
    """Both rates at thresholds of the named specificities, and at a probability of one half.

    The threshold for a case is set on the women that the network of its `fold` was watched by, so on nobody whom that network is judged on;
    where nobody was `watched`, on the cases themselves. `threshold` has one for each fold there is, in order.
    """
    folds = np.unique(fold).tolist()
    set_on = "validation" if watched else "these cases"
    return [
        _point(
            name,
            {each: threshold_at(watched[each] if watched else found, at) for each in folds},
            found,
            fold,
            rng,
            draws,
        )
        | {"set_on": set_on}
        for name, at in POINTS
    ] + [_point(HALF, dict.fromkeys(folds, 0.5), found, fold, rng, draws) | {"set_on": "nobody"}]


def from_to(threshold: Sequence[float], scale: float = 1.0, decimals: int = 3) -> str:
    """A point's thresholds in words: one, or the lowest and the highest of the folds'."""
    ends = dict.fromkeys(f"{scale * each:.{decimals}f}" for each in (min(threshold), max(threshold)))
    return "–".join(ends)


def _point(
    name: str, threshold: dict[int, float], found: Cases, fold: Numbers, rng: np.random.Generator, draws: int
) -> dict[str, Any]:
    over = found.probability - np.array([threshold[each] for each in fold.tolist()])
    at = rates(found.truth, over, found.woman, [0.0], rng, draws)
    return {
        "name": name,
        "threshold": [round(each, 6) for each in threshold.values()],
        "sensitivity": at.sensitivity.at(0),
        "specificity": at.specificity.at(0),
        "caught": int(at.caught[0]),
        "recalled_without": int(at.recalled_without[0]),
    }
