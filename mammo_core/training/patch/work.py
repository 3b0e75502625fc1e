"""A run of a network that is trained on patches: read the data, refuse leaks, outline the breasts, fit fold after fold, judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.lab.diary import Diary
from mammo_core.training.lab.records import read_history, write_predictions
from mammo_core.training.lab.runs import Run, find_run
from mammo_core.training.patch.judge import weighed
from mammo_core.training.patch.pictures import COLUMNS, Pictures, outlined, prepared, read_rows, sides
from mammo_core.training.patch.predictions import Predictions, folds_done, read_predictions, select
from mammo_core.training.recipes import recipe_of
from mammo_core.training.recipes.patch import FOLDS, PatchRecipe, Recipe, TissueRecipe

ABOUT = ("dataset", "file", "patient_id", "label")
"""What of a prepared picture has to be as the data have it."""


def fit(diary: Diary) -> None:
    """Fit a patch network's or a tissue network's run, and judge it.

    Raises Stopped when asked to stop, ValueError or FileNotFoundError where the recipe cannot be met with these data and weights.
    """
    from mammo_core.training.patch.fit import fit_fold  # imports Keras
    from mammo_core.training.patch.tissue import fit_tissue, said_by_tissue

    run = diary.run
    recipe = recipe_of(run.folder)
    assert isinstance(recipe, Recipe | TissueRecipe), "other kinds are fitted in other rooms"
    weights = _weights(run.weights, recipe.backbone)
    if isinstance(recipe, Recipe) and recipe.start:
        recipe = replace(recipe, start=_started(run, recipe.start).name)
    pictures = _pictures(diary, recipe)
    _require_women(pictures, recipe, run.wanted)
    for number in run.wanted:
        line = diary.line(f"Fold {number + 1} of {recipe.folds}. " if recipe.folds > 1 else "")
        folder = run.folder / f"fold{number}"
        diary.note(fold=number, epoch=len(read_history(folder)["epoch"]), batch=0)
        if isinstance(recipe, TissueRecipe):
            fit_tissue(recipe, pictures, weights, folder, line)
        else:
            fit_fold(recipe, pictures, weights, folder, line)
        diary.note(epoch=recipe.epochs, batch=0)
    diary.doing("Judging it.")
    if isinstance(recipe, TissueRecipe):
        said = said_by_tissue(run.folder, pictures)
    else:
        said = read_predictions([(run.folder / f"fold{fold}", fold) for fold in folds_done(run.folder)], pictures)
    write_calibrated(run.folder, said, pictures, recipe)
    evaluate(run.folder)


def write_calibrated(run: Path, said: Predictions, pictures: Pictures, recipe: PatchRecipe) -> None:
    """Write predictions.csv of every fold, as all runs have it: of each judged picture a probability, calibrated by the other folds."""
    said = select(said, pictures.of(*(each.set for each in recipe.judged))[said.rows])
    malignant = 1 / (1 + np.exp(-weighed(said, pictures, recipe)[1]))
    outside = pictures.of(*recipe.outside)[said.rows]
    lines: dict[int, list[tuple[dict[str, str], tuple[float, float]]]] = {}
    for row, p, fold, far in zip(said.rows, malignant, said.fold, outside, strict=True):
        about = {key: str(pictures.columns[key][row]) for key in COLUMNS} | {"part": "outside" if far else "test"}
        place = int(fold) % recipe.folds  # of a tissue network, which has one place for all its heads, the first
        lines.setdefault(place, []).append((about, (1 - p, p)))
    for fold, own in lines.items():
        write_predictions(run / f"fold{fold}", recipe.classes, own)


def _pictures(diary: Diary, recipe: Recipe | TissueRecipe) -> Pictures:
    """The pictures of the recipe's sets, once no copies of one stand on two sides of what is fitted and judged."""
    diary.doing("Reading the data.")
    rows = read_rows(Path(diary.run.data), recipe.needs, diary.say)
    diary.require_clean(rows, sides(rows, recipe.sets, recipe.outside))
    diary.require_same(rows)
    found = prepared(
        Path(diary.run.prepared) if diary.run.prepared else None,
        recipe.canvas,
        lambda: outlined(rows, recipe.canvas, diary.say, partial(diary.step, "Outlining breasts")),
    )
    told = {(row.dataset, row.file, row.patient_id, row.label) for row in rows}
    if not told.issuperset(zip(*(found.columns[key].tolist() for key in ABOUT), strict=True)):
        raise ValueError(f"{diary.run.prepared} holds other pictures or labels than {diary.run.data}; remove it")
    return found


def _weights(named: str, backbone: str) -> Path:
    """The folder of weights to start from. Raises FileNotFoundError where it does not hold the `backbone`."""
    if not named or not (Path(named) / backbone).is_file():
        where = f"{named} does not hold it" if named else "no folder of weights was named (--weights, or MAMMO_WEIGHTS)"
        raise FileNotFoundError(f"this recipe starts from {backbone}, and {where}")
    return Path(named)


def _started(run: Run, named: str) -> Path:
    """The run whose networks a recipe goes on from: the one that this run began with, if it has begun, and not a newer one.

    Raises ValueError where it is not there, or lacks a fold that is wanted.
    """
    found = find_run(run.folder.parent, run.started_from or named)
    for number in run.wanted:
        if not (found / f"fold{number}" / "weights.safetensors").is_file():
            raise ValueError(
                f"this recipe goes on from {found}, which holds no network of fold {number}; train it first"
            )
    return found


def _require_women(pictures: Pictures, recipe: Recipe | TissueRecipe, folds: Sequence[int]) -> None:
    """Raise ValueError, before anything is fitted, where these folds leave too few women to fit a head to, or to judge and calibrate on."""
    part, held_out = pictures.folds(), [each.set for each in recipe.judged if each.set in recipe.sets]
    if isinstance(recipe, TissueRecipe):  # its one network serves the heads of all fifths
        folds, fitted_to = range(FOLDS), {recipe.sets}
    else:
        fitted_to = {head.sets for head in recipe.heads}
        for number in folds:
            if not (pictures.of(*held_out) & (part == number)).any():
                raise ValueError(f"fold {number} holds out no woman who is judged; name the others (--fold)")
    for number in folds:
        for sets in fitted_to:
            if not _both_kinds(pictures, pictures.of(*sets) & (part != number)):
                raise ValueError(
                    f"without fold {number}, women of both kinds must be left of {', '.join(sets)} to fit to"
                )
    for source, (name, _) in recipe.sources.items():
        own = pictures.of(name) & np.isin(part, folds)
        there = np.unique(part[own])  # a fold is calibrated by the others, if there are any
        others = [own & (part != each) for each in there] if len(there) > 1 else [own]
        if not all(_both_kinds(pictures, each) for each in others):
            raise ValueError(
                f"of {name}, on which {source} pictures are calibrated, women of both kinds must be held out, either in two folds if "
                "there are several"
            )


def _both_kinds(pictures: Pictures, chosen: npt.NDArray[np.bool_]) -> bool:
    return len(np.unique(pictures.malignant[chosen])) == 2
