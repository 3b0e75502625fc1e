"""Two models on the same women, and the controls that need no model."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from mammo_core.evaluation import majority_class, paired_auc, paired_multiclass, permuted_auc, permuted_macro_auc


def cases(seed: int, n: int = 400):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    return truth, rng.normal(size=n) + 1.2 * truth, rng.normal(size=n), np.arange(n), rng


def test_a_model_does_not_differ_from_itself_however_its_score_is_stretched():
    truth, score, _, women, rng = cases(0)
    found = paired_auc(truth, score, 3 * score + 1, women, rng, 200)
    assert found.difference.as_list() == [0, 0, 0]
    assert found.p == 1


def test_a_model_is_better_than_noise_by_the_difference_of_their_aucs():
    truth, score, noise, women, rng = cases(1)
    found = paired_auc(truth, score, noise, women, rng, 500)
    assert (found.a, found.b) == pytest.approx((roc_auc_score(truth, score), roc_auc_score(truth, noise)))
    assert found.difference.value == pytest.approx(found.a - found.b)
    assert found.difference.low > 0
    assert found.p == pytest.approx(2 / 501)


def test_the_difference_the_other_way_round_is_turned_and_as_likely():
    truth, score, noise, women, _ = cases(2, 80)
    score = 0.1 * score + noise
    one = paired_auc(truth, score, noise, women, np.random.default_rng(7), 300)
    other = paired_auc(truth, noise, score, women, np.random.default_rng(7), 300)
    assert other.difference.as_list() == pytest.approx(
        [-one.difference.value, -one.difference.high, -one.difference.low]
    )
    assert one.p == other.p


def test_models_that_are_alike_are_told_apart_about_as_often_as_the_level_says():
    rng, found = np.random.default_rng(3), 0
    for _ in range(120):
        truth = rng.random(80) < 0.5
        a, b = (rng.normal(size=80) + truth for _ in range(2))
        found += paired_auc(truth, a, b, np.arange(80), rng, 200).p < 0.05
    assert found <= 14


def test_copies_of_a_womans_picture_make_no_difference_surer():
    truth, score, noise, women, _ = cases(4, 60)
    score = 0.3 * score + noise
    once = paired_auc(truth, score, noise, women, np.random.default_rng(1), 300)
    four = paired_auc(*(np.repeat(each, 4) for each in (truth, score, noise, women)), np.random.default_rng(1), 300)
    assert (four.p, four.women, four.n) == (once.p, 60, 240)


def test_pairing_is_narrower_than_two_models_apart():
    truth, score, noise, women, rng = cases(5)
    near = score + 0.1 * noise
    pair = paired_auc(truth, score, near, women, rng, 400).difference
    assert pair.high - pair.low < 0.05


def test_all_three_figures_of_several_classes_are_compared():
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 3, 150)
    good = rng.random((150, 3)) + np.eye(3)[truth]
    poor = rng.random((150, 3))
    found = paired_multiclass(truth, good, poor, np.arange(150), rng, 200)
    assert set(found) == {"accuracy", "balanced_accuracy", "auc"}
    assert all(each.difference.low > 0 for each in found.values())
    assert found["balanced_accuracy"].a == pytest.approx(balanced_accuracy_score(truth, good.argmax(axis=1)))


def test_models_of_other_classes_are_not_compared():
    with pytest.raises(ValueError, match="3 and 2 classes"):
        paired_multiclass([0, 1], np.eye(3)[:2], np.eye(2), ["a", "b"], np.random.default_rng(0))


def test_shuffled_labels_give_one_half_and_a_real_score_lies_outside_their_spread():
    truth, score, _, women, rng = cases(8)
    chance = permuted_auc(truth, score, women, rng, 300)
    assert chance.value == pytest.approx(0.5, abs=0.02)
    assert chance.low < 0.5 < chance.high < roc_auc_score(truth, score)


def test_shuffling_keeps_a_womans_labels_together():
    rng = np.random.default_rng(9)
    truth, score = rng.random(60) < 0.5, rng.normal(size=60)
    four = [np.repeat(each, 4) for each in (truth, score, np.arange(60))]
    by_woman = permuted_auc(*four, np.random.default_rng(1), 300)
    by_picture = permuted_auc(four[0], four[1], np.arange(240), np.random.default_rng(1), 300)
    assert by_woman.high - by_woman.low > 1.6 * (by_picture.high - by_picture.low)


def test_shuffled_labels_of_several_classes_give_one_half():
    rng = np.random.default_rng(10)
    truth = rng.integers(0, 3, 120)
    chance = permuted_macro_auc(truth, rng.random((120, 3)) + np.eye(3)[truth], np.arange(120), rng, 200)
    assert chance.low < 0.5 < chance.high < 0.65


def test_the_commonest_class_is_named():
    assert majority_class([2, 1, 2, 0]) == 2
    with pytest.raises(ValueError, match="no case"):
        majority_class([])
