from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mammo_core.training.lab import queue, records, runs
from mammo_core.training.lab.runs import Run, Status, list_runs, new_run, read_run, write_run
from tests.training.bench.tiny import data_folder, recipe

PATIENCE = 600.0
"""Seconds for what takes ten on an idle machine."""


def _until(true: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        log = folder / "errors.txt"
        assert time.monotonic() < end, log.read_text() if log.exists() else "it took too long"
        time.sleep(0.1)


def _run(root: Path, **known: object) -> Run:
    return new_run(root, "tiny", "1", **{"title": "Tiny", "data": "x", **known})  # type: ignore[arg-type]


def test_a_run_whose_process_is_gone_has_failed_or_stopped(tmp_path: Path) -> None:
    run = _run(tmp_path)
    assert read_run(run.folder).status is Status.QUEUED
    write_run(replace(run, status=Status.RUNNING))
    with runs.lock(run.folder):
        assert read_run(run.folder).status is Status.RUNNING
        runs.ask_to_stop(run.folder)
        assert read_run(run.folder).status is Status.STOPPING
    assert read_run(run.folder).status is Status.STOPPED
    (run.folder / "STOP").unlink()
    assert read_run(run.folder).status is Status.FAILED
    assert "resumed" in read_run(run.folder).message


def test_two_runs_of_one_second_have_folders_of_their_own_and_the_newest_is_listed_first(tmp_path: Path) -> None:
    made = [_run(tmp_path), _run(tmp_path)]
    assert len({run.id for run in made}) == 2
    assert {run.id for run in list_runs(tmp_path)} == {run.id for run in made}
    with pytest.raises(ValueError, match="holds a run already"):
        _run(tmp_path, out=made[0].folder)
    with pytest.raises(ValueError, match="holds no run"):
        read_run(tmp_path)


def test_a_run_that_is_damaged_is_named_and_does_not_hide_the_others(tmp_path: Path) -> None:
    whole, torn = (_run(tmp_path, recipe='kind = "classifier"') for _ in range(2))
    known = json.loads((torn.folder / "run.json").read_text())
    wrong = (json.dumps(known | {"folds": "x"}), json.dumps(known | {"limit": 1.5}), json.dumps(known | {"data": None}))
    wrong = (*wrong, *(json.dumps(known | {"folds": 5, "only": only}) for only in ("0 x", "0 5")))
    for text in ("[]", '{"id": "x"', "{}", *wrong):
        (torn.folder / "run.json").write_text(text)
        with pytest.raises(ValueError, match=r"run\.json is damaged"):
            read_run(torn.folder)
        assert [run.id for run in list_runs(tmp_path)] == [whole.id]
        assert runs.read_ledger(tmp_path).damaged == [torn.id]


@pytest.mark.parametrize("recipe", [None, b"kind = ", b"\xff"])
def test_a_run_whose_recipe_is_damaged_is_of_no_kind_and_holds_up_no_queue(
    tmp_path: Path, recipe: bytes | None
) -> None:
    whole, torn = (_run(tmp_path, recipe='kind = "classifier"') for _ in range(2))
    assert queue.waiting(tmp_path) == [whole, torn]
    path = torn.folder / "recipe.toml"
    path.unlink() if recipe is None else path.write_bytes(recipe)
    assert queue.waiting(tmp_path) == runs.read_ledger(tmp_path).networks == [whole]
    assert runs.read_ledger(tmp_path).damaged == [torn.id]


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (dict.fromkeys(records.NEEDED[2:], "a"), "lacks file, dataset$"),
        (dict.fromkeys((*records.NEEDED, "scanner"), "a"), "no column scanner$"),
    ],
)
def test_a_prediction_that_lacks_a_column_or_has_one_too_many_is_not_written(
    tmp_path: Path, about: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        records.write_predictions(tmp_path, ("benign", "malignant"), [(about, (0.25, 0.75))])
    assert not (tmp_path / "predictions.csv").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "", r"predictions\.csv is damaged: it holds no predictions"),
        (lambda text: text[:-8], r"predictions\.csv, row 3: the row is not whole"),
        (lambda text: text.replace("0.250000", "nan"), r"predictions\.csv, row 2: the row is not whole"),
    ],
)
def test_torn_predictions_are_named(tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    fold = tmp_path / "fold0"
    fold.mkdir()
    about = dict.fromkeys(records.NEEDED, "") | {"file": "a.png"}
    records.write_predictions(fold, ("benign", "malignant"), [(about, (0.25, 0.75)), (about, (0.5, 0.5))])
    assert records.read_predictions(tmp_path).score.tolist() == [0.75, 0.5]
    path = fold / "predictions.csv"
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=said):
        records.read_predictions(tmp_path)


