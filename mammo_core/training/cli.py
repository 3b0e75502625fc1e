"""The command line's training verbs: arguments in, run folders and printed tables out. It decides nothing."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.exam import Source
from mammo_core.inference import Artefact, default_model, find_model, load_artefact, models_root
from mammo_core.training import cli_cytology
from mammo_core.training.bench.recipe import kind_of
from mammo_core.training.bench.runs import CACHE
from mammo_core.training.cli_bench import FOR_CLASSIFIERS, refuse
from mammo_core.training.cli_networks import networks as networks
from mammo_core.training.duplicates import require_clean
from mammo_core.training.patch import pointing
from mammo_core.training.patch.pictures import (
    FOLDS,
    NO_FOLD,
    Pictures,
    outlined,
    pack,
    read_pictures,
    read_rows,
    sides,
    unpack,
)
from mammo_core.training.patch.predictions import Predictions
from mammo_core.training.patch.recipe import Ensemble, PatchRecipe, Recipe, read_ensemble, read_recipe, read_tissue
from mammo_core.training.progress import on_terminal


def train(args: argparse.Namespace) -> int:
    """Fit the folds asked for: one of 0..4, "all" women, or (by default) the five and then all."""
    if args.recipe is None:
        raise ValueError("say which recipe")
    kind = kind_of(args.recipe)
    refuse(args, FOR_CLASSIFIERS, f"for classifiers only; {args.recipe} is a recipe of the kind {kind!r}")
    if kind == "features":
        return cli_cytology.train(args)
    if kind not in ("patch", "tissue"):
        raise ValueError(f"{args.recipe}: kind is {kind!r}, wanted classifier, features, patch or tissue")
    if args.data is None or args.weights is None:
        raise ValueError("this recipe needs --data and --weights")
    if kind == "tissue":
        return _train_tissue(args)
    from mammo_core.training.patch.fit import fit_fold

    recipe = read_recipe(args.recipe)
    pictures = _clean(args, recipe, recipe.sets + recipe.outside)
    wanted = [NO_FOLD if fold == "all" else int(fold) for fold in args.fold or [*map(str, range(FOLDS)), "all"]]
    for fold in wanted:
        run = args.out / f"{recipe.name}-{recipe.version}" / ("all" if fold == NO_FOLD else f"fold{fold}")
        fit_fold(args.recipe, pictures, args.weights, run, fold, _spoken(run))
    return 0


def _train_tissue(args: argparse.Namespace) -> int:
    from mammo_core.training.patch.tissue import fit_tissue

    refuse(args, ("fold",), "a tissue network is one for all folds")
    recipe = read_tissue(args.recipe)
    sets = tuple(dict.fromkeys((*recipe.sets, *recipe.outside, recipe.patches_of)))
    run = args.out / f"{recipe.name}-{recipe.version}"
    fit_tissue(args.recipe, _clean(args, recipe, sets), args.weights, run, _spoken(run))
    return 0


def crossval(args: argparse.Namespace) -> int:
    """Refused: only classifiers are fitted on folds by this verb."""
    raise ValueError(f"{args.recipe} is no classifier; 'train' fits it as it says")


def evaluate(args: argparse.Namespace) -> int:
    """Judge a run on women it had not seen; of a model of several networks all together, of its folder `run` each that they come from."""
    if not args.run.is_dir():
        raise ValueError(f"{args.run} is no folder of a run")
    if cli_cytology.is_features(args.run / "recipe.toml"):
        raise ValueError(f"{args.run} was judged when it was trained; its log.txt says how")
    if args.data is None:
        raise ValueError("this run needs --data")
    if (args.run / "recipe.toml").is_file() and kind_of(args.run / "recipe.toml") == "ensemble":
        return _evaluate_together(args)
    from mammo_core.training.patch.predictions import folds_done

    runs = [run for run in (args.run, *sorted(args.run.iterdir())) if folds_done(run)]
    if not runs:
        raise ValueError(f"{args.run} holds no fold with predictions")
    for run in runs:
        if run != args.run:
            print(f"\n{run}")
        _evaluate(run, args)
    return 0


def _evaluate(run: Path, args: argparse.Namespace) -> None:
    """Print a table for all heads put together and for each alone; report.json in the run's folder for the first."""
    from mammo_core.training.patch.predictions import folds_done, read_predictions

    folds = folds_done(run)
    recipe = read_recipe(run / f"fold{folds[0]}" / "recipe.toml")
    pictures = _pictures(args, recipe.sets + recipe.outside, recipe.canvas)
    predictions = read_predictions([(run / f"fold{fold}", fold) for fold in folds], pictures)
    print(f"\nfolds {', '.join(map(str, folds))}")
    report = _judged(predictions, pictures, [head.name for head in recipe.heads], recipe.seed)
    report["pointing"] = _pointing(run, predictions, pictures, recipe.seed)
    (run / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _evaluate_together(args: argparse.Namespace) -> int:
    """Print what the networks of a promoted ensemble say together, from the predictions that ship with it."""
    from mammo_core.training.patch.ensemble import head_names, said_together

    ensemble = read_ensemble(args.run / "recipe.toml")
    folders = [args.run / "run" / member for member in ensemble.members]
    tissue = args.run / "run" / ensemble.tissue if ensemble.tissue else None
    recipe, pictures = _of_members(args, args.run / "run", ensemble)
    said = said_together(folders, pictures, recipe.sets, tissue)
    _judged(said.predictions, pictures, head_names(recipe, tissue is not None), ensemble.seed)
    return 0


def _judged(predictions: Predictions, pictures: Pictures, heads: list[str], seed: int) -> dict[str, Any]:
    """Print a table for all heads put together, which is given back, and one for each head alone."""
    from mammo_core.training.patch.judge import judge

    reports = []
    for number, name in enumerate(["all heads, weighed by source", *heads]):
        one = slice(None) if number == 0 else slice(number - 1, number)
        reports.append(
            judge(replace(predictions, scores=predictions.scores[:, one]), pictures, np.random.default_rng(seed))
        )
        print(f"\n{name}")
        _print_report(reports[-1])
        if number == 0:
            _print_groups(reports[0]["subgroups"])
    return reports[0]


def _pointing(run: Path, said: Predictions, pictures: Pictures, seed: int) -> list[dict[str, Any]]:
    """Figures of the pointing game, printed; none of a folder that holds what its networks said and not the networks."""
    if not all((run / f"fold{fold}" / "weights.safetensors").is_file() for fold in set(said.fold.tolist())):
        print("  no pointing: the networks are not in this folder")
        return []
    figures = pointing.figures(said.rows, [(run / f"fold{fold}",) for fold in said.fold.tolist()], pictures, seed)
    for row in figures:
        shares = ", ".join(f"{key} {row[key]:.3f}" for key in ("hit_rate", "hit_rate_15px", "centre", "random"))
        print(f"  pointing {row['set']:15} n {row['n']:4}: {shares}")
    return figures


def promote(args: argparse.Namespace) -> int:
    """Make a model folder of a run and seal it."""
    if args.version:
        raise ValueError("--version is for classifiers' runs; this one is promoted under its recipe's version")
    if cli_cytology.is_features(args.run / "recipe.toml"):
        return cli_cytology.promote(args)
    if not args.run.exists():
        raise ValueError(f"{args.run} is no folder of a run and no recipe")
    if args.data is None:
        raise ValueError("this run needs --data")
    from mammo_core.training.patch.promote import promote as make
    from mammo_core.training.patch.promote import promote_ensemble

    if args.run.is_file():
        _, pictures = _of_members(args, args.runs, read_ensemble(args.run))
        artefact = promote_ensemble(args.run, args.runs, pictures, models_root())
        print(f"{artefact.folder} {artefact.digest}")
        return 0
    folds = sorted(args.run.glob("*/recipe.toml"))
    if not folds:
        raise ValueError(f"{args.run} holds no trained network")
    recipe = read_recipe(folds[0])
    pictures = _pictures(args, recipe.sets + recipe.outside, recipe.canvas)
    artefact = make(args.run, None if args.fold == "all" else int(args.fold), pictures, models_root())
    print(f"{artefact.folder} {artefact.digest}")
    return 0


def point(args: argparse.Namespace) -> int:
    """Play the pointing game with a served model: both kinds of map, on women it was not trained on."""
    artefact = load_artefact(find_model(args.model) if args.model else _default())
    pictures = _pictures(args, ("cbis_ddsm_mass", "mini_mias"), artefact.canvas)
    held_out = artefact.card["held_out_fold"]
    unseen = pictures.of("mini_mias") | (pictures.folds() == held_out)
    print(f"{'set':16} {'map':8} {'n':>4} {'hit':>6} {'15 px':>6} {'centre':>6} {'random':>6}")
    for name in pointing.POINTING_SETS:
        rows = np.flatnonzero(unseen & pictures.of(name) & pointing.boxed_cancers(pictures))
        if len(rows) == 0:
            print(f"{name:16} every woman was trained on")
            continue
        maps = _malignant_maps(artefact, pictures, rows)
        for kind, stack in maps.items():
            found = {
                row: pointing.highest(map_, pictures.breasts[row])
                for row, map_ in zip(rows.tolist(), stack, strict=True)
            }
            figures = pointing.pointed(found, pictures, name, np.random.default_rng(0))
            shares = " ".join(f"{figures[key]:6.3f}" for key in ("hit_rate", "hit_rate_15px", "centre", "random"))
            print(f"{name:16} {kind:8} {figures['n']:4} {shares}")
    return 0


def _malignant_maps(
    artefact: Artefact, pictures: Pictures, rows: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.float32]]:
    calibration = np.array([artefact.calibration(Source.FILM)], dtype=np.float32)
    answers = [
        artefact.graph(
            {"canvas": pictures.canvases[row][None, ..., None] / np.float32(255), "calibration": calibration}
        )
        for row in rows
    ]
    return {kind: np.stack([answer[kind][0, 2] for answer in answers]) for kind in ("lesion", "gradcam")}


