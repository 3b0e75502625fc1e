"""What an artefact's figures were made of: every judged case with its score, and how the networks learned.

Read from the sealed bytes of the artefact, so nobody needs the pictures to draw a curve. Women are numbers that mean nothing
outside the file. An artefact without these files has no evidence to show, and is no worse a model for it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.inference.artefact import Artefact
from mammo_core.inference.sealed import ArtefactMismatch

JUDGED_COLUMNS = ("set", "unit", "how", "woman", "malignant", "suspicion", "fold")
HISTORY_KEYS = ("fold", "round", "epoch")


@dataclass(frozen=True, eq=False)
class JudgedSet:
    """n cases of one set in one unit (image, breast or exam), scored by networks that had not seen the woman.

    `how` is "held out" or "outside" as in the card's evaluation; `woman` (n,) a number, `malignant` (n,) bool,
    `suspicion` (n,) 0..100, `fold` (n,) the fold of the network that was asked.
    """

    name: str
    unit: str
    how: str
    woman: npt.NDArray[np.int64]
    malignant: npt.NDArray[np.bool_]
    suspicion: npt.NDArray[np.float64]
    fold: npt.NDArray[np.int64]


def judged(artefact: Artefact) -> tuple[JudgedSet, ...]:
    """The judged sets of an artefact in the order of its file; none where it carries no judged.csv.

    Raises:
        ArtefactMismatch: judged.csv is sealed but not of the documented form.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, bool, float, int]]] = {}
    try:
        for row in _rows(artefact, "judged.csv"):
            case = (int(row["woman"]), row["malignant"] == "1", float(row["suspicion"]), int(row["fold"]))
            groups.setdefault((row["set"], row["unit"], row["how"]), []).append(case)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactMismatch(f"{artefact.folder.name}: judged.csv is not of the documented form.") from error
    return tuple(
        JudgedSet(*names, np.array(women), np.array(truth), np.array(suspicion), np.array(folds))
        for names, cases in groups.items()
        for women, truth, suspicion, folds in [zip(*cases, strict=True)]
    )


def history(artefact: Artefact) -> dict[str, npt.NDArray[np.float64]]:
    """Columns of history.csv, one row an epoch: fold, round, epoch, then the measures; empty where there is no such file.

    Raises:
        ArtefactMismatch: history.csv is sealed but not of the documented form.
    """
    try:
        rows = list(_rows(artefact, "history.csv"))
        columns = {name: np.array([float(row[name]) for row in rows]) for name in (rows[0] if rows else ())}
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactMismatch(f"{artefact.folder.name}: history.csv is not of the documented form.") from error
    if columns and not set(HISTORY_KEYS) <= set(columns):
        raise ArtefactMismatch(f"{artefact.folder.name}: history.csv is not of the documented form.")
    return columns


def _rows(artefact: Artefact, name: str) -> csv.DictReader[Any]:
    return csv.DictReader(io.StringIO(artefact.evidence.get(name, b"").decode("utf-8")))
