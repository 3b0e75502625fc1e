"""A run's report against scikit-learn and cases counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, roc_auc_score

from mammo_core.evaluation import Band
from mammo_core.evaluation.subgroups import age_band
from mammo_core.training.judging.cases import cases, first_of_each, known_class, log_odds, looked_for
from mammo_core.training.judging.evaluate import evaluate, report
from mammo_core.training.judging.points import threshold_at
from mammo_core.training.judging.spoken import spoken, table
from mammo_core.training.lab import records
from mammo_core.training.recipes import checking
from mammo_core.training.recipes import classifier as recipes
from tests.lab_runs import make_recipe, make_run


def written(folder: Path, rows: list[dict[str, object]], fold: int = 0) -> Path:
    """A run of classes benign and malignant; each row has columns of predictions.csv and `p`, of malignant."""
    recipe = make_recipe("hand", ("benign", "malignant"))
    recipe.labels["not_malignant"] = ("benign",)
    place = folder / f"fold{fold}"
    place.mkdir(parents=True)
    (folder / "recipe.toml").write_text(checking.written(recipe), encoding="utf-8")
    lines = []
    for number, row in enumerate(rows):
        p = float(str(row.pop("p")))
        given = {"file": f"{number}.png", "dataset": "hand", "part": "test"} | row
        lines.append(({key: str(value) for key, value in given.items()}, [1 - p, p]))
    records.write_predictions(place, recipe.classes, lines)
    return folder


def woman(name: str, label: str, p: float, **more: object) -> dict[str, object]:
    return {"patient_id": name, "label": label, "p": p, **more}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs"), women=60, folds=2)


def test_figures_are_those_of_scikit_learn(run: Path) -> None:
    told = records.read_predictions(run)
    found = report(run, draws=20)
    for row in found["classes_judged"]:
        own = told.columns["dataset"] == row["set"]
        truth = np.array([told.classes.index(label) for label in told.columns["label"][own]])
        said = told.probabilities[own]
        assert row["confusion"] == confusion_matrix(truth, said.argmax(axis=1)).tolist()
        assert row["accuracy"][0] == pytest.approx(np.mean(truth == said.argmax(axis=1)), abs=1e-4)
        assert row["balanced_accuracy"][0] == pytest.approx(
            balanced_accuracy_score(truth, said.argmax(axis=1)), abs=1e-4
        )
        assert row["macro_auc"][0] == pytest.approx(roc_auc_score(truth, said, multi_class="ovr"), abs=1e-4)
        assert row["majority"]["accuracy"] == pytest.approx(np.bincount(truth).max() / len(truth), abs=1e-4)
        images = next(each for each in found["sets"] if each["set"] == row["set"] and each["unit"] == "image")
        assert images["auc"][0] == pytest.approx(roc_auc_score(truth == 2, said[:, 2]), abs=1e-4)
        assert images["auc"][1] <= images["auc"][0] <= images["auc"][2]
        assert images["permuted_auc"][0] == pytest.approx(0.5, abs=0.15)
    assert {row["set"] for row in found["sets"]} == {"made-up", "other"}


def test_what_is_written_is_what_is_read_and_said(run: Path) -> None:
    found = evaluate(run, draws=20)
    assert json.loads((run / "report.json").read_text(encoding="utf-8")) == found
    said = spoken(found)
    for heading in ("AUC with 95 % intervals", "labels shuffled", "Operating points", "Subgroups", "Worst errors"):
        assert heading in said


def test_views_are_put_together_by_log_odds_and_breasts_by_the_higher(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "run",
        [
            woman("a", "malignant", 0.9, laterality="L", view="CC"),
            woman("a", "malignant", 0.5, laterality="L", view="MLO"),
            woman("a", "benign", 0.2, laterality="R", view="CC"),
            woman("b", "benign", 0.4),
            woman("b", "benign", 0.1),
        ],
    )
    told, recipe = records.read_predictions(folder), make_recipe("hand", ("benign", "malignant"))
    breasts = cases(told, recipe, "breast")
    assert len(breasts.score) == 4  # b's pictures have no side: each is a breast
    assert sorted(breasts.probability.round(4)) == pytest.approx(sorted([0.75, 0.2, 0.4, 0.1]))  # odds 9 and 1: 3
    exams = cases(told, recipe, "exam")
    assert exams.probability.round(4).tolist() == pytest.approx([0.75, 0.4])
    assert exams.truth.tolist() == [True, False]
    with pytest.raises(ValueError, match="a unit is one of image, breast, exam"):
        cases(told, recipe, "hospital")


def test_a_label_that_leaves_the_class_open_counts_where_it_says_enough() -> None:
    recipe = make_recipe("open", ("normal", "benign", "malignant"))
    recipe.labels["not_malignant"] = ("normal", "benign")
    assert known_class(["benign", "not_malignant"], recipe).tolist() == [1, -1]
    truth, known = looked_for(["malignant", "not_malignant"], recipe)
    assert (truth.tolist(), known.tolist()) == ([True, False], [True, True])
    recipe.labels["not_malignant"] = ("benign", "malignant")
    assert looked_for(["not_malignant"], recipe)[1].tolist() == [False]
    with pytest.raises(ValueError, match="no class for the label 'cyst'"):
        known_class(["cyst"], recipe)


def test_of_a_picture_that_several_folds_speak_of_the_first_is_heard(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", [woman("a", "benign", 0.3, part="outside")])
    written(folder, [woman("a", "benign", 0.9, part="outside"), woman("b", "benign", 0.6)], fold=1)
    once = first_of_each(records.read_predictions(folder))
    assert once.score.tolist() == [0.3, 0.6]


def test_thresholds_come_from_validation_women_where_there_are_some(tmp_path: Path) -> None:
    watched = [woman(f"v{k}", "benign", k / 100, part="validation") for k in range(10)]
    watched += [woman(f"w{k}", "malignant", 0.9, part="validation") for k in range(10)]
    judged = [woman(f"t{k}", "benign", 0.05) for k in range(4)] + [woman("m", "malignant", 0.95)]
    row = next(
        row for row in report(written(tmp_path / "run", watched + judged), draws=20)["sets"] if row["part"] == "test"
    )
    point = row["operating_points"][0]
    assert [each["set_on"] for each in row["operating_points"]] == ["validation", "validation", "nobody"]
    assert point["threshold"] == pytest.approx([0.085])  # nine of the ten lie below
    assert (point["caught"], point["recalled_without"]) == (1, 0)
    assert row["ece_calibrated"] is not None


def test_each_folds_women_are_judged_at_a_threshold_that_other_women_set(tmp_path: Path) -> None:
    """Two folds of which each watches those whom the other judges; the second network's probabilities are all half as large."""
    folder = tmp_path / "run"
    for fold, (judged, watched, size) in enumerate([("a", "b", 1.0), ("b", "a", 0.5)]):
        rows = [woman(f"{judged}{k}", "benign", size * k / 100) for k in range(10)]
        rows += [woman(f"{judged}m{k}", "malignant", size * 0.9) for k in range(10)]
        rows += [woman(f"{watched}{k}", "benign", size * k / 50, part="validation") for k in range(10)]
        rows += [woman(f"{watched}m{k}", "malignant", size * 0.8, part="validation") for k in range(10)]
        written(folder, [row | {"file": f"{row['patient_id']}.png"} for row in rows], fold=fold)
    found = report(folder, draws=20)
    row = next(row for row in found["sets"] if row["part"] == "test")
    point = row["operating_points"][0]
    assert point["threshold"] == pytest.approx([0.17, 0.085])
    assert (point["caught"], point["recalled_without"]) == (20, 0)
    assert row["auc_by_fold"] == {"0": 1.0, "1": 1.0}
    assert any("AUC of the folds' networks" in note and "mean 1.00" in note for note in found["notes"])
    subgroup = next(each for each in found["subgroups"] if each["part"] == "test")
    assert subgroup["sensitivity"][0] == subgroup["specificity"][0] == 1
    assert not any("flattered" in note for note in found["notes"])


