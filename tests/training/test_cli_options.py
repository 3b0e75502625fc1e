"""Options that a recipe's kind does not have are refused by name, and never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from mammo_core.cli import main
from mammo_core.training.lab.runs import Status, ask_to_stop, new_run
from tests.training.patch.synthetic import RECIPE

RECIPES = Path(__file__).parents[2] / "models" / "recipes"
CLASSIFIERS = "for classifiers only"
CASES = [
    *(
        (recipe, option, CLASSIFIERS)
        for recipe in ("patch-mobilenetv2", "tissue-resnet50v2", "cytology-conv1d")
        for option in ("--epochs 1", "--limit 4", "--set training.epochs=1", "--variant small")
    ),
    ("tissue-resnet50v2", "--fold 0", "one for all folds"),
    ("cytology-conv1d", "--fold 0", "not for cytology"),
    ("cytology-conv1d", "--data here", "not for cytology"),
    ("cnn-3class", "--fold 0", "for patch networks only"),
    ("cnn-3class", "--prepared file", "for patch networks only"),
]


@pytest.mark.parametrize(("recipe", "option", "why"), CASES)
def test_an_option_of_another_kind_of_recipe_is_refused(
    recipe: str, option: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    needed = () if recipe == "cytology-conv1d" else ("--data", str(tmp_path / "gone"), "--weights", str(tmp_path))
    asked = ["train", str(RECIPES / f"{recipe}.toml"), "--out", str(tmp_path / "runs"), *needed, *option.split()]
    assert main(asked) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"mammo_core train: {option.split()[0]}: ")
    assert why in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("recipe", "options", "why"),
    [
        ("patch-ensemble", "--fold 1", "--fold: an ensemble's recipe says which networks ship"),
        ("patch-ensemble", "--version ../2", "is no version"),
        ("cytology-conv1d", "--fold 1", "a cytology model is that of all women"),
        ("cytology-conv1d", "--version 2", "a cytology model is that of all women"),
    ],
)
def test_what_a_promotion_cannot_choose_is_refused(
    recipe: str, options: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = RECIPES / f"{recipe}.toml"
    if "cytology" in recipe:
        text = path.read_text(encoding="utf-8")
        path = new_run(tmp_path, recipe, "1", title="", data="", recipe=text).folder
    assert main(["promote", str(path), *options.split()]) == 2
    assert why in capsys.readouterr().err


def test_only_classifiers_are_tuned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", str(RECIPES / "patch-mobilenetv2.toml"), "--data", str(tmp_path)]) == 2
    assert "of the kind 'patch'; only classifiers are tuned" in capsys.readouterr().err


def test_a_fold_that_is_not_done_is_not_promoted_and_no_picture_is_read_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (RECIPES / "patch-mobilenetv2.toml").read_text(encoding="utf-8")
    run = new_run(tmp_path, "patches", "1", title="", data=str(tmp_path / "gone"), recipe=text)
    (run.folder / "fold2").mkdir()
    (run.folder / "fold2" / "scores.csv").touch()
    assert main(["promote", str(run.folder), "--fold", "3"]) == 2
    assert "has no network of fold 3 that is done; done are [2]" in capsys.readouterr().err
    assert main(["evaluate", str(run.folder)]) == 2  # the data are where the run has them
    assert "there is no folder for the set rsna" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "verb", "why"),
    [
        ("cnn-3class", "evaluate", "a classifier is judged by its predictions alone"),
        ("cnn-3class", "promote", "for patch networks only"),
        ("cytology-conv1d", "promote", "for patch networks only"),
    ],
)
def test_pictures_are_not_asked_for_and_passed_over(
    recipe: str, verb: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (RECIPES / f"{recipe}.toml").read_text(encoding="utf-8")
    run = new_run(tmp_path, recipe, "1", title="", data="", recipe=text)
    assert main([verb, str(run.folder), "--data", str(tmp_path)]) == 2
    assert f"--data: {why}" in capsys.readouterr().err


def test_a_model_is_not_taken_for_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.toml").write_text((RECIPES / "patch-ensemble.toml").read_text(encoding="utf-8"))
    assert main(["promote", str(tmp_path)]) == 2
    assert f"{tmp_path} is no run" in capsys.readouterr().err


def test_an_ensemble_is_not_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["train", str(RECIPES / "patch-ensemble.toml"), "--data", str(tmp_path), "--weights", str(tmp_path)]
    assert main(asked) == 2
    assert "an ensemble is not trained; 'promote' makes a model" in capsys.readouterr().err


def test_a_run_is_resumed_as_it_was_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (RECIPES / "cnn-3class.toml").read_text(encoding="utf-8")
    run = new_run(tmp_path, "cnn", "1", title="", data="", recipe=text)
    assert main(["train", "--resume", str(run.folder), "--epochs", "3", "--queue"]) == 2
    assert "--queue, --epochs: a run is resumed as it was begun" in capsys.readouterr().err
    assert main(["train", "--resume", str(run.folder), "--fold", "3"]) == 2
    assert "--fold: " in (said := capsys.readouterr().err)
    assert "'classifier', which has no folds to choose from" in said


def test_no_folds_are_added_to_a_run_that_is_at_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run(
        tmp_path, "tiny", "1", recipe=RECIPE, title="", data="", folds=5, epochs=2, only="0", status=Status.RUNNING
    )
    before = (run.folder / "run.json").read_bytes()
    with FileLock(run.folder / "lock"):
        ask_to_stop(run.folder)
        assert main(["train", "--resume", str(run.folder), "--fold", "1"]) == 2
    assert "a process is at work" in capsys.readouterr().err
    assert (run.folder / "run.json").read_bytes() == before  # which is its process's own
