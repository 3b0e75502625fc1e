"""A recipe: everything a training run depends on besides the pictures, read from one TOML file and checked by name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

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
class Recipe:
    """A whole recipe: `sets` are trained on, `outside` only judged on; `canvas` has rows and columns.

    `start` names the run whose networks training goes on from, fold by fold ("": from the backbone's weights). All heads ship;
    calibration weighs them by source.
    """

    kind: str
    name: str
    version: str
    title: str
    seed: int
    backbone: str
    canvas: tuple[int, int]
    start: str
    sets: tuple[str, ...]
    outside: tuple[str, ...]
    patch: int
    dropout: float
    norm_momentum: float
    rounds: tuple[Round, ...]
    jitter: JitterSpec
    heads: tuple[HeadSpec, ...]


@dataclass(frozen=True)
class TissueRecipe:
    """The recipe of a tissue network.

    Its patches are cut from `canvas` of those women of the set `patches_of` who stand in none of `sets`; whole pictures of `sets`, on
    which its heads are fitted fold by fold, and of `outside`, it sees on the canvas `seen`. `c` is scikit-learn's inverse penalty.
    """

    kind: Literal["tissue"]
    name: str
    version: str
    title: str
    seed: int
    backbone: str
    canvas: tuple[int, int]
    seen: tuple[int, int]
    patches_of: str
    sets: tuple[str, ...]
    outside: tuple[str, ...]
    patch: int
    dropout: float
    c: float
    round: Round
    jitter: JitterSpec


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
    """Read the recipe of a tissue network. Raises ValueError naming the key that is missing, unknown or of the wrong kind."""
    recipe: TissueRecipe = checked(TissueRecipe, table_of(path), path.name)
    return recipe


def read_recipe(path: Path) -> Recipe:
    """Read a recipe. Raises ValueError naming the key that is missing, unknown or of the wrong kind."""
    table = table_of(path)
    table["rounds"] = tuple(_checked(Round, each, "rounds") for each in table.get("rounds", []))
    table["heads"] = tuple(_checked(HeadSpec, each, "heads") for each in table.get("heads", []))
    table["jitter"] = _checked(JitterSpec, table.get("jitter", {}), "jitter")
    recipe: Recipe = _checked(Recipe, table, path.name)
    if not recipe.rounds or not recipe.heads:
        raise ValueError(f"{path.name}: a recipe needs at least one of [[rounds]] and one of [[heads]]")
    if len({head.name for head in recipe.heads}) < len(recipe.heads):
        raise ValueError(f"{path.name}: two heads have the same name")
    shared = set(recipe.sets) & set(recipe.outside)
    if shared:
        raise ValueError(f"{path.name}: {', '.join(sorted(shared))} cannot be trained on and be an outside set at once")
    return recipe


def _checked(kind: Any, table: dict[str, Any], where: str) -> Any:
    wanted = {field.name for field in fields(kind)}
    if missing := wanted - set(table):
        raise ValueError(f"{where}: missing {', '.join(sorted(missing))}")
    if unknown := set(table) - wanted:
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
