"""What is done with patch networks and pictures in hand: judging them by heads and lesions, promoting, the pointing game.

Arguments in, printed tables and models out. It decides nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.exam import Source
from mammo_core.inference import Artefact, default_model, find_model, load_artefact, models_root
from mammo_core.training.lab.runs import find_run, read_run
from mammo_core.training.model_folder import wrong_version
from mammo_core.training.patch import pointing
from mammo_core.training.patch.pictures import Pictures, prepared, read_pictures
from mammo_core.training.patch.predictions import Predictions, folds_done, read_predictions
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.patch import Ensemble, Recipe, read_ensemble, read_recipe


def evaluate(args: argparse.Namespace) -> int:
    """Judge a run on women it had not seen; of a model of several networks all together, of its folder `run` each that they come from."""
    if not args.run.is_dir():
        raise ValueError(f"{args.run} is no folder of a run")
    if args.data is None and (args.run / "run.json").is_file():
        _as_trained(args, args.run)
    if args.data is None:
        raise ValueError("this run needs --data")
    if (args.run / "recipe.toml").is_file() and kind_of(args.run / "recipe.toml") == "ensemble":
        return _evaluate_together(args)
    runs = [run for run in (args.run, *sorted(args.run.iterdir())) if folds_done(run) and _is_patch(run)]
    if not runs:
        raise ValueError(f"{args.run} holds no fold of a patch network with scores")
    for run in runs:
        if run != args.run:
            print(f"\n{run}")
        _evaluate(run, args)
    return 0


def _is_patch(run: Path) -> bool:
    return kind_of(run / "recipe.toml") == "patch"


def _evaluate(run: Path, args: argparse.Namespace) -> None:
    """Print a table for all heads put together and for each alone, and how often the maps point at the lesion."""
    folds, recipe = folds_done(run), read_recipe(run / "recipe.toml")
    pictures = _pictures(args, recipe.needs, recipe.canvas)
    predictions = read_predictions([(run / f"fold{fold}", fold) for fold in folds], pictures)
    print(f"\nfolds {', '.join(map(str, folds))}")
    _judge(predictions, pictures, recipe, [head.name for head in recipe.heads], recipe.seed)
    _point(run, predictions, pictures, recipe)


def _evaluate_together(args: argparse.Namespace) -> int:
    """Print what the networks of a promoted ensemble say together, from the scores that ship with it."""
    from mammo_core.training.patch.ensemble import head_names, said_together

    ensemble = read_ensemble(args.run / "recipe.toml")
    folders = [args.run / "run" / member for member in ensemble.members]
    tissue = args.run / "run" / ensemble.tissue if ensemble.tissue else None
    recipe, pictures = _of_members(args, args.run / "run", ensemble)
    said = said_together(folders, pictures, recipe.sets, tissue)
    _judge(said.predictions, pictures, recipe, head_names(recipe, tissue is not None), ensemble.seed)
    return 0


def _judge(predictions: Predictions, pictures: Pictures, recipe: Recipe, heads: list[str], seed: int) -> None:
    """Print a table for all heads put together, and one for each head alone."""
    from mammo_core.training.patch.judge import judge

    for number, name in enumerate(["all heads, weighed by source", *heads]):
        one = slice(None) if number == 0 else slice(number - 1, number)
        own = replace(predictions, scores=predictions.scores[:, one])
        report = judge(own, pictures, recipe, np.random.default_rng(seed))
        print(f"\n{name}")
        _print_report(report)
        if number == 0:
            _print_groups(report["subgroups"])


def _point(run: Path, said: Predictions, pictures: Pictures, recipe: Recipe) -> None:
    """Print the pointing game; nothing of a folder that holds what its networks said and not the networks."""
    if not all((run / f"fold{fold}" / "weights.safetensors").is_file() for fold in set(said.fold.tolist())):
        print("  no pointing: the networks are not in this folder")
        return
    speakers = [(run / f"fold{fold}",) for fold in said.fold.tolist()]
    for row in pointing.figures(said.rows, speakers, pictures, recipe, recipe.seed):
        shares = ", ".join(f"{key} {row[key]:.3f}" for key in ("hit_rate", "hit_rate_15px", "centre", "random"))
        print(f"  pointing {row['set']:15} n {row['n']:4}: {shares}")


def promote(args: argparse.Namespace) -> int:
    """Make a model of a run, of all its networks together or that of one fold, or of the runs that an ensemble's recipe names."""
    from mammo_core.training.patch.promote import promote, promote_ensemble, promote_together

    models = models_root()
    if args.version and (wrong := wrong_version(args.version)):
        raise ValueError(wrong)
    if args.run.is_file():
        if args.fold != "all":
            raise ValueError("--fold: an ensemble's recipe says which networks ship")
        ensemble = read_ensemble(args.run)
        ensemble = replace(ensemble, version=args.version or ensemble.version)
        if args.data is None:
            _as_trained(args, find_run(args.runs, Path(ensemble.members[0]).parent.name))
        artefact = promote_ensemble(ensemble, args.runs, _of_members(args, args.runs, ensemble)[1], models)
    elif not (args.run / "recipe.toml").is_file():
        raise ValueError(f"{args.run} is no folder of a run and no recipe")
    elif (kind := kind_of(args.run / "recipe.toml")) != "patch":
        what = "a tissue network's run, which ships with patch networks" if kind == "tissue" else "no run"
        raise ValueError(f"{args.run} is {what}: promote an ensemble's recipe")
    else:
        done = folds_done(args.run)
        if not done or args.fold not in ("all", *map(str, done)):
            raise ValueError(f"{args.run} has no network of fold {args.fold} that is done; done are {done or 'none'}")
        if args.data is None:
            _as_trained(args, args.run)
        recipe = read_recipe(args.run / "recipe.toml")
        pictures = _pictures(args, recipe.needs, recipe.canvas)
        if args.fold == "all":
            artefact = promote_together(args.run, pictures, models, args.version)
        else:
            artefact = promote(args.run, int(args.fold), pictures, models, args.version)
    print(f"{artefact.folder} {artefact.digest}")
    return 0


