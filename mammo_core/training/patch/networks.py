"""The networks: a patch network, and the whole-picture network that carries it over a canvas.

The whole-picture network carries its last stage, of stride 32, four times over the features before it, moved by half a stride, so
that its maps have a cell every 16 pixels; the features of the cells that a patch spans (3x3 of 112 pixels) are averaged before they
are classified, since that is what the patch network saw. Everything from the averaged features to the class scores is linear but for
maxima, so Grad-CAM's channel weights are constants. Several patch networks ship together as their mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mammo_core.training.patch.head import FEATURES
from mammo_core.training.patch.jitter import Jitter
from mammo_core.training.patch.recipe import Recipe

STRIDE = 32
CELL = 16
"""Canvas pixels from one cell of the whole-picture maps to the next."""
HALF_STRIDE = "block_13_expand_relu"
"""The last layer of MobileNetV2 at stride 16: up to it, a canvas moved by half a stride gives the same features, moved by a cell."""
TEXTURE = ("block_3_expand_relu", "block_6_expand_relu", "block_10_expand_relu", HALF_STRIDE)
"""Layers of MobileNetV2 whose mean and spread over the canvas tell what the tissue is like, before anything is called a lesion."""
TOP_SHARE = 32
"""The top mean of a map is taken over one cell in so many: 20 of 32×20."""
FINER, SPREAD = 2, 0.75
"""The lesion map that ships has so many points a cell each way; standard deviation of the smoothing, in cells."""
POOLED = "pooled_cells"
"""Name of the layer that Grad-CAM looks at: (rows/16, columns/16, 1280)."""


class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Keras' batch normalisation with TensorFlow's fused kernel while training: a patch step takes half the time on a CPU.

    The fused kernel keeps the unbiased variance in its moving average. Other backends compute as Keras does.
    """

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow

        normal, mean, variance = tensorflow.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return normal


def _fused(layer: Any) -> Any:
    plain = isinstance(layer, layers.BatchNormalization)
    return (FusedBatchNormalization if plain else type(layer)).from_config(layer.get_config())


def mobilenet_v2(weights: Path | None, momentum: float) -> Any:
    """MobileNetV2 without top, ImageNet weights from a float16 archive (`layer/variable` keys); input RGB in -1..1, stride 32."""
    backbone = keras.models.clone_model(
        keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(None, None, 3)),
        clone_function=_fused,
    )
    archive = np.load(weights) if weights else {}
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = momentum
        names = [weight.path.split("/")[-1] for weight in layer.weights]
        if names and weights:
            layer.set_weights([archive[f"{layer.name}/{name}"].astype("float32") for name in names])
    return backbone


def patch_network(backbone: Any, recipe: Recipe, cutout: bool) -> Any:
    """(side, side, 1) uint8 crops, larger than the patch, to the logits of background, benign, malignant."""
    crop = layers.Input((crop_side(recipe), crop_side(recipe), 1), dtype="uint8", name="crop")
    x = Jitter(recipe.jitter, recipe.patch, cutout=cutout, seed=recipe.seed)(crop)
    x = layers.Concatenate()([x, x, x])
    x = backbone(layers.Rescaling(2.0, offset=-1.0)(x))
    x = layers.Dropout(recipe.dropout, seed=recipe.seed + 1)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(crop, layers.Dense(3, name="patch_logits")(x), name="patch_network")


def crop_side(recipe: Recipe) -> int:
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


class Smoothed(layers.Layer):  # type: ignore[misc]
    """(N, k, rows, columns) maps of cells to (N, k, 2 rows, 2 columns): Gaussian means of the cells around, which sum to 1 as they did.

    The highest cell of a lesion is often one beside its middle; the highest point of the smoothed map lies in the lesion more often.
    """

    def call(self, maps: Any) -> Any:
        down, across = (ops.convert_to_tensor(_gaussian(cells)) for cells in maps.shape[2:])
        return ops.matmul(ops.matmul(down, maps), ops.transpose(across))


