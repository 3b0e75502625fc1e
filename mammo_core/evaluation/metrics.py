"""Discrimination and calibration of scores, with intervals that know that women have several pictures.

Intervals are percentile bootstraps (Efron & Tibshirani 1993, ch. 13) over women, not over pictures:
a woman is drawn with all her pictures, so that two views of one breast never pass for two
observations. Where no draw differs, as with a figure of 1, the interval is that of the women's
numbers (see `score_intervals`). Nothing here chooses a model or averages over sets; a figure is of one set.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.evaluation.score_intervals import LEVEL, score_auc, wilson

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

DRAWS = 1000
"""Resamples of the women that an interval is made of, where nothing else is said."""
CHUNK = 4_000_000
"""Most weights held at a time; bounds the bootstrap's memory to about 32 MB an array."""


@dataclass(frozen=True)
class Interval:
    """A figure and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float]:
        """`[value, low, high]`, as cards hold it."""
        return [self.value, self.low, self.high]


def auc_interval(
    truth: npt.ArrayLike, score: npt.ArrayLike, women: npt.ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> Interval:
    """Area under the ROC curve with a 95 % patient-clustered bootstrap interval.

    Args:
        truth: (n,) true where there is cancer.
        score: (n,) any monotone score; ties count one half (Hanley & McNeil 1982).
        women: (n,) whose picture it is.
        rng: where the draws come from.
        draws: resamples of the women; a draw that misses one of the two classes is left out.

    Raises:
        ValueError: lengths differ, a score is not finite, or one of the two classes is missing.
    """
    cancer, scores = checked_scores(truth, score)
    whole = weighted_auc(cancer, scores, np.ones((1, scores.size)))[0]
    drawn = [weighted_auc(cancer, scores, weights) for weights in draws_of_women(women, scores.size, rng, draws)]
    return interval_of_auc(float(whole), np.concatenate(drawn), cancer, np.asarray(women))


def share_interval(hits: npt.ArrayLike, women: npt.ArrayLike, rng: np.random.Generator, draws: int = DRAWS) -> Interval:
    """Share of (n,) yes-or-no outcomes with its interval; the other arguments as of `auc_interval`.

    Raises:
        ValueError: lengths differ, or there is no outcome.
    """
    yes = np.asarray(hits).astype(bool)
    if yes.ndim != 1 or not yes.size:
        raise ValueError(f"hits must be (n,) and n at least one, not {yes.shape}")
    everyone = np.ones(yes.shape, bool)
    drawn = [_share(weights, yes, everyone) for weights in draws_of_women(women, yes.size, rng, draws)]
    return interval_of_share(float(yes.mean()), np.concatenate(drawn), np.asarray(women))


def brier(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared distance of (n,) probabilities from (n,) outcomes (Brier 1950); 0 is best."""
    cancer, values = checked_probabilities(truth, probability)
    return float(np.mean((values - cancer) ** 2))


def expected_calibration_error(truth: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 10) -> float:
    """Mean distance between probability and frequency over `bins` equally wide bins, by their counts.

    Of the cancer probability itself, not of the confidence in the likelier class (Guo et al. 2017,
    eq. 3, with the positive class in place of the predicted one).
    """
    cancer, values = checked_probabilities(truth, probability)
    place = np.minimum((values * bins).astype(np.intp), bins - 1)
    gaps = np.bincount(place, weights=values - cancer, minlength=bins)
    return float(np.abs(gaps).sum() / values.size)


