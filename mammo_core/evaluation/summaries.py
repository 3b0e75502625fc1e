"""What a card carries so that a page can say what a score meant on the validation women: named operating points, and plain counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from mammo_core.evaluation.curves import rates
from mammo_core.evaluation.metrics import checked_scores, threshold_at

POINTS = (("US screening", 0.889), ("European screening", 0.966))
"""Names of operating points, and the specificities that they are set at."""
FIFTHS = 5


def operating_points(
    truth: npt.ArrayLike,
    suspicion: npt.ArrayLike,
    women: npt.ArrayLike,
    fold: npt.ArrayLike,
    unit: str,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """The named points: a threshold is set on all (n,) cases of one `unit`, and is what ships.

    Its rates are cross-fitted: the cases of a `fold` (n,) are recalled by the threshold that the other folds' cases give, so that none is
    judged by a threshold that was set on it. Where all are of one fold, their women are dealt into five. Thresholds are held, whichever
    women are drawn. Raises ValueError as `auc_interval` does.
    """
    cancer, scores = checked_scores(truth, suspicion)
    part = _parts(cancer, np.asarray(women), np.asarray(fold))
    points = []
    for name, specificity in POINTS:
        above = scores.copy()
        for each in np.unique(part):
            above[part == each] -= threshold_at(cancer[part != each], scores[part != each], specificity)
        found = rates(cancer, above, women, [0.0], rng)
        points.append(
            {
                "name": name,
                "suspicion": round(threshold_at(cancer, scores, specificity), 4),
                "unit": unit,
                "specificity": found.specificity.at(0),
                "sensitivity": found.sensitivity.at(0),
                "n": found.n,
                "n_cancer": found.n_cancer,
                "cross_fitted": True,
            }
        )
    return points


def _parts(
    cancer: npt.NDArray[np.bool_], women: npt.NDArray[Any], fold: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(n,) parts of which each leaves cases of both kinds outside: the folds, or fifths of the women.

    Raises ValueError where there are too few women of one kind.
    """
    if len(np.unique(fold)) > 1:
        return fold
    fewest = min(len(np.unique(women[cancer])), len(np.unique(women[~cancer])))
    if fewest < 2:
        raise ValueError("an operating point needs two women with cancer and two without")
    part = np.zeros(len(cancer), np.int64)
    dealt = StratifiedGroupKFold(min(FIFTHS, fewest), shuffle=True, random_state=0)
    for number, (_, rows) in enumerate(dealt.split(cancer, cancer, women)):
        part[rows] = number
    return part


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
