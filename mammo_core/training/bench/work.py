"""A classifier's run from its recipe to its report: read the data, decode, divide the women, refuse leaks, fit fold after fold, judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mammo_core.training.bench.parts import divided
from mammo_core.training.bench.pictures import decode
from mammo_core.training.bench.samples import limited, permuted, samples, used
from mammo_core.training.datasets import Row, read_dataset
from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.lab import records
from mammo_core.training.lab.diary import Diary
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.classifier import Recipe


def fit(diary: Diary) -> None:
    """Fit a classifier's run fold by fold, and judge it. Raises Stopped when asked to stop, ValueError where it cannot be met."""
    from mammo_core.training.bench.fit import Fold, fit_fold  # imports Keras

    folder = diary.run.folder
    recipe = recipes.read_one(folder / "recipe.toml")
    rows, store, slots = _pictures(diary, recipe)
    found = samples(rows, slots, recipe)
    if not len(found):
        raise ValueError("no picture is left to learn from")
    line = diary.line()
    weights = Path(diary.run.weights) if diary.run.weights else None
    folds = [divided(rows, recipe, number) for number in range(diary.run.folds)]
    diary.require_clean(rows, [tuple(parts[row.patient_id] for parts in folds) for row in rows])
    diary.require_same(rows)
    for number, parts in enumerate(folds):
        at = folder / f"fold{number}"
        at.mkdir(exist_ok=True)
        records.write_split(at, parts)
        side = np.array([parts[str(woman)] for woman in found.women])
        places = {part: np.flatnonzero(side == part) for part in ("train", "validation", "test", "outside")}
        done = len(records.read_history(at)["epoch"])
        diary.note(fold=number, epoch=done, batch=0)
        diary.doing("")
        known = found
        if recipe.protocol.permuted:
            for part in ("train", "validation"):
                known = permuted(known, places[part], np.random.default_rng((recipe.seed, number)))
        _require_classes(known.possible[places["train"]], recipe, diary)
        fit_fold(Fold(at, number, recipe, store, known, places, weights), line)
    diary.doing("Judging it.")
    evaluate(folder)


def _require_classes(possible: npt.NDArray[np.float32], recipe: Recipe, diary: Diary) -> None:
    """Raise ValueError where nothing fitted to is of the class looked for, or all of one class; say it of any other class."""
    there = possible.sum(axis=0) > 0
    lacking = [name for name, found in zip(recipe.classes, there, strict=True) if not found]
    if lacking and (not there[-1] or there.sum() < 2):
        raise ValueError(f"of the pictures to fit to none is {' or '.join(lacking)}: nothing can be learned of it")
    if lacking:
        diary.say(f"of the pictures to fit to none is {lacking[0]}: nothing is learned of it")


def _pictures(diary: Diary, recipe: Recipe) -> tuple[Sequence[Row], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The rows that the recipe learns from or judges, the store of their pictures, and where each lies in it."""
    diary.doing("Reading the data.")
    table = read_dataset(Path(diary.run.data))
    for note in table.notes:
        diary.say(note)
    sets = sorted({row.dataset for row in table.rows})
    if absent := [name for name in recipe.protocol.outside if name not in sets]:
        diary.say(f"not here, of the sets only judged on: {', '.join(absent)}; the sets here are {', '.join(sets)}")
    if table.missing:
        diary.say(f"{len(table.missing)} files are named and not there, the first: {table.missing[0]}")
    rows = limited(used(table.rows, recipe.labels), diary.run.limit, np.random.default_rng(recipe.seed))
    if not rows:
        raise ValueError(f"{diary.run.data} has no picture with a label of this recipe ({', '.join(recipe.labels)})")
    diary.doing(f"Decoding {len(rows)} pictures, once for all runs at this size.")
    decoded = decode([row.path for row in rows], recipe.size, recipe.crop, diary.cache, diary.say, diary.stop)
    for sentence in decoded.refused[:10]:
        diary.say(f"left out: {sentence}")
    if len(decoded.refused) > 10:
        diary.say(f"left out: {len(decoded.refused) - 10} more files")
    kept = [place for place in range(len(rows)) if decoded.slot[place] >= 0]
    return [rows[place] for place in kept], decoded.store, decoded.slot[kept]
