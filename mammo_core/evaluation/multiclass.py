"""How good probabilities of several classes are: accuracy, balanced accuracy and macro AUC, with intervals by woman.

A class is a number, its place among the k columns of probabilities; the predicted one has the highest. Accuracy says
little where one class is most of the cases: balanced accuracy and the AUC beside it do not gain by guessing that class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.metrics import (
    DRAWS,
    Floats,
    Interval,
    draws_of_women,
    interval_of_auc,
    interval_of_share,
    percentile_interval,
    weighted_auc,
)

Statistic = Callable[[Floats], Floats]
"""(draws, n) case weights to the figure in each draw, (draws,); NaN where a draw misses a class."""
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Multiclass:
    """Figures of `n` cases of `women` women; `auc` is of one class against the rest, averaged.

    Balanced accuracy and AUC average over the classes that have cases.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    auc: Interval
    n: int
    women: int


def multiclass(
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    women: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Multiclass:
    """All three figures with 95 % patient-clustered bootstrap intervals, from the same draws of the women.

    Args:
        truth: (n,) number of each case's class, 0 to k - 1.
        probabilities: (n, k), or any scores that are higher where a class is likelier.
        women: (n,) whose case it is.
        rng: where the draws come from.
        draws: resamples of the women; one that misses a class is left out of the two figures that need it.

    Raises:
        ValueError: shapes differ, a probability is not finite, a class is none of the k, or all cases are of one class.
    """
    place, said = checked_classes(truth, probabilities)
    n, names = place.size, np.asarray(women)
    figures = (weighted_accuracy(place, said), weighted_balanced_accuracy(place, said), weighted_macro_auc(place, said))
    drawn: list[list[Floats]] = [[], [], []]
    for weights in draws_of_women(names, n, rng, draws):
        for some, figure in zip(drawn, figures, strict=True):
            some.append(figure(weights))
    once = np.ones((1, n))
    values, spread = [float(figure(once)[0]) for figure in figures], [np.concatenate(some) for some in drawn]
    members = [place == k for k in np.unique(place)]
    return Multiclass(
        interval_of_share(values[0], spread[0], names),
        _averaged(values[1], spread[1], [interval_of_share(values[1], spread[1], names[own]) for own in members]),
        _averaged(values[2], spread[2], [interval_of_auc(values[2], spread[2], own, names) for own in members]),
        n,
        np.unique(names).size,
    )


def _averaged(value: float, drawn: Floats, classes: list[Interval]) -> Interval:
    """Percentile interval of the draws of a mean over classes; where none differs, the means of the `classes`' own ends."""
    found = percentile_interval(value, drawn)
    if found.low < found.high:
        return found
    return Interval(
        value, float(np.mean([each.low for each in classes])), float(np.mean([each.high for each in classes]))
    )


def weighted_accuracy(truth: Places, said: Floats) -> Statistic:
    """Share of the cases whose likeliest class is the true one."""
    right = said.argmax(axis=1) == truth
    return lambda weights: np.asarray((weights @ right) / weights.sum(axis=1))


def weighted_balanced_accuracy(truth: Places, said: Floats) -> Statistic:
    """Mean over the classes that have cases of the share of each that is found (Brodersen et al. 2010)."""
    right, there = said.argmax(axis=1) == truth, np.unique(truth)

    def figure(weights: Floats) -> Floats:
        found = [_ratio(weights @ (right & (truth == k)), weights @ (truth == k)) for k in there]
        return np.asarray(np.mean(found, axis=0))

    return figure


def weighted_macro_auc(truth: Places, said: Floats) -> Statistic:
    """Mean over the classes of the AUC of each against the rest, all classes alike (Provost & Domingos 2000)."""
    there = np.unique(truth)

    def figure(weights: Floats) -> Floats:
        return np.asarray(np.mean([weighted_auc(truth == k, said[:, k], weights) for k in there], axis=0))

    return figure


def checked_classes(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Places, Floats]:
    """(n,) classes and (n, k) probabilities, or ValueError: shapes, a number that is not finite, one class only or an unknown one."""
    place, said = np.asarray(truth), np.asarray(probabilities, np.float64)
    if said.ndim != 2 or said.shape[1] < 2 or place.shape != said.shape[:1]:
        raise ValueError(f"truth must be (n,) and probabilities (n, k), not {place.shape} and {said.shape}")
    if not np.isfinite(said).all():
        raise ValueError("a probability is not finite")
    found = np.unique(place)
    if found.size < 2 or not np.isin(found, np.arange(said.shape[1])).all():
        raise ValueError(f"cases are of classes {found.tolist()}, wanted two or more of 0 to {said.shape[1] - 1}")
    return place.astype(np.int64), said


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))