def _as_trained(args: argparse.Namespace, folder: Path) -> None:
    """Take the data that a run was trained on."""
    run = read_run(folder)
    args.data = Path(run.data)
    args.prepared = args.prepared or (Path(run.prepared) if run.prepared else None)


def point(args: argparse.Namespace) -> int:
    """Play the pointing game with a served model: both kinds of map, on women it was not trained on, of sets with lesion boxes."""
    artefact = load_artefact(find_model(args.model) if args.model else _default())
    used = {row["set"]: row["use"] for row in artefact.card.get("data", [])}
    pictures = _pictures(args, tuple(used), artefact.canvas)
    held_out = artefact.card["held_out_fold"]
    print(f"{'set':16} {'map':8} {'n':>4} {'hit':>6} {'15 px':>6} {'centre':>6} {'random':>6}")
    for name, use in used.items():
        if use == "trained on":
            continue
        unseen = pictures.of(name) & ((pictures.folds() == held_out) | (use == "judged only"))
        rows = np.flatnonzero(unseen & pointing.boxed_cancers(pictures))
        if len(rows) == 0:
            print(f"{name:16} no cancer with a position of a woman it was not trained on")
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


def _pictures(args: argparse.Namespace, sets: tuple[str, ...], canvas: tuple[int, int]) -> Pictures:
    if args.data is None:
        raise ValueError("this needs --data, the folder of data sets")
    return prepared(args.prepared, canvas, lambda: read_pictures(args.data, sets, canvas, print))


def _of_members(args: argparse.Namespace, runs: Path, ensemble: Ensemble) -> tuple[Recipe, Pictures]:
    """The recipe of an ensemble's first member, whose sets and heads all share, and the pictures on the finest of their canvases."""
    names = dict.fromkeys(Path(member).parent.name for member in ensemble.members)
    recipes = [read_recipe(find_run(runs, name) / "recipe.toml") for name in names]
    finest = max(recipe.canvas for recipe in recipes)
    return recipes[0], _pictures(args, recipes[0].needs, finest)
