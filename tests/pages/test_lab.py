"""The lab's pages, run without a browser, on run folders made by formula."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zipfile import ZipFile

import cv2
import numpy as np
import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from mammo_core.evaluation import auc_interval
from mammo_core.training.explain import place
from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.judging.evaluate import report as report_of
from mammo_core.training.judging.systems import summary, system
from mammo_core.training.lab import records, runs
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.checking import written
from pages.parts import look
from pages.parts.card import interval
from pages.parts.figures import TEMPLATE as figures_template
from pages.parts.lab import errands, setting
from pages.parts.lab import figures as lab_figures
from pages.parts.lab.errors import _zipped
from pages.parts.lab.learning import courses, stacked
from tests.lab_runs import empty_lab, make_patch_run, make_recipe, make_run
from tests.pages.showing import shown, words
from tests.test_setup import TRAINING_ONLY, imported_by

ROOT = Path(__file__).parents[2]
PARTS = ("Learning", "Separation", "Confusion", "Thresholds", "Calibration", "Subgroups")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a recipe, a data set of two classes, and no runs; the queue is not served."""
    empty_lab(tmp_path, monkeypatch)
    for number in range(6):
        folder = tmp_path / "data" / "clinic" / ("benign", "malignant")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), np.full((8, 8), 9 * number, np.uint8))
    return tmp_path


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that have been judged, one of them on three folds; figures are kept from test to test."""
    root = tmp_path_factory.mktemp("judged")
    for name, folds in (("one", 1), ("two", 3)):
        make_run(root, name, folds=folds, draws=20)
    return root


@pytest.fixture
def two(lab: Path, judged: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of these two runs, which the pages show."""
    monkeypatch.setenv("MAMMO_RUNS", str(judged))
    return sorted(judged.glob("*-1-*"))


def figures(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(element.proto.spec) for element in app.get("plotly_chart")]


def ledger(app: AppTest) -> list[dict[str, Any]]:
    """The rows of the table of runs."""
    return [row for each in app.dataframe for row in each.value.to_dict("records")]


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    button.click().run()
    assert not app.exception
    return app


def write_folder(app: AppTest, path: str) -> None:
    """Write a path that the box does not offer; AppTest by itself can only choose."""
    box = app.selectbox(key="data_folder")
    box.options.append(path)
    with patch.object(type(box), "format_func", str):
        box.set_value(path).run()
    assert not app.exception


def test_the_lab_is_not_there_where_it_is_switched_off(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [link.proto.label for link in shown("read.py").get("page_link")]
    assert {"Train a network", "Runs"} <= set(pages)
    monkeypatch.setenv("MAMMO_LAB", "0")
    front = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=120).run()
    assert "Train a network" not in [link.proto.label for link in front.get("page_link")]
    assert not front.exception


