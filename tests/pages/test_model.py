"""The Model page, run without a browser, on artefacts with and without evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.inference import available, judged, load_artefact
from tests.artefacts import HISTORY, judged_csv, make_artefact
from tests.pages.showing import shown, words

ROOT = Path(__file__).parents[2]
PARTS = (
    "In short",
    "Data and protocol",
    "Separation",
    "Thresholds",
    "Calibration",
    "Subgroups",
    "Pointing",
    "Training",
)
POINTS = [
    {"name": "US screening", "suspicion": 41.2, "unit": "exam", "n": 60, "n_cancer": 30}
    | {"specificity": [0.889, 0.86, 0.91], "sensitivity": [0.4, 0.3, 0.5], "cross_fitted": True}
]
EVALUATION = [
    {"set": "Made up, digital", "unit": "exam", "n": 60, "n_women": 60, "n_cancer": 30, "how": "held out"}
    | {"auc": [0.81, 0.71, 0.9], "baseline_auc": [0.61, 0.5, 0.7]}
]
GROUPS = [
    {
        "set": "Made up, digital",
        "how": "held out",
        "at": 0.889,
        "by": "age",
        "group": "40–49",
        "n": 7,
        "n_women": 4,
        "n_cancer": 3,
    }
    | {"auc": [0.81, 0.71, 0.9], "sensitivity": [0.5, 0.25, 0.75], "specificity": [0.9, 0.8, 1.0]},
    {
        "set": "Made up, film",
        "how": "outside",
        "at": 0.889,
        "by": "source",
        "group": "film",
        "n": 2,
        "n_women": 1,
        "n_cancer": 0,
    }
    | {"auc": None, "sensitivity": None, "specificity": None},
]
POINTING = [
    {"set": "film", "map": "lesion", "n": 9, "hit_rate": 0.4, "hit_rate_15px": 0.5, "centre": 0.1, "random": 0.0}
]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def judged_model(models: Path) -> None:
    make_artefact(
        models,
        evidence={"judged.csv": judged_csv(), "history.csv": HISTORY},
        operating_points=POINTS,
        evaluation=EVALUATION,
        subgroups=GROUPS,
        heads_alone=[{"set": "Made up", "how": "outside", "head": "brightness", "auc": [0.61, 0.52, 0.7]}],
        pointing=POINTING,
        not_for=["Anything but tests."],
        held_out_fold=1,
    )


def drawn(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec) for element in page.get("plotly_chart")]


def titles(page: AppTest) -> dict[str, str]:
    heads = [figure["layout"]["title"] for figure in drawn(page)]
    return {head["text"]: head["subtitle"]["text"] for head in heads}


@pytest.mark.usefixtures("judged_model")
def test_it_opens_with_what_the_model_must_not_be_used_for() -> None:
    page = shown("model.py")
    assert "Anything but tests." in words(page)
    assert "Research use only, not for clinical use." in words(page)


@pytest.mark.usefixtures("judged_model")
def test_every_figure_says_on_whom_and_can_be_taken_away() -> None:
    for part in ("Separation", "Thresholds", "Calibration"):
        page = shown("model.py", part=part)
        of_cases = [whom for title, whom in titles(page).items() if not title.startswith(("Area", "What a score"))]
        assert of_cases
        assert set(of_cases) == {"Made up, digital: 60 exams of 60 women, 30 with cancer"}
        assert len(page.get("download_button")) >= len(drawn(page))


@pytest.mark.usefixtures("judged_model")
def test_figures_follow_the_choice_of_cases() -> None:
    page = shown("model.py", part="Separation")
    page.selectbox(key="whom").select(0).run()
    assert not page.exception
    assert "Made up, digital: 120 pictures of 60 women, 60 with cancer" in titles(page).values()
    assert "ROC curve, AUC 0.81 (0.71–0.90)" not in titles(page)  # that is the exams'


@pytest.mark.usefixtures("judged_model")
def test_the_choice_of_cases_is_kept_from_part_to_part() -> None:
    page = shown("model.py", part="Separation")
    page.selectbox(key="whom").select(0).run()
    for part in ("Pointing", "Calibration"):
        page.session_state["part"] = part
        page.run()
    assert page.selectbox(key="whom").value == 0
    assert titles(page)["Reliability"] == "Made up, digital: 120 pictures of 60 women, 60 with cancer"


@pytest.mark.usefixtures("judged_model")
def test_every_set_has_its_subgroups_with_counts_and_intervals() -> None:
    page = shown("model.py", part="Subgroups")
    said = words(page)
    assert "Made up, digital, held out" in said
    cells = ("Age", "40–49", 7, 4, 3, "0.81 (0.71–0.90)", "50.0 % (25.0–75.0)", "90.0 % (80.0–100.0)")
    assert "".join(f"<td>{cell}</td>" for cell in cells) in said
    assert "<td>film</td><td>2</td><td>1</td><td>0</td><td>–</td>" in said
    assert "leaves 88.9 % of this set" in said
    assert len(page.get("download_button")) == 2


@pytest.mark.usefixtures("judged_model")
def test_the_card_says_what_each_head_tells_alone() -> None:
    said = words(shown("model.py", part="Calibration"))
    assert "<th>brightness</th>" in said
    assert "<td>Made up, outside</td><td>0.61 (0.52–0.70)</td>" in said


@pytest.mark.usefixtures("models")
def test_a_card_without_subgroups_says_so(models: Path) -> None:
    make_artefact(models)
    assert "The card holds no figures of subgroups." in words(shown("model.py", part="Subgroups"))


@pytest.mark.usefixtures("judged_model")
def test_the_roc_curve_carries_the_cards_auc() -> None:
    assert "ROC curve, AUC 0.81 (0.71–0.90)" in titles(shown("model.py", part="Separation"))


@pytest.mark.usefixtures("judged_model")
def test_moving_the_threshold_moves_the_matrix_and_both_rates() -> None:
    page = shown("model.py", part="Thresholds")
    truth, suspicion = cases()
    for at in (0.0, 35.5, 100.0):
        page.slider(key="threshold").set_value(at).run()
        assert not page.exception
        caught, kept = int((suspicion[truth] >= at).sum()), int((suspicion[~truth] < at).sum())
        said = words(page)
        assert f": {caught} of 30 with cancer recalled." in said
        assert f": {kept} of 30 without cancer not recalled." in said
        (matrix,) = [
            f for f in drawn(page) if f["layout"]["title"]["text"] == f"Your threshold: recalled from {at:.1f}"
        ]
        assert [cell.partition("</b>")[0] for row in matrix["data"][0]["text"] for cell in row] == [
            f"<b>{n}" for n in (caught, 30 - caught, 30 - kept, kept)
        ]


@pytest.mark.usefixtures("judged_model")
def test_what_thresholds_do_to_the_cases_they_were_set_on_is_said_to_be_too_good() -> None:
    page = shown("model.py", part="Thresholds")
    assert "its rates are those of thresholds that other women" in words(page)
    assert "were set on these very cases" in words(page)
    page.selectbox(key="whom").select(0).run()
    assert "were set on these very cases" not in words(page)
    assert "not set on these cases" in words(page)


@pytest.mark.usefixtures("judged_model")
def test_learning_curves_are_one_line_a_network() -> None:
    (figure,) = drawn(shown("model.py", part="Training"))
    assert [line["name"] for line in figure["data"]] == ["without fifth 0", "without fifth 1"]
    assert [line["line"]["width"] for line in figure["data"]] == [1, 2.5]
    assert figure["layout"]["title"]["subtitle"]["text"] == "2 networks, each without one fifth of the women"


def test_of_the_patch_networks_that_ship_nobody_is_said_to_have_been_watched() -> None:
    """They were judged by fifths; women are watched while classifiers of whole pictures are fitted."""
    said = words(shown("model.py", part="Training"))
    assert "These are the patches it was trained on" in said
    assert "Women watched chose the epoch" not in said


@pytest.mark.parametrize("part", PARTS)
def test_a_model_without_evidence_has_its_page_and_says_what_is_lacking(part: str, models: Path) -> None:
    make_artefact(models)
    page = shown("model.py", part=part)
    if part in ("Separation", "Thresholds", "Calibration"):
        assert "This model carries no judged cases" in words(page)
    if part == "Training":
        assert "This model carries no learning curves" in words(page)
    if part == "In short":
        assert "The card does not say." in words(page)


def test_without_a_model_the_page_says_so(models: Path) -> None:
    page = shown("model.py")
    assert "there is no model" in words(page)


def test_not_validated_is_said_once_beside_the_rule(models: Path) -> None:
    make_artefact(models, normal_benign={"validated": False, "rule": "By the benign score. Given, not learned."})
    assert words(shown("model.py", part="Calibration")).count("alidated") == 1


@pytest.mark.parametrize("folder", available(ROOT / "models"), ids=lambda folder: folder.name)
def test_the_judged_cases_that_ship_give_the_cards_own_figures(folder: Path) -> None:
    from mammo_core.evaluation import auc_interval, operating_points

    artefact, rng = load_artefact(folder), np.random.default_rng(0)
    sets = {(each.name, each.unit): each for each in judged(artefact)}
    assert [(row["set"], row["unit"]) for row in artefact.card["evaluation"]] == list(sets)
    for row in artefact.card["evaluation"]:
        each = sets[row["set"], row["unit"]]
        counted = (each.woman.size, np.unique(each.woman).size, each.malignant.sum())
        assert counted == (row["n"], row["n_women"], row["n_cancer"])
        again = auc_interval(each.malignant, each.suspicion, each.woman, rng, draws=5)
        assert again.value == pytest.approx(row["auc"][0], abs=1e-4)
    for point in artefact.card["operating_points"]:
        (each,) = [one for one in sets.values() if (one.unit, one.woman.size) == (point["unit"], point["n"])]
        again = operating_points(each.malignant, each.suspicion, each.woman, each.fold, each.unit, rng)
        (found,) = [one for one in again if one["name"] == point["name"]]
        assert found["suspicion"] == pytest.approx(point["suspicion"], abs=1e-3)
        for rate in ("sensitivity", "specificity"):
            assert found[rate][0] == pytest.approx(point[rate][0], abs=1e-4)


def cases() -> tuple[np.ndarray, np.ndarray]:
    rows = [line.rsplit(",", 4) for line in judged_csv().splitlines() if ",exam," in line]
    return np.array([row[2] == "1" for row in rows]), np.array([float(row[3]) for row in rows])
