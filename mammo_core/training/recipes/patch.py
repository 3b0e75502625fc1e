"""Recipes of patch networks, of tissue networks and of ensembles of them, read from one TOML file each and checked by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mammo_core.training.datasets import LABELS
from mammo_core.training.recipes.checking import checked, misnamed, table_of

FOLDS = 5
"""Parts of the women, each left out by one network."""
REST, MALIGNANT = "not malignant", "malignant"
STRIDE = 32
"""Pixels that sides of a canvas are divided by: cells of maps would else lie beside what they stand for."""


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
    features: tuple[Literal["average", "maximum", "maps", "texture"], ...]
    sets: tuple[str, ...]
    c: float


@dataclass(frozen=True)
class SetSpec:
    """A data set under its `title`. It is judged, its cases counted by `units`; without units it is not.

    `source` says whose calibration holds for it: the one fitted to the first judged set of that source whose women are held out. Its
    lesions may all be `masses`.
    """

    set: str
    title: str
    source: Literal["digital", "film"]
    units: tuple[Literal["image", "breast", "exam"], ...] = ()
    masses: bool = False


@dataclass(frozen=True)
class PatchRecipe:
    """What every recipe of a network says that is trained on patches: heads are fitted on `sets`, and `outside` is only judged on.

    `canvas`, from which patches of `patch` pixels are cut, has rows and columns. `data` describes the sets; masses and other lesions
    are served in turn. Thresholds are set on the first set that has exams and women held out. A model's card says what `limits` these
    pictures set, and under which `licence` its weights are.
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
    data: tuple[SetSpec, ...]
    limits: tuple[str, ...]
    licence: str

    @property
    def classes(self) -> tuple[str, ...]:
        """What a picture is said to be."""
        return REST, MALIGNANT

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The class of each label of a table."""
        return {label: (MALIGNANT if label == MALIGNANT else REST,) for label in LABELS}

    @property
    def folds(self) -> int:
        """How many networks are fitted, each without a fifth of the women."""
        return FOLDS

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the canvas."""
        return self.canvas

    @property
    def crop(self) -> Literal["breast"]:
        """What of a picture lies on the canvas."""
        return "breast"

    @property
    def tuned(self) -> str:
        """No search chose its values."""
        return ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Every set that it learns from or is judged on."""
        return tuple(dict.fromkeys((*self.sets, *self.outside)))

    @property
    def judged(self) -> tuple[SetSpec, ...]:
        """The sets that figures are given for."""
        return tuple(each for each in self.data if each.units)

    @property
    def masses(self) -> tuple[str, ...]:
        """The sets whose lesions are masses."""
        return tuple(each.set for each in self.data if each.masses)

    @property
    def titles(self) -> dict[str, str]:
        """What each set is called."""
        return {each.set: each.title for each in self.data}

    @property
    def points(self) -> tuple[SetSpec, str]:
        """The set, and the unit, that thresholds are set on: the first that has exams, or else the first, of women held out."""
        held_out = [each for each in self.judged if each.set in self.sets]
        first = next((each for each in held_out if "exam" in each.units), held_out[0])
        return first, "exam" if "exam" in first.units else first.units[-1]

    @property
    def sources(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """By source: the set that its calibration is fitted to, and the other judged sets that it holds for.

        One set only: of two, telling the sets apart would pass for skill.
        """
        found: dict[str, tuple[str, tuple[str, ...]]] = {}
        for source in dict.fromkeys(each.source for each in (self.points[0], *self.judged)):
            own = [each.set for each in self.judged if each.source == source]
            fitted = next(name for name in own if name in self.sets)
            found[source] = fitted, tuple(name for name in own if name != fitted)
        return found


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

    @property
    def epochs(self) -> int:
        """Of all rounds, in each fold."""
        return sum(each.epochs for each in self.rounds)


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

    @property
    def folds(self) -> int:
        """One network serves all folds of the heads."""
        return 1

    @property
    def epochs(self) -> int:
        """Of its one round."""
        return self.round.epochs

    @property
    def needs(self) -> tuple[str, ...]:
        """Every set that it learns from or is judged on."""
        return tuple(dict.fromkeys((*super().needs, self.patches_of)))


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
    for member in ensemble.members:
        run, _, fold = member.rpartition("/")
        if misnamed(run=run) or fold not in {f"fold{number}" for number in range(FOLDS)}:
            raise ValueError(f"{path.name}: {member}: a member is the fold of a run, such as {ensemble.name}-1/fold0")
    for sentence in misnamed(name=ensemble.name, version=ensemble.version):
        raise ValueError(f"{path.name}: {sentence}")
    return ensemble


def read_tissue(path: Path) -> TissueRecipe:
    """Read the recipe of a tissue network. Raises ValueError naming what is missing, unknown, of the wrong kind or contradictory."""
    recipe: TissueRecipe = checked(TissueRecipe, {"data": []} | table_of(path), path.name)
    _refuse(recipe, path, (recipe.round,))
    return recipe


def read_recipe(path: Path) -> Recipe:
    """Read the recipe of a patch network. Raises ValueError naming what is missing, unknown, of the wrong kind or contradictory."""
    recipe: Recipe = checked(Recipe, {"rounds": [], "heads": [], "data": []} | table_of(path), path.name)
    if not recipe.rounds or not recipe.heads:
        raise ValueError(f"{path.name}: a recipe needs at least one of [[rounds]] and one of [[heads]]")
    if len({head.name for head in recipe.heads}) < len(recipe.heads):
        raise ValueError(f"{path.name}: two heads have the same name")
    for head in recipe.heads:
        if not head.features or not head.sets or not set(head.sets) <= set(recipe.sets):
            raise ValueError(f"{path.name}: the head {head.name} needs features, and sets that are among the recipe's")
    _refuse(recipe, path, recipe.rounds)
    return recipe


def _refuse(recipe: PatchRecipe, path: Path, rounds: tuple[Round, ...]) -> None:
    for sentence in misnamed(name=recipe.name, version=recipe.version):
        raise ValueError(f"{path.name}: {sentence}")
    if recipe.seed < 0:
        raise ValueError(f"{path.name}: seed is {recipe.seed}, wanted 0 or more")
    if min(recipe.canvas) <= 0 or any(side % STRIDE for side in recipe.canvas):
        raise ValueError(f"{path.name}: canvas is {list(recipe.canvas)}, wanted sides that {STRIDE} divides")
    if recipe.patch <= 0 or any(min(each.epochs, each.steps, each.batch, each.rate) <= 0 for each in rounds):
        raise ValueError(
            f"{path.name}: patch, and epochs, steps, batch and rate of every round, have to be more than 0"
        )
    shared = set(recipe.sets) & set(recipe.outside)
    if shared:
        raise ValueError(f"{path.name}: {', '.join(sorted(shared))} cannot be trained on and be an outside set at once")
    described = [each.set for each in recipe.data]
    if len(set(described)) < len(described):
        raise ValueError(f"{path.name}: a set is described twice in [[data]]")
    if len(set(recipe.titles.values())) < len(described):
        raise ValueError(f"{path.name}: two sets of [[data]] have the same title, by which a card tells them apart")
    if absent := set(recipe.needs) - set(described):
        raise ValueError(f"{path.name}: [[data]] does not describe {', '.join(sorted(absent))}")
    if strange := set(described) - set(recipe.needs):
        raise ValueError(f"{path.name}: [[data]] describes {', '.join(sorted(strange))}, which the recipe does not use")
    if not recipe.judged:
        raise ValueError(f"{path.name}: no set of [[data]] has units to be judged by")
    for each in recipe.judged:
        if "image" not in each.units:
            raise ValueError(f"{path.name}: [[data]], {each.set}: units need image")
        if not any(other.set in recipe.sets for other in recipe.judged if other.source == each.source):
            raise ValueError(
                f"{path.name}: no judged set of the source {each.source} has women held out, to calibrate on"
            )
