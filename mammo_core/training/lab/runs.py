"""Run folders: what a training process says of itself as it goes, and what pages and the queue read of it. What its folds wrote: `records`.

Imports no Keras. A run's state is `run.json`, replaced whole; a wish to stop is the file STOP; whether its process lives is told by a
lock that the operating system frees when the process ends, however it ends. Reading changes nothing.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from filelock import FileLock, Timeout

from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.replacing import replace_text

RUNS = Path("runs")
"""Where runs lie unless the command line says otherwise."""
CACHE = ".cache"
"""Beside the runs: decoded pictures and their keypoints, shared by all of them."""
PICTURES = ("classifier", "patch", "tissue")
"""Kinds of recipes whose networks judge pictures."""
LEAKS = "It is not resumed: copies of a picture would stand on both sides of its split again. Put the data right, and start a new run."
"""Why a run that ended over copies is not resumed."""


class Status(StrEnum):
    """What a run is doing."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


class Stopped(Exception):
    """The run was asked to stop."""


@dataclass(frozen=True)
class Run:
    """One run's state; times are ISO 8601 in UTC, "" while they are not known.

    `data` is the path of the data, `weights` the folder of weights to start from ("" for none), `started_from` the weights
    that were truly used ("imagenet", "none", a file's name; "" before it began), `limit` the largest number of pictures
    taken, None for all, `drawn_from` a digest of their names, women and labels ("" before it is known). `fold` of `folds`
    is being fitted, counted from 0; `epoch` of `epochs` and `batch` of `batches` are done in it. `message` says in a
    sentence what goes on, or why a run stopped or failed; `step` of `steps` of what goes on are done, where that is known.
    `leaks` where it failed over copies of a picture on both sides of its split. `prepared` is a file of pictures that were prepared
    before, `only` the numbers of the folds that are fitted ("" for all), both of networks trained on patches.
    """

    folder: Path
    id: str
    recipe: str
    title: str
    data: str
    status: Status
    weights: str = ""
    started_from: str = ""
    limit: int | None = None
    pid: int | None = None
    created: str = ""
    started: str = ""
    ended: str = ""
    fold: int = 0
    folds: int = 1
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    drawn_from: str = ""
    seconds_per_epoch: float = 0.0
    message: str = ""
    step: int = 0
    steps: int = 0
    leaks: bool = False
    prepared: str = ""
    only: str = ""

    @property
    def wanted(self) -> list[int]:
        """The folds that are fitted, in order."""
        return [int(fold) for fold in self.only.split()] or list(range(self.folds))

    @property
    def fold_folders(self) -> list[Path]:
        """The folds begun so far, in order."""
        return [each for fold in range(self.folds) if (each := self.folder / f"fold{fold}").is_dir()]

    @property
    def epochs_wanted(self) -> int:
        """Of all the folds that are fitted, at most."""
        return len(self.wanted) * self.epochs

    @property
    def epochs_done(self) -> float:
        """How many of those lie behind it, with the part of the one that it is at."""
        before = sum(fold < self.fold for fold in self.wanted)
        return before * self.epochs + self.epoch + (self.batch / self.batches if self.batches else 0.0)

    @property
    def seconds_left(self) -> float | None:
        """At most this long, if every epoch takes as long as the last; None before one has been measured."""
        if not self.seconds_per_epoch:
            return None
        return max(0.0, self.epochs_wanted - self.epochs_done) * self.seconds_per_epoch


def now() -> str:
    """This moment, ISO 8601 in UTC, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_run(
    root: Path,
    name: str,
    version: str,
    *,
    out: Path | None = None,
    recipe: str = "",
    status: Status = Status.QUEUED,
    **known: Any,
) -> Run:
    """Make the folder of a new run: `root`/<name>-<version>-<time>, or `out`. `recipe` is its text, `known` are fields of `Run`.

    Raises ValueError if `out` holds a run already.
    """
    if out is not None and (out / "run.json").exists():
        raise ValueError(f"{out} holds a run already; choose another folder, or resume it")
    folder = out or _free(root / f"{name}-{version}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    folder.mkdir(parents=True, exist_ok=True)
    if recipe:
        replace_text(folder / "recipe.toml", recipe)
    run = Run(folder, folder.name, name, status=status, created=now(), **known)
    write_run(run)
    return run


def _free(folder: Path) -> Path:
    """Two runs of one second get numbers."""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}-{number}")
    return free


def write_run(run: Run) -> None:
    """Write run.json, whole or not at all. Only the run's own process does this, or who queues it."""
    table = {key: value for key, value in asdict(run).items() if key != "folder"}
    replace_text(run.folder / "run.json", json.dumps(table, indent=1) + "\n")


