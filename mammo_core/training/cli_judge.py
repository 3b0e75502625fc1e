"""What is done with runs: `evaluate`, `compare`, `systems`, `tune`, `explain`, `promote`. It decides nothing.

Keras is imported by the last three alone, and where patch networks are judged by heads and lesions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mammo_core.training.cli_train import refuse
from mammo_core.training.recipes.checking import kind_of


def _kind(run: Path) -> str:
    """The kind of a run's recipe; "" where `run` is none that was begun in the lab."""
    return kind_of(run / "recipe.toml") if (run / "recipe.toml").is_file() else ""


def evaluate(args: argparse.Namespace) -> int:
    """Judge a run: report.json in its folder, and the tables printed; given its pictures, a patch network by heads and lesions, too."""
    kind = _kind(args.run)
    if kind == "features":
        raise ValueError(f"{args.run} was judged when it was trained; its log.txt says how")
    if kind == "classifier":
        refuse(args, ("data", "prepared"), "a classifier is judged by its predictions alone")
    if kind != "classifier" and (args.data is not None or not any(args.run.glob("fold*/predictions.csv"))):
        from mammo_core.training import cli_patch

        return cli_patch.evaluate(args)
    from mammo_core.training.judging.evaluate import evaluate as judge
    from mammo_core.training.judging.spoken import spoken

    print(spoken(judge(args.run)))
    return 0


def compare(args: argparse.Namespace) -> int:
    """Compare runs, or promoted models, on the same women, and draw runs' curves into one figure."""
    from mammo_core.training.judging.compare import compared, compared_models, figure, write_figure
    from mammo_core.training.judging.spoken import compared_words

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
    from mammo_core.training.judging.systems import markdown

    print(markdown(args.runs), end="")
    return 0


def tune(args: argparse.Namespace) -> int:
    """Try values of a recipe's [tune] ranges, and write the best ones as a recipe."""
    if (kind := kind_of(args.recipe)) != "classifier":
        raise ValueError(f"{args.recipe} is a recipe of the kind {kind!r}; only classifiers are tuned")
    from mammo_core.training.tune import tune as search

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
    from mammo_core.training.explain import explain as look

    for path in look(args.run, args.file, args.method, fold=args.fold):
        print(path)
    return 0


def promote(args: argparse.Namespace) -> int:
    """Make a model folder of a run, or of an ensemble's recipe, and seal it."""
    kind = _kind(args.run)
    if kind in ("features", "classifier"):
        refuse(args, ("data", "prepared"), "for patch networks only; any other run is promoted by what it holds")
    if kind == "features":
        from mammo_core.training import cli_cytology

        return cli_cytology.promote(args)
    if kind != "classifier":
        from mammo_core.training import cli_patch

        return cli_patch.promote(args)
    from mammo_core.inference import models_root
    from mammo_core.training.bench.promote import promote as make

    artefact = make(args.run, models_root(), 0 if args.fold == "all" else int(args.fold), args.version)
    print(f"{artefact.folder} {artefact.digest}")
    return 0