def test_where_nobody_is_watched_a_fold_is_judged_at_thresholds_that_the_other_folds_set(tmp_path: Path) -> None:
    """Two folds; the second network's probabilities are all half as large, and so are thresholds set on what it says."""
    folder = tmp_path / "run"
    for fold, (judged, size) in enumerate([("a", 1.0), ("b", 0.5)]):
        rows = [woman(f"{judged}{k}", "benign", size * k / 100) for k in range(10)]
        rows += [woman(f"{judged}m{k}", "malignant", size * 0.9) for k in range(10)]
        written(folder, [row | {"file": f"{row['patient_id']}.png"} for row in rows], fold=fold)
    found = report(folder, draws=20)
    (row,) = (row for row in found["sets"] if row["unit"] == "image")
    point = row["operating_points"][0]
    assert [each["set_on"] for each in row["operating_points"]] == ["other folds", "other folds", "nobody"]
    assert point["threshold"] == pytest.approx([0.0425, 0.085])
    assert (point["caught"], point["recalled_without"]) == (20, 5)
    assert row["ece_calibrated"] is not None
    assert not any("flattered" in note for note in found["notes"])


def test_without_validation_women_the_report_says_what_that_means(tmp_path: Path) -> None:
    rows = [woman(f"t{k}", "benign", k / 10) for k in range(5)] + [woman("m", "malignant", 0.95)]
    found = report(written(tmp_path / "run", rows), draws=20)
    assert found["sets"][0]["operating_points"][0]["set_on"] == "these cases"
    assert any("flattered" in note for note in found["notes"])
    assert found["sets"][0]["metadata_auc"] is None


