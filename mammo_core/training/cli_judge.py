"""What is done with classifiers' runs: `evaluate`, `compare`, `systems`, `tune`, `explain`, `promote`. It decides nothing.

Keras is imported by the last three alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mammo_core.training.bench.recipe import kind_of

OWN = ("compare", "systems", "tune", "explain")
"""Verbs that only classifiers have."""


def asked_for(args: argparse.Namespace) -> bool:
    """Whether a verb is one of these, or its run a classifier's."""
    return args.command in OWN or (args.command in ("evaluate", "promote") and _is_classifier(args.run))


def _is_classifier(run: Path) -> bool:
    return (run / "recipe.toml").is_file() and kind_of(run / "recipe.toml") == "classifier"


def evaluate(args: argparse.Namespace) -> int:
    """Judge a run: report.json in its folder, and the tables printed."""
    from mammo_core.training.bench.evaluate import evaluate as judge
    from mammo_core.training.bench.spoken import spoken

    print(spoken(judge(args.run)))
    return 0


def compare(args: argparse.Namespace) -> int:
    """Compare runs, or promoted models, on the same women, and draw runs' curves into one figure."""
    from mammo_core.training.bench.compare import compared, compared_models, figure, write_figure
    from mammo_core.training.bench.spoken import compared_words

    promoted = [(each / "card.json").is_file() for each in args.runs]
    if any(promoted):
        if not all(promoted) or args.figure is not None:
            raise ValueError("promoted models are compared with each other, and have no --figure")
        print(compared_words(compared_models(args.runs)))
        return 0

    if args.figure is not None:
        write_figure(figure(args.runs), args.figure)
        print(f"figure: {args.figure}")
    if len(args.runs) > 1:
        print(compared_words(compared(args.runs)))
    return 0


def systems(args: argparse.Namespace) -> int:
    """What authors state beside what runs found."""
    from mammo_core.training.bench.systems import markdown

    print(markdown(args.runs), end="")
    return 0


def tune(args: argparse.Namespace) -> int:
    """Try values of a recipe's [tune] ranges, and write the best ones as a recipe."""
    from mammo_core.training.bench.tune import tune as search

    best = search(
        args.recipe,
        args.data,
        args.trials,
        args.out,
        variant=args.variant or "",
        weights=args.weights,
        limit=args.limit,
    )
    print(f"best recipe: {best}")
    return 0


def explain(args: argparse.Namespace) -> int:
    """Write heat maps of pictures of a run."""
    from mammo_core.training.bench.explain import explain as look

    for path in look(args.run, args.file, args.method, fold=args.fold):
        print(path)
    return 0


def promote(args: argparse.Namespace) -> int:
    """Make a model folder of a run and seal it."""
    from mammo_core.inference import models_root
    from mammo_core.training.bench.promote import promote as make

    artefact = make(args.run, models_root(), 0 if args.fold == "all" else int(args.fold), args.version)
    print(f"{artefact.folder} {artefact.digest}")
    return 0
