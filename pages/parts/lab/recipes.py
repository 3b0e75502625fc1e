"""Which network to train and how: the recipes there are, what each stands for, and what it says in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from mammo_core.training.bench import recipe as recipes
from mammo_core.training.bench.recipe import Recipe
from pages.parts.lab.layers import layers
from pages.parts.lab.setting import recipes_root
from pages.parts.look import write
from pages.parts.take_away import table


@dataclass(frozen=True)
class Offer:
    """A recipe, the file it stands in, and the name of its variant there ("" where it stands alone)."""

    path: Path
    variant: str
    recipe: Recipe

    @property
    def name(self) -> str:
        """What it is called in a list."""
        return f"{self.recipe.name} {self.recipe.version} · {self.recipe.title}"


def offers() -> tuple[list[Offer], list[str], list[str]]:
    """Recipes of classifiers; names of recipes of other kinds; sentences on files that cannot be read."""
    found: list[Offer] = []
    others, wrong = [], []
    for path in sorted(recipes_root().glob("*.toml")):
        try:
            if recipes.kind_of(path) != "classifier":
                others.append(path.stem)
                continue
            for one in recipes.read(path):
                variant = one.name.removeprefix(f"{one.comparison}-") if one.comparison else ""
                found.append(Offer(path, variant, one))
        except ValueError as error:
            wrong.append(f"{path.name} cannot be read: {error}")
    return found, others, wrong


def choose() -> Offer | None:
    """Ask for a recipe and show it; None, with the reason, where there is none."""
    st.markdown("#### 2 · Recipe")
    found, others, wrong = offers()
    for sentence in wrong:
        write("amber", sentence)
    if not found:
        write("amber", "There is no recipe of a classifier in models/recipes.")
        return None
    by_name = {offer.name: offer for offer in found}
    offer = by_name[st.selectbox("Network and protocol", list(by_name), key="recipe", persist_state="page")]
    write("quiet", _in_short(offer.recipe))
    if others:
        write("small", f"From the command line only: {', '.join(others)}.")
    return offer


def more(offer: Offer) -> None:
    """All that can be said of a recipe: the system it reproduces, every key, and the layers, which are only counted when asked for."""
    st.markdown("#### More about this recipe")
    with st.expander("The system it stands for, and why figures differ", key="system"):
        said = offer.recipe.system
        st.markdown(f"**{said.title}**")
        write("quiet", f"Its authors state: {said.stated}.")
        write("quiet", said.reason)
    with st.expander("Everything it says", key="parameters"):
        rows = [{"Key": key, "Value": value} for key, value in flat(asdict(offer.recipe)) if value != ""]
        table(rows, "", f"recipe-{offer.recipe.name}")
    with st.expander("Layers and parameters", key="layers", on_change="rerun") as spelled:
        if spelled.open:
            layers(offer.path, offer.variant)


def _in_short(recipe: Recipe) -> str:
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
        else:
            words = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
            words = words.lower() if isinstance(value, bool) else words  # as it stands in the file
            yield f"{before}{key}", words
