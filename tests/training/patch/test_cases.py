"""What goes into an artefact beside its figures: the judged cases, the learning curves, and sentences made of figures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mammo_core.evaluation import auc_interval
from mammo_core.inference import judged, seal
from mammo_core.training.judging.sentences import not_for
from mammo_core.training.lab.records import HISTORY, write_history
from mammo_core.training.patch.cases import write_judged
from mammo_core.training.patch.judge import heads_alone, judge, weighed
from mammo_core.training.patch.predictions import Predictions
from mammo_core.training.patch.promote import _data, _write_history
from mammo_core.training.patch.sentences import of_the_map
from tests.artefacts import card, make_artefact
from tests.training.patch.synthetic import RECIPE, pictures, recipe


@pytest.fixture
def said() -> Predictions:
    made = pictures(n=240)
    rows = np.flatnonzero(made.of("rsna", "cbis_ddsm_mass", "mini_mias"))
    rng = np.random.default_rng(2)
    scores = made.malignant[rows, None] + rng.normal(size=(len(rows), 2))
    return Predictions(rows, scores, np.zeros(len(rows)), made.folds()[rows])


def test_the_judged_cases_give_the_cards_figures_again(said: Predictions, tmp_path: Path) -> None:
    made = pictures(n=240)
    folder = make_artefact(tmp_path).folder
    write_judged(folder / "judged.csv", said, weighed(said, made, recipe())[1], made, recipe())
    sets = judged(seal(folder, card()))
    report = judge(said, made, recipe(), np.random.default_rng(0))
    assert [(s.name, s.unit, s.how) for s in sets] == [(r["set"], r["unit"], r["how"]) for r in report["evaluation"]]
    for each, row in zip(sets, report["evaluation"], strict=True):
        assert (each.woman.size, np.unique(each.woman).size) == (row["n"], row["n_women"])
        assert each.malignant.sum() == row["n_cancer"]
        again = auc_interval(each.malignant, each.suspicion, each.woman, np.random.default_rng(0), draws=5)
        assert again.value == pytest.approx(row["auc"][0], abs=1e-4)


def test_subgroups_are_of_women_unseen_and_add_up(said: Predictions) -> None:
    made = pictures(n=240)
    made.columns["density"] = np.where(np.arange(240) % 3 == 0, "A", "B")
    report = judge(said, made, recipe(), np.random.default_rng(0))
    for row in (row for row in report["evaluation"] if row["unit"] == "image"):
        own = [each for each in report["subgroups"] if each["set"] == row["set"]]
        for kind in ("source", "density"):
            groups = [each for each in own if each["by"] == kind]
            assert sum(each["n"] for each in groups) == row["n"]
            assert sum(each["n_cancer"] for each in groups) == row["n_cancer"]
        (whole,) = [each for each in own if each["by"] == "source"]
        assert whole["auc"][0] == row["auc"][0]
        assert whole["specificity"][0] >= 0.889
        assert {each["group"] for each in own if each["by"] == "density"} == {"A", "B"}


def test_each_head_is_judged_alone_and_the_maps_own_figure_is_said(said: Predictions) -> None:
    made = pictures(n=240)
    alone = heads_alone(said, made, recipe(), ("all", "maps"), np.random.default_rng(0))
    assert [(row["set"], row["head"]) for row in alone] == [
        (each.title, head) for each in recipe().judged for head in ("all", "maps")
    ]
    own = made.columns["dataset"][said.rows] == "rsna"
    truth, women = made.malignant[said.rows[own]], made.women[said.rows[own]]
    wanted = auc_interval(truth, said.scores[own, 0], women, np.random.default_rng(1), draws=5).value
    assert alone[0]["auc"][0] == pytest.approx(wanted, abs=1e-4)
    (sentence,) = of_the_map(alone)
    assert sentence.count(" on ") == 1 + len(recipe().judged)
    assert f"{alone[1]['auc'][0]:.2f} (" in sentence
    assert of_the_map([row for row in alone if row["head"] == "all"]) == []


def test_no_womans_name_is_in_the_judged_cases(said: Predictions, tmp_path: Path) -> None:
    made = pictures(n=240)
    write_judged(tmp_path / "judged.csv", said, weighed(said, made, recipe())[1], made, recipe())
    text = (tmp_path / "judged.csv").read_text("utf-8")
    assert not [woman for woman in np.unique(made.women).tolist() if woman in text]
    with (tmp_path / "judged.csv").open(encoding="utf-8") as stream:
        women = {row["woman"] for row in csv.DictReader(stream)}
    assert len(women) == np.unique(made.women[said.rows]).size


def test_the_folds_learning_curves_become_one_file(tmp_path: Path) -> None:
    run, later = tmp_path / "tiny-1", tmp_path / "later-1"
    for each, start in ((run, ""), (later, "tiny-1")):
        for fold in (1, 3):
            (each / f"fold{fold}").mkdir(parents=True)
            known = {"epoch": [1, 2], "loss": [fold / 10, fold / 100], "accuracy": [0.5, 0.75], "rate": [1e-3, 5e-4]}
            write_history(each / f"fold{fold}", {name: known.get(name, [float("nan")] * 2) for name in HISTORY})
        (each / "recipe.toml").write_text(RECIPE.replace('start = ""', f'start = "{start}"'), encoding="utf-8")
    _write_history(tmp_path / "all.csv", [run / "fold1", later / "fold3"])
    assert (tmp_path / "all.csv").read_text() == (
        "fold,round,epoch,loss,accuracy,rate\n1,1,1,0.1,0.5,0.001\n1,2,1,0.01,0.75,0.0005\n3,3,1,0.3,0.5,0.001\n3,4,1,0.03,0.75,0.0005\n"
    )


def test_the_card_says_whose_pictures_there_are() -> None:
    made = pictures(n=48)
    made.columns["age"] = np.array(["61" if name == "rsna" else "" for name in made.columns["dataset"]])
    rsna, cbis, mias = _data(made, recipe())
    assert (rsna["women"], rsna["pictures"], rsna["age"], rsna["age_known"]) == (6, 12, [61.0, 61.0, 61.0], 6)
    assert (cbis["use"], cbis["age"]) == ("trained on and judged", None)
    assert mias["use"] == "judged only"
    assert rsna["women_with_cancer"] == np.unique(made.women[made.of("rsna") & made.malignant]).size


def test_what_a_model_is_not_for_is_said_with_its_own_figures() -> None:
    data = [
        {"pictures": 200, "malignant": 50, "age": [31.0, 55.0, 80.0], "machines": 4},
        {"pictures": 100, "malignant": 25, "age": None, "machines": 0},
    ]
    point = {"name": "US", "unit": "exam", "sensitivity": [0.25, 0.2, 0.3], "n_cancer": 40}
    said = " ".join(not_for(data, [point]))
    assert "at the US point it passes over 30 of 40 exams with cancer" in said
    assert "30 of 40 breasts with cancer" in " ".join(not_for(data, [point | {"unit": "breast"}]))
    assert "75 of the 300 pictures" in said
    assert "31 to 80 years (not stated in 1 of 2 sets) and 4 named machines (none named in 1 of 2 sets)" in said
    assert not_for(data, [])[1] == "Ruling cancer out, or sorting exams by urgency."
