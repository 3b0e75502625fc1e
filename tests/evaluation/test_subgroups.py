from __future__ import annotations

import numpy as np
import pytest

from mammo_core.evaluation import auc_interval, subgroups
from mammo_core.evaluation.subgroups import GROUPED_BY


def cases(n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(4)
    truth = np.arange(n) % 2 == 0
    columns = {key: np.full(n, "") for key in (*GROUPED_BY, "dataset")}
    columns["age"] = rng.choice(["31", "44.5", "71", "58", ""], n)
    columns["machine"] = rng.choice(["210", "9", "48"], n)
    columns["dataset"] = np.full(n, "made-up")
    return truth, truth + rng.normal(size=n), np.array([f"W{k // 2}" for k in range(n)]), columns


def test_every_kind_of_which_something_is_stated_has_its_groups_in_order_and_they_add_up() -> None:
    truth, score, women, columns = cases()
    rows = subgroups(truth, score, women, columns, 0.5, np.random.default_rng(0), draws=20)
    assert list(dict.fromkeys(row["by"] for row in rows)) == ["age", "machine", "source"]
    ages = [row["group"] for row in rows if row["by"] == "age"]
    assert ages == ["under 40", "40–49", "50–59", "70 or more", "not stated"]
    assert [row["group"] for row in rows if row["by"] == "machine"] == ["9", "48", "210"]
    for kind in ("age", "machine", "source"):
        assert sum(row["n"] for row in rows if row["by"] == kind) == 120
        assert sum(row["n_cancer"] for row in rows if row["by"] == kind) == 60


def test_a_groups_figures_are_those_of_its_cases_alone() -> None:
    truth, score, women, columns = cases()
    rows = subgroups(truth, score, women, columns, 0.5, np.random.default_rng(0), draws=20)
    own = columns["machine"] == "48"
    (row,) = [row for row in rows if row["group"] == "48"]
    auc = auc_interval(truth[own], score[own], women[own], np.random.default_rng(0), draws=5).value
    assert row["auc"][0] == pytest.approx(auc, abs=1e-4)
    assert row["sensitivity"][0] == pytest.approx((score[own & truth] >= 0.5).mean(), abs=1e-4)
    assert row["specificity"][0] == pytest.approx((score[own & ~truth] < 0.5).mean(), abs=1e-4)
    assert row["n_women"] == len(set(women[own]))


def test_a_group_of_one_kind_has_counts_and_no_rates() -> None:
    truth, score, women, columns = cases()
    columns["site"] = np.where(truth, "A", "B")
    rows = [
        row for row in subgroups(truth, score, women, columns, 0.5, np.random.default_rng(0)) if row["by"] == "site"
    ]
    assert [(row["group"], row["n"], row["n_cancer"], row["auc"]) for row in rows] == [
        ("A", 60, 60, None),
        ("B", 60, 0, None),
    ]
