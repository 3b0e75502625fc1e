"""A recipe: everything a training run depends on besides the pictures, read from one TOML file and checked by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mammo_core.training.bench.checking import checked, table_of


@dataclass(frozen=True)
class Round:
    """One round of patch training; the counts of hard negatives and soft malignants are per batch."""

    epochs: int
    steps: int
    batch: int
    rate: float
    smoothing: float
    cutout: bool
    hard_negatives: int
    soft_malignant: int


@dataclass(frozen=True)
class JitterSpec:
    """How far a patch is changed at random: degrees, parts, pixels, parts of the grey scale."""

    rotation: float
    scale: float
    shift: float
    gamma: float
    contrast: float
    noise: float
    blur: float


@dataclass(frozen=True)
class HeadSpec:
    """A logistic regression on pooled features of whole pictures; `c` is scikit-learn's inverse penalty."""

    name: str
    features: tuple[str, ...]
    sets: tuple[str, ...]
    c: float


@dataclass(frozen=True)
class PatchRecipe:
    """What every recipe of a network says that is trained on patches: heads are fitted on `sets` and judged on those and on `outside`.

    `canvas`, from which patches of `patch` pixels are cut, has rows and columns.
    """

    kind: str
    name: str
    version: str
    title: str
    seed: int
    backbone: str
    canvas: tuple[int, int]
    sets: tuple[str, ...]
    outside: tuple[str, ...]
    patch: int
    dropout: float
    jitter: JitterSpec


@dataclass(frozen=True)
class Recipe(PatchRecipe):
    """The recipe of a patch network, which is trained on patches of `sets`, too.

    `start` names the run whose networks training goes on from, fold by fold ("": from the backbone's weights). All heads ship;
    calibration weighs them by source.
    """

    start: str
    norm_momentum: float
    rounds: tuple[Round, ...]
    heads: tuple[HeadSpec, ...]


@dataclass(frozen=True)
class TissueRecipe(PatchRecipe):
    """The recipe of a tissue network.

    Its patches are of those women of the set `patches_of` who are not judged; whole pictures it sees on the canvas `seen`. `c` is
    scikit-learn's inverse penalty of its heads, one a fold.
    """

    kind: Literal["tissue"]
    seen: tuple[int, int]
    patches_of: str
    round: Round
    c: float


@dataclass(frozen=True)
class Ensemble:
    """Patch networks that ship together: `members` are the folders of trained networks, "<run>/<fold>", below that of all runs.

    `tissue` is the run of a tissue network that ships with them ("": none does).
    """

    kind: str
    name: str
    version: str
    title: str
    seed: int
    members: tuple[str, ...]
    tissue: str = ""


def read_ensemble(path: Path) -> Ensemble:
    """Read the recipe of an ensemble. Raises ValueError naming the key that is missing, unknown or of the wrong kind."""
    ensemble: Ensemble = checked(Ensemble, table_of(path), path.name)
    if not ensemble.members or len(set(ensemble.members)) < len(ensemble.members):
        raise ValueError(f"{path.name}: an ensemble needs members, each named once")
    return ensemble


def read_tissue(path: Path) -> TissueRecipe:
    """Read the recipe of a tissue network. Raises ValueError naming what is missing, unknown, of the wrong kind or contradictory."""
    recipe: TissueRecipe = checked(TissueRecipe, table_of(path), path.name)
    _refuse_shared(recipe, path)
    return recipe


def read_recipe(path: Path) -> Recipe:
    """Read the recipe of a patch network. Raises ValueError naming what is missing, unknown, of the wrong kind or contradictory."""
    recipe: Recipe = checked(Recipe, {"rounds": [], "heads": []} | table_of(path), path.name)
    if not recipe.rounds or not recipe.heads:
        raise ValueError(f"{path.name}: a recipe needs at least one of [[rounds]] and one of [[heads]]")
    if len({head.name for head in recipe.heads}) < len(recipe.heads):
        raise ValueError(f"{path.name}: two heads have the same name")
    _refuse_shared(recipe, path)
    return recipe


def _refuse_shared(recipe: PatchRecipe, path: Path) -> None:
    shared = set(recipe.sets) & set(recipe.outside)
    if shared:
        raise ValueError(f"{path.name}: {', '.join(sorted(shared))} cannot be trained on and be an outside set at once")
