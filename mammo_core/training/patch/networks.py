"""The networks: a patch network, and the whole-picture network that carries it over a canvas.

The whole-picture network carries its last stage, of stride 32, four times over the features before it, moved by half a stride, so
that its maps have a cell every 16 pixels; the features of the cells that a patch spans (3x3 of 112 pixels) are averaged before they
are classified, since that is what the patch network saw. Everything from the averaged features to the class scores is linear but for
maxima, so Grad-CAM's channel weights are constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mammo_core.training.networks.normalisation import fuse
from mammo_core.training.patch.jitter import Jitter
from mammo_core.training.recipes.patch import STRIDE, PatchRecipe

CELL = 16
"""Canvas pixels from one cell of the whole-picture maps to the next."""
HALF_STRIDE = "block_13_expand_relu"
"""The last layer of MobileNetV2 at stride 16: up to it, a canvas moved by half a stride gives the same features, moved by a cell."""
TEXTURE = ("block_3_expand_relu", "block_6_expand_relu", "block_10_expand_relu", HALF_STRIDE)
"""Layers of MobileNetV2 whose mean and spread over the canvas tell what the tissue is like, before anything is called a lesion."""
TOP_SHARE = 32
"""The top mean of a map is taken over one cell in so many: 20 of 32×20."""
POOLED = "pooled_cells"
"""Name of the layer that Grad-CAM looks at: (rows/16, columns/16, 1280)."""


def mobilenet_v2(weights: Path | None, momentum: float) -> Any:
    """MobileNetV2 without top, ImageNet weights from a float16 archive (`layer/variable` keys); input RGB in -1..1, stride 32."""
    backbone = fuse(keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(None, None, 3)))
    archive = np.load(weights) if weights else {}
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = momentum
        names = [weight.path.split("/")[-1] for weight in layer.weights]
        if names and weights:
            layer.set_weights([archive[f"{layer.name}/{name}"].astype("float32") for name in names])
    return backbone


def patch_network(backbone: Any, recipe: PatchRecipe, cutout: bool) -> Any:
    """(side, side, 1) uint8 crops, larger than the patch, to the logits of background, benign, malignant."""
    crop = layers.Input((crop_side(recipe), crop_side(recipe), 1), dtype="uint8", name="crop")
    x = Jitter(recipe.jitter, recipe.patch, cutout=cutout, seed=recipe.seed)(crop)
    x = layers.Concatenate()([x, x, x])
    x = backbone(layers.Rescaling(2.0, offset=-1.0)(x))
    x = layers.Dropout(recipe.dropout, seed=recipe.seed + 1)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(crop, layers.Dense(3, name="patch_logits")(x), name="patch_network")


def crop_side(recipe: PatchRecipe) -> int:
    """Side of the square cut out of a canvas so that a turned, scaled and moved patch still lies inside it."""
    return int(np.ceil(recipe.patch * 1.45 / 16) * 16)


class Bordered(layers.Layer):  # type: ignore[misc]
    """(N, rows, columns, 1) to (N, rows + 48, columns + 48, 1), with a black border all round.

    MobileNetV2's padding puts the centre of cell i at 32 i + 31.5; borders of 24 pixels, and of 8 where half a stride is left out,
    bring the centres of even and odd cells of the finer map to 16 r + 7.5, the middle of each cell.
    """

    def call(self, canvas: Any) -> Any:
        return ops.pad(canvas, ((0, 0), (24, 24), (24, 24), (0, 0)))


class Moved(layers.Layer):  # type: ignore[misc]
    """(N, r, c, k) features of stride 16 to (4N, r - 1, c - 1, k): four copies, moved by one cell down, across and both."""

    def call(self, features: Any) -> Any:
        _, rows, columns, _ = features.shape
        copies = [features[:, d : rows - 1 + d, a : columns - 1 + a] for d in (0, 1) for a in (0, 1)]
        return ops.concatenate(copies, axis=0)


class Interleaved(layers.Layer):  # type: ignore[misc]
    """(4N, r + 1, c + 1, k) features of the moved copies to the (N, 2r, 2c, k) map they are samples of."""

    def call(self, cells: Any) -> Any:
        _, rows, columns, depth = cells.shape
        rows, columns = rows - 1, columns - 1
        cells = ops.reshape(cells[:, :rows, :columns], (2, 2, -1, rows, columns, depth))
        cells = ops.transpose(cells, (2, 3, 0, 4, 1, 5))
        return ops.reshape(cells, (-1, rows * 2, columns * 2, depth))


class TopMean(layers.Layer):  # type: ignore[misc]
    """(N, rows, columns, k) to (N, k): the mean of the largest cells of each channel."""

    def call(self, maps: Any) -> Any:
        cells = maps.shape[1] * maps.shape[2]
        flat = ops.transpose(ops.reshape(maps, (-1, cells, maps.shape[3])), (0, 2, 1))
        return ops.mean(ops.top_k(flat, max(1, cells // TOP_SHARE))[0], axis=-1)


class Texture(layers.Layer):  # type: ignore[misc]
    """(N, rows, columns, k) to (N, 2k): each channel's mean, then its standard deviation."""

    def call(self, features: Any) -> Any:
        mean = ops.mean(features, axis=(1, 2))
        variance = ops.mean(ops.square(features), axis=(1, 2)) - ops.square(mean)
        return ops.concatenate([mean, ops.sqrt(ops.maximum(variance, 0.0))], axis=-1)


