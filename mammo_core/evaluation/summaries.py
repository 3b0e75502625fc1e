"""What a card carries so that a page can say what a score meant on the validation women: named operating points, and plain counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.curves import rates
from mammo_core.evaluation.metrics import checked_scores, threshold_at

POINTS = (("US screening", 0.889), ("European screening", 0.966))
"""Names of operating points, and the specificities that they are set at."""


def operating_points(
    truth: npt.ArrayLike, suspicion: npt.ArrayLike, women: npt.ArrayLike, unit: str, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """The named points, set and judged on (n,) cases of one `unit`: the threshold is held, whichever women are drawn.

    Raises ValueError as `auc_interval` does.
    """
    cancer, scores = checked_scores(truth, suspicion)
    points = []
    for name, specificity in POINTS:
        threshold = threshold_at(cancer, scores, specificity)
        found = rates(cancer, scores, women, [threshold], rng)
        points.append(
            {
                "name": name,
                "suspicion": round(threshold, 4),
                "unit": unit,
                "specificity": found.specificity.at(0),
                "sensitivity": found.sensitivity.at(0),
                "n": found.n,
                "n_cancer": found.n_cancer,
            }
        )
    return points


def exams_at_least(suspicion: npt.ArrayLike, truth: npt.ArrayLike) -> dict[str, list[int]]:
    """How many exams scored 0, 1, … 100 or more, and how many of those had cancer.

    Args:
        suspicion: (n,) in 0..100.
        truth: (n,) true where there is cancer.

    Returns:
        `{"n": [101 counts], "cancer": [101 counts]}`; place k counts suspicion >= k.

    Raises:
        ValueError: lengths differ, or a suspicion lies outside 0..100.
    """
    scores, cancer = np.asarray(suspicion, np.float64), np.asarray(truth).astype(bool)
    if scores.ndim != 1 or scores.shape != cancer.shape:
        raise ValueError(f"suspicion and truth must be (n,) both, not {scores.shape} and {cancer.shape}")
    if not ((scores >= 0) & (scores <= 100)).all():
        raise ValueError("suspicion must lie in 0..100")
    reached = scores[None, :] >= np.arange(101)[:, None]
    return {"n": reached.sum(axis=1).tolist(), "cancer": (reached & cancer).sum(axis=1).tolist()}
