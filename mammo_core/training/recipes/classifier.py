"""A classifier's recipe: everything a run depends on besides the pictures, read from one TOML file and checked by name.

A file with `[[variants]]` is a comparison: each variant changes some keys and is a recipe of its own. No Keras here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from mammo_core.training.datasets import LABELS
from mammo_core.training.recipes.checking import checked, misnamed, table_of
from mammo_core.training.recipes.words import read_words

LARGEST = 8192
"""Pixels of the longest side of a network's picture; mammograms themselves are smaller."""
_NOT_BELOW = ("weight_decay", "patience", "focal_gamma", "early_stopping")
_SHARES = ("zoom", "shift", "contrast", "brightness", "blur", "cutout", "mixup")


@dataclass(frozen=True)
class System:
    """The system a recipe reproduces: what its authors state ("none stated"), and why an honest protocol gives less."""

    title: str
    stated: str
    reason: str


@dataclass(frozen=True)
class NetworkSpec:
    """A network: a Keras backbone by name, or `plain` with `layers` of its own, then the `head`; layers are written in `words`.

    `weights` is "imagenet", "none" or a file in the folder of weights. `freeze` counts the backbone's layers that are not trained, from
    the input (-100: all but the last 100), or names the last block that is not ("all": the backbone). `views` pictures share the
    backbone: 2 are CC and MLO of a breast, 4 are left CC, left MLO, right CC, right MLO. A sigmoid output has one unit, for two
    classes.
    """

    backbone: str
    head: tuple[str, ...]
    layers: tuple[str, ...] = ()
    weights: str = "none"
    freeze: int | str = 0
    pooling: Literal["average", "average+max", "attention", "flatten"] = "average"
    dropout: float = 0.0
    output: Literal["softmax", "sigmoid"] = "softmax"
    views: Literal[1, 2, 4] = 1
    fusion: Literal["concatenate", "average", "max", "attention"] = "concatenate"
    norm_momentum: float = 0.99


@dataclass(frozen=True)
class TrainingSpec:
    """How it is fitted. `watch` decides the schedule's plateaus, early stopping and the best epoch.

    `class_weights` has one number a class, of which only the ratio counts, or none. `early_stopping` and `patience` count epochs
    without gain, 0 for never; a batch is put together from `accumulate` smaller ones.
    """

    epochs: int
    batch: int
    rate: float
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "plateau"] = "constant"
    patience: int = 2
    factor: float = 0.5
    loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    focal_gamma: float = 2.0
    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()
    sampling: Literal["shuffled", "balanced"] = "shuffled"
    watch: Literal["loss", "accuracy", "auc", "recall"] = "loss"
    early_stopping: int = 0
    mixed_precision: bool = False
    accumulate: int = 1
    devices: int = 1


@dataclass(frozen=True)
class AugmentationSpec:
    """How far a training picture is changed at random: degrees, then parts of the side, of the scale, of the pictures."""

    rotation: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    contrast: float = 0.0
    brightness: float = 0.0
    blur: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0


@dataclass(frozen=True)
class ProtocolSpec:
    """Who is judged: a `share` of the women once, or each of `k` folds in turn. Of the rest, `validation` is the share watched, not
    fitted.

    `outside` names data sets that are only judged on. With `permuted`, labels of the women fitted to and watched are dealt out anew:
    the control run, which finds nothing unless the protocol leaks.
    """

    kind: Literal["holdout", "folds"]
    share: float = 0.2
    k: int = 5
    validation: float = 0.15
    outside: tuple[str, ...] = ()
    permuted: bool = False


