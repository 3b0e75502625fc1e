"""Logistic stacking of out-of-fold scores: Platt scaling where there is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.evaluation import Calibration, expected_calibration_error, fit_calibration


def test_it_finds_the_weights_and_intercept_that_made_the_outcomes():
    rng = np.random.default_rng(0)
    scores = rng.normal((3, -1), (5, 2), (60_000, 2))
    truth = rng.random(len(scores)) < Calibration((0.4, 0.9), -1.5).apply(scores)
    found = fit_calibration(scores, truth)
    assert found.weights == pytest.approx((0.4, 0.9), abs=0.02)
    assert found.intercept == pytest.approx(-1.5, abs=0.06)
    assert expected_calibration_error(truth, found.apply(scores)) < 0.01


def test_a_mass_of_two_is_a_case_given_twice():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(200, 2))
    truth = rng.random(200) < 0.5
    mass = rng.integers(1, 4, 200)
    weighted = fit_calibration(scores, truth, mass)
    repeated = fit_calibration(np.repeat(scores, mass, axis=0), np.repeat(truth, mass))
    assert (*weighted.weights, weighted.intercept) == pytest.approx((*repeated.weights, repeated.intercept), abs=1e-2)


@given(st.integers(0, 2**32 - 1), st.floats(-3, 3))
@settings(deadline=None, max_examples=40)
def test_it_never_turns_the_order_round_and_keeps_the_mean(seed, gain):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[True, False], rng.random(198) < 0.3])
    scores = rng.normal(size=(200, 2)) + gain * truth[:, None]
    found = fit_calibration(scores, truth)
    assert min(found.weights) > 0
    assert np.mean(found.apply(scores)) == pytest.approx(truth.mean(), abs=0.02)


def test_a_head_that_knows_nothing_is_nearly_ignored():
    rng = np.random.default_rng(4)
    truth = rng.random(4000) < 0.4
    scores = np.stack([truth * 2 + rng.normal(size=4000), rng.normal(size=4000), -truth.astype(float)], axis=1)
    good, blind, wrong = fit_calibration(scores, truth).weights
    assert good > 10 * blind
    assert wrong == pytest.approx(1e-3)


def test_classes_that_do_not_overlap_give_a_finite_weight():
    (weight,) = fit_calibration([[-2], [-1], [1], [2]], [0, 0, 1, 1]).weights
    assert 0 < weight < 10


def test_a_constant_score_gives_the_share_of_cancer():
    truth = np.array([True] * 300 + [False] * 700)
    assert fit_calibration(np.full((1000, 1), 4.0), truth).apply([[4.0]])[0] == pytest.approx(0.3, abs=0.01)


def test_probabilities_stay_probabilities_far_out():
    with np.errstate(all="raise", under="ignore"):
        assert Calibration((1,), 0).apply([[-2000], [0], [2000]]).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("scores", "truth", "said"),
    [
        ([[0], [1]], [1, 1], "without cancer"),
        ([[0], [np.inf]], [0, 1], "finite"),
        ([[0], [1], [2]], [0, 1], "must be"),
        ([0, 1], [0, 1], "must be"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(scores, truth, said):
    with pytest.raises(ValueError, match=said):
        fit_calibration(scores, truth)
