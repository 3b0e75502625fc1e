"""AUC, operating points and their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score

from mammo_core.evaluation import (
    auc_interval,
    brier,
    confusion,
    expected_calibration_error,
    operating_points,
    rates,
    share_interval,
    threshold_at,
    wilson,
)
from mammo_core.evaluation.metrics import weighted_auc


def cases(seed: int, n: int = 300, separation: float = 1.0):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.3
    score = rng.normal(size=n) + separation * truth
    return truth, score, np.arange(n), rng


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
@settings(deadline=None, max_examples=50)
def test_auc_is_that_of_scikit_learn_also_with_ties_and_weights(seed, levels):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([[True, False], rng.random(40) < 0.4])
    score = rng.integers(0, levels, truth.size).astype(float)
    weights = rng.integers(0, 4, truth.size).astype(float)
    weights[:2] = 1
    expected = roc_auc_score(truth, score, sample_weight=weights)
    assert weighted_auc(truth, score, weights[None])[0] == pytest.approx(expected)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_auc_and_its_interval_do_not_change_when_the_score_is_stretched(seed):
    truth, score, women, _ = cases(seed, 80)
    truth[:2] = True, False
    score = score.round(2)
    plain = auc_interval(truth, score, women, np.random.default_rng(1), 50)
    assert auc_interval(truth, np.exp(score), women, np.random.default_rng(1), 50) == plain


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_auc_of_the_turned_score_is_the_rest_to_one(seed):
    truth, score, women, _ = cases(seed, 80)
    truth[:2] = True, False
    plain = auc_interval(truth, score, women, np.random.default_rng(1), 50)
    turned = auc_interval(truth, -score, women, np.random.default_rng(1), 50)
    assert turned.as_list() == pytest.approx([1 - plain.value, 1 - plain.high, 1 - plain.low])


@pytest.mark.parametrize("each", [5, 20, 80])
def test_a_perfect_auc_is_as_sure_as_its_women_are_many(each):
    truth, women = np.repeat([0, 1], each), np.arange(2 * each)
    one = auc_interval(truth, truth, women, np.random.default_rng(0), 20)
    assert (one.value, one.high) == (1, 1)
    # The area that a standard error of Hanley and McNeil's, with the mean of both numbers, just parts from 1.
    low, further = one.low, each - 1
    spread = low * (1 - low) / each**2 * (1 + further * ((1 - low) / (2 - low) + low / (1 + low)))
    assert (1 - low) / np.sqrt(spread) == pytest.approx(1.96, abs=0.001)
    assert auc_interval(truth, -truth, women, np.random.default_rng(0), 20).as_list() == pytest.approx([0, 0, 1 - low])


def test_an_auc_of_one_woman_of_each_kind_is_next_to_unknown():
    """One woman's ten pictures against another's two: no draw differs, though nothing is known of other women."""
    truth, women = np.repeat([0, 1], [10, 2]), np.repeat(["a", "b"], [10, 2])
    found = auc_interval(truth, np.r_[np.arange(10), 8.5, 11], women, np.random.default_rng(0), 50)
    assert found.low < 0.3 < found.value == 0.95 < 0.99 < found.high


def test_further_pictures_of_the_same_women_make_a_perfect_auc_no_surer():
    truth, women = np.repeat([0, 1], 8), np.arange(16)
    once = auc_interval(truth, truth, women, np.random.default_rng(0), 20)
    again = auc_interval(np.repeat(truth, 4), np.repeat(truth, 4), np.repeat(women, 4), np.random.default_rng(0), 20)
    assert once == again


def test_a_perfect_score_s_interval_covers_the_truth_where_a_bootstrap_s_would_not():
    """Of twelve women a true AUC of 0.95 often looks perfect; the interval must still hold it."""
    rng = np.random.default_rng(7)
    truth, held, perfect = np.repeat([0, 1], 6), 0, 0
    for _ in range(400):
        score = rng.normal(size=12) + 2.326 * truth
        found = auc_interval(truth, score, np.arange(12), rng, 10)
        if found.value == 1:
            perfect += 1
            held += found.low <= 0.95
    assert perfect > 100
    assert held == perfect


def test_a_rate_of_all_has_wilson_s_interval_over_the_women():
    yes, women = np.ones(24), np.repeat(np.arange(12), 2)
    assert share_interval(yes, women, np.random.default_rng(0), 20).as_list() == pytest.approx(
        [1, *np.r_[wilson(1, 12)]]
    )
    truth = np.repeat([0, 1], 12)
    found = rates(truth, truth, women, [0.5], np.random.default_rng(0), 20)
    assert found.sensitivity.at(0) == found.specificity.at(0) == pytest.approx([1, *np.r_[wilson(1, 6)]], abs=1e-4)


def test_no_case_is_judged_by_a_threshold_that_was_set_on_it():
    """Scores by chance: where thresholds were set on the cases themselves, no specificity would fall below what was asked."""
    below = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth, score, women = rng.random(60) < 0.5, 100 * rng.random(60), np.arange(60)
        points = operating_points(truth, score, women, np.zeros(60, int), "image", rng)
        below += points[0]["specificity"][0] < 0.889
    assert below > 20
    with pytest.raises(ValueError, match="two women"):
        operating_points([0, 1, 0], [1, 2, 3], [0, 1, 2], [0, 0, 0], "image", np.random.default_rng(0))


def test_interval_holds_the_value_and_agrees_with_hanley_and_mcneil():
    truth, score, women, rng = cases(0, 1000)
    result = auc_interval(truth, score, women, rng)
    area, n, m = result.value, truth.sum(), (~truth).sum()
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m))
    assert result.low < area < result.high
    assert (result.high - result.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)


def test_four_copies_of_a_womans_picture_do_not_narrow_the_interval():
    truth, score, women, _ = cases(2)
    once = auc_interval(truth, score, women, np.random.default_rng(5))
    copies = [np.repeat(values, 4) for values in (truth, score, women)]
    clustered = auc_interval(*copies, np.random.default_rng(5))
    naive = auc_interval(copies[0], copies[1], np.arange(len(copies[0])), np.random.default_rng(5))
    assert clustered.as_list() == pytest.approx(once.as_list())
    assert clustered.high - clustered.low > 1.6 * (naive.high - naive.low)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.8, 0.889, 0.966]), st.integers(0, 2))
@settings(deadline=None, max_examples=40)
def test_a_threshold_reaches_its_specificity_and_no_lower_one_would(seed, wanted, decimals):
    truth, score, _, _ = cases(seed, 120)
    truth[:2] = True, False
    score = score.round(decimals)
    threshold = threshold_at(truth, score, wanted)
    assert np.mean(score[~truth] < threshold) >= wanted
    lower = score[score < threshold].max()
    assert np.mean(score[~truth] < lower) < wanted


def test_named_points_say_what_their_thresholds_give():
    truth, score, women, rng = cases(4, 800)
    suspicion = 100 / (1 + np.exp(-score))
    points = operating_points(truth, suspicion, women, women % 4, "exam", rng)
    assert [(point["name"], point["unit"], point["n"], point["n_cancer"]) for point in points] == [
        (name, "exam", 800, truth.sum()) for name in ("US screening", "European screening")
    ]
    for point, wanted in zip(points, (0.889, 0.966), strict=True):
        threshold = threshold_at(truth, suspicion, wanted)
        assert point["suspicion"] == pytest.approx(threshold, abs=1e-4)
        recalled = np.zeros(800, bool)
        for fold in range(4):
            own = women % 4 == fold
            recalled[own] = suspicion[own] >= threshold_at(truth[~own], suspicion[~own], wanted)
        assert point["specificity"][0] == pytest.approx(np.mean(~recalled[~truth]), abs=1e-4)
        assert point["sensitivity"][0] == pytest.approx(np.mean(recalled[truth]), abs=1e-4)
        for value, low, high in (point["specificity"], point["sensitivity"]):
            assert 0 < low < value < high < 1


@pytest.mark.parametrize(
    ("truth", "score", "said"),
    [
        ([1, 1], [0.1, 0.2], "both kinds"),
        ([0, 1], [0.1, np.nan], "not finite"),
        ([0, 1, 1], [0.1, 0.2], "must be"),
    ],
)
def test_an_auc_that_is_not_defined_is_refused(truth, score, said):
    with pytest.raises(ValueError, match=said):
        auc_interval(truth, score, range(len(truth)), np.random.default_rng(0))


def test_women_must_be_named_for_every_case():
    with pytest.raises(ValueError, match="1 names of women for 2 cases"):
        auc_interval([0, 1], [0, 1], ["a"], np.random.default_rng(0))


def test_specificity_is_a_share():
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_at(np.array([False, True]), np.array([0.0, 1.0]), 88.9)


def test_brier_is_that_of_scikit_learn():
    truth, _, _, rng = cases(6)
    probability = rng.random(truth.size)
    assert brier(truth, probability) == pytest.approx(brier_score_loss(truth, probability))


def test_calibration_error_of_honest_and_of_boastful_probabilities():
    rng = np.random.default_rng(7)
    probability = rng.random(50_000)
    truth = rng.random(50_000) < probability
    assert expected_calibration_error(truth, probability) < 0.02
    assert expected_calibration_error([0, 0, 0, 1], [1, 1, 1, 1]) == pytest.approx(0.75)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        expected_calibration_error([0, 1], [0, 1.5])


def test_confusion_is_that_of_scikit_learn_in_the_order_of_the_classes():
    rng = np.random.default_rng(8)
    classes = ["normal", "benign", "malignant"]
    truth, said = rng.choice(classes, 60), rng.choice(classes, 60)
    assert (confusion(truth, said, classes) == confusion_matrix(truth, said, labels=classes)).all()
    with pytest.raises(ValueError, match="not among"):
        confusion(["odd"], ["normal"], classes)
    with pytest.raises(ValueError, match="2 true labels and 1"):
        confusion(["normal", "benign"], ["normal"], classes)


def test_a_share_of_women_has_wider_intervals_than_one_of_their_pictures():
    rng = np.random.default_rng(0)
    hits = np.repeat(rng.random(100) < 0.3, 4)
    of_women = share_interval(hits, np.repeat(np.arange(100), 4), rng)
    of_pictures = share_interval(hits, np.arange(400), rng)
    assert of_women.value == hits.mean()
    assert of_women.low < hits.mean() < of_women.high
    assert of_women.high - of_women.low > 1.6 * (of_pictures.high - of_pictures.low)
    with pytest.raises(ValueError, match="at least one"):
        share_interval([], [], rng)
