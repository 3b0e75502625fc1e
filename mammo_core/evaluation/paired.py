"""Whether one model is better than another on the same cases of the same women.

Both are drawn together, woman by woman, so what makes a draw easy or hard falls out of the difference. The test is the
percentile interval's own, turned round: p is twice the share of draws in which the difference has the other sign.
It says nothing of a model that was chosen because it was best on these very cases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.metrics import (
    Interval,
    checked_scores,
    draws_of_women,
    percentile_interval,
    weighted_auc,
)
from mammo_core.evaluation.multiclass import (
    Statistic,
    checked_classes,
    weighted_accuracy,
    weighted_balanced_accuracy,
    weighted_macro_auc,
)


@dataclass(frozen=True)
class Paired:
    """A figure of models `a` and `b`, a less b with its 95 % interval, and the two-sided p of no difference."""

    a: float
    b: float
    difference: Interval
    p: float
    n: int
    women: int


def paired_auc(
    truth: npt.ArrayLike,
    score_a: npt.ArrayLike,
    score_b: npt.ArrayLike,
    women: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = 2000,
) -> Paired:
    """AUC of two scores of the same cases; arguments and errors as of `auc_interval`."""
    cancer, a = checked_scores(truth, score_a)
    _, b = checked_scores(truth, score_b)
    return paired(
        lambda weights: weighted_auc(cancer, a, weights),
        lambda weights: weighted_auc(cancer, b, weights),
        women,
        cancer.size,
        rng,
        draws,
    )


def paired_multiclass(
    truth: npt.ArrayLike,
    probabilities_a: npt.ArrayLike,
    probabilities_b: npt.ArrayLike,
    women: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = 2000,
) -> dict[str, Paired]:
    """`accuracy`, `balanced_accuracy` and `auc` of two models over k classes; arguments and errors as of `multiclass`."""
    place, a = checked_classes(truth, probabilities_a)
    _, b = checked_classes(truth, probabilities_b)
    if a.shape != b.shape:
        raise ValueError(f"the models tell {a.shape[1]} and {b.shape[1]} classes apart")
    figures = {
        "accuracy": weighted_accuracy,
        "balanced_accuracy": weighted_balanced_accuracy,
        "auc": weighted_macro_auc,
    }
    return {
        name: paired(figure(place, a), figure(place, b), women, place.size, rng, draws)
        for name, figure in figures.items()
    }


def paired(
    figure_a: Statistic,
    figure_b: Statistic,
    women: npt.ArrayLike,
    n: int,
    rng: np.random.Generator,
    draws: int = 2000,
) -> Paired:
    """Two figures of the same n cases, each a function of (draws, n) case weights.

    p is at least 2 / (draws + 1), since the cases as they are count as one draw (Davison & Hinkley 1997, eq. 4.11).
    """
    once = np.ones((1, n))
    a, b = float(figure_a(once)[0]), float(figure_b(once)[0])
    drawn = np.concatenate([figure_a(weights) - figure_b(weights) for weights in draws_of_women(women, n, rng, draws)])
    drawn = drawn[~np.isnan(drawn)]
    turned = min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0))
    return Paired(
        a,
        b,
        percentile_interval(a - b, drawn),
        min(1.0, 2 * (1 + turned) / (1 + drawn.size)),
        n,
        np.unique(np.asarray(women)).size,
    )