class LesionContrasts(layers.Layer):  # type: ignore[misc]
    """Logits of background, benign, malignant to malignant-background, malignant-benign, benign-background."""

    def call(self, logits: Any) -> Any:
        background, benign, malignant = logits[..., 0:1], logits[..., 1:2], logits[..., 2:3]
        return ops.concatenate([malignant - background, malignant - benign, benign - background], axis=-1)


def whole_network(
    backbone: Any, kernel: np.ndarray[Any, Any], bias: np.ndarray[Any, Any], canvas: tuple[int, int], patch: int
) -> Any:
    """A (rows, columns, 1) canvas in 0..1 to pooled features and maps, as a dict of outputs.

    `average`, `maximum` (N, 1280) of the averaged cells; `maps` (N, 6): top mean and maximum of the lesion contrasts; `texture`
    (N, 2592): mean and spread of the layers of `TEXTURE` over the canvas; `lesion` (N, rows/16, columns/16, 3): the patch network's
    probabilities; `cells`: the averaged cells themselves.
    """
    inputs = layers.Input((*canvas, 1), name="canvas")
    x = Bordered()(inputs)
    x = layers.Concatenate()([x, x, x])
    early = [backbone.get_layer(name).output for name in TEXTURE]
    shared, rest = keras.Model(backbone.input, early), keras.Model(early[-1], backbone.output)
    textures = shared(layers.Rescaling(2.0, offset=-1.0)(x))
    x = rest(Moved()(textures[-1]))
    x = Interleaved()(layers.AveragePooling2D(_cells_of(patch), strides=1, padding="same")(x))
    cells = layers.Activation("linear", name=POOLED)(x)
    classify = layers.Conv2D(3, 1, name="lesion_logits")
    logits = classify(cells)
    classify.set_weights([kernel.reshape(1, 1, -1, 3), bias])
    contrasts = LesionContrasts()(logits)
    outputs = {
        "average": layers.GlobalAveragePooling2D()(cells),
        "maximum": layers.GlobalMaxPooling2D()(cells),
        "maps": layers.Concatenate()([TopMean()(contrasts), layers.GlobalMaxPooling2D()(contrasts)]),
        "texture": layers.Concatenate()([Texture()(each) for each in textures]),
        "lesion": layers.Softmax(name="lesion")(logits),
        "cells": cells,
    }
    return keras.Model(inputs, outputs, name="whole_network")


def _cells_of(patch: int) -> int:
    """Cells of stride 32 that a patch spans, an odd number: 3 of 112 pixels, 5 of 160."""
    return patch // STRIDE // 2 * 2 + 1


def load_backbone(tensors: dict[str, np.ndarray[Any, Any]]) -> Any:
    """MobileNetV2 with a run's weights."""
    return with_weights(mobilenet_v2(None, 0.99), tensors)


def with_weights(backbone: Any, tensors: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    """`backbone` with a run's weights in it."""
    for layer in backbone.layers:
        names = [f"{layer.name}/{weight.path.split('/')[-1]}" for weight in layer.weights]
        if names:
            layer.set_weights([tensors[name].astype(np.float32) for name in names])
    return backbone
