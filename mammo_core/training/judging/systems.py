"""The systems that recipes follow: what their authors state, beside what this bench found on women unseen, and why the two differ.

It reads finished runs and computes nothing anew: figures are those of their reports and learning curves. No Keras.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.training.judging.spoken import interval
from mammo_core.training.lab import records, runs
from mammo_core.training.lab.runs import Run
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.classifier import Recipe

PARTS = {"test": "held out", "outside": "outside set"}
"""Women on whom a figure counts: nothing was fitted to them or chosen by them."""
COLUMNS = (
    "set",
    "pictures",
    "of known class",
    "women",
    "accuracy",
    "always the larger class",
    "looked for",
    "AUC",
    "metadata alone, AUC",
)


@dataclass(frozen=True)
class System:
    """One run and the system it follows.

    `in_training` and `watched` are the accuracies of the last epoch on what was fitted to and on the women watched, means of
    the folds; `judged` has a row for every set on which it was judged, by the names of `COLUMNS`.
    """

    run: Run
    recipe: Recipe
    in_training: float
    watched: float
    epochs: tuple[int, int]
    judged: tuple[dict[str, str], ...]


def system(folder: Path) -> System:
    """What a finished run has to say.

    Raises ValueError where it is no run, was not judged yet, or its report is damaged.
    """
    run = runs.read_run(folder)
    if kind_of(folder / "recipe.toml") != "classifier":
        raise ValueError(f"{run.id} follows no system whose authors state figures")
    recipe = recipes.read_one(folder / "recipe.toml")
    histories = [each for fold in run.fold_folders if (each := records.read_history(fold))["epoch"].size]
    try:
        report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        sets = {(row["set"], row["part"]): row for row in report["sets"] if row["unit"] == "image"}
        stale = report["predictions"] != records.digest(folder)
        judged = tuple(
            _row(row, sets.get((row["set"], row["part"])), recipe)
            for row in report["classes_judged"]
            if row["part"] in PARTS
        )
    except FileNotFoundError:
        raise ValueError(f"{run.id} was not judged yet; 'evaluate' does it") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{run.id}: its report.json is damaged or of another version; 'evaluate' makes it anew"
        ) from None
    if stale:
        raise ValueError(f"{run.id}: its report.json is of other predictions; 'evaluate' makes it anew")
    if not histories:
        raise ValueError(f"{run.id} has no epoch yet")
    epochs = [len(each["epoch"]) for each in histories]
    return System(
        run,
        recipe,
        float(np.mean([each["accuracy"][-1] for each in histories])),
        float(np.mean([each["val_accuracy"][-1] for each in histories])),
        (min(epochs), max(epochs)),
        judged,
    )


def _row(classes: dict[str, Any], one: dict[str, Any] | None, recipe: Recipe) -> dict[str, str]:
    majority = classes["majority"]
    return dict(
        zip(
            COLUMNS,
            (
                f"{classes['set']}, {PARTS[classes['part']]}",
                str(classes["n"] + classes["n_left_open"]),
                str(classes["n"]),
                str(one["n_women"] if one else classes["n_women"]),
                interval(classes["accuracy"], percent=True),
                f"{100 * majority['accuracy']:.1f} % ({majority['class']})" if majority else "–",
                f"{one['n_cancer']} {recipe.classes[-1]}" if one else "–",
                interval(one["auc"]) if one else "–",
                interval(one["metadata_auc"]) if one else "–",
            ),
            strict=True,
        )
    )


def percent(share: float) -> str:
    """A share as it is printed; "–" for none."""
    return "–" if np.isnan(share) else f"{100 * share:.1f} %"


def fitted_words(found: System) -> str:
    """How many epochs were fitted, and what the network began as."""
    least, most = found.epochs
    folds = f"{len(found.run.fold_folders)} folds of " if found.run.folds > 1 else ""
    epochs = f"{least}" if least == most else f"{least} to {most}"
    began = {"none": "random weights", "imagenet": "ImageNet weights", "": "weights not known"}
    return f"{folds}{epochs} epoch{'s' * (most != 1)}, from {began.get(found.run.started_from, found.run.started_from)}"


def markdown(folders: Sequence[Path]) -> str:
    """All runs as a page: what authors state beside what was found, then each system's figures and the reason.

    Raises ValueError as `system` does.
    """
    found = [system(folder) for folder in folders]
    parts = [
        _table(
            ("Recipe", *summary(found[0])),
            [(f"`{each.recipe.name}`", *summary(each).values()) for each in found],
        )
    ]
    for title, sentence, own in by_system(found):
        parts += [
            f"## {title}",
            sentence,
            _table(
                ("Recipe", *COLUMNS), [(f"`{each.recipe.name}`", *row.values()) for each in own for row in each.judged]
            ),
        ]
    return "\n\n".join(parts) + "\n"


def by_system(found: Sequence[System]) -> Iterator[tuple[str, str, list[System]]]:
    """Each system's title, what is stated of it and why it differs, and the runs that follow it."""
    for title in dict.fromkeys(each.recipe.system.title for each in found):
        own = [each for each in found if each.recipe.system.title == title]
        told = own[0].recipe.system
        yield title, f"Stated by its authors: {told.stated}. {told.reason}", own


def summary(found: System) -> dict[str, str]:
    """A run in one row: what is stated, and what it reached on what it was fitted to and on women held out."""
    held_out = [row for row in found.judged if row["set"].endswith(PARTS["test"])]
    return {
        "Its authors state": found.recipe.system.stated,
        "Fitted": fitted_words(found),
        "Right in training": percent(found.in_training),
        "Right of women held out": "; ".join(f"{row['set'].split(',')[0]} {row['accuracy']}" for row in held_out),
        "Always the larger class": "; ".join(row["always the larger class"] for row in held_out),
    }


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
