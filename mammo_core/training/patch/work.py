"""A run of a network that is trained on patches: read the data, refuse leaks, outline the breasts, fit fold after fold, judge."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.lab.diary import Diary
from mammo_core.training.lab.records import write_predictions
from mammo_core.training.patch.judge import weighed
from mammo_core.training.patch.pictures import COLUMNS, Pictures, outlined, prepared, read_rows, sides
from mammo_core.training.patch.predictions import Predictions, folds_done, read_predictions, select
from mammo_core.training.recipes.classifier import kind_of
from mammo_core.training.recipes.patch import PatchRecipe, Recipe, TissueRecipe, read_recipe, read_tissue


def fit(diary: Diary) -> None:
    """Fit a patch network's or a tissue network's run, and judge it.

    Raises Stopped when asked to stop, ValueError or FileNotFoundError where the recipe cannot be met with these data and weights.
    """
    from mammo_core.training.patch.fit import fit_fold  # imports Keras
    from mammo_core.training.patch.tissue import fit_tissue, said_by_tissue

    run = diary.run
    path = run.folder / "recipe.toml"
    recipe: Recipe | TissueRecipe = read_tissue(path) if kind_of(path) == "tissue" else read_recipe(path)
    weights = _weights(run.weights, recipe.backbone)
    pictures = _pictures(diary, recipe)
    _require_both_kinds(pictures, recipe, run.wanted)
    for number in run.wanted:
        line = diary.line(f"Fold {number + 1} of {recipe.folds}. " if recipe.folds > 1 else "")
        diary.note(fold=number, epoch=0, batch=0)
        folder = run.folder / f"fold{number}"
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
    return prepared(
        Path(diary.run.prepared) if diary.run.prepared else None,
        lambda: outlined(rows, recipe.canvas, diary.say, partial(diary.step, "Outlining breasts")),
    )


def _weights(named: str, backbone: str) -> Path:
    """The folder of weights to start from. Raises FileNotFoundError where it does not hold the `backbone`."""
    if not named or not (Path(named) / backbone).is_file():
        where = f"{named} does not hold it" if named else "no folder of weights was named (--weights, or MAMMO_WEIGHTS)"
        raise FileNotFoundError(f"this recipe starts from {backbone}, and {where}")
    return Path(named)


def _require_both_kinds(pictures: Pictures, recipe: PatchRecipe, folds: list[int]) -> None:
    """Raise ValueError, before anything is fitted, where a source cannot be calibrated on the women of these folds."""
    for source, (name, _) in recipe.sources.items():
        own = pictures.of(name)
        if isinstance(recipe, Recipe):
            own &= np.isin(pictures.folds(), folds)
        if not pictures.malignant[own].any() or pictures.malignant[own].all():
            raise ValueError(
                f"of {name}, on which {source} pictures are calibrated, women of both kinds must be held out"
            )
