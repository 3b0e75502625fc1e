"""What a promoted classifier's card says besides its figures: whose pictures, which protocol, what starting weights, its limits in words.

Counts are made from the data set and the split; nothing is typed by hand that can be computed. No Keras.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.evaluation import DRAWS
from mammo_core.training.datasets import Row, read_dataset
from mammo_core.training.judging.notes import tuned
from mammo_core.training.judging.sentences import beaten, not_for
from mammo_core.training.lab import records, runs
from mammo_core.training.recipes.classifier import Recipe

LICENCE = (
    "Research use only, not for clinical use. The weights are bound by the licences of the pictures they were trained on; the code's "
    "Apache-2.0 licence does not extend to the weights."
)
NOT_SO = "Telling normal from benign"
"""How a sentence of the patch networks' cards begins that does not hold of every classifier."""
NOR_FOR = "Telling normal from benign: that was not validated."
MEASURES = ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc")


def about_run(
    run: Path, recipe: Recipe, fold: int, evaluation: list[dict[str, Any]], points: list[dict[str, Any]]
) -> dict[str, Any]:
    """The card's data, protocol, limits and what else is words.

    Raises:
        ValueError: the data set of the run is not there any more, or is another now.
    """
    about, split = runs.read_run(run), records.read_split(run / f"fold{fold}")
    rows = _rows(Path(about.data), recipe, split)
    folds = sorted(int(path.parent.name.removeprefix("fold")) for path in run.glob("fold*/predictions.csv"))
    data = [_set(name, own, split) for name, own in _by_set(rows)]
    fitted = [row for row in rows if split[row.patient_id] == "train"]
    return {
        "not_for": [*(each for each in not_for(data, points) if not each.startswith(NOT_SO)), NOR_FOR],
        "limits": [*_limits(recipe, evaluation), *tuned(recipe), *beaten(evaluation)],
        "licence": LICENCE,
        "data": data,
        "trained_on": {name: _counts(own) for name, own in _by_set(fitted)},
        "started_from": about.started_from,
        "protocol": [*_protocol(recipe, folds, fold), *_origins(recipe, about.started_from)],
        "cross_validated": _whose(folds, fold),
        "held_out_fold": fold,
        "system": {"title": recipe.system.title, "stated": recipe.system.stated, "reason": recipe.system.reason},
    }


def history_rows(run: Path) -> list[tuple[Any, ...]]:
    """The folds' epochs as `inference.history` reads them: fold, round (1), epoch, and the measures that every epoch has."""
    folds = {
        int(path.parent.name.removeprefix("fold")): records.read_history(path.parent)
        for path in run.glob("fold*/history.csv")
    }
    kept = [name for name in MEASURES if all(name in each and np.isfinite(each[name]).all() for each in folds.values())]
    rows: list[tuple[Any, ...]] = [("fold", "round", "epoch", *kept)]
    for fold, history in sorted(folds.items()):
        for place, epoch in enumerate(history["epoch"]):
            rows.append((fold, 1, int(epoch), *(float(history[name][place]) for name in kept)))
    return rows


def _rows(data: Path, recipe: Recipe, split: dict[str, str]) -> list[Row]:
    if not data.exists():
        raise ValueError(f"the run's data are no longer at {data}; the card could not say whose pictures they are")
    rows = [row for row in read_dataset(data).rows if row.label in recipe.labels and row.patient_id in split]
    if not rows:
        raise ValueError(f"none of the run's women is among the data at {data}")
    return rows


def _by_set(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    return [(name, [row for row in rows if row.dataset == name]) for name in sorted({row.dataset for row in rows})]


def _set(name: str, rows: list[Row], split: dict[str, str]) -> dict[str, Any]:
    """Whose pictures one set holds, as a card has it."""
    ages = {row.patient_id: row.age for row in rows if row.age is not None}
    parts = {split[row.patient_id] for row in rows}
    known = list(ages.values())
    return {
        "set": name,
        "title": name,
        "use": "judged only" if parts == {"outside"} else "trained on and judged" if "test" in parts else "trained on",
        **_counts(rows),
        "women_with_cancer": len({row.patient_id for row in rows if row.label == "malignant"}),
        "views": _counted(row.view or "not stated" for row in rows),
        "age": [float(np.min(known)), float(np.median(known)), float(np.max(known))] if known else None,
        "age_known": len(known),
        "machines": len({row.machine for row in rows} - {""}),
        "sites": len({row.site for row in rows} - {""}),
        "labels": _counted(row.label for row in rows),
    }


def _counts(rows: list[Row]) -> dict[str, int]:
    return {
        "women": len({row.patient_id for row in rows}),
        "pictures": len(rows),
        "malignant": sum(row.label == "malignant" for row in rows),
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return dict(sorted(found.items()))


def _protocol(recipe: Recipe, folds: list[int], fold: int) -> list[str]:
    protocol = recipe.protocol
    parts = (
        f"The women were divided into {protocol.k} parts, each judged in turn by a network that was not fitted to it; {len(folds)} of "
        "them have been judged."
        if protocol.kind == "folds"
        else f"{100 * protocol.share:.0f} % of the women were held out and judged once."
    )
    return [
        parts,
        "A woman is in one part with everything of hers, in every set. Labels are divided alike.",
        f"{100 * protocol.validation:.0f} % of the other women were watched while training, not fitted to: they chose the epoch and "
        "calibrate what is judged."
        if protocol.validation
        else "No women were watched while training. What is judged is calibrated by other women of the same part.",
        f"Intervals are 95 %: {DRAWS} draws of the women, each with all her pictures.",
        f"What ships is the network of part {fold}; its own calibration is fitted on the women it was not fitted to.",
    ]


def _origins(recipe: Recipe, started_from: str) -> list[str]:
    """What the network began as, and the system it follows."""
    weights = {"none": "random weights", "imagenet": "ImageNet weights"}.get(
        started_from, f"the weights of {started_from}"
    )
    asked = recipe.network.weights
    instead = (
        " The recipe asked for others, which were not there." if asked != "none" and started_from == "none" else ""
    )
    system = recipe.system
    return [
        f"It started from {weights}.{instead}",
        f"It follows: {system.title}. What its authors state: {system.stated}. {system.reason}",
    ]


def _whose(folds: list[int], fold: int) -> str:
    if folds == [fold]:
        return "The figures are this very network's, of women whom it had not seen."
    return "The figures are those of networks on women whom they had not seen; this network is one of them."


def _limits(recipe: Recipe, evaluation: list[dict[str, Any]]) -> list[str]:
    cancer = sum(row["n_cancer"] for row in evaluation if row["unit"] == "image")
    n = sum(row["n"] for row in evaluation if row["unit"] == "image")
    women = max((row["n_women"] for row in evaluation), default=0)
    seen = "the whole picture, stretched," if recipe.crop == "whole" else "the breast's box, stretched,"
    return [
        "Not a medical device. Not for clinical use.",
        f"Of the {n} pictures it was judged on {cancer} show cancer: a probability is not a screening risk.",
        "Normal against benign is not validated.",
        f"It was judged on at most {women} women of a set. Operating points hold for pictures like those of the set they were set on.",
        f"It sees {seen} at {recipe.size[0]} × {recipe.size[1]} pixels; what is finer is lost.",
        "Implants, magnification, spot views, specimens and raw data are not scored.",
    ]
