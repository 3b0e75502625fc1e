"""Which network to train and how: the recipes there are, what each stands for, and what it says in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from mammo_core.training import recipes
from mammo_core.training.recipes import Trained
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.classifier import Recipe as Classifier
from mammo_core.training.recipes.features import FeatureRecipe
from mammo_core.training.recipes.patch import Ensemble, Recipe, TissueRecipe, read_ensemble
from pages.parts.lab.layers import layers
from pages.parts.lab.setting import recipes_root
from pages.parts.look import write
from pages.parts.take_away import table


@dataclass(frozen=True)
class Offer:
    """A recipe, the file it stands in, and the name of its variant there ("" where it stands alone)."""

    path: Path
    variant: str
    recipe: Trained

    @property
    def name(self) -> str:
        """What it is called in a list."""
        return f"{self.recipe.name} {self.recipe.version} · {self.recipe.title}"


@dataclass(frozen=True)
class Offers:
    """Recipes that are trained, those of `ensembles` of trained networks, and sentences on files that cannot be read."""

    trained: list[Offer]
    ensembles: list[tuple[Path, Ensemble]]
    wrong: list[str]


def offers() -> Offers:
    """The recipes there are."""
    found = Offers([], [], [])
    for path in sorted(recipes_root().glob("*.toml")):
        try:
            if kind_of(path) == "ensemble":
                found.ensembles.append((path, read_ensemble(path)))
                continue
            for one in recipes.read_trained(path):
                comparison = getattr(one, "comparison", "")
                variant = one.name.removeprefix(f"{comparison}-") if comparison else ""
                found.trained.append(Offer(path, variant, one))
        except ValueError as error:
            found.wrong.append(f"{path.name} cannot be read: {error}")
    return found


def choose() -> Offer | None:
    """Ask for a recipe and show it; None, with the reason, where there is none."""
    st.markdown("#### 2 · Recipe")
    found = offers()
    for sentence in found.wrong:
        write("amber", sentence)
    if not found.trained:
        write("amber", "There is no recipe of a network in models/recipes.")
        return None
    by_name = {offer.name: offer for offer in found.trained}
    offer = by_name[st.selectbox("Network and protocol", list(by_name), key="recipe", persist_state="page")]
    write("quiet", in_short(offer.recipe))
    return offer


def more(offer: Offer) -> None:
    """All that can be said of a recipe: the system it reproduces, every key, and the layers, which are only counted when asked for."""
    st.markdown("#### More about this recipe")
    if (said := getattr(offer.recipe, "system", None)) is not None:
        with st.expander("The system it stands for, and why figures differ", key="system"):
            st.markdown(f"**{said.title}**")
            write("quiet", f"Its authors state: {said.stated}.")
            write("quiet", said.reason)
    with st.expander("Everything it says", key="parameters"):
        rows = [{"Key": key, "Value": value} for key, value in flat(asdict(offer.recipe)) if value != ""]
        table(rows, "", f"recipe-{offer.recipe.name}")
    with st.expander("Layers and parameters", key="layers", on_change="rerun") as spelled:
        if spelled.open:
            layers(offer.path, offer.variant)


def in_short(recipe: Trained) -> str:
    """What a recipe trains, in a sentence or two."""
    match recipe:
        case Classifier():
            return _classifier(recipe)
        case Recipe():
            rounds = f"{len(recipe.rounds)} round{'' if len(recipe.rounds) == 1 else 's'} of {recipe.rounds[0].batch} patches a step"
            return (
                f"Patches of {recipe.patch}×{recipe.patch} pixels around lesions, then whole pictures of {recipe.canvas[0]}×"
                f"{recipe.canvas[1]}; {rounds}, {recipe.epochs} epochs; {_sets(recipe)}; five folds by woman."
            )
        case TissueRecipe():
            return (
                f"Patches of women of {recipe.titles[recipe.patches_of]} of whom none is judged, then whole pictures of "
                f"{recipe.seen[0]}×{recipe.seen[1]}; {recipe.epochs} epochs; {_sets(recipe)}; a head for each of five folds by woman. It "
                "ships with patch networks, as an ensemble's recipe says."
            )
        case FeatureRecipe():
            return (
                f"Features of cell nuclei, no pictures: the set ({recipe.data}) comes with scikit-learn. {recipe.epochs} epochs in each of "
                f"{recipe.folds} folds by woman."
            )
    return recipe.title


def _sets(recipe: Recipe | TissueRecipe) -> str:
    outside = f", judged on {', '.join(recipe.outside)} too" if recipe.outside else ""
    return f"learned from {', '.join(name for name in recipe.needs if name not in recipe.outside)}{outside}"


def _classifier(recipe: Classifier) -> str:
    network, training, protocol = recipe.network, recipe.training, recipe.protocol
    parts = "one split by woman" if protocol.kind == "holdout" else f"{protocol.k} folds by woman"
    weights = {"none": "from scratch", "imagenet": "from ImageNet weights"}.get(network.weights, "from given weights")
    return (
        f"Classes {', '.join(recipe.classes)}; {recipe.size[0]}×{recipe.size[1]} pixels, {recipe.channels} "
        f"channel{'' if recipe.channels == 1 else 's'}; {network.backbone} {weights}; {training.optimizer} at {training.rate:g}, "
        f"batches of {training.batch}, {training.epochs} epochs; {parts}."
    )


def flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """A recipe's keys, dotted, and what each says in words."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        elif isinstance(value, tuple | list) and value and isinstance(value[0], Mapping):
            for number, each in enumerate(value, start=1):
                yield from flat(each, f"{before}{key}.{number}.")
        else:
            words = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
            words = words.lower() if isinstance(value, bool) else words  # as it stands in the file
            yield f"{before}{key}", words
