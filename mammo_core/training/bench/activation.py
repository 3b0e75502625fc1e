"""Which cells of a network's last maps make its answer: class activation maps as a part of the network, in one pass with its scores.

A head that is affine in the maps divides each logit exactly among the cells (Zhou et al. 2016, for pooled maps). Where only the
channels' mean gradients are constant, as with maxima, the map is Grad-CAM's (Selvaraju et al. 2017). Behind attention pooling each
cell counts as it was attended to. Of any other head there is no such map, and none is made up. Needs the TensorFlow backend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

FEATURES, LOGITS, ATTENTION = "features", "logits", "attention_pooling"
SAME = 1e-3
"""Gradients at two places that differ by less than this part of their largest are one constant."""

SCALES = (1.0, 10.0, 100.0, 1000.0)
"""How far from zero the channels of the places are at which gradients are taken."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Activation:
    """How a network's maps are read: `how` in a sentence; `parts` makes (N, r, c, classes) parts of the logits of (N, r, c, k) features."""

    how: str
    parts: Callable[[Any], Any]


@keras.saving.register_keras_serializable(package="mammo_core")
class WeighedCells(layers.Layer):  # type: ignore[misc]
    """(N, r, c, k) features to (N, r, c, classes): each cell's channels weighed by constants, (r or 1, c or 1, k, classes), and added."""

    def __init__(self, constants: Floats, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.constants = constants

    def call(self, features: Any) -> Any:
        classes = range(self.constants.shape[-1])
        return ops.stack([ops.sum(features * self.constants[None, ..., each], axis=-1) for each in classes], axis=-1)


@keras.saving.register_keras_serializable(package="mammo_core")
class AgainstTheRest(layers.Layer):  # type: ignore[misc]
    """Parts of the logits, (N, r, c, classes), and the logits to parts of each class' log-odds, what speaks against it left out (ReLU).

    The other classes' parts are taken off as much as each of them counts among the others, which is the gradient of the log-odds.
    """

    def call(self, parts: Any, logits: Any) -> Any:
        count = logits.shape[-1]
        if count == 2:
            against = parts[..., 1] - parts[..., 0]
            return ops.relu(ops.stack([-against, against], axis=-1))
        found = []
        for each in range(count):
            others = [place for place in range(count) if place != each]
            weight = ops.softmax(ops.stack([logits[:, place] for place in others], axis=-1), axis=-1)
            rest = sum(weight[:, None, None, k] * parts[..., place] for k, place in enumerate(others))
            found.append(parts[..., each] - rest)
        return ops.relu(ops.stack(found, axis=-1))


def activation(network: Any, seed: int = 0) -> Activation | None:
    """How the class activation maps of a network of single pictures are made; None where there are none.

    Raises:
        ValueError: the backend is not TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError("class activation maps are worked out with TensorFlow; set KERAS_BACKEND=tensorflow")
    rng = np.random.default_rng(seed)
    found = _gradients(network, FEATURES, rng)
    if _constant(found):
        return Activation("Each logit is divided exactly among the cells of the last maps.", WeighedCells(found[0]))
    means = [each.mean(axis=(0, 1), keepdims=True) for each in found]
    if _constant(means):
        return Activation(
            "Grad-CAM: the channels of the last maps, weighed by their mean gradients.", WeighedCells(means[0])
        )
    if any(layer.name == ATTENTION for layer in network.layers):
        found = _gradients(network, ATTENTION, rng)
        if _constant(found):
            return Activation(
                "Each logit is divided exactly among the cells of the last maps, as they were attended to.",
                _attended(network.get_layer(ATTENTION), found[0]),
            )
    return None


def _gradients(network: Any, layer: str, rng: np.random.Generator) -> list[Floats]:
    """(…, classes) each: the gradients of the logits by what `layer` gives, at places far apart, so that whatever bends is seen to bend."""
    import tensorflow as tf

    tensor = network.get_layer(layer).output
    head = keras.Model(tensor, network.get_layer(LOGITS).output)
    shape, found = tensor.shape[1:], []
    for scale in SCALES:
        values = rng.normal(size=(1, *shape)) + scale * rng.normal(size=shape[-1])
        place = tf.constant(values, tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(place)
            logits = head(place, training=False)
            single = [logits[0, each] for each in range(logits.shape[-1])]
        parts = [tape.gradient(each, place) for each in single]
        found.append(
            np.stack([np.zeros(shape, np.float32) if each is None else each.numpy()[0] for each in parts], axis=-1)
        )
    return found


def _constant(found: list[Floats]) -> bool:
    first = found[0]
    most = max(float(np.abs(first).max()), float(np.finfo(np.float32).tiny))
    return all(float(np.abs(each - first).max()) <= SAME * most for each in found[1:])


def _attended(pooling: Any, weights: Floats) -> Callable[[Any], Any]:
    """Parts of the logits behind attention pooling: attention of a cell, times its channels weighed."""
    weigh = WeighedCells(weights[None, None])

    def parts(features: Any) -> Any:
        rows, columns, depth = features.shape[1:]
        cells = layers.Reshape((rows * columns, depth))(features)
        scores = pooling.weigh(layers.Multiply()([pooling.say(cells), pooling.gate(cells)]))
        shares = layers.Softmax(axis=1)(scores)
        return layers.Multiply()([weigh(features), layers.Reshape((rows, columns, 1))(shares)])

    return parts