def _gaussian(cells: int) -> np.ndarray[Any, Any]:
    """(FINER * cells, cells) weights of the cells at each point of the finer grid."""
    points = (np.arange(FINER * cells) + 0.5) / FINER - 0.5
    weights = np.exp(-(((points[:, None] - np.arange(cells)) / SPREAD) ** 2) / 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


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


class Weighed(layers.Layer):  # type: ignore[misc]
    """(N, ..., k) values of k heads and (N, k + 1) calibration to (N, ..., 1): their weighted sum, and (if `intercept`) the intercept."""

    def __init__(self, intercept: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.intercept = intercept

    def call(self, values: Any, calibration: Any) -> Any:
        between = (1,) * (len(values.shape) - 2)
        heads = values.shape[-1]
        calibration = ops.reshape(calibration, (-1, *between, heads + 1))
        weighed = ops.sum(values * calibration[..., :heads], axis=-1, keepdims=True)
        return weighed + calibration[..., heads:] if self.intercept else weighed


class Probabilities(layers.Layer):  # type: ignore[misc]
    """Class scores (-u, u, z) to probabilities of normal, benign, malignant.

    P(malignant) = sigmoid(z); the rest divides as sigmoid(u) benign, sigmoid(-u) normal.
    """

    def call(self, scores: Any) -> Any:
        malignant, benign = ops.sigmoid(scores[:, 2:3]), ops.sigmoid(scores[:, 1:2])
        return ops.concatenate([(1 - malignant) * (1 - benign), (1 - malignant) * benign, malignant], axis=-1)


@dataclass(frozen=True, eq=False)
class Member:
    """One patch network of those that ship together, with its `heads` side by side.

    `tensors` holds the backbone, `patch_logits` and `head` (weights (5158, k), bias (k,)), as an artefact's weights do.
    """

    tensors: dict[str, np.ndarray[Any, Any]]
    canvas: tuple[int, int]
    patch: int


class Shrunk(layers.Layer):  # type: ignore[misc]
    """(N, rows, columns, 1) to a canvas that is smaller by a fraction, each pixel the exact mean of the area that it covers."""

    def __init__(self, canvas: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.canvas = canvas

    def call(self, fine: Any) -> Any:
        steps = [Fraction(had, wanted) for had, wanted in zip(fine.shape[1:3], self.canvas, strict=True)]
        for axis, step in enumerate(steps, start=1):
            fine = ops.repeat(fine, step.denominator, axis=axis)
        sides = tuple(step.numerator for step in steps)
        return ops.average_pool(fine, sides, strides=sides)


def member_network(member: Member, benign: tuple[float, float], name: str) -> Any:
    """A member's canvas to u and the heads' scores `raw` (N, 1 + k), `channels` (N, r, c, 1 + k) for Grad-CAM, `lesion` (N, r, c, 3).

    u = benign[0] * (top mean of benign against background) + benign[1]. Grad-CAM (Selvaraju et al. 2017) weighs each channel by
    its gradient's mean over the cells; scores being linear in pooled cells, that mean is a constant, whichever cells the maxima fall
    on. Texture has no part in the map: it comes from layers before the cells.
    """
    tensors = member.tensors
    kernel, bias = tensors["patch_logits/kernel"], tensors["patch_logits/bias"]
    whole = whole_network(load_backbone(tensors), kernel, bias, member.canvas, member.patch)
    heads, depth = tensors["head/weights"].shape[1], kernel.shape[0]
    weights = np.zeros((len(tensors["head/weights"]), 1 + heads), dtype=np.float32)
    weights[2 * depth + 2, 0] = benign[0]
    weights[:, 1:] = tensors["head/weights"]
    linear = layers.Dense(1 + heads, name="benign_and_heads")
    raw = linear(layers.Concatenate()([whole.output[part] for part in FEATURES]))
    linear.set_weights([weights, np.array([benign[1], *tensors["head/bias"]], dtype=np.float32)])
    contrasts = np.stack(
        [kernel[:, 2] - kernel[:, 0], kernel[:, 2] - kernel[:, 1], kernel[:, 1] - kernel[:, 0]], axis=1
    )
    average, maximum, tops, largest, _ = np.split(weights, (depth, 2 * depth, 2 * depth + 3, 2 * depth + 6))
    rows, columns = member.canvas[0] // CELL, member.canvas[1] // CELL
    channel = (average + maximum + contrasts @ (tops + largest)) / (rows * columns)
    weigh = layers.Conv2D(1 + heads, 1, use_bias=False, name="gradcam_channels")
    outputs = {"raw": raw, "channels": weigh(whole.output["cells"]), "lesion": whole.output["lesion"]}
    weigh.set_weights([channel.reshape(1, 1, depth, 1 + heads)])
    return keras.Model(whole.input, outputs, name=name)


def serving_network(members: Sequence[Member], benign: tuple[float, float]) -> Any:
    """The network that ships: `canvas` and `calibration` to `scores`, `probabilities`, `gradcam` and `lesion`, in one pass.

    The canvas is the largest member's; the others see it shrunk. Head scores, u and maps are the members' means, maps on the
    finest grid, the lesion map smoothed onto one twice as fine. Calibration, (N, k + 1), weighs the k heads' scores and adds an
    intercept: z. Class scores are (-u, u, z).
    """
    canvas = max(member.canvas for member in members)
    networks = [member_network(member, benign, f"member{number}") for number, member in enumerate(members)]
    heads = members[0].tensors["head/weights"].shape[1]
    calibration = layers.Input((heads + 1,), name="calibration")
    if len(members) == 1:  # flat, so that explainers find its layers
        inputs, said = networks[0].input, [networks[0].output]
    else:
        inputs = layers.Input((*canvas, 1), name="canvas")
        seen = [inputs if each.canvas == canvas else Shrunk(each.canvas)(inputs) for each in members]
        said = [network(own) for network, own in zip(networks, seen, strict=True)]
    grid = (canvas[0] // CELL, canvas[1] // CELL)
    raw = _mean([each["raw"] for each in said])
    maps = _mean([_on_grid(each["channels"], grid) for each in said])
    lesion = _mean([_on_grid(each["lesion"], grid) for each in said])
    scores = layers.Concatenate(name="scores")(
        [layers.Rescaling(-1.0)(raw[:, :1]), raw[:, :1], Weighed(intercept=True)(raw[:, 1:], calibration)]
    )
    signed = [
        layers.Rescaling(-1.0)(maps[..., :1]),
        maps[..., :1],
        Weighed(intercept=False)(maps[..., 1:], calibration),
    ]
    outputs = {
        "scores": scores,
        "probabilities": Probabilities()(scores),
        "gradcam": layers.Permute((3, 1, 2))(layers.ReLU()(layers.Concatenate()(signed))),
        "lesion": Smoothed(name="smoothed")(layers.Permute((3, 1, 2))(lesion)),
    }
    return keras.Model([inputs, calibration], outputs, name="serving_network")


def _mean(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else layers.Average()(parts)


def _on_grid(map_: Any, grid: tuple[int, int]) -> Any:
    return map_ if tuple(map_.shape[1:3]) == grid else layers.Resizing(*grid, interpolation="bilinear")(map_)


def load_backbone(tensors: dict[str, np.ndarray[Any, Any]]) -> Any:
    """MobileNetV2 with a run's weights."""
    return with_weights(mobilenet_v2(None, 0.99), tensors)


def with_weights(backbone: Any, tensors: dict[str, np.ndarray[Any, Any]]) -> Any:
    """`backbone` with a run's weights in it."""
    for layer in backbone.layers:
        names = [f"{layer.name}/{weight.path.split('/')[-1]}" for weight in layer.weights]
        if names:
            layer.set_weights([tensors[name].astype(np.float32) for name in names])
    return backbone
