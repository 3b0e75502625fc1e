"""What the folds of a run wrote: learning curves, the division of the women, and what each network said of whom it was not fitted to.

Tables in plain CSV, written whole or not at all, and read back by judges and pages; what is torn is named. Imports no Keras.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammo_core.training.replacing import replace_text, replacing

MEASURES = ("loss", "accuracy", "auc", "recall")
HISTORY = ("epoch", *MEASURES, *(f"val_{name}" for name in MEASURES), "rate", "seconds", "waiting_s")
"""Columns of history.csv: `seconds` of the whole epoch, `waiting_s` of it the network waited for training data."""
CHECKPOINT, NETWORK = "checkpoint.weights.h5", "network.weights.h5"
"""Of a fold: where a stopped one goes on, the optimizer's state included; and the best epoch's network, as `networks.build` makes it."""
NEEDED = ("file", "dataset", "patient_id", "label", "part")
ABOUT = (*NEEDED[:3], "laterality", "view", "age", "density", "machine", "site", "volume", *NEEDED[3:])
"""Columns of predictions.csv before the probabilities. Only those `NEEDED` must be there; another that is not is empty."""
PROBABILITY = "p_"
"""What a probability's column begins with; the class follows."""


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
    fold: Path, classes: Sequence[str], rows: Iterable[tuple[Mapping[str, str], Sequence[float]]]
) -> None:
    """Write a fold's predictions.csv; a row is columns of `ABOUT` by name, those `NEEDED` at least, and a probability for each class.

    Raises ValueError naming a column that is needed and not there, or that is not of `ABOUT`.
    """
    header = (*ABOUT, *(PROBABILITY + name for name in classes))
    _write_rows(fold / "predictions.csv", header, (_row(about, said) for about, said in rows))


def _row(about: Mapping[str, str], said: Sequence[float]) -> tuple[str, ...]:
    if lacking := [name for name in NEEDED if name not in about]:
        raise ValueError(f"a prediction lacks {', '.join(lacking)}")
    if unknown := sorted(set(about) - set(ABOUT)):
        raise ValueError(f"a prediction has no column {', '.join(unknown)}")
    return (*(about.get(name, "") for name in ABOUT), *(f"{p:.6f}" for p in said))


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
        {key: np.array([row.get(key, "") for _, row in found], dtype=np.str_) for key in ABOUT},
        np.array([[float(row[name]) for name in columns] for _, row in found]).reshape(-1, len(columns)),
        np.array([fold for fold, _ in found], dtype=np.int64),
    )


def digest(run: Path) -> str:
    """SHA-256 of all predictions of a run, by which its report says what it was made of."""
    told = hashlib.sha256()
    for path in sorted(run.glob("fold*/predictions.csv")):
        told.update(f"{path.parent.name}\n".encode() + path.read_bytes())
    return told.hexdigest()


def _said(path: Path) -> list[dict[str, str]]:
    """The rows of a predictions.csv. Raises ValueError naming the file and the row that is not whole."""
    try:
        rows = _rows(path)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not rows or not set(NEEDED) < set(rows[0]):
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
