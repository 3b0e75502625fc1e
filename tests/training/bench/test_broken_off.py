"""What happens to real processes: full disks, folders that cannot be written to, files that are gone, work taken up again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mammo_core.cli import main
from mammo_core.exam import Refusal
from mammo_core.training import duplicates, tune
from mammo_core.training.bench import pictures
from mammo_core.training.bench.pictures import decode
from mammo_core.training.datasets import Row
from mammo_core.training.lab import queue, records, runs
from mammo_core.training.lab.runs import Run, Status, list_runs, new_run, read_run
from mammo_core.training.machine import enough_room, in_words
from mammo_core.training.progress import Progress
from mammo_core.training.recipes.checking import written
from mammo_core.training.replacing import replacing
from tests.training.bench.tiny import data_folder, recipe

FULL = "no space is left on the disk"


def _full(*_arguments: Any, **_named: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _run(root: Path, **known: Any) -> Run:
    return new_run(root, "tiny", "1", recipe='kind = "classifier"', title="Tiny", data="x", **known)


def _toml(folder: Path, **changes: object) -> Path:
    path = folder / "tiny.toml"
    path.write_text(written(recipe(size=[32, 32], **changes)), encoding="utf-8")
    return path


class _OfALibrary(Exception):
    """Neither an OSError nor a ValueError."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "Can't synchronously write data (file write failed: time = Sun"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        _OfALibrary("Error while serializing: I/O error: No space left on device (os error 28)"),
        _OfALibrary("/reading-room/fold0/tensorboard/events.out; No space left on device"),
    ],
)
def test_a_full_disk_is_said_to_be_one_whatever_library_met_it(error: Exception) -> None:
    with pytest.raises(OSError, match=FULL) as told, enough_room():
        raise error
    assert in_words(told.value) == FULL
    with pytest.raises(_OfALibrary, match="else"), enough_room():
        raise _OfALibrary("something else")


