"""What needs no learning at all: the commonest class, and labels dealt out anew. A model that does not beat them has learned nothing.

What metadata alone reach is in `baselines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.metrics import (
    DRAWS,
    Floats,
    Interval,
    checked_scores,
    percentile_interval,
    rounded,
    weighted_auc,
)
from mammo_core.evaluation.multiclass import checked_classes, weighted_macro_auc


def majority_class(training: npt.ArrayLike) -> int:
    """The commonest of (n,) training classes, numbers from 0; of equally common ones the first.

    Raises:
        ValueError: there is no case.
    """
    counts = np.bincount(np.asarray(training, np.int64))
    if not counts.size:
        raise ValueError("no case to take the commonest class of")
    return int(counts.argmax())


def controls(
    truth: npt.ArrayLike, score: npt.ArrayLike, women: npt.ArrayLike, rng: np.random.Generator
) -> dict[str, Any]:
    """What a card sets beside an AUC: `permuted_auc` with its ends, and `majority`, how often always naming the commoner kind is right.

    Arguments and errors as of `auc_interval`.
    """
    cancer, scores = checked_scores(truth, score)
    common = majority_class(cancer)
    return {
        "permuted_auc": rounded(permuted_auc(cancer, scores, women, rng).as_list()),
        "majority": round(float(np.mean(cancer == common)), 4),
    }


def permuted_auc(
    truth: npt.ArrayLike, score: npt.ArrayLike, women: npt.ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> Interval:
    """AUC against labels dealt out anew among the women: its mean, and between which ends 95 % of the deals fall.

    A woman's labels stay together, so a score that tells women apart but not their cancer gets the spread it has by
    chance. Arguments and errors as of `auc_interval`.
    """
    cancer, scores = checked_scores(truth, score)
    once = np.ones((1, scores.size))
    dealt = (cancer[order] for order in _deals(women, scores.size, rng, draws))
    return _spread(np.array([weighted_auc(each, scores, once)[0] for each in dealt]))


def permuted_macro_auc(
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    women: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Interval:
    """The same for k classes, one against the rest, averaged. Arguments and errors as of `multiclass`."""
    place, said = checked_classes(truth, probabilities)
    once = np.ones((1, place.size))
    dealt = (place[order] for order in _deals(women, place.size, rng, draws))
    return _spread(np.array([weighted_macro_auc(each, said)(once)[0] for each in dealt]))


def _deals(women: npt.ArrayLike, n: int, rng: np.random.Generator, draws: int) -> Iterator[npt.NDArray[np.intp]]:
    """For each draw, whose label every case gets, (n,): the women's labels laid end to end in another order of the women."""
    names, place = np.unique(np.asarray(women), return_inverse=True)
    if place.shape != (n,):
        raise ValueError(f"{place.size} names of women for {n} cases")
    laid = np.argsort(place, kind="stable")
    for _ in range(draws):
        dealt = np.empty(n, np.intp)
        dealt[laid] = np.argsort(rng.permutation(names.size)[place], kind="stable")
        yield dealt


def _spread(drawn: Floats) -> Interval:
    return percentile_interval(float(drawn.mean()), drawn)
