from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammo_core.training.bench.parts import divided
from mammo_core.training.bench.samples import limited, permuted, samples, used
from mammo_core.training.datasets import Row
from mammo_core.training.recipes.classifier import Recipe, from_table
from tests.training.bench.tiny import TABLE, recipe, rows


def _three(views: int = 1) -> Recipe:
    labels = {"normal": "normal", "benign": "benign", "malignant": "malignant", "not_malignant": ["normal", "benign"]}
    network = {**TABLE["network"], "views": views}
    return from_table({**TABLE, "classes": ["normal", "benign", "malignant"], "labels": labels, "network": network}, "")


def _view(woman: str, side: str, view: str, label: str = "benign") -> Row:
    return Row(Path("x"), f"{woman}{side}{view}", "set", woman, label, side, view)


def test_a_label_that_leaves_the_class_open_marks_every_class_it_may_be() -> None:
    found = samples(rows(2, lambda number: ("not_malignant", "malignant")[number]), np.arange(2), _three())
    assert found.possible.tolist() == [[1, 1, 0], [0, 0, 1]]
    told = [found.about(place, _three(), "test") for place in range(2)]
    assert [(each["label"], each["part"]) for each in told] == [("not_malignant", "test"), ("malignant", "test")]


def test_what_is_known_of_a_picture_goes_into_its_predictions() -> None:
    row = replace(rows(1)[0], age=51.5, machine="M1", site="north", volume="cancer_05")
    told = samples([row], np.arange(1), recipe()).about(0, recipe(), "test")
    assert (told["age"], told["machine"], told["site"], told["volume"]) == ("51.5", "M1", "north", "cancer_05")


def test_a_label_without_a_class_is_left_out() -> None:
    table = rows(4, lambda number: ("benign", "normal")[number % 2])
    assert [row.patient_id for row in used(table, recipe().labels)] == ["w0", "w2"]


def test_a_breast_is_its_first_cc_and_mlo_and_a_view_not_taken_is_none() -> None:
    views = [_view("a", "L", "MLO"), _view("a", "L", "CC"), _view("a", "L", "CC"), _view("a", "R", "CC", "malignant")]
    found = samples(views, np.arange(4), _three(views=2))
    assert found.slots.tolist() == [[1, 0], [3, -1]]
    assert found.possible.tolist() == [[0, 1, 0], [0, 0, 1]]
    assert found.about(0, _three(views=2), "test")["view"] == "CC+MLO"


def test_a_woman_with_pictures_of_one_breast_alone_has_no_four_views() -> None:
    whole = [_view("a", side, view) for side in "RL" for view in ("CC", "MLO")]
    found = samples([*whole, _view("b", "L", "CC", "malignant")], np.arange(5), _three(views=4))
    assert found.slots.tolist() == [[2, 3, 0, 1]], "left CC, left MLO, right CC, right MLO"


def test_the_worst_picture_of_a_breast_counts() -> None:
    views = [_view("a", "L", "CC", "not_malignant"), _view("a", "L", "MLO", "malignant")]
    assert samples(views, np.arange(2), _three(views=2)).possible.tolist() == [[0, 0, 1]]
    views[1] = _view("a", "L", "MLO", "benign")
    assert samples(views, np.arange(2), _three(views=2)).possible.tolist() == [[1, 1, 0]]


def test_labels_dealt_out_anew_stay_in_their_set_and_leave_the_judged_alone() -> None:
    table = [*rows(40), *(replace(row, dataset="other", label="malignant") for row in rows(10))]
    found, places = samples(table, np.arange(50), recipe()), np.arange(4, 50)
    dealt = permuted(found, places, np.random.default_rng(0))
    assert dealt.possible[:4].tolist() == found.possible[:4].tolist()
    assert dealt.possible[40:].tolist() == found.possible[40:].tolist(), "all of one set are malignant"
    changed = (dealt.possible[4:40] != found.possible[4:40]).any(axis=1)
    assert 6 < changed.sum() < 30
    assert dealt.possible.sum(axis=0).tolist() == found.possible.sum(axis=0).tolist()


def test_a_limit_takes_whole_women_of_every_label() -> None:
    table = [row for row in rows(40) for _ in range(2)]
    some = limited(table, 12, np.random.default_rng(0))
    women = {row.patient_id for row in some}
    assert len(some) == 12
    assert len(women) == 6
    assert sorted({row.label for row in some}) == ["benign", "malignant"]


def test_every_woman_is_judged_in_one_fold_and_in_one_part_of_each() -> None:
    asked, table = recipe(protocol__kind="folds", protocol__k=3), rows(30)
    parts = [divided(table, asked, fold) for fold in range(3)]
    judged = [woman for each in parts for woman, part in each.items() if part == "test"]
    assert sorted(judged) == sorted(row.patient_id for row in table)
    assert all(set(each.values()) == {"train", "validation", "test"} for each in parts)


def test_a_woman_with_a_picture_in_an_outside_set_is_outside() -> None:
    table = rows(20)
    table += [replace(table[0], dataset="far"), replace(table[0], dataset="far", patient_id="f")]
    parts = divided(table, recipe(protocol__outside=("far",)), 0)
    assert {parts["w0"], parts["f"]} == {"outside"}


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("dataset", ["", "another set"])
def test_a_woman_in_both_official_parts_is_never_fitted(dataset: str, fold: int) -> None:
    table = [replace(row, part="train") for row in rows(20)]
    table += [replace(row, part="test", dataset=dataset or row.dataset) for row in table[:6]]
    parts = divided(table, recipe(protocol__kind="folds", protocol__k=2), fold)
    assert {parts[f"w{number}"] for number in range(6)} <= {"test", "left out"}


def test_no_part_is_no_official_part_and_its_woman_is_fitted() -> None:
    table = rows(20)
    table += [replace(row, part="test") for row in table[:6]]
    asked = recipe(protocol__kind="folds", protocol__k=2)
    assert all("left out" not in divided(table, asked, fold).values() for fold in range(2))
