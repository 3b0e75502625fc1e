"""`train` and `crossval` for classifiers: arguments in, runs fitted here or queued, and where they lie printed. It decides nothing."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

from mammo_core.training.bench.queue import enqueue, prepare
from mammo_core.training.bench.recipe import Recipe, changed, kind_of, read, read_one
from mammo_core.training.bench.runs import Run, Status, lacking, read_run, refuse_leak


def asked_for(args: argparse.Namespace) -> bool:
    """Whether a classifier is to be trained."""
    if args.command not in ("train", "crossval"):
        return False
    return args.resume is not None or (args.recipe is not None and kind_of(args.recipe) == "classifier")


def train(args: argparse.Namespace) -> int:
    """Fit the recipe as its protocol says, each variant of a comparison in turn, or go on with a run that was stopped."""
    return _resumed(args.resume, args.queued) if args.resume is not None else _fitted(args, {})


def crossval(args: argparse.Namespace) -> int:
    """Fit the recipe on folds, so that every woman is judged once by a network that has not seen her."""
    return _fitted(args, {"protocol.kind": "folds"} | ({"protocol.k": args.folds} if args.folds else {}))


def _fitted(args: argparse.Namespace, changes: dict[str, object]) -> int:
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
