"""The search over a recipe's ranges: what it may try, what it asks, and that it goes on where it was."""

from __future__ import annotations

from math import nan
from pathlib import Path

import optuna
import pytest
from filelock import FileLock

from mammo_core.training import tune as searching
from mammo_core.training.lab import queue, records, runs
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.checking import written
from mammo_core.training.recipes.classifier import Range
from mammo_core.training.tune import one_fold, suggested, tune, value_of
from tests.training.bench.tiny import data_folder, recipe

RANGES = {"training.rate": {"low": 1e-3, "high": 1e-1, "log": True}, "training.optimizer": ["adam", "sgd"]}


def test_values_lie_in_their_ranges() -> None:
    fixed = optuna.trial.FixedTrial({"rate": 0.01, "batch": 16, "optimizer": "sgd"})
    assert suggested(fixed, "rate", Range(1e-3, 1e-1, log=True)) == 0.01
    assert suggested(fixed, "batch", Range(8, 32)) == 16
    assert suggested(fixed, "optimizer", Range(choices=("adam", "sgd"))) == "sgd"
    drawn = optuna.create_study().ask()
    assert isinstance(suggested(drawn, "batch", Range(8, 32)), int)
    assert isinstance(suggested(drawn, "rate", Range(0.0, 1.0)), float)


def test_of_folds_the_first_alone_is_fitted_and_somebody_must_be_watched() -> None:
    found = one_fold(recipe(protocol={"kind": "folds", "k": 4, "validation": 0.2}))
    assert (found.protocol.kind, found.protocol.share, found.protocol.validation) == ("holdout", 0.25, 0.2)
    with pytest.raises(ValueError, match="needs women to watch"):
        one_fold(recipe(protocol__validation=0.0))


def test_the_best_auc_counts_and_without_any_that_is_said() -> None:
    assert value_of({"val_auc": [0.6, nan, 0.8, 0.7]}) == 0.8
    with pytest.raises(ValueError, match="of one class"):
        value_of({"val_auc": [nan]})


def test_a_recipe_without_ranges_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(written(recipe()), encoding="utf-8")
    with pytest.raises(ValueError, match=r"has no \[tune\] ranges"):
        tune(path, tmp_path, 1, tmp_path)


def test_a_search_writes_its_best_recipe_and_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(written(recipe(tune=RANGES, training__epochs=1)), encoding="utf-8")
    data = data_folder(tmp_path / "data", 24)
    tune(path, data, 1, tmp_path / "runs")
    best = tune(path, data, 2, tmp_path / "runs")
    assert sorted(each.name for each in best.parent.glob("trial*")) == ["trial000", "trial001"]
    tried = [recipes.read_one(each / "recipe.toml") for each in sorted(best.parent.glob("trial*"))]
    values = [value_of(records.read_history(each / "fold0")) for each in sorted(best.parent.glob("trial*"))]
    assert recipes.read_one(best).training == tried[values.index(max(values))].training
    assert 1e-3 <= recipes.read_one(best).training.rate <= 1e-1
    assert recipes.read_one(best).tuned == data.name
    assert recipes.read_one(best.parent / "trial000" / "recipe.toml").tuned == ""


@pytest.fixture
def begun(tmp_path: Path) -> tuple[Path, Path, FileLock]:
    """A recipe with ranges, its data, and the lock of a run at work in the folder that the search is to go to."""
    path = tmp_path / "tiny.toml"
    path.write_text(written(recipe(tune=RANGES)), encoding="utf-8")
    run = runs.new_run(tmp_path / "runs", "other", "1", title="Other", data="x", out=tmp_path / "runs" / "other-1")
    return path, data_folder(tmp_path / "data", 2), runs.lock(run.folder)


def test_a_search_says_that_a_run_is_at_work_and_waits_until_it_ends(
    begun: tuple[Path, Path, FileLock], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, data, at_work = begun
    looked: list[list[str]] = []
    trials: list[bool] = []

    def sleep(seconds: float) -> None:
        looked.append(queue.searches(data.parent / "runs"))
        if len(looked) == 3:
            at_work.release()

    def worked(folder: Path, trial: optuna.Trial) -> float:
        trials.append(at_work.is_locked)
        return 0.5

    monkeypatch.setattr(searching.time, "sleep", sleep)
    monkeypatch.setattr(searching, "_worked", worked)
    with at_work:
        tune(path, data, 2, data.parent / "runs")
    assert trials == [False, False]
    assert looked == [["tune-tiny-1"]] * 3, "the queue begins no other run meanwhile"
    said = "One network learns at a time, and other-1 is at work: the search goes on after that.\n"
    assert capsys.readouterr().out.count(said) == 1


def test_a_search_that_waits_can_be_ended(begun: tuple[Path, Path, FileLock], monkeypatch: pytest.MonkeyPatch) -> None:
    path, data, at_work = begun

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(searching.time, "sleep", sleep)
    with at_work, pytest.raises(KeyboardInterrupt):
        tune(path, data, 1, data.parent / "runs")
    assert queue.searches(data.parent / "runs") == []


def test_a_search_that_was_begun_with_something_else_is_refused_and_says_what(tmp_path: Path) -> None:
    path, data = tmp_path / "tiny.toml", data_folder(tmp_path / "data", 8)
    path.write_text(written(recipe(tune=RANGES)), encoding="utf-8")
    # The search is begun, and ends before its first trial.
    for _ in range(2):
        with pytest.raises(ValueError, match="no trial came to an end"):
            tune(path, data, 0, tmp_path / "runs")
    with pytest.raises(ValueError, match="another data folder and another limit:"):
        tune(path, data_folder(tmp_path / "others", 8), 0, tmp_path / "runs", limit=4)
    with pytest.raises(ValueError, match="another folder of weights:"):
        tune(path, data, 0, tmp_path / "runs", weights=tmp_path)
    narrower = recipe(tune={**RANGES, "training.rate": {"low": 1e-2, "high": 1e-1, "log": True}})
    path.write_text(written(narrower), encoding="utf-8")
    with pytest.raises(ValueError, match="another recipe:"):
        tune(path, data, 0, tmp_path / "runs")