def test_time_left_counts_the_folds_to_come(tmp_path: Path) -> None:
    run = replace(_run(tmp_path), folds=2, epochs=4, fold=0, epoch=1, batch=5, batches=10, seconds_per_epoch=10.0)
    assert run.seconds_left == pytest.approx(65)
    assert replace(run, seconds_per_epoch=0.0).seconds_left is None
    some = replace(run, folds=5, only="0 2", fold=2)
    assert (some.epochs_wanted, some.epochs_done, some.seconds_left) == (8, 5.5, pytest.approx(25))


def test_a_run_can_leave_the_queue_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []
    monkeypatch.setattr(queue, "_start_runner", started.append)
    first = queue.enqueue(recipe(), data_folder(tmp_path / "data", 2), tmp_path / "runs")
    second = queue.enqueue(recipe(), tmp_path / "data", tmp_path / "runs")
    assert [run.id for run in queue.waiting(tmp_path / "runs")] == [first.id, second.id]
    with pytest.raises(ValueError, match="nothing to resume"):
        queue.resume(first.folder)
    queue.stop(first.folder)
    assert [run.id for run in queue.waiting(tmp_path / "runs")] == [second.id]
    queue.resume(first.folder)
    assert len(queue.waiting(tmp_path / "runs")) == 2
    queue.see_to(tmp_path / "runs")
    queue.see_to(tmp_path / "runs")
    assert len(started) == 4, "a server that does not stay is not started at every look"
    with pytest.raises(FileNotFoundError):
        queue.enqueue(recipe(), tmp_path / "nothing", tmp_path / "runs")


def test_a_run_waits_until_a_search_beside_it_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = runs.lock(tmp_path / "tune-tiny-1")
    begun: list[bool] = []

    def started(run: Run) -> None:
        begun.append(search.is_locked)
        queue.stop(run.folder)

    def ends(seconds: float) -> None:
        search.release()

    (tmp_path / "tune-tiny-1").mkdir()
    monkeypatch.setattr(queue, "_run", started)
    monkeypatch.setattr(queue.time, "sleep", ends)
    _run(tmp_path, recipe='kind = "classifier"')
    with search:
        queue.serve(tmp_path)
    assert begun == [False]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs, of which none is left at work."""
    yield tmp_path / "runs"
    for run in list_runs(tmp_path / "runs"):
        queue.stop(run.folder)


@pytest.mark.slow
def test_runs_wait_for_each_other_stop_die_and_are_resumed(root: Path, tmp_path: Path) -> None:
    data = data_folder(tmp_path / "data")
    long = recipe(training__epochs=100000, size=[32, 32])
    short = recipe(training__epochs=1, size=[32, 32])
    first = queue.enqueue(long, data, root).folder
    second = queue.enqueue(short, data, root).folder
    _until(lambda: read_run(first).epoch > 1, first)
    assert read_run(second).status is Status.QUEUED, "one at a time"
    with pytest.raises(ValueError, match="running"):
        queue.resume(first)

    pid = read_run(first).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _until(lambda: read_run(first).status is Status.FAILED, first)
    _until(lambda: read_run(second).status is Status.DONE, second)
    assert (second / "fold0" / "predictions.csv").is_file()

    epoch = read_run(first).epoch
    queue.resume(first)
    _until(lambda: read_run(first).epoch > epoch, first)
    queue.stop(first)
    _until(lambda: read_run(first).status is Status.STOPPED, first)
    history = records.read_history(first / "fold0")["epoch"]
    assert history.tolist() == list(range(1, len(history) + 1))
    assert not queue.waiting(root)
