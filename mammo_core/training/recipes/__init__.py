"""Recipes of any kind: what all of them say, and reading one without knowing its kind. No Keras here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from mammo_core.training.recipes import classifier as classifiers
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.features import read_features
from mammo_core.training.recipes.patch import read_recipe, read_tissue


class Trained(Protocol):
    """What is trained: a network or, in `folds` parts of the women, several, for `epochs` at most in each."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def folds(self) -> int: ...
    @property
    def epochs(self) -> int: ...


class Judged(Trained, Protocol):
    """What says to which of `classes` a picture belongs, the last of them looked for.

    `labels` has the classes that each label of a table may stand for. The network sees a picture on a canvas of `size` (rows,
    columns), cut to the "breast" or "whole". `tuned` names the data that a search chose its values by, "" if none did.
    """

    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def tuned(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def crop(self) -> Literal["whole", "breast"]: ...


def read_trained(path: Path) -> tuple[Trained, ...]:
    """The recipes of a file of any kind that is trained: one, or one a variant.

    Raises ValueError naming what is wrong with it; an ensemble is not trained, and says so.
    """
    kind = kind_of(path)
    if kind == "features":
        return (read_features(path),)
    if kind == "ensemble":
        raise ValueError(f"{path.name}: an ensemble is not trained; 'promote' makes a model of the runs that it names")
    return read_judged(path)


def read_judged(path: Path) -> tuple[Judged, ...]:
    """The recipes of a file whose networks judge pictures. Raises ValueError naming what is wrong, or another kind."""
    kind = kind_of(path)
    if kind == "classifier":
        return classifiers.read(path)
    if kind == "patch":
        return (read_recipe(path),)
    if kind == "tissue":
        return (read_tissue(path),)
    raise ValueError(f"{path}: kind is {kind!r}, wanted classifier, patch or tissue")


def recipe_of(folder: Path) -> Judged:
    """The recipe of the run in `folder`, whose networks judge pictures. Raises ValueError as `read_judged`."""
    (recipe,) = read_judged(folder / "recipe.toml")
    return recipe