def _default() -> Path:
    folder = default_model()
    if folder is None:
        raise ValueError("there is no model")
    return folder


def _print_report(report: dict[str, Any]) -> None:
    for row in report["evaluation"]:
        told = "{:.3f} ({:.3f}-{:.3f})".format(*row["auc"])
        beside = "metadata {:.3f} ({:.3f}-{:.3f})".format(*row["baseline_auc"]) if row["baseline_auc"] else ""
        beside += "  shuffled {:.3f} ({:.3f}-{:.3f})".format(*row["permuted_auc"])
        beside += f"  commoner kind {row['majority']:.3f}"
        print(f"  {row['set']:24} {row['unit']:7} n {row['n']:5} women {row['n_women']:4}  AUC {told}  {beside}")
    for place in report["operating_points"]:
        rates = ", ".join(
            "{} {:.3f} ({:.3f}-{:.3f})".format(key, *place[key]) for key in ("specificity", "sensitivity")
        )
        print(f"  {place['name']:24} at {place['suspicion']:5.1f}: {rates}")


def _print_groups(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        told = "AUC {:.3f} ({:.3f}-{:.3f})".format(*row["auc"]) if row["auc"] else "all of one kind"
        who = f"{row['set']:24} {row['by']:7} {row['group']:12}"
        print(f"  {who} n {row['n']:5} women {row['n_women']:4} cancer {row['n_cancer']:4}  {told}")


def _spoken(run: Path) -> Callable[[str], None]:
    """Says a line on the screen and in the run's log.txt, with the seconds since now."""
    run.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()

    def say(line: str) -> None:
        text = f"{run.name} {time.monotonic() - began:6.0f} s  {line}"
        print(text, flush=True)
        with (run / "log.txt").open("a", encoding="utf-8") as log:
            print(text, file=log)

    return say


def _clean(args: argparse.Namespace, recipe: PatchRecipe, sets: tuple[str, ...]) -> Pictures:
    """The pictures of `sets`, to be fitted to and judged on.

    Raises `Leak` where copies of one stand on two sides of that; what was found is kept beside the runs.
    """
    rows = read_rows(args.data, sets, print)
    with on_terminal() as tell:
        require_clean(rows, sides(rows, recipe.sets, recipe.outside), args.out / CACHE, tell)
    print(f"no copies on two sides of the split, among {len(rows)} pictures")
    return _prepared(args.prepared, lambda: outlined(rows, recipe.canvas, print))


def _pictures(args: argparse.Namespace, sets: tuple[str, ...], canvas: tuple[int, int]) -> Pictures:
    return _prepared(args.prepared, lambda: read_pictures(args.data, sets, canvas, print))


def _prepared(path: Path | None, read: Callable[[], Pictures]) -> Pictures:
    """Read the pictures, or unpack `path` (and write it where it does not exist yet)."""
    if path is None:
        return read()
    if not path.is_file():
        pack(read(), path)
    return unpack(path)


def _of_members(args: argparse.Namespace, runs: Path, ensemble: Ensemble) -> tuple[Recipe, Pictures]:
    """The recipe of an ensemble's first member, whose sets and heads all share, and the pictures on the finest of their canvases."""
    recipes = [read_recipe(runs / member / "recipe.toml") for member in ensemble.members]
    finest = max(recipe.canvas for recipe in recipes)
    return recipes[0], _pictures(args, recipes[0].sets + recipes[0].outside, finest)
