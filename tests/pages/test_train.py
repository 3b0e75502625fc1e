"""What the Train page says of pictures, of the search for copies, and of runs that cannot go on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.training.lab import queue, runs
from mammo_core.training.progress import Progress
from pages.parts.lab.data import BELOW, _changes
from pages.parts.lab.ledger import _trained
from tests.lab_runs import empty_lab, make_patch_run, make_run
from tests.pages.showing import shown, words
from tests.training.patch.synthetic import OF_TWO


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a recipe, two data sets side by side, and no runs; the queue is not served."""
    empty_lab(tmp_path, monkeypatch)
    for number in range(8):
        folder = tmp_path / "data" / "all" / ("clinic", "hospital")[number % 2] / ("benign", "malignant")[number // 4]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), np.full((8, 8), 9 * number, np.uint8))
    return tmp_path


def recipe_of_two(lab: Path) -> Path:
    """A patch network's recipe of the sets "film" and "far", and the weights it starts from."""
    (lab / "models" / "recipes" / "patches.toml").write_text(OF_TWO, encoding="utf-8")
    (lab / "weights").mkdir()
    (lab / "weights" / "backbone.npz").touch()
    return lab / "weights"


def test_a_patch_network_is_queued_where_its_sets_and_weights_are_there(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = recipe_of_two(lab)
    monkeypatch.delenv("MAMMO_WEIGHTS", raising=False)
    app = shown("train.py", data_folder="all", recipe="tiny 1 · Tiny")
    said = words(app)
    assert "Patches of 32×32 pixels around lesions, then whole pictures of 128×96; 2 rounds of 8 patches a step" in said
    assert "learned from film, judged on far too; five folds by woman" in said
    assert "The recipe takes the sets film, far from folders of these names, which are not there." in said
    assert (
        "The recipe starts from the weights backbone.npz, which are not in the folder that MAMMO_WEIGHTS names." in said
    )
    assert not starts(app)
    assert not [each for each in app.number_input if each.label == "Epochs"]

    for old, new in (("clinic", "film"), ("hospital", "far")):
        (lab / "data" / "all" / old).rename(lab / "data" / "all" / new)
    monkeypatch.setenv("MAMMO_WEIGHTS", str(weights))
    app = shown("train.py", data_folder="all", recipe="tiny 1 · Tiny")
    assert starts(app)
    next(each for each in app.button if each.label == "Start training").click().run()
    assert not app.exception
    (run,) = runs.list_runs(lab / "runs")
    assert (run.status, run.folds, run.epochs, run.weights) == (runs.Status.QUEUED, 5, 2, str(weights))
    assert run.data == str(lab / "data" / "all")
    assert queue.waiting(lab / "runs") == [run]
    assert runs.kind_of(run.folder / "recipe.toml") == "patch"


def test_a_network_for_cell_nuclei_needs_no_pictures(lab: Path) -> None:
    path = Path(__file__).parents[2] / "models" / "recipes" / "cytology-conv1d.toml"
    (lab / "models" / "recipes" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (name,) = [each for each in shown("train.py").selectbox(key="recipe").options if each.startswith("cytology")]
    app = shown("train.py", recipe=name)
    assert starts(app)
    assert "Choose pictures first." not in words(app)
    next(each for each in app.button if each.label == "Start training").click().run()
    assert not app.exception
    (run,) = runs.list_runs(lab / "runs")
    assert (run.data, run.folds) == ("wisconsin-diagnostic", 10)
    assert queue.waiting(lab / "runs") == [run]


def test_a_patch_network_is_followed_by_what_is_measured_of_it(lab: Path) -> None:
    folder = make_patch_run(lab / "runs")
    app = shown("train.py")
    said = words(app)
    assert "Of the patches trained on. Nobody is watched: the last epoch is taken." in said
    drawn = [json.loads(each.proto.spec)["layout"]["title"]["text"] for each in app.get("plotly_chart")]
    assert drawn == ["Loss", "Accuracy", "Learning rate"]
    assert folder.name in said


def test_the_share_done_is_of_the_folds_that_are_fitted(lab: Path) -> None:
    folder = make_patch_run(lab / "runs")  # folds 0 and 1 of five, two epochs each
    (bar,) = shown("train.py").get("progress")
    assert (bar.proto.value, bar.proto.text[:7]) == (100, "Done: 4")
    run = runs.read_run(folder)
    assert _trained(run) == "2 of 5 folds, 2 epochs"
    runs.write_run(replace(run, status=runs.Status.STOPPED, fold=1, epoch=1))
    (bar,) = shown("train.py").get("progress")
    assert bar.proto.value == 75


def starts(app: AppTest) -> bool:
    return not next(each for each in app.button if each.label == "Start training").disabled


def test_one_wrong_set_of_several_is_named_the_others_are_shown_and_nothing_starts(lab: Path) -> None:
    assert starts(shown("train.py", data_folder="all"))
    wrong = lab / "data" / "all" / "wrong" / "manifest.csv"
    wrong.parent.mkdir()
    wrong.write_text("file,patient_id,label\na.png,W1,odd\n", encoding="utf-8")
    app = shown("train.py", data_folder="all")
    said = words(app)
    assert "Not read: wrong. " in said
    assert "manifest.csv, row 2: a label is one of" in said
    assert "8 pictures of 8 women: 4 malignant, 4 benign." in said
    assert "clinic" in said
    assert "none is left out unasked" in said
    assert "Choose pictures first." not in said
    assert not starts(app)


def test_a_row_that_is_put_right_is_read_anew_wherever_its_list_lies(lab: Path) -> None:
    manifest = lab / "data" / "all" / "more" / "manifest.csv"
    manifest.parent.mkdir()
    cv2.imwrite(str(manifest.parent / "a.png"), np.full((8, 8), 99, np.uint8))
    for label, said in (
        ("odd", "manifest.csv, row 2: a label is one of"),
        ("benign", "9 pictures of 9 women: 4 malignant, 5 benign."),
        ("malignant", "9 pictures of 9 women: 5 malignant, 4 benign."),
    ):
        manifest.write_text(f"file,patient_id,label\na.png,W1,{label}\n", encoding="utf-8")
        assert said in words(shown("train.py", data_folder="all"))


@pytest.mark.parametrize("place", ["manifest.csv", "set/Info.txt", "set/annotations/instances.json"])
def test_a_list_that_changes_is_seen_on_every_level_where_lists_lie(place: str, tmp_path: Path) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    before = sorted(_changes(tmp_path, BELOW))
    os.utime(path, ns=(1, 1))
    assert sorted(_changes(tmp_path, BELOW)) != before


def test_a_link_that_leads_nowhere_hides_no_picture(lab: Path) -> None:
    for name in ("gone", "gone.csv"):
        (lab / "data" / "all" / name).symlink_to(lab / "nowhere")
    assert "8 pictures of 8 women" in words(shown("train.py", data_folder="all"))


def noted(folder: Path, **known: object) -> Path:
    runs.write_run(replace(runs.read_run(folder), **known))
    return folder


def test_while_copies_are_looked_for_the_page_says_how_far_that_is(lab: Path) -> None:
    folder = make_run(lab / "runs", status="running", epochs=6)
    message = str(Progress(300, 1200, "pictures", "compared"))
    with runs.lock(folder):
        noted(folder, message=message, step=300, steps=1200, epoch=0)
        (bar,) = shown("train.py").get("progress")
        assert (bar.proto.text, bar.proto.value) == ("Looking for copies: 300 of 1,200 pictures compared.", 25)
        noted(folder, message="", step=0, steps=0, epoch=3)
        (bar,) = shown("train.py").get("progress")
        assert bar.proto.value == 50


def test_a_run_that_ended_over_copies_is_not_offered_for_resumption_and_the_page_says_why(lab: Path) -> None:
    leak = "Copies of one picture stand on different sides of the split: 1 pair.\n4.png (test) and 4b.jpg (train)"
    older = noted(make_run(lab / "runs", "older", status="failed"), message=leak, leaks=True)
    stopped = make_run(lab / "runs", "stopped", status="stopped")
    newest = noted(
        make_run(lab / "runs", "newest", status="failed", created="2024-05-07T07:08:09+00:00"), message=leak, leaks=True
    )
    app = shown("train.py")
    offered = {each.key: each.disabled for each in app.button if each.label == "Resume"}
    assert offered == {f"resume-{newest.name}": True, f"again-{stopped.name}": False}
    (bar,) = app.get("progress")
    assert bar.proto.text.endswith(f"sides of the split: 1 pair. {runs.LEAKS}")
    said = words(app)
    assert older.name in said
    assert runs.LEAKS in said


def test_what_the_queue_waits_for_is_said(lab: Path) -> None:
    make_run(lab / "runs", status="queued")
    assert "One network learns at a time" not in words(shown("train.py"))
    (lab / "runs" / "tune-tiny-1").mkdir()
    with runs.lock(lab / "runs" / "tune-tiny-1"):
        assert "One network learns at a time, and tune-tiny-1 is at work" in words(shown("train.py"))
