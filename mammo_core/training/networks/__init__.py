"""The networks of the bench: built by name from a recipe, every layer named. Nothing here knows a data set or fits anything.

Every network takes grey values 0..1, (N, rows, columns, 1), or (N, views, rows, columns, 1), and gives (N, classes) probabilities
(layer `probabilities`, after `logits`). `features` are its last maps, which class activation maps look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import keras
from keras import layers

from mammo_core.training.machine import enough_memory
from mammo_core.training.networks import backbones, fusion, heads
from mammo_core.training.networks.normalisation import fuse
from mammo_core.training.networks.weights import started
from mammo_core.training.recipes.classifier import Recipe
from mammo_core.training.recipes.words import Word, read_word


@dataclass(frozen=True)
class Built:
    """A network, the weights it truly starts from ("imagenet", "none" or a file's name), and a sentence where others were asked for."""

    model: Any
    weights: str
    remark: str = ""


@dataclass(frozen=True)
class LayerLine:
    """One layer of a network: its name, kind, output shape, and how many parameters it has, trained and not."""

    name: str
    kind: str
    shape: str
    trained: int
    untrained: int


@enough_memory()
def build(recipe: Recipe, folder: Path | None = None, *, load: bool = True) -> Built:
    """The network of a recipe, with weights from `folder` or Keras; without `load` it is as the recipe says, with random weights.

    It sets Keras' random seed to the recipe's. A layer that starts from scratch is never frozen.
    Views come as CC, MLO of a breast, or left CC, left MLO, right CC, right MLO.
    Raises ValueError naming the key that cannot be met, FileNotFoundError for a file of weights that is not there.
    """
    keras.utils.set_random_seed(recipe.seed)
    spec = recipe.network
    single = (*recipe.size, 1)
    shape = single if spec.views == 1 else (spec.views, *single)
    pictures = layers.Input(shape, dtype="float32", name="pictures")
    x = pictures if spec.views == 1 else fusion.ViewsIntoBatch(name="views_into_batch")(pictures)
    if recipe.channels == 3:
        x = layers.Concatenate(name="channels")([x, x, x])
    x = backbones.scaled(spec.backbone, recipe.scaling, recipe.channels)(x)
    words = [read_word(each) for each in spec.head]
    pool = words.index(Word("pool"))
    before, after = words[:pool], words[pool + 1 :]
    weights, remark = "none", ""
    if spec.backbone == "plain":
        x = heads.stacked(x, [read_word(each) for each in spec.layers], spec, recipe.seed)
    else:
        scaling = {id(layer) for layer in keras.Model(pictures, x).layers}
        start = started(spec.backbone, x, spec.weights if load else "none", folder)
        x, weights, remark = start.model.output, start.weights, start.remark
        if not load or weights != "none":
            own = [layer for layer in start.model.layers if id(layer) not in scaling]
            backbones.freeze(own, spec.freeze, spec.backbone)
    x = heads.stacked(x, before, spec, recipe.seed, "head_")
    x = heads.pooled(layers.Activation("linear", name="features")(x), spec.pooling)
    if spec.views > 1:
        x = fusion.fused(x, pictures, spec.views, spec.fusion)
    x = heads.stacked(x, after, spec, recipe.seed + len(before), "head_")
    answered = heads.answered(x, len(recipe.classes), spec.output)
    model = fuse(keras.Model(pictures, answered, name=recipe.name.replace("-", "_")))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = spec.norm_momentum
    return Built(model, weights, remark)


def spelled(model: Any) -> Iterator[LayerLine]:
    """A network's layers in order, those without parameters too, and those of a network within it; "any" side is as the picture has it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from spelled(layer)
            continue
        trained = sum(prod(each.shape) for each in layer.trainable_weights)
        untrained = sum(prod(each.shape) for each in layer.non_trainable_weights)
        shape = "×".join("any" if side is None else str(side) for side in layer.output.shape[1:])
        yield LayerLine(layer.name, type(layer).__name__, shape, trained, untrained)
