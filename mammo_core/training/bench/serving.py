"""A classifier as the network that ships: the inputs and outputs of docs/architecture.md, whatever its classes and its head."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mammo_core.exam import CLASSES
from mammo_core.training.bench.activation import FEATURES, LOGITS, AgainstTheRest, CellParts
from mammo_core.training.networks.probabilities import Probabilities
from mammo_core.training.recipes.classifier import Recipe

CERTAIN = 20.0
"""The benign score where the rest is all benign (or, turned, all normal): a probability of a billionth is left to the other."""


class ClassScores(layers.Layer):  # type: ignore[misc]
    """Logits (N, classes), the last of them malignant, and calibration (N, 2) to class scores (-u, u, z).

    z is the calibrated log-odds of malignant against all others; u that of benign against normal, a constant where a class is missing.
    """

    def __init__(self, classes: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, logits: Any, calibration: Any) -> Any:
        raw = logits[:, -1:] - ops.logsumexp(logits[:, :-1], axis=-1, keepdims=True)
        z = raw * calibration[:, :1] + calibration[:, 1:]
        if {"normal", "benign"} <= set(self.classes):
            normal, benign = self.classes.index("normal"), self.classes.index("benign")
            u = logits[:, benign : benign + 1] - logits[:, normal : normal + 1]
        else:
            u = ops.zeros_like(z) + CERTAIN * (("benign" in self.classes) - ("normal" in self.classes))
        return ops.concatenate([-u, u, z], axis=-1)


class Placed(layers.Layer):  # type: ignore[misc]
    """(N, r, c, classes) maps to (N, 3, r, c) of normal, benign, malignant; of a class that the network does not know, zeros."""

    def __init__(self, classes: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, maps: Any) -> Any:
        nothing = ops.zeros_like(maps[..., 0])
        known = {name: maps[..., place] for place, name in enumerate(self.classes)}
        return ops.stack([known.get(name, nothing) for name in CLASSES], axis=1)


def serving_network(network: Any, recipe: Recipe, parts: CellParts) -> Any:
    """The network that ships: `canvas` (N, rows, columns, 1) and `calibration` (N, 2) to `scores`, `probabilities` and `gradcam`."""
    canvas = layers.Input((*recipe.size, 1), name="canvas")
    calibration = layers.Input((2,), name="calibration")
    inside = {name: network.get_layer(name).output for name in (FEATURES, LOGITS)}
    seen = keras.Model(network.input, inside, name="body")(canvas)
    scores = ClassScores(recipe.classes, name="scores")(seen[LOGITS], calibration)
    maps = AgainstTheRest(name="against_the_rest")(parts(seen[FEATURES]), seen[LOGITS])
    outputs = {
        "scores": scores,
        "probabilities": Probabilities()(scores),
        "gradcam": Placed(recipe.classes, name="gradcam")(maps),
    }
    return keras.Model([canvas, calibration], outputs, name="serving_network")