def test_what_could_not_be_written_leaves_what_was_there_and_takes_no_room(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("whole")

    def write() -> None:
        with replacing(path) as half:
            half.write_text("ha")
            _full()

    with pytest.raises(OSError, match="No space"):
        write()
    assert [each.name for each in tmp_path.iterdir()] == ["history.csv"]
    assert path.read_text() == "whole"


@pytest.mark.parametrize("torn", ["pixels", "index.jsonl"])
def test_a_disk_that_fills_up_while_decoding_costs_what_was_decoded_before_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    paths = sorted(data_folder(tmp_path / "data", 6).rglob("*.png"))
    first = decode(paths[:2], (20, 20), "whole", tmp_path / "cache")
    store = tmp_path / "cache" / f"whole-20x20-{pictures.MAKING}"
    before = {name: (store / name).read_bytes() for name in ("pixels", "index.jsonl")}
    opened = Path.open

    def short(path: Path, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        stream = opened(path, mode, *arguments, **named)
        if path.name == torn and mode != "r":
            stream.seek(0, os.SEEK_END)
            stream.write("torn" if torn == "index.jsonl" else b"torn")
            stream.close()
            _full()
        return stream

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", short)
        with pytest.raises(OSError, match="No space"):
            decode(paths, (20, 20), "whole", tmp_path / "cache")
    assert {name: (store / name).read_bytes() for name in before} == before
    heard: list[str] = []
    again = decode(paths, (20, 20), "whole", tmp_path / "cache", heard.append)
    assert heard == ["decoded 4 of 4 pictures"]
    assert (again.store[again.slot[:2]] == first.store[first.slot]).all()


def test_a_file_over_which_a_process_was_ended_once_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(data_folder(tmp_path / "data", 2).rglob("*.png"))
    asked, read = [], pictures.Reader.read

    def ended(reader: pictures.Reader, name: str, data: bytes, **named: Any) -> Any:
        asked.append(name)
        if asked.count(name) == 1:
            return iter([Refusal(name, "too_much_memory", "It takes too much memory.")])
        return read(reader, name, data, **named)

    monkeypatch.setattr(pictures.Reader, "read", ended)
    assert decode(paths, (20, 20), "whole", tmp_path / "cache").refused == ()
    assert len(asked) == 4


def test_copies_are_looked_for_in_every_picture_or_the_search_fails(tmp_path: Path) -> None:
    rows = [
        Row(path, path.name, "set", f"w{number}", "benign")
        for number, path in enumerate(sorted(data_folder(tmp_path / "data", 4).rglob("*.png")))
    ]
    sides, cache = ["train", "train", "test", "test"], tmp_path / "cache"
    duplicates.require_clean(rows, sides, cache)
    kept = sorted(cache.rglob("*.npz"))
    whole = kept[0].read_bytes()
    for damage in (b"", whole[:100], b"PK nothing"):
        kept[0].write_bytes(damage)
        duplicates.require_clean(rows, sides, cache)
        assert kept[0].read_bytes()[:4] == whole[:4], "what a failing machine had torn was made anew"

    def stop(at: Progress) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        duplicates.require_clean(rows, sides, cache, stop)
    rows[2].path.unlink()
    with pytest.raises(FileNotFoundError, match="no longer there") as gone:
        duplicates.require_clean(rows, sides, cache)
    assert in_words(gone.value) == f"{rows[2].path}: the file is no longer there"


def test_runs_in_a_folder_that_cannot_be_written_to_can_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work = _run(tmp_path, status=Status.RUNNING)
    waiting = _run(tmp_path)
    with runs.lock(at_work.folder):
        pass

    def refused(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("filelock.BaseFileLock.acquire", refused)
    monkeypatch.setattr(queue, "_start_runner", refused)
    assert {run.id: run.status for run in list_runs(tmp_path)} == {
        at_work.id: Status.RUNNING,
        waiting.id: Status.QUEUED,
    }
    queue.see_to(tmp_path)


def test_a_run_taken_out_while_the_queue_starts_it_is_not_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _run(tmp_path)
    queue.stop(run.folder)
    assert main(["train", "--queued", "--resume", str(run.folder)]) == 2
    assert "taken out of the queue" in capsys.readouterr().err
    assert read_run(run.folder).status is Status.STOPPED
    assert runs.stop_asked(run.folder), "the wish was not forgotten"


def test_a_search_goes_on_with_the_trial_it_was_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = {"training.rate": {"low": 1e-3, "high": 1e-1, "log": True}, "training.optimizer": ["adam", "sgd"]}
    path, data, out = _toml(tmp_path, tune=ranges), data_folder(tmp_path / "data", 2), tmp_path / "runs"
    worked: list[str] = []

    def trial(folder: Path, _trial: object, ends: Callable[[], float] = lambda: 0.7) -> float:
        worked.append(folder.name)
        return ends()

    def killed() -> float:
        raise KeyboardInterrupt

    def one_class() -> float:
        raise ValueError("the validation women are of one class")

    monkeypatch.setattr(tune, "_worked", lambda folder, each: trial(folder, each, one_class))
    with pytest.raises(ValueError, match="no trial came to an end"):
        tune.tune(path, data, 1, out)
    for end in (killed, _full):
        monkeypatch.setattr(tune, "_worked", lambda folder, each, end=end: trial(folder, each, end))
        with pytest.raises((KeyboardInterrupt, OSError)):
            tune.tune(path, data, 3, out)
    folder = out / "tune-tiny-1"
    tried = (folder / "trial001" / "recipe.toml").read_text()
    with (folder / "study.log").open("a") as journal:
        journal.write('{"op_code": 4, "wor')  # torn by a full disk
    monkeypatch.setattr(tune, "_worked", trial)
    with runs.lock(folder), pytest.raises(ValueError, match="a search is at work"):
        tune.tune(path, data, 3, out)
    tune.tune(path, data, 3, out)
    tune.tune(path, data, 3, out)
    assert worked == ["trial000", "trial001", "trial001", "trial001", "trial002"]
    assert (folder / "trial001" / "recipe.toml").read_text() == tried
    tune.tune(path, data, 3, tmp_path / "uninterrupted")
    for each in sorted((tmp_path / "uninterrupted").glob("*/trial*/recipe.toml")):
        assert each.read_text() == (folder / each.parent.name / "recipe.toml").read_text()


def test_a_run_outlives_a_full_disk_and_the_loss_of_what_it_had_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from mammo_core.training.bench import fit

    arguments = ["crossval", str(_toml(tmp_path)), "--data", str(data_folder(tmp_path / "data"))]
    arguments += ["--out", str(tmp_path / "runs"), "--epochs", "2", "--folds", "2"]
    saved = fit.save

    def short(model: Any, path: Path) -> None:
        if path.name == records.CHECKPOINT and len(records.read_history(path.parent)["epoch"]) == 2:
            with replacing(path) as half:
                half.write_bytes(b"half of it")
                _full()
        saved(model, path)

    monkeypatch.setattr(fit, "save", short)
    assert main(arguments) == 2
    said = capfd.readouterr().err
    assert said.strip().endswith(f"mammo_core crossval: {FULL}")
    assert "Traceback" not in said
    (run,) = list_runs(tmp_path / "runs")
    assert (run.status, run.message) == (Status.FAILED, FULL)
    assert not list(run.folder.rglob("half.*"))
    assert (run.folder / "fold0" / records.CHECKPOINT).is_file(), "the epoch before is kept"

    monkeypatch.setattr(fit, "save", saved)
    (run.folder / "fold0" / f"half.1.{records.CHECKPOINT}").write_bytes(b"of a process that was killed")
    again = ["train", "--resume", str(run.folder)]
    assert main(again) == 0
    assert read_run(run.folder).status is Status.DONE
    assert not list(run.folder.rglob("half.*"))

    fold = run.folder / "fold1"
    whole, learned = (fold / "predictions.csv").read_text(), (fold / "history.csv").read_text()
    (fold / "predictions.csv").unlink()
    (run.folder / "fold0" / records.CHECKPOINT).write_bytes(b"of a process that ended before it took this away")
    assert main(["evaluate", str(run.folder)]) == 0
    assert "Of 2 folds these have no predictions and are not judged: fold1." in capfd.readouterr().out
    monkeypatch.setattr(fit.records, "write_history", lambda *_: pytest.fail("it was trained again"))
    assert main(again) == 0
    assert (fold / "predictions.csv").read_text() == whole
    assert (fold / "history.csv").read_text() == learned
    assert not list(run.folder.rglob(records.CHECKPOINT))
    (run.folder / "report.json").unlink()
    assert main(again) == 0
    assert main(again) == 2
    assert "nothing to resume" in capfd.readouterr().err


def test_a_checkpoint_that_the_machine_fails_to_read_is_not_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammo_core.training.bench import fit

    class Model:
        def load_weights(self, path: Path) -> None:
            raise self.error

        error: Exception = MemoryError()

    model = Model()
    for error in (MemoryError(), OSError(errno.EIO, "Input/output error")):
        model.error = error
        with pytest.raises(type(error)):
            fit._read_back(model, tmp_path / records.CHECKPOINT)
    model.error = OSError("Unable to synchronously open file (truncated file)")
    with pytest.raises(fit._Damaged):
        fit._read_back(model, tmp_path / records.CHECKPOINT)


def test_a_run_that_is_done_can_be_queued_for_what_it_has_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "_start_runner", lambda root: None)
    run = _run(tmp_path, status=Status.DONE)
    assert [path.name for path in runs.lacking(run)] == ["predictions.csv", "report.json"]
    (run.folder / "fold0").mkdir()
    for path in runs.lacking(run):
        path.touch()
    with pytest.raises(ValueError, match="nothing to resume"):
        queue.resume(run.folder)
    (run.folder / "report.json").unlink()
    assert queue.resume(run.folder).status is Status.QUEUED


def test_where_nothing_can_be_written_down_what_ended_the_run_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammo_core.training import work

    run = _run(tmp_path, status=Status.STOPPED)

    def ends(diary: work.Diary) -> None:
        monkeypatch.setattr(runs, "write_run", _full)
        raise ValueError("no picture is left to learn from")

    monkeypatch.setattr(work, "_fitting", lambda folder: ends)
    with pytest.raises(ValueError, match="no picture is left"):
        work.work(run.folder)
    assert read_run(run.folder).message == "Its process ended without a word. It can be resumed."
