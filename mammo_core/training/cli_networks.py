"""The verb `networks`: the layers and parameter counts of a recipe's network, printed. Nothing is downloaded or trained for it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mammo_core.training.cli_train import refuse
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.classifier import Recipe, read, read_one


def networks(args: argparse.Namespace) -> int:
    """Print every layer of a recipe's network, of each in turn for a comparison, and how many parameters there are.

    An ensemble has no network of its own: its members are named.
    """
    path, kind = args.recipe, kind_of(args.recipe)
    if kind in ("patch", "tissue", "features", "ensemble"):
        refuse(args, ("variant",), f"for comparisons of classifiers; {path} is a recipe of the kind {kind!r}")
    if kind == "ensemble":
        print(_members(path))
    elif kind == "features":
        print(_cytology(path))
    elif kind in ("patch", "tissue"):
        print(_patches(path, kind))
    else:
        recipes = [read_one(path, args.variant)] if args.variant else read(path)
        print("\n".join([_classifier(recipe) for recipe in recipes]))
    return 0


def _members(path: Path) -> str:
    from mammo_core.training.recipes.patch import read_ensemble

    ensemble = read_ensemble(path)
    members = ", ".join([*ensemble.members, ensemble.tissue] if ensemble.tissue else ensemble.members)
    return f"{ensemble.title}: an ensemble has no layers of its own. Its members are {members}; ask for their recipes."


def _cytology(path: Path) -> str:
    from mammo_core.cytology.model import CLASSES
    from mammo_core.training.cytology import network, wisconsin
    from mammo_core.training.recipes.features import read_features

    recipe, women = read_features(path), wisconsin()
    about = f"{len(women.features)} features of cell nuclei, classes {', '.join(CLASSES)}"
    return _printed(recipe.name, recipe.title, about, network(recipe, women.values))


def _patches(path: Path, kind: str) -> str:
    """The network that is trained; of a whole picture it is asked cell by cell, and linear heads weigh what it says."""
    from mammo_core.training.patch import networks, tissue
    from mammo_core.training.recipes.patch import PatchRecipe, read_recipe, read_tissue

    recipe: PatchRecipe
    if kind == "tissue":
        recipe, backbone = read_tissue(path), tissue.resnet(None)
    else:
        recipe = read_recipe(path)
        backbone = networks.mobilenet_v2(None, recipe.norm_momentum)
    about = f"backbone's weights {recipe.backbone}, patches of {recipe.patch}×{recipe.patch}, classes background, benign, malignant"
    return _printed(recipe.name, recipe.title, about, networks.patch_network(backbone, recipe, cutout=False))


def _classifier(recipe: Recipe) -> str:
    from mammo_core.training.networks import build

    spec = recipe.network
    about = f"backbone {spec.backbone}, weights {spec.weights}, classes {', '.join(recipe.classes)}"
    return _printed(recipe.name, recipe.title, about, build(recipe, load=False).model)


def _printed(name: str, title: str, about: str, model: Any) -> str:
    """Print one network, and give its totals."""
    from mammo_core.training.networks import spelled

    lines = list(spelled(model))
    width, shape = max(len(line.name) for line in lines) + 2, max(18, *(len(line.shape) + 2 for line in lines))
    print(f"{title}\n{about}\n")
    print(f"{'layer':{width}}{'kind':24}{'output':{shape}}{'trained':>14}{'not trained':>14}")
    for line in lines:
        counts = f"{_count(line.trained):>14}{_count(line.untrained):>14}"
        print(f"{line.name:{width}}{line.kind:24}{line.shape:{shape}}{counts}")
    trained, untrained = sum(line.trained for line in lines), sum(line.untrained for line in lines)
    print(flush=True)
    return f"{name:40}{trained + untrained:>12,} parameters, {trained:,} trained"


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters else ""
