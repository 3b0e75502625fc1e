"""The verb `networks`: the layers and parameter counts of a recipe's network, printed. Nothing is downloaded or trained for it."""

from __future__ import annotations

import argparse

from mammo_core.training.bench.recipe import Recipe, read, read_one


def networks(args: argparse.Namespace) -> int:
    """Print every layer of a recipe's network, of each in turn for a comparison, and how many parameters there are."""
    recipes = [read_one(args.recipe, args.variant)] if args.variant else read(args.recipe)
    totals = [f"{recipe.name:40}{_printed(recipe)}" for recipe in recipes]
    print("\n".join(totals))
    return 0


def _printed(recipe: Recipe) -> str:
    """Print one network, and give its totals."""
    from mammo_core.training.networks import build, spelled

    lines = list(spelled(build(recipe, load=False).model))
    width = max(len(line.name) for line in lines) + 2
    spec = recipe.network
    print(f"{recipe.title}\nbackbone {spec.backbone}, weights {spec.weights}, classes {', '.join(recipe.classes)}\n")
    print(f"{'layer':{width}}{'kind':24}{'output':18}{'trained':>14}{'not trained':>14}")
    for line in lines:
        print(f"{line.name:{width}}{line.kind:24}{line.shape:18}{_count(line.trained):>14}{_count(line.untrained):>14}")
    trained, untrained = sum(line.trained for line in lines), sum(line.untrained for line in lines)
    print(flush=True)
    return f"{trained + untrained:>12,} parameters, {trained:,} trained"


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters else ""
