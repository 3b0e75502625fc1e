"""How runs learned: loss, AUC, accuracy and learning rate over the epochs, as they stand in their folders; nothing is judged here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from mammo_core.training.lab.records import read_history, read_split
from mammo_core.training.lab.runs import Run
from pages.parts.lab import figures
from pages.parts.look import write
from pages.parts.take_away import show

MEASURES = {
    "loss": (
        "Loss",
        "Lower is better. Where validation rises while training falls, the network learns its pictures by heart.",
    ),
    "auc": ("AUC of the last class", "0.5 is chance, 1 is perfect."),
    "accuracy": ("Accuracy", "Share of pictures, or of patches, whose likeliest class is the true one."),
    "rate": ("Learning rate", "How far one step goes, as the schedule had it."),
}
"""Columns of history.csv: title, and what to read in it."""
NOBODY = "nobody"


def courses(folder: Path, name: str, measure: str) -> list[figures.Course]:
    """A measure of every fold begun so far."""
    found = []
    for fold in sorted(folder.glob("fold*"), key=lambda path: int(path.name[4:])):
        history = read_history(fold)
        training, watched = history[measure], history.get(f"val_{measure}")
        if np.isfinite(training).any():
            seen = watched if watched is not None and np.isfinite(watched).any() else None
            found.append(figures.Course(name, int(fold.name[4:]), history["epoch"], training, seen))
    return found


def watched(run: Run) -> str:
    """How many women are watched in the folds begun so far: curves of few mean little."""
    parts = [read_split(fold) for fold in run.fold_folders]
    counts = sorted({sum(part == "validation" for part in own.values()) for own in parts if own})
    if not counts:
        return "not divided yet"
    if counts == [0]:
        return NOBODY
    return f"{' to '.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} {'woman' if counts == [1] else 'women'}"


def learning(found: Sequence[Run]) -> None:
    """Four measures over the epochs, as far as they were measured."""
    alone = [run.id for run in found if watched(run) == NOBODY]
    others = [f"{run.id} {watched(run)}" for run in found if run.id not in alone]
    if others:
        write(
            "quiet",
            "Dotted: pictures trained on, as augmented. Drawn through: women watched, from whom nothing is learned. "
            f"Watched in a fold: {'; '.join(others)}.",
        )
    if alone:
        write(
            "quiet",
            f"Nobody is watched by {', '.join(alone)}: drawn through is what was trained on, of patch networks the patches.",
        )
    measured = {name: [course for run in found for course in courses(run.folder, run.id, name)] for name in MEASURES}
    columns = st.columns(2)
    for place, (measure, own) in enumerate((name, own) for name, own in measured.items() if own):
        reading = MEASURES[measure][1]
        with columns[place % 2]:
            show(
                drawn(own, measure),
                f"runs-{measure}",
                reading,
                stacked([*own, *figures.means(own)]),
            )


def drawn(own: Sequence[figures.Course], measure: str) -> go.Figure:
    """A measure over the epochs, with a legend."""
    return figures.learning(own, f"{MEASURES[measure][0]}, over the epochs", _folds(own))


def stacked(own: Sequence[figures.Course]) -> dict[str, list[Any]]:
    """Courses as columns to take away."""
    rows = [
        (course.run, "mean" if course.fold is None else course.fold, int(epoch), training, watched)
        for course in own
        for epoch, training, watched in zip(
            course.epoch,
            course.training if course.training is not None else np.full(course.epoch.shape, np.nan),
            course.watched if course.watched is not None else np.full(course.epoch.shape, np.nan),
            strict=True,
        )
    ]
    return {
        head: [row[place] for row in rows]
        for place, head in enumerate(("run", "fold", "epoch", "training", "validation"))
    }


def _folds(own: Sequence[figures.Course]) -> str:
    """What the lines of a learning curve are."""
    reached = {course.run: int(course.epoch.size) for course in figures.means(own)}
    if not reached:
        return "one split of the women"
    epochs = " and ".join(map(str, sorted(set(reached.values()))))
    of_some = "" if {course.run for course in own} == set(reached) else "where there are folds: "
    return f"{of_some}strong: mean of the folds, as far as all reached (epoch {epochs}); faint: each fold"
