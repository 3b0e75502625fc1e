"""The lab's queue: runs wait in their folders, and one small process starts them, oldest first, one at a time, and none beside a search.

That process (`python -m mammo_core.training.lab.queue RUNS`) and the runs it starts belong to no terminal and no app: closing either ends
none of them. It leaves when nothing waits; whoever queues a run, or shows the queue, sees to it that it is there. No Keras here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from mammo_core.training.lab.runs import (
    RUNS,
    Run,
    Status,
    ask_to_stop,
    is_alive,
    lacking,
    list_runs,
    new_run,
    now,
    read_ledger,
    read_run,
    refuse_leak,
    write_run,
)
from mammo_core.training.recipes import Trained
from mammo_core.training.recipes.checking import written

_ROOT = Path(__file__).resolve().parents[3]
_LOOK = 0.5
"""Seconds between two looks at a run that is at work."""
_AGAIN = 30.0
"""Seconds before a queue whose server did not stay is seen to again: on a full disk none does, and a page looks every other second."""
_started: list[subprocess.Popen[bytes]] = []
_seen_to: dict[Path, float] = {}


def prepare(
    recipe: Trained, data: Path | str, root: Path = RUNS, *, status: Status = Status.QUEUED, **known: Any
) -> Run:
    """The folder of a new run with its recipe in it. `data` are a path, or words for what no path leads to; `known` are `out` of
    `new_run`, and `weights`, `limit`, `prepared`, `only` of `Run`.

    Raises FileNotFoundError where there are no data.
    """
    if isinstance(data, Path) and not data.exists():
        raise FileNotFoundError(f"{data} does not exist")
    return new_run(
        root,
        recipe.name,
        recipe.version,
        recipe=written(recipe),
        status=status,
        title=recipe.title,
        data=str(data.resolve() if isinstance(data, Path) else data),
        folds=recipe.folds,
        epochs=recipe.epochs,
        **known,
    )


def enqueue(recipe: Trained, data: Path | str, root: Path = RUNS, **known: Any) -> Run:
    """Queue a new run of a recipe on the data set or sets at `data`; arguments and errors as of `prepare`."""
    run = prepare(recipe, data, root, **known)
    _start_runner(root)
    return run


def can_resume(run: Run) -> bool:
    """Whether a run was stopped, has failed in a way that it need not fail again, or is done and has lost what it had made."""
    broken_off = run.status in (Status.STOPPED, Status.FAILED) and not run.leaks
    return broken_off or (run.status is Status.DONE and bool(lacking(run)))


def resume(folder: Path) -> Run:
    """Queue a run that `can_resume`. Raises ValueError where it is at work, waits, or is done."""
    run = read_run(folder)
    refuse_leak(run)
    if not can_resume(run):
        raise ValueError(f"{run.id} is {run.status}: there is nothing to resume")
    (folder / "STOP").unlink(missing_ok=True)
    run = replace(run, status=Status.QUEUED, pid=None, ended="", message="")
    write_run(run)
    _start_runner(folder.parent)
    return run


def stop(folder: Path) -> None:
    """Ask a run to stop after the batch it is at, or take it out of the queue."""
    ask_to_stop(folder)


def waiting(root: Path = RUNS) -> list[Run]:
    """The runs in the queue, the next one first."""
    found = read_ledger(root)
    queued = [run for run in (*found.networks, *found.features) if run.status is Status.QUEUED]
    return sorted(queued, key=lambda run: (run.created, run.id))


def searches(root: Path = RUNS) -> list[str]:
    """The names of the folders in which `tune` is at work: its trials are no runs of `root`, and the queue waits for them."""
    return sorted(path.parent.name for path in root.glob("tune-*/lock") if is_alive(path.parent))


def see_to(root: Path = RUNS) -> None:
    """Have the queue served where runs wait in it: a machine that was restarted goes on with it."""
    with suppress(OSError):  # runs that cannot be written to are looked at, and wait
        soon = time.monotonic() - _seen_to.get(root, -_AGAIN) < _AGAIN
        if not soon and root.is_dir() and waiting(root) and not _lock(root).is_locked_elsewhere():
            _seen_to[root] = time.monotonic()
            _start_runner(root)


class _Lock(FileLock):
    """The lock that whoever serves the queue holds."""

    def is_locked_elsewhere(self) -> bool:
        """Whether another process serves it."""
        try:
            with self.acquire(blocking=False):
                return False
        except Timeout:
            return True


def _lock(root: Path) -> _Lock:
    (root / ".queue").mkdir(parents=True, exist_ok=True)
    return _Lock(root / ".queue" / "lock")


def _start_runner(root: Path) -> None:
    """Start a server of the queue; where there is one already, it leaves again at once."""
    _started[:] = [each for each in _started if each.poll() is None]
    _started.append(_detached(["-m", __spec__.name, str(root.resolve())], root / ".queue" / "errors.txt"))


def _detached(arguments: list[str], errors: Path, more: Mapping[str, str] = os.environ) -> subprocess.Popen[bytes]:
    errors.parent.mkdir(parents=True, exist_ok=True)
    with errors.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=_ROOT,
            env={**more, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
        )


def serve(root: Path) -> None:
    """Start what waits, one after the other, until nothing does; leave at once where another process serves the queue."""
    while waiting(root):
        try:
            with _lock(root).acquire(blocking=False):
                while queued := waiting(root):
                    if searches(root) or any(is_alive(run.folder) for run in list_runs(root)):
                        time.sleep(_LOOK)
                    else:
                        _run(queued[0])
        except Timeout:
            return  # whoever serves it looks once more after letting go of the lock


def _run(run: Run) -> None:
    """Fit one run in a process of its own, and wait for it; one that cannot even begin has failed."""
    errors = run.folder / "errors.txt"
    process = _detached(["-m", "mammo_core", "train", "--queued", "--resume", str(run.folder)], errors)
    process.wait()
    try:
        after = read_run(run.folder)
    except ValueError:  # somebody took it away; the next one is not to wait for that
        return
    if after.status is Status.QUEUED:
        said = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["It could not be started."]
        write_run(replace(after, status=Status.FAILED, ended=now(), message=said[-1]))


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