@dataclass(frozen=True)
class Range:
    """What `tune` may try for one key: numbers from `low` to `high`, whole ones if both are, or one of `choices`."""

    low: int | float = 0
    high: int | float = 0
    log: bool = False
    choices: tuple[str | int | float | bool, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A whole recipe. `labels` says which class a table's label is: one, or several where only that much is known of it.

    A label left out is left out of the data. `size` is (rows, columns); `channels` is what the first convolution sees, a grey picture
    being repeated. `scaling` is of grey values 0..1: "unit" as they are, "signed" to -1..1, "imagenet" as the backbone's authors had it.
    `tune` has a range by dotted key; `tuned` names the data that a search chose this recipe's values by, "" if none did. `comparison`
    names the file that a variant comes from.
    """

    kind: Literal["classifier"]
    name: str
    version: str
    title: str
    seed: int
    classes: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    size: tuple[int, int]
    system: System
    network: NetworkSpec
    training: TrainingSpec
    protocol: ProtocolSpec
    channels: Literal[1, 3] = 3
    crop: Literal["whole", "breast"] = "whole"
    scaling: Literal["unit", "signed", "imagenet"] = "unit"
    augmentation: AugmentationSpec = field(default_factory=AugmentationSpec)
    tune: dict[str, Range] = field(default_factory=dict)
    tuned: str = ""
    comparison: str = ""

    @property
    def folds(self) -> int:
        """How many networks are fitted, each without other women."""
        return self.protocol.k if self.protocol.kind == "folds" else 1

    @property
    def epochs(self) -> int:
        """At most, in each fold."""
        return self.training.epochs


def read(path: Path) -> tuple[Recipe, ...]:
    """The recipes of a file: one, or one a variant. Raises ValueError naming the key that is missing, unknown or wrong."""
    table = table_of(path)
    variants = table.pop("variants", [])
    if not variants:
        return (from_table(table, path.name),)
    if not isinstance(variants, list) or not all(isinstance(each, dict) for each in variants):
        raise ValueError(f"{path.name}: variants are written as [[variants]], a table each")
    recipes = []
    for each in variants:
        change = dict(each)
        name = change.pop("name", "")
        where = f"{path.name}, variant {name or '?'}"
        if not name:
            raise ValueError(f"{where}: missing name")
        whole = {**table, "name": f"{table.get('name')}-{name}", "comparison": table.get("name")}
        recipes.append(from_table(_merged(whole, change), where))
    if len({recipe.name for recipe in recipes}) < len(recipes):
        raise ValueError(f"{path.name}: two variants have the same name")
    return tuple(recipes)


def read_one(path: Path, variant: str = "") -> Recipe:
    """One recipe of a file. Raises ValueError where there are several and `variant` names none of them."""
    recipes = read(path)
    found = [each for each in recipes if each.name == f"{each.comparison}-{variant}"] if variant else list(recipes)
    if len(found) != 1:
        names = ", ".join(each.name.removeprefix(f"{each.comparison}-") for each in recipes)
        raise ValueError(f"{path.name}: say which variant: {names}")
    return found[0]


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other values, by dotted key: {"training.epochs": 3}. Raises ValueError as `read` does."""
    table = asdict(recipe)
    for key, value in changes.items():
        *parents, last = key.split(".")
        inner: Any = table
        for parent in parents:
            inner = inner.get(parent) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or last not in inner:
            raise ValueError(f"{recipe.name}: unknown {key}")
        inner[last] = value
    return from_table(table, recipe.name)


def from_table(table: Mapping[str, Any], where: str) -> Recipe:
    """A recipe from what TOML gives. Raises ValueError, opening with `where`, that names the wrong key."""
    table = dict(table)
    if isinstance(labels := table.get("labels"), dict):
        table["labels"] = {key: [value] if isinstance(value, str) else value for key, value in labels.items()}
    if isinstance(ranges := table.get("tune"), dict):
        table["tune"] = {key: {"choices": value} if isinstance(value, list) else value for key, value in ranges.items()}
    recipe: Recipe = checked(Recipe, table, where)
    for sentence in _wrong(recipe):
        raise ValueError(f"{where}: {sentence}")
    return recipe


def _wrong(recipe: Recipe) -> list[str]:
    """What single keys cannot tell, a sentence each."""
    classes, network, training, protocol = recipe.classes, recipe.network, recipe.training, recipe.protocol
    found = misnamed(name=recipe.name, version=recipe.version)
    if not 0 <= recipe.seed < 1 << 31:
        found.append(f"seed is {recipe.seed}, wanted 0 or more, less than {1 << 31}")
    if not all(each.isprintable() and each.strip() for each in classes):
        found.append(f"classes is {list(classes)}, wanted names that can be printed")
    if len(classes) not in (2, 3) or len(set(classes)) < len(classes):
        found.append(f"classes is {list(classes)}, wanted two or three names")
    for label, meant in recipe.labels.items():
        if label not in LABELS:
            found.append(f"labels.{label}: a label is one of {', '.join(LABELS)}")
        if not meant or not set(meant) <= set(classes) or len(meant) == len(classes):
            found.append(f"labels.{label} is {list(meant)}, wanted one or some of {', '.join(classes)}")
    if alone := [each for each in classes if (each,) not in recipe.labels.values()]:
        found.append(f"labels: none is {alone[0]}")
    if network.output == "sigmoid" and len(classes) != 2:
        found.append("network.output is 'sigmoid', which takes two classes")
    plain = network.backbone == "plain"
    if bool(network.layers) != plain:
        found.append("network.layers belongs to backbone 'plain', and to no other")
    if plain and (network.weights != "none" or network.freeze):
        found.append("network.weights and network.freeze are of a backbone, 'plain' starts from scratch")
    try:
        read_words([*network.layers, *network.head])
    except ValueError as error:
        found.append(f"network.layers or network.head: {error}")
    if training.class_weights and len(training.class_weights) != len(classes):
        found.append(f"training.class_weights has {len(training.class_weights)} numbers, wanted {len(classes)}")
    positive = {
        "size": min(recipe.size),
        "training.epochs": training.epochs,
        "training.batch": training.batch,
        "training.rate": training.rate,
        "training.accumulate": training.accumulate,
        "training.devices": training.devices,
    }
    positive |= {f"training.class_weights[{place}]": weight for place, weight in enumerate(training.class_weights)}
    found += [f"{key} is {value}, wanted more than 0" for key, value in positive.items() if value <= 0]
    if max(recipe.size) > LARGEST:
        found.append(f"size is {list(recipe.size)}, wanted at most {LARGEST}")
    not_below = {f"training.{key}": getattr(training, key) for key in _NOT_BELOW}
    not_below["augmentation.rotation"] = recipe.augmentation.rotation
    found += [f"{key} is {value}, wanted 0 or more" for key, value in not_below.items() if value < 0]
    shares = {f"augmentation.{key}": getattr(recipe.augmentation, key) for key in _SHARES}
    found += [f"{key} is {value}, wanted 0 to 1" for key, value in shares.items() if not 0 <= value <= 1]
    if not 0 < training.factor <= 1:
        found.append(f"training.factor is {training.factor}, wanted more than 0, at most 1")
    parts = {
        "network.dropout": network.dropout,
        "network.norm_momentum": network.norm_momentum,
        "training.smoothing": training.smoothing,
        "protocol.share": protocol.share,
        "protocol.validation": protocol.validation,
    }
    found += [f"{key} is {value}, wanted 0 or more, less than 1" for key, value in parts.items() if not 0 <= value < 1]
    if protocol.kind == "holdout" and not protocol.share:
        found.append("protocol.share is 0: nobody would be judged")
    if protocol.kind == "folds" and protocol.k < 2:
        found.append(f"protocol.k is {protocol.k}, wanted 2 or more")
    for key, each in recipe.tune.items():
        parent, _, last = key.rpartition(".")
        if not hasattr(getattr(recipe, parent, None) if parent else recipe, last):
            found.append(f"tune: unknown {key}")
        if not each.choices and not each.low < each.high:
            found.append(f"tune: {key} needs low and high, or a list of choices")
    return found


def _merged(table: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(table)
    for key, value in change.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
