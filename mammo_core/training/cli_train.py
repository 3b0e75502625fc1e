"""`train` and `crossval`: arguments in, runs fitted here or queued, and where they lie printed. It decides nothing."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mammo_core.training.lab.queue import enqueue, prepare
from mammo_core.training.lab.runs import Run, Status, lacking, read_run, refuse_leak, write_run
from mammo_core.training.recipes import Trained, read_trained
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.classifier import changed, read, read_one
from mammo_core.training.recipes.features import DATA

FOR_CLASSIFIERS = ("epochs", "set", "limit", "variant")
"""Options of the verbs that fit, which other kinds of recipes do not have."""
FOR_PATCHES = ("fold", "prepared")
"""Options that only networks trained on patches have."""


def refuse(args: argparse.Namespace, options: Sequence[str], why: str) -> None:
    """Raise ValueError where one of the options was given, which else would be ignored."""
    if given := [f"--{option}" for option in options if getattr(args, option, None)]:
        raise ValueError(f"{', '.join(given)}: {why}")


def train(args: argparse.Namespace) -> int:
    """Fit the recipe as its protocol says, each variant of a comparison in turn, or go on with a run that was stopped."""
    if args.resume is not None:
        refuse(args, ("data", "weights", "prepared", "queue", *FOR_CLASSIFIERS), "a run is resumed as it was begun")
        return _resumed(args.resume, args.queued, args.fold)
    if args.recipe is None:
        raise ValueError("say which recipe, or --resume RUN")
    kind = kind_of(args.recipe)
    if kind == "classifier":
        return _classifiers(args, {})
    refuse(args, FOR_CLASSIFIERS, f"for classifiers only; {args.recipe} is a recipe of the kind {kind!r}")
    if kind == "features":
        refuse(args, ("data", "weights", *FOR_PATCHES), "not for cytology, whose set comes with scikit-learn")
        args.data = DATA
    elif kind == "tissue":
        refuse(args, ("fold",), "a tissue network is one for all folds")
    recipes = read_trained(args.recipe)
    if kind != "features" and (args.data is None or args.weights is None):
        raise ValueError("this recipe needs --data and --weights")
    more = {"only": " ".join(sorted(set(args.fold or ())))}
    if args.prepared:
        more["prepared"] = str(args.prepared.resolve())
    return _begun(recipes, args, **more)


def crossval(args: argparse.Namespace) -> int:
    """Fit a classifier on folds, so that every woman is judged once by a network that has not seen her."""
    if (kind := kind_of(args.recipe)) != "classifier":
        raise ValueError(f"{args.recipe} is a recipe of the kind {kind!r}: 'train' fits it on folds as it says")
    return _classifiers(args, {"protocol.kind": "folds"} | ({"protocol.k": args.folds} if args.folds else {}))


def _classifiers(args: argparse.Namespace, changes: dict[str, object]) -> int:
    refuse(args, FOR_PATCHES, "for patch networks only; a classifier's folds are those of its protocol")
    if args.data is None:
        raise ValueError("this recipe needs --data")
    changes = changes | dict(map(_setting, args.set))
    if args.epochs:
        changes = changes | {"training.epochs": args.epochs}
    wanted = [read_one(args.recipe, args.variant)] if args.variant else read(args.recipe)
    return _begun([changed(each, changes) for each in wanted], args, limit=args.limit)


def _setting(text: str) -> tuple[str, Any]:
    """`training.rate=1e-3` as key and value. Raises ValueError where the value is no TOML."""
    key, _, value = text.partition("=")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        raise ValueError(f"--set {text}: say KEY=VALUE, text in quotes, as a recipe has it") from None


def _begun(recipes: Iterable[Trained], args: argparse.Namespace, **known: Any) -> int:
    """Queue a run of each recipe, or fit one after the other in this process until one is stopped."""
    known["weights"] = str(args.weights.resolve()) if args.weights else ""
    for recipe in recipes:
        if args.queue:
            print(f"queued: {enqueue(recipe, args.data, args.out, **known).folder}")
        elif not _worked(prepare(recipe, args.data, args.out, status=Status.STOPPED, **known).folder):
            break
    return 0


def _resumed(folder: Path, queued: bool, folds: Sequence[str] | None) -> int:
    """Go on with a run; of a patch network's, `folds` may name more of them to fit."""
    run = read_run(folder)
    if queued and run.status is not Status.QUEUED:
        raise ValueError(f"{run.id} is {run.status}: it was taken out of the queue")
    refuse_leak(run)
    if folds:
        if (kind := kind_of(folder / "recipe.toml")) != "patch":
            raise ValueError(f"--fold: {folder} is a run of the kind {kind!r}, which has no folds to choose from")
        wanted = sorted({*run.wanted, *map(int, folds)})
        run = replace(run, only=" ".join(map(str, wanted)) if len(wanted) < run.folds else "")
    if run.status is Status.DONE and not lacking(run):
        raise ValueError(f"{run.id} is done: there is nothing to resume")
    if run.status in (Status.RUNNING, Status.STOPPING):
        raise ValueError(f"a process is at work on {folder}")
    if run.status in (Status.STOPPED, Status.FAILED, Status.DONE):
        (folder / "STOP").unlink(missing_ok=True)
    if folds:
        write_run(run)
    _worked(folder)
    return 0


def _worked(folder: Path) -> bool:
    from mammo_core.training.work import work

    run: Run = work(folder)
    print(f"{run.status}: {run.folder}")
    return run.status is Status.DONE
