"""Curves and their bands, against scikit-learn and SciPy on the same cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from mammo_core.evaluation import precision_recall_band, rates, reliability, roc_band, wilson


def made_up(n: int = 400, per_woman: int = 2, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, score in 0..1 with ties, woman; a woman's cases share half of their score."""
    rng = np.random.default_rng(seed)
    women = np.arange(n) // per_woman
    truth = rng.random(women.max() + 1)[women] < 0.4
    raw = truth + rng.normal(size=women.max() + 1)[women] + rng.normal(size=n)
    return truth, np.round(1 / (1 + np.exp(-raw)), 2), women


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_roc_curve_is_scikit_learns() -> None:
    truth, score, women = made_up()
    band = roc_band(truth, score, women, rng(), draws=20)
    false, caught, _ = roc_curve(truth, score, drop_intermediate=False)
    assert band.y == pytest.approx(np.interp(band.x, false, caught))


def test_precision_at_a_recall_is_scikit_learns() -> None:
    truth, score, women = made_up()
    band = precision_recall_band(truth, score, women, rng(), draws=20)
    precision, recall, _ = precision_recall_curve(truth, score)
    for x, y in zip(band.x, band.y, strict=True):
        # scikit-learn lists thresholds from low to high: the last that still reaches the recall is the highest.
        assert y == pytest.approx(precision[np.flatnonzero(recall >= x - 1e-9)[-1]])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=30).filter(
        lambda cases: len({truth for truth, _ in cases}) == 2
    ),
    st.lists(st.floats(-1, 7), min_size=1, max_size=5),
)
def test_counts_at_any_threshold_are_those_of_the_confusion_matrix(cases: list, thresholds: list) -> None:
    truth, score = np.array([t for t, _ in cases]), np.array([s for _, s in cases])
    found = rates(truth, score, np.arange(len(cases)), thresholds, rng(), draws=5)
    for k, threshold in enumerate(thresholds):
        (kept, false), (missed, caught) = confusion_matrix(truth, score >= threshold, labels=[False, True])
        assert (found.caught[k], found.recalled_without[k]) == (caught, false)
        assert found.sensitivity.y[k] == pytest.approx(caught / (caught + missed))
        assert found.specificity.y[k] == pytest.approx(kept / (kept + false))


def test_a_case_on_the_threshold_is_recalled() -> None:
    found = rates([0, 1], [40.0, 41.2], ["a", "b"], [41.2], rng(), draws=5)
    assert (found.caught[0], found.recalled_without[0]) == (1, 0)


@pytest.mark.parametrize("curve", [roc_band, precision_recall_band])
def test_the_band_holds_the_curve_and_widens_when_views_are_of_few_women(curve) -> None:
    truth, score, _ = made_up(per_woman=1)
    alone = curve(truth, score, np.arange(truth.size), rng(), draws=300)
    doubled = [np.repeat(each, 4) for each in (truth, score, np.arange(truth.size))]
    together = curve(*doubled, rng(), draws=300)
    apart = curve(*doubled[:2], np.arange(4 * truth.size), rng(), draws=300)
    middle = slice(40, 160)
    assert (alone.low <= alone.y + 1e-12).all()
    assert (alone.y <= alone.high + 1e-12).all()
    width = {name: float(np.mean((b.high - b.low)[middle])) for name, b in {"t": together, "a": apart}.items()}
    assert width["t"] > 1.6 * width["a"]


def test_the_rates_intervals_cover_what_is_true_about_as_often_as_they_say() -> None:
    """Score without noise about a known rate: 200 women, P(score >= 0.7 | cancer) = 0.3."""
    source, hits = np.random.default_rng(3), 0
    for _ in range(100):
        score = source.random(200)
        found = rates(np.arange(200) % 2 == 0, score, np.arange(200), [0.7], source, draws=200)
        hits += bool(found.sensitivity.low[0] <= 0.3 <= found.sensitivity.high[0])
    assert 86 <= hits <= 100


def test_a_rate_of_none_or_all_still_has_an_interval() -> None:
    truth, score, women = made_up()
    found = rates(truth, score, women, [-1.0, 2.0], rng(), draws=50)
    assert found.sensitivity.y.tolist() == [1.0, 0.0]
    assert found.sensitivity.low[0] < 1.0
    assert found.sensitivity.high[1] > 0.0
    assert found.specificity.high[0] > 0.0


def test_reliability_is_scikit_learns_calibration_curve() -> None:
    truth, score, women = made_up(seed=4)
    found = reliability(truth, score, women, groups=8)
    share, probability = calibration_curve(truth, score, n_bins=8, strategy="quantile")
    assert found.share == pytest.approx(share)
    assert found.probability == pytest.approx(probability)
    assert (found.n.sum(), found.n_cancer.sum()) == (truth.size, truth.sum())
    assert (found.low < found.share).all()
    assert (found.share < found.high).all()


def test_equal_probabilities_are_one_group() -> None:
    found = reliability([0, 1, 1, 0], [0.5] * 4, ["a", "a", "b", "c"], groups=10)
    assert found.n.tolist() == [4]
    assert (found.low, found.high) == wilson([0.5], [3])


@given(st.integers(1, 500), st.data())
def test_wilsons_interval_is_scipys(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson([k / n], [n])
    told = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert (low[0], high[0]) == pytest.approx((told.low, told.high), abs=1e-9)


def test_wrong_use_is_named() -> None:
    with pytest.raises(ValueError, match="both kinds are needed"):
        roc_band([1, 1], [0.1, 0.2], ["a", "b"], rng())
    with pytest.raises(ValueError, match="names of women"):
        reliability([0, 1], [0.1, 0.2], ["a"])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        reliability([0, 1], [0.1, 20.0], ["a", "b"])
