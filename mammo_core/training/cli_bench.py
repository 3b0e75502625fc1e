"""`train` and `crossval` for classifiers: arguments in, runs fitted here or queued, and where they lie printed. It decides nothing."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mammo_core.training.bench.queue import enqueue, prepare
from mammo_core.training.bench.recipe import Recipe, changed, kind_of, read, read_one
from mammo_core.training.bench.runs import Run, Status, lacking, read_run, refuse_leak

FOR_CLASSIFIERS = ("epochs", "set", "limit", "variant", "queue")
"""Options of the verbs that fit, which other kinds of recipes do not have."""
FOR_PATCHES = ("fold", "prepared")
"""Options that only networks trained on patches have."""


def refuse(args: argparse.Namespace, options: Sequence[str], why: str) -> None:
    """Raise ValueError where one of the options was given, which else would be ignored."""
    if given := [f"--{option}" for option in options if getattr(args, option, None)]:
        raise ValueError(f"{', '.join(given)}: {why}")


def asked_for(args: argparse.Namespace) -> bool:
    """Whether a classifier is to be trained."""
    if args.command not in ("train", "crossval"):
        return False
    return args.resume is not None or (args.recipe is not None and kind_of(args.recipe) == "classifier")


def train(args: argparse.Namespace) -> int:
    """Fit the recipe as its protocol says, each variant of a comparison in turn, or go on with a run that was stopped."""
    if args.resume is None:
        return _fitted(args, {})
    refuse(args, ("data", "weights", *FOR_CLASSIFIERS, *FOR_PATCHES), "a run is resumed as it was begun")
    return _resumed(args.resume, args.queued)


def crossval(args: argparse.Namespace) -> int:
    """Fit the recipe on folds, so that every woman is judged once by a network that has not seen her."""
    return _fitted(args, {"protocol.kind": "folds"} | ({"protocol.k": args.folds} if args.folds else {}))


def _fitted(args: argparse.Namespace, changes: dict[str, object]) -> int:
    refuse(args, FOR_PATCHES, "for patch networks only; a classifier's folds are those of its protocol")
    if args.data is None:
        raise ValueError("this recipe needs --data")
    changes = changes | dict(map(_setting, args.set))
    if args.epochs:
        changes = changes | {"training.epochs": args.epochs}
    wanted = [read_one(args.recipe, args.variant)] if args.variant else read(args.recipe)
    weights = str(args.weights.resolve()) if args.weights else ""
    for recipe in (changed(each, changes) for each in wanted):
        if args.queue:
            print(f"queued: {enqueue(recipe, args.data, args.out, limit=args.limit, weights=weights).folder}")
        elif not _one(recipe, args, weights):
            break
    return 0


def _setting(text: str) -> tuple[str, Any]:
    """`training.rate=1e-3` as key and value. Raises ValueError where the value is no TOML."""
    key, _, value = text.partition("=")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        raise ValueError(f"--set {text}: say KEY=VALUE, text in quotes, as a recipe has it") from None


def _one(recipe: Recipe, args: argparse.Namespace, weights: str) -> bool:
    """Fit one recipe in this process; False if it was stopped."""
    run = prepare(recipe, args.data, args.out, status=Status.STOPPED, limit=args.limit, weights=weights)
    return _worked(run.folder)


def _resumed(folder: Path, queued: bool) -> int:
    run = read_run(folder)
    if (kind := kind_of(folder / "recipe.toml")) != "classifier":
        raise ValueError(f"{folder} is a run of the kind {kind!r}; only a classifier's is resumed")
    if queued and run.status is not Status.QUEUED:
        raise ValueError(f"{run.id} is {run.status}: it was taken out of the queue")
    refuse_leak(run)
    if run.status is Status.DONE and not lacking(run):
        raise ValueError(f"{run.id} is done: there is nothing to resume")
    if run.status in (Status.STOPPED, Status.FAILED, Status.DONE):
        (folder / "STOP").unlink(missing_ok=True)
    _worked(folder)
    return 0


def _worked(folder: Path) -> bool:
    from mammo_core.training.bench.work import work

    run: Run = work(folder)
    print(f"{run.status}: {run.folder}")
    return run.status is Status.DONE
