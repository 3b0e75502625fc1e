"""Run folders: what a training process writes down as it goes, and what pages, judges and the queue read of it.

Imports no Keras. A run's state is `run.json`, replaced whole; a wish to stop is the file STOP; whether its process lives is told by a
lock that the operating system frees when the process ends, however it ends. Reading changes nothing.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from mammo_core.training.bench.recipe import kind_of
from mammo_core.training.replacing import replacing

RUNS = Path("runs")
"""Where runs lie unless the command line says otherwise."""
MEASURES = ("loss", "accuracy", "auc", "recall")
HISTORY = ("epoch", *MEASURES, *(f"val_{name}" for name in MEASURES), "rate", "seconds", "waiting_s")
"""Columns of history.csv: `seconds` of the whole epoch, `waiting_s` of it the network waited for training data."""
CHECKPOINT, NETWORK = "checkpoint.weights.h5", "network.weights.h5"
"""Of a fold: where a stopped one goes on, the optimizer's state included; and the best epoch's network, as `networks.build` makes it."""
ABOUT = ("file", "dataset", "patient_id", "laterality", "view", "age", "density", "machine", "site", "label", "part")
"""Columns of predictions.csv before the probabilities."""
PROBABILITY = "p_"
"""What a probability's column begins with; the class follows."""


class Status(StrEnum):
    """What a run is doing."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Run:
    """One run's state; times are ISO 8601 in UTC, "" while they are not known.

    `data` is the path of the data, `weights` the folder of weights to start from ("" for none), `started_from` the weights
    that were truly used ("imagenet", "none", a file's name; "" before it began), `limit` the largest number of pictures
    taken, None for all, `drawn_from` a digest of their names, women and labels ("" before it is known). `fold` of `folds`
    is being fitted, counted from 0; `epoch` of `epochs` and `batch` of `batches` are done in it. `message` says in a
    sentence what goes on, or why a run stopped or failed.
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

    @property
    def fold_folders(self) -> list[Path]:
        """The folds begun so far, in order."""
        return [each for fold in range(self.folds) if (each := self.folder / f"fold{fold}").is_dir()]

    @property
    def seconds_left(self) -> float | None:
        """At most this long, if every epoch takes as long as the last; None before one has been measured."""
        if not self.seconds_per_epoch:
            return None
        part = self.batch / self.batches if self.batches else 0.0
        left = (self.folds - self.fold) * self.epochs - self.epoch - part
        return max(0.0, left) * self.seconds_per_epoch


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
        for name, kind in get_type_hints(Run).items():
            if not isinstance(getattr(run, name), float | int if kind is float else kind):
                raise TypeError(f"{name} is of another kind")
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


def list_runs(root: Path = RUNS) -> list[Run]:
    """Every run under `root` that can be read, newest first: one that is damaged does not hide the others."""
    runs = []
    for path in root.glob("*/run.json"):
        with suppress(ValueError):
            runs.append(read_run(path.parent))
    return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)


def runs_of(kind: str, root: Path = RUNS) -> list[Run]:
    """Those of `list_runs` whose recipe is of this kind."""
    return [run for run in list_runs(root) if _kind(run.folder) == kind]


def damaged(root: Path = RUNS) -> list[str]:
    """Names of the runs under `root` that cannot be read, or whose recipe cannot."""
    whole = {run.folder for run in list_runs(root) if _kind(run.folder)}
    return sorted(path.parent.name for path in root.glob("*/run.json") if path.parent not in whole)


def _kind(folder: Path) -> str:
    """The kind of a run's recipe; "" where that is gone or damaged."""
    with suppress(FileNotFoundError, ValueError):
        return kind_of(folder / "recipe.toml")
    return ""


def lacking(run: Run) -> list[Path]:
    """What a run that is done should hold and does not: predictions of a fold, its report."""
    wanted = [run.folder / f"fold{fold}" / "predictions.csv" for fold in range(run.folds)]
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


def replace_text(path: Path, text: str) -> None:
    """Write a file by replacing it, so that a reader never sees half of it."""
    with replacing(path) as half:
        half.write_text(text, encoding="utf-8")


