"""Runs, or promoted models, beside each other: a paired test on the same cases of the same women; runs' learning curves in one figure.

The first is the one the others are compared with. Pictures that only one of two runs judged are left out of both. No Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mammo_core.evaluation import Paired, paired_auc, paired_multiclass
from mammo_core.inference import JudgedSet, judged, load_artefact
from mammo_core.training.judging.cases import UNKNOWN, first_of_each, known_class, looked_for, select
from mammo_core.training.lab import records, runs
from mammo_core.training.lab.records import Predictions
from mammo_core.training.recipes import Judged, recipe_of

PARTS = ("test", "outside")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "5px,2px,1px,2px")
"""A run is told by colour and by dash (colours: Okabe and Ito 2008, which the colour-blind tell apart)."""
PANELS = (("accuracy", "Training"), ("val_accuracy", "Validation"))


def compared(folders: Sequence[Path], draws: int = 2000) -> list[dict[str, Any]]:
    """A row for every other run, set and part: `a` (the first run) and `b`, the figure of each, the difference with its interval, and p.

    `tests` counts the rows: with so many tests, a p of 0.05 is no longer rare.

    Raises:
        ValueError: there are fewer than two runs, they tell other classes apart, or two have no picture in common.
    """
    if len(folders) < 2:
        raise ValueError("two runs or more are needed to compare")
    first, *others = folders
    rows = [row for other in others for row in _pair(first, other, draws)]
    return [row | {"tests": len(rows)} for row in rows]


def compared_models(folders: Sequence[Path], draws: int = 2000) -> list[dict[str, Any]]:
    """The same of promoted models, by the judged cases that each carries: a row for every other model, set and unit.

    A model's cases name nobody. They are taken for the same where all of a set and unit agree in order, woman's number and truth.

    Raises:
        ValueError: there are fewer than two models, or two have no cases in common.
        ArtefactMismatch: a model is not what was sealed.
    """
    if len(folders) < 2:
        raise ValueError("two models or more are needed to compare")
    first, *others = [load_artefact(folder) for folder in folders]
    mine, found = {(each.name, each.unit): each for each in judged(first)}, []
    for other in others:
        rows = []
        for theirs in judged(other):
            own = mine.get((theirs.name, theirs.unit))
            if own is None or not _same_cases(own, theirs):
                continue
            truth, rng = own.malignant, np.random.default_rng(0)
            told = paired_auc(truth, own.suspicion, theirs.suspicion, own.woman, rng, draws)
            about = {"a": first.name, "b": other.name, "set": own.name, "part": f"{own.how}, {own.unit}s"}
            rows.append(about | _row("AUC", told))
        if not rows:
            raise ValueError(f"{first.name} and {other.name} carry no judged cases in common, as far as one can tell")
        found += rows
    return [row | {"tests": len(found)} for row in found]


def _same_cases(one: JudgedSet, two: JudgedSet) -> bool:
    return np.array_equal(one.woman, two.woman) and np.array_equal(one.malignant, two.malignant)


def _pair(first: Path, other: Path, draws: int) -> list[dict[str, Any]]:
    recipe, theirs = (recipe_of(folder) for folder in (first, other))
    if recipe.classes[-1] != theirs.classes[-1]:
        raise ValueError(
            f"{first.name} tells {', '.join(recipe.classes)} apart, {other.name} {', '.join(theirs.classes)}"
        )
    a, b = _same(records.read_predictions(first, PARTS), records.read_predictions(other, PARTS))
    if not len(a.fold):
        raise ValueError(f"{first.name} and {other.name} have judged no picture in common")
    found = []
    for part in PARTS:
        for name in np.unique(a.columns["dataset"][a.columns["part"] == part]).tolist():
            chosen = (a.columns["part"] == part) & (a.columns["dataset"] == name)
            about = {"a": first.name, "b": other.name, "set": name, "part": part}
            found += [about | row for row in _figures(select(a, chosen), select(b, chosen), recipe, theirs, draws)]
    return found


def _same(a: Predictions, b: Predictions) -> tuple[Predictions, Predictions]:
    """Those pictures that both runs judged in the same part, in one order."""
    one, two = first_of_each(a), first_of_each(b)
    of_one, of_two = _places(one), _places(two)
    common = [key for key in of_one if key in of_two]
    chosen = [np.array([places[key] for key in common], np.int64) for places in (of_one, of_two)]
    return select(one, chosen[0]), select(two, chosen[1])


def _places(told: Predictions) -> dict[tuple[str, ...], int]:
    columns = (told.columns[key].tolist() for key in ("dataset", "file", "part"))
    return {key: row for row, key in enumerate(zip(*columns, strict=True))}


def _figures(a: Predictions, b: Predictions, recipe: Judged, theirs: Judged, draws: int) -> list[dict[str, Any]]:
    """AUC of the last class, then accuracy and balanced accuracy over all where both tell the same classes apart.

    A figure that the cases cannot give is left out.
    """
    women, found = a.columns["patient_id"], {}
    truth, known = looked_for(a.columns["label"], recipe)
    known &= looked_for(b.columns["label"], theirs)[1]
    if truth[known].any() and not truth[known].all():
        rng = np.random.default_rng(recipe.seed)
        found["AUC"] = paired_auc(truth[known], a.score[known], b.score[known], women[known], rng, draws)
    if recipe.classes != theirs.classes:
        return [_row(name, each) for name, each in found.items()]
    place = known_class(a.columns["label"], recipe)
    sure = place != UNKNOWN
    if len(set(place[sure].tolist())) > 1:
        rng = np.random.default_rng(recipe.seed)
        several = paired_multiclass(place[sure], a.probabilities[sure], b.probabilities[sure], women[sure], rng, draws)
        found |= {"accuracy": several["accuracy"], "balanced accuracy": several["balanced_accuracy"]}
    return [_row(name, each) for name, each in found.items()]


def _row(name: str, told: Paired) -> dict[str, Any]:
    return {
        "figure": name,
        "value_a": round(told.a, 4),
        "value_b": round(told.b, 4),
        "difference": [round(value, 4) for value in told.difference.as_list()],
        "p": round(told.p, 5),
        "n": told.n,
        "n_women": told.women,
    }


def figure(folders: Sequence[Path]) -> go.Figure:
    """Training and validation accuracy of every run over its epochs, side by side; of several folds their mean.

    Raises:
        ValueError: a folder holds no run, or no epoch of it has ended.
    """
    drawn = make_subplots(
        rows=1, cols=2, shared_yaxes=True, subplot_titles=[title for _, title in PANELS], horizontal_spacing=0.04
    )
    for number, folder in enumerate(folders):
        run = runs.read_run(folder)
        histories = [records.read_history(fold) for fold in run.fold_folders]
        histories = [each for each in histories if each["epoch"].size]
        if not histories:
            raise ValueError(f"{folder.name} has no epoch yet")
        epochs = min(each["epoch"].size for each in histories)
        folds = f", mean of {len(histories)} folds" if len(histories) > 1 else ""
        for column, (measure, title) in enumerate(PANELS, start=1):
            drawn.add_scatter(
                x=histories[0]["epoch"][:epochs],
                y=100 * np.mean([each[measure][:epochs] for each in histories], axis=0),
                mode="lines+markers",
                name=f"{run.recipe}{folds}",
                legendgroup=str(number),
                showlegend=column == 1,
                line={"color": COLOURS[number % len(COLOURS)], "dash": DASHES[number % len(DASHES)], "width": 2},
                marker={"size": 5},
                hovertemplate=f"{run.recipe}<br>epoch %{{x}}: {title.lower()} %{{y:.1f}} %<extra></extra>",
                row=1,
                col=column,
            )
    drawn.update_xaxes(title_text="epoch", dtick=None, rangemode="tozero")
    drawn.update_yaxes(range=[0, 101], ticksuffix=" %")
    drawn.update_yaxes(title_text="accuracy", col=1)
    drawn.update_layout(
        template="plotly_white",
        title={
            "text": "Accuracy over the epochs",
            "subtitle": {"text": "What was fitted to, and women who were only watched"},
        },
        font={"size": 14},
        width=1200,
        height=560,
        legend={"orientation": "h", "y": -0.18, "x": 0},
        margin={"t": 100, "l": 70, "r": 20, "b": 60},
    )
    return drawn


def write_figure(drawn: go.Figure, path: Path) -> None:
    """Write a figure as a page that needs no network; its camera saves a PNG. Raises ValueError for another ending than .html."""
    if path.suffix != ".html":
        raise ValueError(f"{path}: a figure is written as .html; the camera on the page saves it as PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    camera = {"displaylogo": False, "toImageButtonOptions": {"format": "png", "filename": path.stem, "scale": 3}}
    drawn.write_html(path, include_plotlyjs=True, config=camera)
