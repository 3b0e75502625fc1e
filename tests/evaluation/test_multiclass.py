"""Figures over several classes, against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from mammo_core.evaluation import multiclass
from mammo_core.evaluation.multiclass import weighted_accuracy, weighted_balanced_accuracy, weighted_macro_auc


def cases(seed: int, n: int = 90, classes: int = 3, separation: float = 1.0):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    logits = rng.normal(size=(n, classes)) + separation * np.eye(classes)[truth]
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return truth, said, rng


@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
@settings(deadline=None, max_examples=40)
def test_weighted_figures_are_those_of_scikit_learn(seed, classes):
    truth, said, rng = cases(seed, 60, classes)
    weights = rng.integers(0, 4, truth.size).astype(float)
    weights[:classes] = 1
    predicted = said.argmax(axis=1)
    expected = (
        accuracy_score(truth, predicted, sample_weight=weights),
        balanced_accuracy_score(truth, predicted, sample_weight=weights),
        np.mean([roc_auc_score(truth == k, said[:, k], sample_weight=weights) for k in range(classes)]),
    )
    figures = (weighted_accuracy, weighted_balanced_accuracy, weighted_macro_auc)
    assert [figure(truth, said)(weights[None])[0] for figure in figures] == pytest.approx(expected)


def test_macro_auc_is_scikit_learns_one_against_the_rest():
    truth, said, rng = cases(1)
    found = multiclass(truth, said, np.arange(90), rng, 50)
    assert found.auc.value == pytest.approx(roc_auc_score(truth, said, multi_class="ovr", average="macro"))


def test_a_class_without_cases_is_left_out_of_the_means():
    truth, said, rng = cases(2)
    kept = truth != 0
    found = multiclass(truth[kept], said[kept], np.arange(kept.sum()), rng, 50)
    predicted = said[kept].argmax(axis=1)
    recalls = [np.mean(predicted[truth[kept] == k] == k) for k in (1, 2)]
    assert found.balanced_accuracy.value == pytest.approx(np.mean(recalls))
    assert 0 < found.auc.low < found.auc.value < found.auc.high <= 1


def test_four_copies_of_a_womans_pictures_do_not_narrow_the_intervals():
    truth, said, _ = cases(3, 200)
    once = multiclass(truth, said, np.arange(200), np.random.default_rng(0), 300)
    four = multiclass(
        np.repeat(truth, 4), np.repeat(said, 4, axis=0), np.repeat(np.arange(200), 4), np.random.default_rng(0), 300
    )
    assert (four.n, four.women) == (800, 200)
    for figure in ("accuracy", "balanced_accuracy", "auc"):
        assert getattr(four, figure).as_list() == pytest.approx(getattr(once, figure).as_list())


@pytest.mark.parametrize(
    ("truth", "said"),
    [
        ([0, 1], [[0.5, 0.5]]),
        ([0, 0], [[0.5, 0.5], [0.4, 0.6]]),
        ([0, 2], [[0.5, 0.5], [0.4, 0.6]]),
        ([0, 1], [[0.5, np.nan], [0.4, 0.6]]),
        ([0, 1], [0.5, 0.6]),
    ],
)
def test_what_does_not_fit_together_is_refused(truth, said):
    with pytest.raises(ValueError, match=r"must be|finite|classes"):
        multiclass(truth, said, np.arange(len(truth)), np.random.default_rng(0))


def test_probabilities_that_are_always_right_have_intervals_that_are_the_wider_the_fewer_the_women():
    truth = np.tile(np.arange(3), 8)
    said = np.eye(3)[truth]
    many, few = (
        multiclass(truth, said, women, np.random.default_rng(0), 20) for women in (np.arange(24), np.arange(24) // 6)
    )
    for figure in ("accuracy", "balanced_accuracy", "auc"):
        wide, narrow = getattr(few, figure), getattr(many, figure)
        assert (wide.value, wide.high) == (narrow.value, narrow.high) == (1, 1)
        assert wide.low < narrow.low < 1
