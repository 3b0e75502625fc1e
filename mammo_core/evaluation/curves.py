"""What a score does at every threshold: rates, ROC and precision-recall curves with bands, and reliability.

Bands are point-wise 95 % percentile bootstraps over women, as all intervals here (see `metrics`). Nothing chooses a
threshold: whoever draws a curve shows all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.metrics import DRAWS, Floats, checked_probabilities, checked_scores, draws_of_women, rounded
from mammo_core.evaluation.score_intervals import LEVEL, wilson

GRID = np.linspace(0.0, 1.0, 201)
"""Where curves are evaluated."""


@dataclass(frozen=True, eq=False)
class Band:
    """A curve: (k,) places `x`, values `y`, and the ends `low` and `high` of their 95 % intervals."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats

    def at(self, place: int) -> list[float]:
        """One point as cards and reports hold it: value, and the ends of its interval."""
        return rounded([float(values[place]) for values in (self.y, self.low, self.high)])


@dataclass(frozen=True, eq=False)
class Rates:
    """What recalling every case that scores `threshold` or more gives, for (k,) thresholds on the same cases.

    `caught` and `recalled_without` count recalled cases with and without cancer, of `n_cancer` and `n - n_cancer`.
    """

    caught: npt.NDArray[np.int64]
    recalled_without: npt.NDArray[np.int64]
    sensitivity: Band
    specificity: Band
    n: int
    n_cancer: int


@dataclass(frozen=True, eq=False)
class Reliability:
    """Cases in (k,) groups of neighbouring probability: mean probability, share with cancer, its interval, counts."""

    probability: Floats
    share: Floats
    low: Floats
    high: Floats
    n: npt.NDArray[np.int64]
    n_cancer: npt.NDArray[np.int64]


def rates(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    women: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Rates:
    """Counts and the two rates at (k,) `thresholds`; the other arguments and errors as of `auc_interval`.

    Where no draw differs, as when all cases of a kind fall on one side, the interval is Wilson's, over the women who have
    cases of that kind.
    """
    cancer, scores = checked_scores(truth, score)
    asked, names = np.asarray(thresholds, np.float64), np.asarray(women)
    with_cancer, without = _recalled(cancer, scores, np.ones((1, scores.size)), asked)
    n, n_cancer = scores.size, int(cancer.sum())
    drawn = [
        (caught / _whole(weights, cancer), 1 - false / _whole(weights, ~cancer))
        for weights in draws_of_women(women, n, rng, draws)
        for caught, false in [_recalled(cancer, scores, weights, asked)]
    ]
    sensitivity = with_cancer[0] / n_cancer
    specificity = 1 - without[0] / (n - n_cancer)
    return Rates(
        with_cancer[0].astype(np.int64),
        without[0].astype(np.int64),
        _rate(asked, sensitivity, np.concatenate([one for one, _ in drawn]), np.unique(names[cancer]).size),
        _rate(asked, specificity, np.concatenate([one for _, one in drawn]), np.unique(names[~cancer]).size),
        n,
        n_cancer,
    )


def roc_band(
    truth: npt.ArrayLike, score: npt.ArrayLike, women: npt.ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> Band:
    """Sensitivity (y) over 1 - specificity (x = `GRID`), straight between thresholds; arguments as of `auc_interval`."""

    def trace(caught: Floats, false: Floats) -> Floats:
        return np.asarray(np.interp(GRID, false / false[-1], caught / caught[-1]))

    return _band(GRID, trace, truth, score, women, rng, draws)


def precision_recall_band(
    truth: npt.ArrayLike, score: npt.ArrayLike, women: npt.ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> Band:
    """Precision (y) at the highest threshold that catches a share x of the cancers; arguments as of `auc_interval`.

    A step curve: between two thresholds nothing lies on a straight line (Davis & Goadrich 2006). x is `GRID` without 0.
    """
    shares = GRID[1:]

    def trace(caught: Floats, false: Floats) -> Floats:
        place = np.searchsorted(caught, shares * caught[-1] - 1e-9)
        return np.asarray(caught[place] / (caught[place] + false[place]))

    return _band(shares, trace, truth, score, women, rng, draws)


def reliability(
    truth: npt.ArrayLike, probability: npt.ArrayLike, women: npt.ArrayLike, groups: int = 10
) -> Reliability:
    """Probability against frequency in at most `groups` groups of about equally many cases, by probability.

    The interval is Wilson's with the number of a group's women in place of its cases: two views of one woman are
    no two observations.

    Raises:
        ValueError: lengths differ, a probability lies outside 0..1, or `groups` is less than one.
    """
    cancer, values = checked_probabilities(truth, probability)
    names = np.asarray(women)
    if groups < 1 or names.shape != cancer.shape:
        raise ValueError(f"{groups} groups and {names.size} names of women for {cancer.size} cases")
    inner = np.quantile(values, np.linspace(0, 1, groups + 1))[1:-1]
    place = np.searchsorted(inner, values)
    members = [np.flatnonzero(place == group) for group in np.unique(place)]
    share = np.array([cancer[each].mean() for each in members])
    low, high = wilson(share, np.array([np.unique(names[each]).size for each in members]))
    return Reliability(
        np.array([values[each].mean() for each in members]),
        share,
        low,
        high,
        np.array([each.size for each in members]),
        np.array([int(cancer[each].sum()) for each in members]),
    )


def _swept(cancer: npt.NDArray[np.bool_], score: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(draws, m + 1) weight of cases with and without cancer recalled, from none to all, at each of m distinct scores."""
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    none = np.zeros((len(weights), 1))
    with_cancer, without = (
        np.hstack([none, np.cumsum(weights[:, order] * kind[order], axis=1)[:, last]]) for kind in (cancer, ~cancer)
    )
    return with_cancer, without


def _recalled(
    cancer: npt.NDArray[np.bool_], score: Floats, weights: Floats, thresholds: Floats
) -> tuple[Floats, Floats]:
    """(draws, k) weight of cases with and without cancer that score each of the thresholds or more."""
    place = np.searchsorted(-np.unique(score)[::-1], -thresholds, side="right")
    caught, false = _swept(cancer, score, weights)
    return caught[:, place], false[:, place]


def _whole(weights: Floats, kind: npt.NDArray[np.bool_]) -> Floats:
    """(draws, 1) weight of all cases of a kind; NaN where a draw has none."""
    whole = (weights @ kind)[:, None]
    return np.where(whole > 0, whole, np.nan)


def _rate(thresholds: Floats, value: Floats, drawn: Floats, women: int) -> Band:
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    least, most = wilson(value, np.full(value.shape, women))
    alike = low == high
    return Band(thresholds, value, np.where(alike, least, low), np.where(alike, most, high))


def _band(
    x: Floats,
    trace: Callable[[Floats, Floats], Floats],
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    women: npt.ArrayLike,
    rng: np.random.Generator,
    draws: int,
) -> Band:
    """The curve that `trace` makes of (m,) weights with and without cancer, on all cases and on each draw of the women."""
    cancer, scores = checked_scores(truth, score)

    def curves(weights: Floats) -> list[Floats]:
        swept = zip(*_swept(cancer, scores, weights), strict=True)
        return [trace(caught, false) for caught, false in swept if caught[-1] and false[-1]]

    (whole,) = curves(np.ones((1, scores.size)))
    drawn = [curve for weights in draws_of_women(women, scores.size, rng, draws) for curve in curves(weights)]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(x, whole, low, high)
