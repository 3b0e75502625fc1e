"""Plain counts that a card carries so that a page can say what a score meant on the validation women.

Counts, not rates: whoever shows them says of how many.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