def read_history(fold: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of a fold's history.csv, (epochs,) each, as far as it is whole; empty columns before the first epoch has ended."""
    whole: list[list[float]] = []
    with suppress(ValueError, KeyError, TypeError):  # of a row that was torn
        for row in _rows(fold / "history.csv"):
            whole.append([float("nan" if row[name] == "" else row[name]) for name in HISTORY])
    return {name: np.array([row[place] for row in whole]) for place, name in enumerate(HISTORY)}


def write_history(fold: Path, history: Mapping[str, Sequence[float]]) -> None:
    """Write a fold's history.csv anew, one row an epoch."""
    rows = [HISTORY, *zip(*([_number(value) for value in history[name]] for name in HISTORY), strict=True)]
    replace_text(fold / "history.csv", "".join(",".join(row) + "\n" for row in rows))


def read_split(fold: Path) -> dict[str, str]:
    """The part (train, validation, test, outside) of every woman of a fold."""
    return {row["patient_id"]: row["part"] for row in _rows(fold / "split.csv")}


def write_split(fold: Path, split: Mapping[str, str]) -> None:
    """Write a fold's split.csv."""
    _write_rows(fold / "split.csv", ("patient_id", "part"), sorted(split.items()))


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the networks of a run said of n pictures they were not trained on.

    `classes` k names, `columns` those of `ABOUT` as (n,) strings, `probabilities` (n, k), `fold` (n,) whose network it was.
    """

    classes: tuple[str, ...]
    columns: dict[str, npt.NDArray[np.str_]]
    probabilities: npt.NDArray[np.float64]
    fold: npt.NDArray[np.int64]

    @property
    def score(self) -> npt.NDArray[np.float64]:
        """(n,) probability of the last class, which is what is looked for."""
        return self.probabilities[:, -1]


def write_predictions(
    fold: Path, classes: Sequence[str], rows: Iterable[tuple[Sequence[str], Sequence[float]]]
) -> None:
    """Write a fold's predictions.csv; a row is the values of `ABOUT`, and a probability for each class."""
    header = (*ABOUT, *(PROBABILITY + name for name in classes))
    _write_rows(fold / "predictions.csv", header, ((*about, *(f"{p:.6f}" for p in said)) for about, said in rows))


def read_predictions(run: Path, parts: Sequence[str] | None = None) -> Predictions:
    """Read what every finished fold of `run` said of the pictures in `parts` (None: of all).

    Raises ValueError where no fold has finished, or two folds have other classes.
    """
    paths = {
        int(path.parent.name[4:]): path
        for path in run.glob("fold*/predictions.csv")
        if path.parent.name[4:].isdecimal()
    }
    tables = [(fold, _said(paths[fold])) for fold in sorted(paths)]
    names = {tuple(key for key in rows[0] if key.startswith(PROBABILITY)) for _, rows in tables}
    if len(names) != 1:
        raise ValueError(f"{run} has folds of different classes" if names else f"{run} has no predictions yet")
    (columns,) = names
    found = [(fold, row) for fold, rows in tables for row in rows if parts is None or row["part"] in parts]
    return Predictions(
        tuple(name.removeprefix(PROBABILITY) for name in columns),
        {key: np.array([row[key] for _, row in found], dtype=np.str_) for key in ABOUT},
        np.array([[float(row[name]) for name in columns] for _, row in found]).reshape(-1, len(columns)),
        np.array([fold for fold, _ in found], dtype=np.int64),
    )


def _said(path: Path) -> list[dict[str, str]]:
    """The rows of a predictions.csv. Raises ValueError naming the file and the row that is not whole."""
    try:
        rows = _rows(path)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not rows or not set(ABOUT) < set(rows[0]):
        raise ValueError(f"{path} is damaged: it holds no predictions")
    for count, row in enumerate(rows, start=2):
        try:
            sums = sum(float(value) for key, value in row.items() if key.startswith(PROBABILITY))
        except (ValueError, TypeError, AttributeError):
            sums = float("nan")
        if not abs(sums - 1) < 1e-3:
            raise ValueError(f"{path}, row {count}: the row is not whole, or its probabilities do not sum to 1")
    return rows


def _number(value: float) -> str:
    if np.isnan(value):
        return ""
    return str(int(value)) if value == int(value) else repr(float(value))  # a resumed run decides by the very numbers


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with replacing(path) as half, half.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