def confusion(
    truth: Sequence[Hashable] | Array, predicted: Sequence[Hashable] | Array, classes: Sequence[Hashable]
) -> npt.NDArray[np.int64]:
    """Counts (classes, classes): row by truth, column by prediction, in the order of `classes`.

    Raises:
        ValueError: lengths differ, or a label is not among `classes`.
    """
    if len(truth) != len(predicted):
        raise ValueError(f"{len(truth)} true labels and {len(predicted)} predicted ones")
    place = {name: k for k, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for true, said in zip(truth, predicted, strict=True):
        if true not in place or said not in place:
            raise ValueError(f"{true!r} or {said!r} is not among the classes {list(classes)}")
        counts[place[true], place[said]] += 1
    return counts


def weighted_auc(cancer: npt.NDArray[np.bool_], score: Floats, weights: Floats) -> Floats:
    """(draws,) AUC of (n,) scores under (draws, n) case weights, by the Mann-Whitney statistic.

    NaN for a draw in which one of the two classes weighs nothing.
    """
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    with_cancer = np.add.reduceat(weights[:, order] * cancer[order], starts, axis=1)
    without = np.add.reduceat(weights[:, order] * ~cancer[order], starts, axis=1)
    won = np.sum(with_cancer * (np.cumsum(without, axis=1) - 0.5 * without), axis=1)
    pairs = with_cancer.sum(axis=1) * without.sum(axis=1)
    areas: Floats = np.divide(won, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
    return areas


def draws_of_women(women: npt.ArrayLike, n: int, rng: np.random.Generator, draws: int) -> Iterator[Floats]:
    """How often each of the n cases comes in each draw of the women, (some draws, n) at a time."""
    names, place = np.unique(np.asarray(women), return_inverse=True)
    if place.shape != (n,):
        raise ValueError(f"{place.size} names of women for {n} cases")
    step = max(1, CHUNK // n)
    chances = np.full(names.size, 1 / names.size)
    for first in range(0, draws, step):
        drawn = rng.multinomial(names.size, chances, size=min(step, draws - first))
        yield drawn[:, place].astype(np.float64)


def percentile_interval(value: float, drawn: Floats) -> Interval:
    """Percentile interval of the draws that are defined."""
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(value), float(low), float(high))


def interval_of_share(value: float, drawn: Floats, women: Array) -> Interval:
    """Percentile interval of a share's draws; where none differs, Wilson's over the `women` whose cases it is of."""
    found = percentile_interval(value, drawn)
    if found.low < found.high:
        return found
    return score_interval(value, np.unique(women).size)


def score_interval(share: float, n: int) -> Interval:
    """A share of `n` cases, each of another woman, with Wilson's interval: no draws are needed."""
    low, high = wilson(share, n)
    return Interval(share, float(low), float(high))


def interval_of_auc(value: float, drawn: Floats, cancer: npt.NDArray[np.bool_], women: Array) -> Interval:
    """Percentile interval of an AUC's draws; where none differs, the score interval of the women with and without cancer."""
    found = percentile_interval(value, drawn)
    if found.low < found.high:
        return found
    return Interval(value, *score_auc(value, np.unique(women[cancer]).size, np.unique(women[~cancer]).size))


def rounded(values: Sequence[float]) -> list[float]:
    """Figures as cards and reports hold them: four places."""
    return [round(float(value), 4) for value in values]


def threshold_at(cancer: npt.NDArray[np.bool_], score: Floats, specificity: float) -> float:
    """The lowest threshold that leaves at least so large a share of (n,) scores without `cancer` (n,) below it.

    It lies midway between the two neighbouring scores. There must be cases without cancer.

    Raises:
        ValueError: `specificity` is not between 0 and 1.
    """
    if not 0 < specificity < 1:
        raise ValueError(f"specificity must lie between 0 and 1, not {specificity}")
    healthy = np.sort(score[~cancer])
    last_below = healthy[min(int(np.ceil(specificity * healthy.size - 1e-9)), healthy.size) - 1]
    above = score[score > last_below]
    if not above.size:
        return float(np.nextafter(last_below, np.inf))
    middle = last_below + (above.min() - last_below) / 2
    return float(middle if middle > last_below else above.min())


def _share(weights: Floats, chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Floats:
    """(draws,) weight of the chosen among all of `among`; NaN where those weigh nothing."""
    whole = weights @ among
    share: Floats = np.divide(weights @ (chosen & among), whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return share


def checked_scores(truth: npt.ArrayLike, score: npt.ArrayLike) -> tuple[npt.NDArray[np.bool_], Floats]:
    """(n,) outcomes and scores, or ValueError: lengths, a score that is not finite, a class that is missing."""
    cancer, scores = np.asarray(truth).astype(bool), np.asarray(score, np.float64)
    if cancer.ndim != 1 or cancer.shape != scores.shape:
        raise ValueError(f"truth and score must be (n,) both, not {cancer.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} of {scores.size} scores are not finite")
    if cancer.all() or not cancer.any():
        raise ValueError(f"{int(cancer.sum())} of {cancer.size} cases have cancer; both kinds are needed")
    return cancer, scores


def checked_probabilities(truth: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[npt.NDArray[np.bool_], Floats]:
    """(n,) outcomes and probabilities, or ValueError: lengths, a probability outside 0..1."""
    cancer, values = np.asarray(truth).astype(bool), np.asarray(probability, np.float64)
    if cancer.ndim != 1 or cancer.shape != values.shape or not cancer.size:
        raise ValueError(f"truth and probability must be (n,) both, not {cancer.shape} and {values.shape}")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("probabilities must lie in 0..1")
    return cancer, values