def test_watched_women_who_all_have_cancer_in_one_breast_calibrate_by_their_pictures(tmp_path: Path) -> None:
    rows = []
    for k in range(10):
        for side, label, p in (("L", "malignant", 0.9 - k / 50), ("R", "benign", 0.1 + k / 50)):
            rows.append(woman(f"v{k}", label, p, laterality=side, part="validation"))
            rows += [woman(f"{label}{k}", label, p, laterality=each) for each in "LR"]
    exams = next(
        row
        for row in report(written(tmp_path / "run", rows), draws=20)["sets"]
        if (row["part"], row["unit"]) == ("test", "exam")
    )
    assert exams["ece_calibrated"] is not None
    assert exams["operating_points"][0]["threshold"] == [0.5]


def test_a_recipe_whose_values_were_searched_for_says_so_in_its_report(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", [woman("a", "benign", 0.2), woman("m", "malignant", 0.9)])
    (plain,) = recipes.read(folder / "recipe.toml")
    for kind, said in (("folds", "somewhat flattered"), ("holdout", "none whom that split holds out")):
        searched = recipes.changed(plain, {"protocol.kind": kind, "tuned": "clinic"})
        (folder / "recipe.toml").write_text(checking.written(searched), encoding="utf-8")
        (note,) = [note for note in report(folder, draws=20)["notes"] if "a search on clinic" in note]
        assert said in note


def test_metadata_that_tell_the_cancers_are_named_as_better_than_the_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        woman(f"t{k}", "malignant" if k % 2 else "benign", float(rng.random()), machine="A" if k % 2 else "B")
        for k in range(40)
    ]
    found = report(written(tmp_path / "run", rows), draws=20)
    assert found["sets"][0]["metadata_auc"][0] == 1
    assert any("metadata alone" in note for note in found["notes"])


def test_the_volume_is_looked_at_where_it_is_stated(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    volumes = ("normals", "cancers")
    rows = [
        woman(f"t{k}", "malignant" if k % 2 else "benign", float(rng.random()), volume=volumes[k % 2])
        for k in range(40)
    ]
    folder = written(tmp_path / "run", rows)
    assert report(folder, draws=20)["sets"][0]["metadata_auc"][0] == 1


def test_predictions_without_a_column_that_nothing_is_judged_by_say_nothing_of_it(tmp_path: Path) -> None:
    folder = written(tmp_path / "run", [woman(f"t{k}", ("benign", "malignant")[k % 2], k / 40) for k in range(20)])
    path = folder / "fold0" / "predictions.csv"
    place = records.ABOUT.index("volume")
    lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("".join(",".join(line[:place] + line[place + 1 :]) + "\n" for line in lines))
    told = records.read_predictions(folder)
    assert set(told.columns["volume"].tolist()) == {""}
    assert report(folder, draws=20)["sets"][0]["metadata_auc"] is None
    path.write_text(path.read_text().replace("patient_id", "somebody"))
    with pytest.raises(ValueError, match="it holds no predictions"):
        records.read_predictions(folder)


def test_the_worst_errors_are_the_most_confident_ones(tmp_path: Path) -> None:
    rows = [
        woman("a", "benign", 0.99),
        woman("b", "malignant", 0.3),
        woman("c", "malignant", 0.6),
        woman("d", "benign", 0.97, part="validation"),
    ]
    assert [row["patient_id"] for row in report(written(tmp_path / "run", rows), draws=20)["worst"]] == ["a", "b"]


def test_a_set_of_one_class_has_no_auc_and_the_report_is_made_all_the_same(tmp_path: Path) -> None:
    found = report(written(tmp_path / "run", [woman("a", "benign", 0.2), woman("b", "benign", 0.4)]), draws=20)
    assert found["sets"] == []
    assert found["classes_judged"][0]["confusion"] == [[2, 0], [0, 0]]
    assert "Confusion" in spoken(found)


@pytest.mark.parametrize(
    ("age", "band"),
    [("", "not stated"), ("39", "under 40"), ("40", "40–49"), ("69.5", "60–69"), ("70", "70 or more")],
)
def test_ages_fall_into_decades(age: str, band: str) -> None:
    assert age_band(age) == band


def test_a_threshold_without_cases_to_set_it_on_is_one_half(tmp_path: Path) -> None:
    told = records.read_predictions(written(tmp_path / "run", [woman("m", "malignant", 0.9)]))
    assert threshold_at(cases(told, make_recipe("hand", ("benign", "malignant")))) == 0.5


def test_log_odds_are_kept_finite() -> None:
    assert np.isfinite(log_odds([0, 0.5, 1])).all()


def test_columns_are_as_wide_as_what_they_hold() -> None:
    assert table(("a", "number"), [["long word", 1], ["b", 22]]).splitlines() == [
        "a          number",
        "long word       1",
        "b              22",
    ]


def test_a_point_of_a_band_is_a_value_with_its_interval() -> None:
    band = Band(*(np.array([each]) for each in (0.5, 0.81234, 0.7, 0.9)))
    assert band.at(0) == [0.8123, 0.7, 0.9]
