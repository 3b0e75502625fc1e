from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mammo_core.cli import main
from mammo_core.training.lab import queue, records, runs
from mammo_core.training.lab.runs import Status, list_runs
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.checking import written
from tests.training.bench.tiny import data_folder, recipe

ROOT = Path(__file__).parents[3]
PIP = "pip install -r requirements.txt"


def _toml(folder: Path, **changes: object) -> str:
    path = folder / "tiny.toml"
    path.write_text(written(recipe(size=[32, 32], **changes)), encoding="utf-8")
    return str(path)


def test_folds_from_the_command_line_judge_every_woman_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = data_folder(tmp_path / "data")
    arguments = ["--data", str(data), "--out", str(tmp_path / "runs"), "--epochs", "1", "--folds", "2", "--limit", "20"]
    arguments += ["--set", "training.rate=0.005", "--set", 'training.watch="auc"']
    assert main(["crossval", _toml(tmp_path), *arguments]) == 0
    (run,) = list_runs(tmp_path / "runs")
    assert run.status is Status.DONE
    assert (run.folds, run.epochs, run.epoch, run.limit) == (2, 1, 1, 20)
    judged = records.read_predictions(run.folder, ["test"])
    assert len(set(judged.columns["patient_id"].tolist())) == len(judged.fold) == 20
    for fold in run.fold_folders:
        split = records.read_split(fold)
        assert len(split) == 20
        assert set(split.values()) == {"train", "validation", "test"}
    assert "done" in (run.folder / "log.txt").read_text()
    assert run.started_from == "none"
    assert {row["part"] for row in json.loads((run.folder / "report.json").read_text())["sets"]} == {
        "test",
        "validation",
    }
    resolved = recipes.read_one(run.folder / "recipe.toml")
    assert (resolved.protocol.k, resolved.training.rate, resolved.training.watch) == (2, 0.005, "auc")
    capfd.readouterr()
    assert main(["train", "--resume", str(run.folder)]) == 2
    assert "nothing to resume" in capfd.readouterr().err
    for wrong, sentence in (("training.watch=auc", "text in quotes"), ("training.nonsense=1", "nonsense")):
        assert main(["train", _toml(tmp_path), "--data", str(data), "--set", wrong]) == 2
        assert sentence in capfd.readouterr().err


def test_copies_on_two_sides_of_the_split_end_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = data_folder(tmp_path / "data", 12)
    for path in sorted(data.rglob("*.png")):
        for number in range(4):
            shutil.copy(path, path.with_name(f"{path.stem}copy{number}.png"))
    assert main(["train", _toml(tmp_path), "--data", str(data), "--out", str(tmp_path / "runs")]) == 2
    assert "Copies of one picture stand on different sides of the split" in capfd.readouterr().err
    (run,) = list_runs(tmp_path / "runs")
    assert run.status is Status.FAILED
    assert "Copies of one picture stand on different sides of the split" in run.message
    assert not list(run.folder.glob("fold*/history.csv"))
    before = (run.folder / "run.json").read_bytes()
    assert main(["train", "--resume", str(run.folder)]) == 2
    assert "It is not resumed: copies of a picture would stand on both sides" in capfd.readouterr().err
    assert not queue.can_resume(run)
    with pytest.raises(ValueError, match="start a new run"):
        queue.resume(run.folder)
    assert (run.folder / "run.json").read_bytes() == before


def test_data_without_a_label_of_the_recipe_end_it_with_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = data_folder(tmp_path / "data", 4)
    toml = _toml(tmp_path, labels={"normal": "benign", "not_malignant": "malignant"})
    assert main(["train", toml, "--data", str(data), "--out", str(tmp_path / "runs")]) == 2
    assert "has no picture with a label of this recipe" in capfd.readouterr().err
    assert main(["train", toml, "--out", str(tmp_path / "runs")]) == 2
    assert "needs --data" in capfd.readouterr().err


def test_the_command_line_alone_says_where_layouts_are_described(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    assert main(["train", _toml(tmp_path), "--data", str(tmp_path / "data"), "--out", str(tmp_path / "runs")]) == 2
    assert capfd.readouterr().err.strip().endswith("; see docs/datasets.md")
    (run,) = list_runs(tmp_path / "runs")
    assert "in none of the layouts" in run.message
    assert "docs/" not in run.message


def test_a_run_is_not_resumed_on_other_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = data_folder(tmp_path / "data", 16)
    arguments = ["--data", str(data), "--out", str(tmp_path / "runs"), "--epochs", "1"]
    assert main(["train", _toml(tmp_path, protocol__outside=["elsewhere"]), *arguments]) == 0
    assert "not here, of the sets only judged on: elsewhere; the sets here are data" in capfd.readouterr().out
    (run,) = list_runs(tmp_path / "runs")
    split = records.read_split(run.folder / "fold0")
    runs.write_run(replace(run, status=Status.STOPPED))
    (run.folder / "fold0" / "predictions.csv").unlink()
    sorted(data.rglob("*.png"))[0].rename(data / "malignant" / "another.png")
    assert main(["train", "--resume", str(run.folder)]) == 2
    assert "are not those that this run began with" in capfd.readouterr().err
    assert records.read_split(run.folder / "fold0") == split


def test_a_class_that_nobody_has_cannot_be_learned(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = data_folder(tmp_path / "data", 16)
    shutil.rmtree(data / "malignant")
    (data / "benign" / "gone.png").symlink_to(tmp_path / "nowhere")
    assert main(["train", _toml(tmp_path), "--data", str(data), "--out", str(tmp_path / "runs")]) == 2
    said = capfd.readouterr()
    assert "of the pictures to fit to none is malignant" in said.err
    assert "left out: gone.png: It cannot be opened." in said.out


def test_weights_that_are_none_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = data_folder(tmp_path / "data", 16)
    asked = {"network__backbone": "MobileNetV2", "network__layers": [], "network__head": ["pool"]}
    for name in ("torn.weights.h5", "torn.npz"):
        (tmp_path / name).write_bytes(b"nothing")
        toml = _toml(tmp_path, network__weights=name, **asked)
        arguments = ["--data", str(data), "--weights", str(tmp_path), "--out", str(tmp_path / "runs")]
        assert main(["train", toml, *arguments]) == 2
        assert f"network.weights: {name} holds no weights of MobileNetV2" in capfd.readouterr().err


def test_where_keras_is_not_installed_training_says_so(tmp_path: Path) -> None:
    program = "import sys; sys.modules['keras'] = None; from mammo_core.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["train", _toml(tmp_path), "--data", str(data_folder(tmp_path / "data", 2)), "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith("training needs Keras and TensorFlow, which are not installed here: " + PIP)
    assert "Traceback" not in done.stderr
