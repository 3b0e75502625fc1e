"""The metadata-only baseline."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mammo_core.evaluation import metadata_baseline, metadata_of


def rows(seed: int, n: int = 600):
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 10, n)
    age[rng.random(n) < 0.1] = np.nan
    machine = rng.choice([21, 48, 210], n)
    truth = (rng.random(n) < 0.4) & (machine != 210)
    women = np.arange(n) // 2
    return {"age": age, "machine": machine}, truth, women, women % 5


def test_a_machine_without_cancer_is_found_out():
    columns, truth, women, folds = rows(0)
    assert roc_auc_score(truth, metadata_baseline(columns, truth, women, folds)) > 0.6


def test_labels_of_a_fold_do_not_reach_its_own_scores():
    columns, truth, women, folds = rows(1)
    before = metadata_baseline(columns, truth, women, folds)
    changed = np.where(folds == 2, ~truth, truth)
    after = metadata_baseline(columns, changed, women, folds)
    assert (before[folds == 2] == after[folds == 2]).all()
    assert (before[folds != 2] != after[folds != 2]).any()


def test_missing_ages_and_machines_that_training_never_met_still_get_a_score():
    columns, truth, women, folds = rows(2)
    columns["machine"] = np.where(folds == 0, 999, columns["machine"])
    columns["site"] = np.where(folds == 1, "", "north")
    columns["age"] = np.array(["" if np.isnan(age) else f"{age:.0f}" for age in columns["age"]])
    scores = metadata_baseline(columns, truth, women, folds)
    assert ((scores > 0) & (scores < 1)).all()


def test_ages_may_be_missing_altogether():
    columns, truth, women, folds = rows(3)
    columns["age"] = np.full(truth.size, np.nan)
    assert np.isfinite(metadata_baseline(columns, truth, women, folds)).all()


def test_a_woman_in_two_folds_is_refused():
    columns, truth, women, _ = rows(4)
    with pytest.raises(ValueError, match="more than one fold"):
        metadata_baseline(columns, truth, women, np.arange(truth.size) % 5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"folds": np.zeros(600)}, "two folds"),
        ({"folds": np.zeros(3)}, "one length"),
        ({"women": np.zeros(3)}, "3 names of women for 600"),
    ],
)
def test_wrong_use_is_refused(change, said):
    columns, truth, women, folds = rows(5)
    given = {"columns": columns, "truth": truth, "women": women, "folds": folds, **change}
    with pytest.raises(ValueError, match=said):
        metadata_baseline(**given)


def test_columns_that_say_the_same_of_every_case_are_not_looked_at() -> None:
    columns = {
        "age": np.array(["51", "", "60"]),
        "machine": np.array(["M1", "M1", "M2"]),
        "label": np.array(["benign", "malignant", "benign"]),
        "volume": np.array(["cancers", "benigns", ""]),
    }
    assert list(metadata_of(columns, np.arange(3))) == ["age", "machine", "volume"]
    assert {name: values.tolist() for name, values in metadata_of(columns, np.arange(2)).items()} == {
        "age": ["51", ""],
        "volume": ["cancers", "benigns"],
    }