def test_folders_outside_the_root_are_refused(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert setting.folder_of("clinic") == lab / "data" / "clinic"
    for outside in ("/etc", "..", str(lab / "runs"), "clinic/../../runs"):
        with pytest.raises(ValueError, match="outside"):
            setting.folder_of(outside)
    (lab / "data" / "way out").symlink_to("/etc")
    with pytest.raises(ValueError, match="outside"):
        setting.folder_of("way out")
    monkeypatch.delenv("MAMMO_DATA")
    assert setting.folder_of(str(lab / "runs")) == lab / "runs"
    with pytest.raises(ValueError, match="whole path"):
        setting.folder_of("clinic")


def test_it_says_in_words_what_the_folder_holds(lab: Path) -> None:
    assert "6 pictures of 6 women: 3 malignant, 3 benign." in words(shown("train.py", data_folder="clinic"))


def test_nothing_is_read_before_a_folder_is_chosen(lab: Path) -> None:
    (lab / "data" / "empty").mkdir()
    app = shown("train.py")
    assert app.selectbox(key="data_folder").value is None
    said = words(app)
    assert "Choose pictures first." in said
    assert "pictures of" not in said
    assert "Not read." not in said
    refused = words(app.selectbox(key="data_folder").set_value("empty").run())
    assert "is in none of the layouts read here" in refused
    assert "docs/" not in refused


@pytest.mark.parametrize("written", ["clinic/Klinik groß ü", "{root}/clinic/Klinik groß ü"])
def test_a_folder_is_written_in_full_or_from_the_root_on(lab: Path, written: str) -> None:
    (lab / "data" / "clinic").rename(lab / "data" / "Klinik groß ü")
    (lab / "data" / "clinic").mkdir()
    (lab / "data" / "Klinik groß ü").rename(lab / "data" / "clinic" / "Klinik groß ü")
    app = shown("train.py")
    write_folder(app, written.format(root=lab / "data"))
    assert app.selectbox(key="data_folder").value == "clinic/Klinik groß ü"
    assert "6 pictures of 6 women" in words(app)


def test_no_path_begins_with_what_the_box_shows_as_chosen(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit cuts what is chosen off a longer text that is written over it."""
    for chosen in (".", "clinic"):
        box = shown("train.py", data_folder=chosen).selectbox(key="data_folder")
        assert all(entry.startswith("▸ ") for entry in box.options)
    monkeypatch.delenv("MAMMO_DATA")
    app = shown("train.py")
    write_folder(app, str(lab / "data" / "clinic"))
    assert app.selectbox(key="data_folder").options == [f"▸ {lab / 'data' / 'clinic'}"]
    assert "6 pictures of 6 women" in words(app)


def test_a_run_is_queued_with_the_epochs_asked_for_and_can_be_taken_out(lab: Path) -> None:
    app = shown("train.py", data_folder="clinic")
    app.number_input(key="epochs-tiny").set_value(3).run()
    press(app, "Start training")
    (run,) = runs.list_runs(lab / "runs")
    assert (run.status, run.epochs, run.data) == (runs.Status.QUEUED, 3, str(lab / "data" / "clinic"))
    assert recipes.read_one(run.folder / "recipe.toml").training.epochs == 3
    assert run.id in words(app)
    press(app, "Take out")
    assert runs.read_run(run.folder).status is runs.Status.STOPPED


def test_a_class_that_no_picture_has_keeps_the_run_from_starting(lab: Path) -> None:
    (lab / "models" / "recipes" / "tiny.toml").write_text(written(make_recipe()), encoding="utf-8")
    app = shown("train.py", data_folder="clinic")
    assert "The recipe learns normal, and none of these pictures is that." in words(app)
    assert next(each for each in app.button if each.label == "Start training").disabled


def test_a_run_at_work_shows_its_curves_and_time_left_and_stops_when_told(lab: Path) -> None:
    folder = make_run(lab / "runs", status="running", epochs=6)
    state = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(state | {"epoch": 4, "seconds_per_epoch": 30.0}))
    with runs.lock(folder):
        app = shown("train.py")
        assert "is being trained" in words(app)
        assert any("Epoch 5 of 6, about 60 s left" in each.proto.text for each in app.get("progress"))
        loss = figures(app)[0]
        assert {trace["name"] for trace in loss["data"]} == {"training", "validation"}
        press(app, "Stop")
        assert runs.stop_asked(folder)
        assert "is stopping" in words(app)


def test_a_run_that_was_stopped_is_resumed(lab: Path) -> None:
    folder = make_run(lab / "runs", status="stopped")
    press(shown("train.py"), "Resume")
    assert runs.read_run(folder).status is runs.Status.QUEUED


def test_a_done_run_that_lost_its_predictions_can_be_resumed(lab: Path) -> None:
    make_run(lab / "runs", draws=5)
    torn = make_run(lab / "runs", "torn", draws=5)
    (torn / "fold0" / "predictions.csv").unlink()
    app = shown("train.py")
    offered = {button.key: button.disabled for button in app.button if button.key and "-1-2024" in button.key}
    again = [key for key, disabled in offered.items() if key.startswith(("again-", "resume-")) and not disabled]
    assert [key.split("-", 1)[1] for key in again] == [torn.name]


def failed(root: Path, name: str, message: str) -> Path:
    """A run that failed before it said anything of a picture."""
    folder = make_run(root, name, status="failed")
    (folder / "fold0" / "predictions.csv").unlink()
    state = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(state | {"message": message}))
    return folder


def test_why_a_run_failed_is_said_wherever_it_is_listed(lab: Path) -> None:
    leak = "Copies stand on both sides: 1 pair. Take them out.\n<b>4.png (test) and 4b.jpg (train)"
    long, short = failed(lab / "runs", "long", leak), failed(lab / "runs", "short", "The disk is full.")
    make_run(lab / "runs", "newest", created="2024-05-07T07:08:09+00:00", draws=5)
    app = shown("train.py")
    said = words(app)
    assert f'{long.name} <span class="room-quiet">failed: Copies stand on both sides: 1 pair.</span>' in said
    assert f'{short.name} <span class="room-quiet">failed: The disk is full.</span>' in said
    (whole,) = [each for each in app.expander if each.label == "All it said"]
    assert [each.value for each in whole.code] == [leak]
    (row,) = [row for row in ledger(shown("runs.py")) if row["Run"] == long.name]
    assert row["State"] == "failed: Copies stand on both sides: 1 pair."
    assert row["AUC"] == "none"


def test_no_sentence_stands_above_the_way_back(lab: Path) -> None:
    """Streamlit shows a string that stands alone in a page's file."""
    for page in ("runs.py", "train.py"):
        assert shown(page).main[0].type != "markdown"


def test_the_table_has_every_run_with_its_auc(lab: Path) -> None:
    folder = make_run(lab / "runs")
    told = records.read_predictions(folder, ("test",))
    own = told.columns["dataset"] == "made-up"
    truth = told.columns["label"][own] == "malignant"
    found = auc_interval(truth, told.score[own], told.columns["patient_id"][own], np.random.default_rng(0))
    app = shown("runs.py")
    rows = {row["Women held out of"]: row for row in ledger(app)}
    assert set(rows) == {"made-up", "other"}
    assert rows["made-up"]["AUC"] == interval(found.as_list())


def test_a_run_whose_recipe_is_damaged_is_named_and_hides_no_other(lab: Path) -> None:
    whole, torn = make_run(lab / "runs"), make_run(lab / "runs", "torn")
    (torn / "recipe.toml").write_text("kind = ")
    app = shown("runs.py")
    assert {row["Run"] for row in ledger(app)} == {whole.name}
    said = words(app)
    assert f"Not in the table: {torn.name}. Its run.json or its recipe.toml is gone or damaged." in said
    assert whole.name in words(shown("train.py"))


def test_a_run_whose_recipe_lacks_a_key_is_not_said_to_have_damaged_predictions(lab: Path) -> None:
    torn = make_patch_run(lab / "runs")
    recipe = torn / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("seed = 3\n", ""))
    said = words(shown("runs.py"))
    assert f"Not in the table: {torn.name}. Its run.json or its recipe.toml is gone or damaged." in said
    assert "predictions.csv" not in said


def test_a_run_whose_predictions_are_damaged_is_named_and_hides_no_other(lab: Path) -> None:
    whole, torn = make_run(lab / "runs", draws=5), make_run(lab / "runs", "torn", draws=5)
    table = torn / "fold0" / "predictions.csv"
    table.write_text(table.read_text()[:-9])
    app = shown("runs.py")
    assert {row["Run"] for row in ledger(app)} == {whole.name}
    assert f"Not in the table: {torn.name}. A predictions.csv there is damaged" in words(app)


@pytest.mark.parametrize("part", PARTS)
def test_several_runs_stand_side_by_side_and_every_figure_can_be_taken_away(two: list[Path], part: str) -> None:
    names = [folder.name for folder in two]
    app = shown("runs.py", compared=names, lab_part=part)
    drawn = figures(app)
    offered = [element.proto.label for element in app.get("download_button")]
    assert sum("HTML" in label for label in offered) == len(drawn)
    assert sum("CSV" in label for label in offered) >= max(1, len(drawn))
    if part == "Separation":
        lines = {trace["name"] for trace in drawn[0]["data"] if trace.get("showlegend") is not False}
        assert set(names) <= lines
        assert "Metadata alone" in words(app)
        assert "Paired test" in words(app)


def test_moving_the_threshold_moves_the_matrix_and_both_rates(two: list[Path]) -> None:
    folder = two[0]
    app = shown("runs.py", lab_part="Thresholds", compared=[folder.name])
    told = records.read_predictions(folder, ("test",))
    own = told.columns["dataset"] == "made-up"
    truth, score = told.columns["label"][own] == "malignant", 100 * told.score[own]
    for at in (20.0, 60.5):
        app.slider(key="lab_threshold").set_value(at).run()
        assert not app.exception
        caught, kept = int((score[truth] >= at).sum()), int((score[~truth] < at).sum())
        assert f": {caught} of {int(truth.sum())} malignant recalled." in words(app)
        assert f": {kept} of {int((~truth).sum())} others not recalled." in words(app)


def test_worst_errors_are_shown_and_missing_pictures_named(lab: Path) -> None:
    make_run(lab / "runs", data=str(lab / "data"), draws=20)
    said = words(shown("runs.py", lab_part="Worst errors"))
    assert "The picture cannot be read any more." in said
    assert re.search(r"\b0 of \d pictures have a Grad-CAM map\.", said)


def test_the_worst_errors_pictures_are_taken_away_as_they_are_shown(lab: Path) -> None:
    folder = make_run(lab / "runs", data=str(lab / "data"), draws=20)
    told = records.read_predictions(folder).columns
    _, grey = cv2.imencode(".png", np.zeros((4, 4), np.uint8))
    for dataset, file in zip(told["dataset"].tolist(), told["file"].tolist(), strict=True):
        heat = place(folder, dataset, file, "gradcam")
        heat.parent.mkdir(exist_ok=True)
        heat.write_bytes(grey.tobytes() + file.encode())
    with patch.object(streamlit, "download_button", wraps=streamlit.download_button) as offered:
        app = shown("runs.py", lab_part="Worst errors")
    shows = words(app).count("<figure>")
    (data,) = [call.args[1] for call in offered.call_args_list if "ZIP" in call.args[0]]
    with ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert len({archive.read(name) for name in names}) == len(names) == shows > 1
    assert all(
        re.fullmatch(rf"0{number}-truly-\w+-said-malignant-\d+-gradcam\.png", name)
        for number, name in enumerate(names, start=1)
    )
    assert _zipped([("a.png", b"a")]) == _zipped([("a.png", b"a")])


def test_live_curves_are_taken_away_as_those_of_a_run_that_is_done(lab: Path) -> None:
    run = make_run(lab / "runs", status="running", epochs=6)
    with (
        runs.lock(run),
        patch.object(streamlit, "download_button", wraps=streamlit.download_button) as offered,
    ):
        app = shown("train.py")
    (page,) = [call.args[1] for call in offered.call_args_list if "HTML" in call.args[0]]
    assert page.count('class="plotly-graph-div"') == len(figures(app)) == 3
    for element in app.get("plotly_chart"):
        config = json.loads(element.proto.config)
        assert config["modeBarButtons"] == [["toImage"]]
        assert config["toImageButtonOptions"]["filename"].startswith(run.name)


def test_the_labs_pages_import_no_tensorflow() -> None:
    modules = [f"pages.parts.lab.{path.stem}" for path in (ROOT / "pages" / "parts" / "lab").glob("[a-z]*.py")]
    assert not imported_by(f"import {', '.join(modules)}").intersection(TRAINING_ONLY)


def promotion(app: AppTest) -> tuple[Any, Any]:
    """The version to give and the button, of the only run looked at."""
    (version,) = [each for each in app.text_input if each.label.startswith("Version of")]
    (button,) = [each for each in app.button if each.label == "Promote"]
    return version, button


def test_a_patch_network_stands_beside_the_classifiers(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, sent = make_patch_run(lab / "runs"), []
    make_run(lab / "runs", "other")
    monkeypatch.setattr(errands, "send", lambda arguments, log: sent.append(arguments))
    app = shown("runs.py", compared=[folder.name])
    rows = {row["Women held out of"]: row for row in ledger(app) if row["Run"] == folder.name}
    assert set(rows) == {"rsna", "cbis_ddsm_mass"}
    assert rows["rsna"]["AUC"].startswith("0.")
    assert rows["rsna"]["Changed"].endswith("only folds 0, 1")
    drawn = [figure["layout"]["title"]["text"] for figure in figures(app)]
    assert f"Nobody is watched by {folder.name}: drawn through is what was trained on" in words(app)
    assert "Dotted" not in words(app)
    assert {title.split(",")[0] for title in drawn} == {"Loss", "Accuracy", "Learning rate"}  # no AUC of patches
    app = shown("runs.py", compared=[folder.name], lab_part="Thresholds")
    assert "women judged by the other folds" in words(app)
    app = shown("runs.py", compared=[folder.name], lab_part="Worst errors")
    assert app.selectbox(key="method").options == ["Lesion map", "Grad-CAM"]
    app = shown("runs.py", compared=[folder.name], lab_part="Promote")
    version, button = promotion(app)
    assert (version.value, button.disabled) == ("1", False)
    button.click().run()
    assert sent == [["promote", str(folder), "--version", "1"]]


def test_an_ensemble_is_promoted_once_all_its_runs_are_here(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, sent = make_patch_run(lab / "runs"), []
    monkeypatch.setattr(errands, "send", lambda arguments, log: sent.append(arguments))
    path = lab / "models" / "recipes" / "both.toml"
    path.write_text(
        'kind = "ensemble"\nname = "both"\nversion = "3"\ntitle = "Both"\nseed = 1\n'
        'members = ["tiny-1/fold0", "other-1/fold1"]\n',
        encoding="utf-8",
    )
    app = shown("runs.py", compared=[folder.name], lab_part="Promote")
    (button,) = [each for each in app.button if each.key == "promote-ensemble-both"]
    assert button.disabled
    assert "These are not here: other-1/fold1." in words(app)
    shutil.rmtree(make_patch_run(lab / "runs", "other") / "fold1")
    assert "These are not here: other-1/fold1." in words(shown("runs.py", compared=[folder.name], lab_part="Promote"))
    shutil.rmtree(lab / "runs" / "other-1-20240506-070809")
    make_patch_run(lab / "runs", "other")
    app = shown("runs.py", compared=[folder.name], lab_part="Promote")
    (button,) = [each for each in app.button if each.key == "promote-ensemble-both"]
    button.click().run()
    assert sent == [["promote", str(path), "--runs", str(lab / "runs"), "--version", "3"]]


def test_a_run_is_promoted_under_a_version_that_no_model_has(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, sent = make_run(lab / "runs", draws=5), []
    monkeypatch.setattr(errands, "send", lambda arguments, log: sent.append(arguments))
    version, button = promotion(shown("runs.py", lab_part="Promote"))
    assert (version.value, button.disabled) == ("1", False)
    for taken in ("1", "1.1"):
        (lab / "models" / f"tiny-{taken}").mkdir()
        (lab / "models" / f"tiny-{taken}" / "card.json").write_text("{}")
    app = shown("runs.py", lab_part="Promote")
    assert promotion(app)[0].value == "1.2"
    for given, sentence in (
        ("1.1", "tiny-1.1 is a model already, and no model is replaced."),
        ("../1", "“../1” is no version: write numbers or letters with points between them, such as 1.1."),
        ("", "“” is no version"),
    ):
        promotion(app)[0].set_value(given).run()
        assert sentence in words(app)
        assert promotion(app)[1].disabled
    promotion(app)[0].set_value("2.0").run()
    promotion(app)[1].click().run()
    assert sent == [["promote", str(folder), "--version", "2.0"]]
    made = errands.Errand(False, 0, f"loading\n{lab / 'models' / 'tiny-2.0'} 0123")
    (lab / "models" / "tiny-2.0").mkdir()
    monkeypatch.setattr(errands, "stands", lambda log: made)
    said = words(app.run())
    assert "Promoted: tiny-2.0." in said
    assert "is a model already" not in said


def test_what_decides_a_promotion_stands_beside_it(lab: Path) -> None:
    folder = make_run(lab / "runs", women=90, skill=0.0, draws=20)
    report = json.loads((folder / "report.json").read_text())
    report["sets"][0] |= {"auc": [0.55, 0.45, 0.65], "metadata_auc": [0.61, 0.52, 0.7], "ece_calibrated": 0.0123}
    (folder / "report.json").write_text(json.dumps(report))
    said, row = words(shown("runs.py", lab_part="Promote")), report["sets"][0]
    assert f"<td>{row['set']}, women held out</td><td>{row['n']} pictures of {row['n_women']} women</td>" in said
    assert "<td>0.55 (0.45–0.65)</td><td>0.61 (0.52–0.70)</td><td>0.012</td>" in said
    assert re.search(
        rf"Metadata alone, without any picture, reach as much or more on [^.]*{row['set']} \(pictures\)", said
    )
    assert re.search(rf"down to 0\.5, which is chance, on [^.]*{row['set']} \(pictures\)", said)


def test_an_errand_is_a_process_whose_words_and_exit_code_are_kept(lab: Path) -> None:
    log = lab / "runs" / "asked" / "promote.log"
    errands.send(["compare", str(lab / "runs" / "none"), str(lab / "runs" / "neither")], log)
    running = errands.stands(log)
    assert running is not None
    for _ in range(1200):
        if not errands.stands(log).runs:
            break
        time.sleep(0.1)
    ended = errands.stands(log)
    assert ended.code == 2
    assert ended.last
    assert "mammo_core" not in ended.last


def test_women_who_can_be_told_apart_are_offered_first_and_errors_of_all_are_shown(lab: Path) -> None:
    folder = make_run(lab / "runs", women=90, skill=0.0)
    path = folder / "fold0" / "predictions.csv"
    lines = path.read_text().splitlines()
    malignant = [
        re.sub(r",(normal|benign),test,", ",malignant,test,", line) if ",made-up," in line else line for line in lines
    ]
    path.write_text("\n".join(malignant) + "\n")
    evaluate(folder, 20)
    app = shown("runs.py", lab_part="Calibration")
    assert app.selectbox(key="judged_on").value == ("test", "other")
    app = shown("runs.py", lab_part="Confusion", judged_on=("test", "made-up"))
    assert len(figures(app)) == 1
    told = records.read_predictions(folder, ("test",))
    for name in ("other", "made-up"):
        own = told.columns["dataset"] == name
        off = np.where(told.columns["label"][own] == "malignant", 1 - told.score[own], told.score[own])
        said = words(shown("runs.py", lab_part="Worst errors", judged_on=("test", name)))
        assert (off > 0.5).any()
        assert len(re.findall(r"<td>W\d+_(?:CC|MLO)\.png</td>", said)) == min(24, int((off > 0.5).sum()))


def test_the_auc_is_the_reports_wherever_it_is_shown(two: list[Path]) -> None:
    for folder in two:
        rows = json.loads((folder / "report.json").read_text())["sets"]
        (row,) = [row for row in rows if (row["part"], row["set"], row["unit"]) == ("test", "made-up", "image")]
        app = shown("runs.py", lab_part="Separation", compared=[folder.name])
        (told,) = [each for each in ledger(app) if (each["Run"], each["Women held out of"]) == (folder.name, "made-up")]
        assert (told["AUC"], told["Metadata alone"]) == (interval(row["auc"]), interval(row["metadata_auc"]))
        assert f"<td>{interval(row['auc'])}</td>" in words(app)


def test_the_legend_of_several_runs_has_room_and_names_each_once() -> None:
    epoch = np.arange(1.0, 4.0)
    names = [f"backbone-comparison-{name}-1.0-20240506-070809" for name in ("plain", "resnet50", "mobilenet")]
    drawn = [lab_figures.Course(name, 0, epoch, epoch, epoch) for name in names]
    figure = lab_figures.learning(drawn, "Loss", "one split")
    assert [trace.name for trace in figure.data if trace.showlegend] == names
    assert figure.layout.margin.t >= 84 + 24 * len(names)


def test_the_table_is_filtered_by_words_where_there_are_many_runs(lab: Path) -> None:
    make_run(lab / "runs", "made", draws=5)
    assert not shown("runs.py").text_input
    for number in range(10):
        make_run(lab / "runs", f"n{number}", women=9, status="failed" if number == 3 else "stopped")
    app = shown("runs.py")
    assert len({row["Run"] for row in ledger(app)}) == 11
    for words_asked, names in (("n3", ["n3"]), ("FAILED", ["n3"]), ("made-up done", ["made"]), ("elsewhere", [])):
        app.text_input(key="runs_filter").set_value(words_asked).run()
        assert not app.exception
        assert sorted({row["Run"].split("-")[0] for row in ledger(app)}) == names
    assert "No run has “elsewhere”" in words(app)


def test_two_runs_of_one_recipe_are_told_apart_by_what_was_changed(lab: Path) -> None:
    def made(name: str, more: dict[str, Any], epochs: int = 6) -> None:
        folder = make_run(lab / "aside", classes=("benign", "malignant"), epochs=epochs).rename(lab / "runs" / name)
        state = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(state | {"id": name} | more))

    made("as-it-is", {})
    made("shorter", {}, epochs=3)
    made("limited", {"limit": 40})
    stranger = make_run(lab / "runs", "stranger")
    assert {row["Run"]: row["Changed"] for row in ledger(shown("runs.py"))} == {
        "as-it-is": "–",
        "shorter": "training.epochs 3",
        "limited": "about 40 pictures",
        stranger.name: "no recipe of this name",
    }


def test_with_no_runs_the_page_leads_to_training_and_speaks_of_no_figures(lab: Path) -> None:
    app = shown("runs.py")
    assert "No network has been trained here yet." in words(app)
    assert "AUC" not in words(app)
    assert "Train a network ›" in [link.proto.label for link in app.get("page_link")]


@pytest.mark.parametrize("lacks", ["auc_by_fold", "classes_judged", "predictions", "everything"])
def test_a_report_of_an_older_version_is_worked_out_anew_and_named(lab: Path, lacks: str) -> None:
    folder = make_run(lab / "runs", women=24, draws=5)
    report = json.loads((folder / "report.json").read_text())
    report.pop(lacks, None)
    for row in report["sets"]:
        row.pop(lacks, None)
    (folder / "report.json").write_text("[]" if lacks == "everything" else json.dumps(report))
    app = shown("runs.py")
    assert f"older than their predictions or than this version: {folder.name}." in words(app)
    assert {row["Metadata alone"] for row in ledger(app)} == {"–"}
    with patch("mammo_core.training.judging.evaluate.report", partial(report_of, draws=5)):
        for part in (*PARTS[1:], "Stated", "Promote"):
            app.session_state["lab_part"] = part
            app.run()
            assert not app.exception, part
    evaluate(folder, 5)
    assert "older than" not in words(app.run())


def test_a_report_is_known_by_its_predictions_not_by_the_times_of_files(lab: Path) -> None:
    folder = make_run(lab / "runs", women=24, draws=5)
    predictions = folder / "fold0" / "predictions.csv"
    os.utime(folder / "report.json", (1, 1))  # as after a copy
    assert "older than" not in words(shown("runs.py"))
    lines = predictions.read_text().splitlines(keepends=True)
    predictions.write_text("".join(lines[:-1]))
    os.utime(predictions, (0, 0))
    assert f"older than their predictions or than this version: {folder.name}." in words(shown("runs.py"))


def test_a_named_point_and_the_threshold_moved_there_have_one_interval(two: list[Path]) -> None:
    for folder in two:
        app = shown("runs.py", lab_part="Thresholds", compared=[folder.name], judged_on=("test", "made-up"))
        assert app.slider(key="lab_threshold").value == 50.0
        said = words(app)
        (half,) = re.findall(r"<td>probability of one half</td><td>50\.0</td><td>(.*?)</td><td>(.*?)</td>", said)
        assert f"Sensitivity {half[0]}: " in said
        assert f"Specificity {half[1]}: " in said


def test_of_several_folds_the_mean_is_strong_as_far_as_all_reached_and_folds_are_faint() -> None:
    courses = [
        lab_figures.Course(
            "folds", fold, np.arange(1.0, last + 1), np.full(last, 2.0 * fold), np.full(last, 4.0 * fold)
        )
        for fold, last in enumerate((3, 5))
    ]
    alone = lab_figures.Course("alone", 0, np.arange(1.0, 5.0), np.ones(4), np.ones(4))
    for drawn in ([*courses], [*courses, alone]):
        figure = lab_figures.learning(drawn, "Loss", "")
        means = [line for line in figure.data if "mean of the folds" in line.hovertemplate]
        folds = [line for line in figure.data if ", fold " in line.hovertemplate]
        assert [(len(line.x), line.y[0], line.line.dash) for line in means] == [(3, 1.0, "dot"), (3, 2.0, "solid")]
        assert len(folds) == 4
        assert all(fold.opacity < 0.5 and fold.line.width < mean.line.width for fold in folds for mean in means)
        assert not any(line.showlegend for line in folds)


def test_the_means_drawn_are_taken_away_with_the_folds(two: list[Path]) -> None:
    drawn = [course for folder in two for course in courses(folder, folder.name, "loss")]
    columns = stacked([*drawn, *lab_figures.means(drawn)])
    of_folds = [place for place, fold in enumerate(columns["fold"]) if fold == "mean"]
    assert {columns["run"][place] for place in of_folds} == {two[1].name}
    first = [columns["training"][place] for place, epoch in enumerate(columns["epoch"]) if epoch == 1][1:4]
    assert columns["training"][of_folds[0]] == pytest.approx(np.mean(first))


def test_the_last_tick_of_a_per_cent_axis_has_room_for_its_words() -> None:
    """Plotly leaves out a tick whose words would be cut off; half of “100 %” at 14 px takes 21 pixels or more."""
    assert figures_template.layout.margin.r >= 21


def test_runs_that_look_for_other_classes_are_not_said_to_look_for_one(lab: Path) -> None:
    names = [make_run(lab / "runs", name, classes=("benign", name), draws=5).name for name in ("malignant", "abnormal")]
    for chosen, words_there in ((names, "were of the class looked for"), (names[1:], "were abnormal")):
        (drawn,) = figures(shown("runs.py", compared=chosen, lab_part="Calibration", judged_on=("test", "made-up")))
        assert drawn["layout"]["yaxis"]["title"]["text"] == words_there


def test_women_whom_most_runs_have_judged_are_offered_first(lab: Path) -> None:
    folders = [make_run(lab / "runs", name, draws=5) for name in ("one", "two")]
    table = folders[0] / "fold0" / "predictions.csv"
    table.write_text(table.read_text().replace(",made-up,", ",a set of its own,"))
    evaluate(folders[0], 5)
    app = shown("runs.py", compared=[folder.name for folder in folders], lab_part="Calibration")
    assert app.selectbox(key="judged_on").value == ("test", "other")


def test_what_authors_state_stands_beside_what_runs_found(two: list[Path]) -> None:
    app = shown("runs.py", lab_part="Stated", compared=[folder.name for folder in two])
    said = words(app)
    assert "Stated by its authors: none stated. It is judged on women it has not seen." in said
    for folder in two:
        found = system(folder)
        assert all(f"<td>{cell}</td>" in said for cell in summary(found).values())
        assert all(f"<td>{row['accuracy']}</td>" in said for row in found.judged)


def test_runs_of_cell_nuclei_have_a_table_of_their_own(lab: Path) -> None:
    recipe = (ROOT / "models" / "recipes" / "cytology-conv1d.toml").read_text()
    run = runs.new_run(
        lab / "runs",
        "cytology-conv1d",
        "1",
        recipe=recipe,
        title="Cell nuclei",
        data="wisconsin-diagnostic",
        folds=1,
        epochs=1,
    )
    rows = []
    for number in range(20):
        label, said = ("benign", "malignant")[number % 2], 0.9 if number % 2 or number == 4 else 0.2
        about = {
            "file": f"row {number}",
            "dataset": "wisconsin-diagnostic",
            "patient_id": str(number),
            "label": label,
            "part": "test",
        }
        rows.append((about, [1 - said, said]))
    (run.folder / "fold0").mkdir()
    records.write_predictions(run.folder / "fold0", ("benign", "malignant"), rows)
    app = shown("runs.py")
    said = words(app)
    assert "Cell nuclei" in said
    assert "<td>20</td><td>10</td><td>95.0 % (76.4–99.1)</td><td>0.95 (" in said
    assert "Cytology ›" in [link.proto.label for link in app.get("page_link")]


def test_a_run_that_the_reading_page_could_not_show_is_not_offered_for_promotion(lab: Path) -> None:
    make_run(lab / "runs", classes=("normal", "abnormal"))
    app = shown("runs.py", lab_part="Promote")
    assert promotion(app)[1].disabled
    assert "so only a network whose last class is malignant can be promoted." in words(app)


def test_a_run_judged_on_too_few_women_is_not_offered_for_promotion(lab: Path) -> None:
    make_run(lab / "runs", women=12)
    app = shown("runs.py", lab_part="Promote")
    assert promotion(app)[1].disabled
    assert "Not to be promoted: the network of fold 0 was asked of too few women" in words(app)


def test_a_run_that_has_ended_is_not_said_to_be_in_training(lab: Path) -> None:
    assert "In training" in words(shown("train.py"))
    make_run(lab / "runs")
    said = words(shown("train.py"))
    assert "Trained last" in said
    assert "In training" not in said
    assert "(nobody in a fold)" in said


def test_names_of_two_high_operating_points_do_not_overlap() -> None:
    """A promoted run's thresholds may coincide near the end of the bar."""
    lower, higher = re.findall(
        r'style="([^;]+);', look.tick_names([("US screening", 87.5), ("European screening", 87.6)])
    )
    assert (lower, higher) == ("right:22.0%", "right:0")
    assert "right:40.0%" in look.tick_names([("US screening", 60.0), ("European screening", 87.6)])
