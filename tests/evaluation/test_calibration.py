"""Platt scaling on out-of-fold log-odds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.evaluation import Calibration, expected_calibration_error, fit_temperature


def test_it_finds_the_slope_and_intercept_that_made_the_outcomes():
    rng = np.random.default_rng(0)
    logit = rng.normal(3, 5, 60_000)
    truth = rng.random(logit.size) < Calibration(0.4, -1.5).apply(logit)
    found = fit_temperature(logit, truth)
    assert found.slope == pytest.approx(0.4, abs=0.01)
    assert found.intercept == pytest.approx(-1.5, abs=0.05)
    assert expected_calibration_error(truth, found.apply(logit)) < 0.01


def test_a_weight_of_two_is_a_case_given_twice():
    rng = np.random.default_rng(1)
    logit = rng.normal(size=200)
    truth = rng.random(200) < 0.5
    weights = rng.integers(1, 4, 200)
    weighted = fit_temperature(logit, truth, weights)
    repeated = fit_temperature(np.repeat(logit, weights), np.repeat(truth, weights))
    assert (weighted.slope, weighted.intercept) == pytest.approx((repeated.slope, repeated.intercept), abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
@settings(deadline=None, max_examples=40)
def test_it_never_turns_the_order_round_and_keeps_the_mean(seed, gain):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[True, False], rng.random(198) < 0.3])
    logit = rng.normal(size=200) + gain * truth
    found = fit_temperature(logit, truth)
    assert found.slope > 0
    assert np.mean(found.apply(logit)) == pytest.approx(truth.mean(), abs=0.02)


def test_classes_that_do_not_overlap_give_a_finite_slope():
    found = fit_temperature([-2, -1, 1, 2], [0, 0, 1, 1])
    assert 0 < found.slope < 10


def test_a_constant_logit_gives_the_share_of_cancer():
    truth = np.array([True] * 300 + [False] * 700)
    assert fit_temperature(np.full(1000, 4.0), truth).apply([4.0])[0] == pytest.approx(0.3, abs=0.01)


def test_probabilities_stay_probabilities_far_out():
    with np.errstate(all="raise", under="ignore"):
        assert Calibration(1, 0).apply([-2000, 0, 2000]).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("logit", "truth", "said"),
    [([0, 1], [1, 1], "without cancer"), ([0, np.inf], [0, 1], "finite"), ([0, 1, 2], [0, 1], "must be")],
)
def test_what_cannot_be_calibrated_is_refused(logit, truth, said):
    with pytest.raises(ValueError, match=said):
        fit_temperature(logit, truth)