def read_run(folder: Path) -> Run:
    """Read a run as it truly stands: one whose process is gone has failed or stopped, whatever its file says.

    Raises ValueError where `folder` holds no run.
    """
    try:
        table = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        known = {field.name for field in fields(Run)}
        run = Run(folder, **{key: value for key, value in table.items() if key in known})
        run = replace(run, status=Status(run.status))
        for name, kind in _kinds().items():
            if not isinstance(getattr(run, name), float | int if kind is float else kind):
                raise TypeError(f"{name} is of another kind")
        if not set(run.wanted) <= set(range(run.folds)):
            raise ValueError("only names folds that there are not")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ValueError(f"{folder} holds no run") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder / 'run.json'} is damaged: the run cannot be read") from error
    wish = stop_asked(folder)
    if run.status is Status.QUEUED and wish:
        return replace(run, status=Status.STOPPED, message="Taken out of the queue.")
    if run.status is not Status.RUNNING:
        return run
    if is_alive(folder):
        return replace(run, status=Status.STOPPING) if wish else run
    fresh = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if fresh["status"] != Status.RUNNING:  # it ended between the two looks
        return read_run(folder)
    if wish:
        return replace(run, status=Status.STOPPED, message="Its process was ended. It can be resumed.")
    return replace(run, status=Status.FAILED, message="Its process ended without a word. It can be resumed.")


@cache
def _kinds() -> dict[str, Any]:
    return get_type_hints(Run)


def list_runs(root: Path = RUNS) -> list[Run]:
    """Every run under `root` that can be read, newest first: one that is damaged does not hide the others."""
    runs = []
    for path in root.glob("*/run.json"):
        with suppress(ValueError):
            runs.append(read_run(path.parent))
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)


def find_run(root: Path, name: str) -> Path:
    """The folder under `root` of the run that a recipe names: the one of that name, else the newest that is done of that recipe.

    Raises ValueError where there is none.
    """
    if (root / name).is_dir():
        return root / name
    of_recipe = re.compile(rf"{re.escape(name)}-\d{{8}}-\d{{6}}(-\d+)?")
    for run in list_runs(root):
        if run.status is Status.DONE and of_recipe.fullmatch(run.id):
            return run.folder
    raise ValueError(f"{root} holds no run {name}, and none of that recipe that is done; train it first")


@dataclass(frozen=True)
class Ledger:
    """The runs of a folder, newest first: of `networks` that judge pictures, of those that judge `features`; and what is `damaged`.

    Those are the names of folders whose run or recipe cannot be read.
    """

    networks: list[Run]
    features: list[Run]
    damaged: list[str]


def read_ledger(root: Path = RUNS) -> Ledger:
    """Read every run under `root` once."""
    found = list_runs(root)
    kind = {run.folder: _kind(run.folder) for run in found}
    networks = [run for run in found if kind[run.folder] in PICTURES]
    features = [run for run in found if kind[run.folder] == "features"]
    whole = {run.folder for run in (*networks, *features)}
    damaged = sorted(path.parent.name for path in root.glob("*/run.json") if path.parent not in whole)
    return Ledger(networks, features, damaged)


def _kind(folder: Path) -> str:
    """The kind of a run's recipe; "" where that is gone or damaged."""
    with suppress(FileNotFoundError, ValueError):
        return kind_of(folder / "recipe.toml")
    return ""


def refuse_leak(run: Run) -> None:
    """Raise ValueError for a run that ended over copies: it would again."""
    if run.leaks:
        raise ValueError(f"{run.id} has failed. {LEAKS}")


def lacking(run: Run) -> list[Path]:
    """What a run that is done should hold and does not: predictions of a fold, its report."""
    wanted = [run.folder / f"fold{fold}" / "predictions.csv" for fold in run.wanted]
    return [path for path in (*wanted, run.folder / "report.json") if not path.is_file()]


def lock(folder: Path) -> FileLock:
    """The lock that a run's process holds as long as it lives."""
    return FileLock(folder / "lock")


def is_alive(folder: Path) -> bool:
    """Whether a process works on the run. In a folder that cannot be written to nobody can ask, and what run.json says is believed."""
    if not (folder / "lock").exists():
        return False
    try:
        with lock(folder).acquire(blocking=False):
            return False
    except (Timeout, OSError):
        return True


def ask_to_stop(folder: Path) -> None:
    """Ask the run to stop after the batch it is at; a queued one leaves the queue."""
    (folder / "STOP").touch()


def stop_asked(folder: Path) -> bool:
    """Whether the run was asked to stop."""
    return (folder / "STOP").exists()
