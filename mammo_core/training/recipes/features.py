"""The recipe of a network that learns from features of cell nuclei, read from one TOML file and checked by name. No Keras here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mammo_core.training.recipes.checking import checked, misnamed, table_of
from mammo_core.training.recipes.classifier import System
from mammo_core.training.recipes.words import read_words

DATA = "wisconsin-diagnostic"


@dataclass(frozen=True)
class FeatureNetwork:
    """Layers in the bench's words, a convolution being along the characteristics; `pool` makes numbers of what is left."""

    layers: tuple[str, ...]
    kernel: int
    dropout: float


@dataclass(frozen=True)
class FeatureTraining:
    """AdamW with a rate that falls to nothing along a cosine."""

    epochs: int
    batch: int
    rate: float
    weight_decay: float


@dataclass(frozen=True)
class FeatureProtocol:
    """`k` stratified folds by the recipe's seed, and as many divisions more as `repeats` by the seeds after it."""

    k: int
    repeats: int


@dataclass(frozen=True)
class FeatureRecipe:
    """A recipe of the kind "features"."""

    kind: Literal["features"]
    name: str
    version: str
    title: str
    seed: int
    data: Literal["wisconsin-diagnostic"]
    system: System
    network: FeatureNetwork
    training: FeatureTraining
    protocol: FeatureProtocol

    @property
    def folds(self) -> int:
        """How many networks are fitted, each without other women."""
        return self.protocol.k

    @property
    def epochs(self) -> int:
        """In each fold; the last is taken."""
        return self.training.epochs


def read_features(path: Path) -> FeatureRecipe:
    """Read a recipe. Raises ValueError naming the key that is missing, unknown or wrong."""
    recipe: FeatureRecipe = checked(FeatureRecipe, table_of(path), path.name)
    read_words(recipe.network.layers)
    least = {"protocol.k": recipe.protocol.k - 1, "epochs": recipe.training.epochs}
    wrong = [f"{key} is too small" for key, value in least.items() if value < 1]
    for sentence in [*misnamed(name=recipe.name, version=recipe.version), *wrong]:
        raise ValueError(f"{path.name}: {sentence}")
    return recipe
