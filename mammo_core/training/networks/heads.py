"""Layers from a recipe's words, the ways maps become numbers, and the last layers of every network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from mammo_core.training.recipes.classifier import NetworkSpec
from mammo_core.training.recipes.words import Word

ATTENTION_UNITS = 128


@keras.saving.register_keras_serializable(package="mammo_core")
class AttentionPooling(layers.Layer):  # type: ignore[misc]
    """(N, cells, k) to (N, k), a weighted mean. Which cells count is learned: gated attention, Ilse et al. 2018, eq. 9.

    With a second input (N, cells) of zeros and ones, cells of zero do not count.
    """

    def __init__(self, units: int = ATTENTION_UNITS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.say = layers.Dense(units, activation="tanh", name="say")
        self.gate = layers.Dense(units, activation="sigmoid", name="gate")
        self.weigh = layers.Dense(1, name="weigh")

    def build(self, cells_shape: Any, counts_shape: Any = None) -> None:
        self.say.build(cells_shape)
        self.gate.build(cells_shape)
        self.weigh.build((*cells_shape[:-1], self.units))

    def call(self, cells: Any, counts: Any = None) -> Any:
        return ops.sum(self.shares(cells, counts) * cells, axis=1)

    def shares(self, cells: Any, counts: Any = None) -> Any:
        """(N, cells, 1): how much of the attention each cell has; they add up to 1."""
        scores = self.weigh(self.say(cells) * self.gate(cells))
        if counts is not None:
            scores = scores + ops.cast((counts[..., None] - 1) * 1e4, scores.dtype)
        return ops.softmax(scores, axis=1)

    def compute_output_shape(self, cells_shape: Any, counts_shape: Any = None) -> Any:
        return (cells_shape[0], cells_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="mammo_core")
class AgainstZero(layers.Layer):  # type: ignore[misc]
    """(N, 1) scores z to the logits (0, z) of two classes: their softmax is 1 - sigmoid(z), sigmoid(z)."""

    def call(self, score: Any) -> Any:
        return ops.concatenate([ops.zeros_like(score), score], axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], 2)


def stacked(x: Any, words: Sequence[Word], spec: NetworkSpec, seed: int, prefix: str = "") -> Any:
    """The layers of `words` on a tensor, named and counted by kind: conv1, conv2, maxpool1 ..., after `prefix`.

    Raises ValueError where the map is too small for a layer.
    """
    counts: dict[str, int] = {}
    for word in words:
        counts[word.kind] = number = counts.get(word.kind, 0) + 1
        name = f"{prefix}{word.kind}{number}"
        least = {"conv": 1 if word.padded else 3, "maxpool": 2}.get(word.kind, 0)
        if least and min(x.shape[1:3]) < least:
            rows, columns = x.shape[1:3]
            raise ValueError(
                f"size: {name} needs maps of {least}x{least}, {rows}x{columns} come to it; give larger pictures"
            )
        x = _layer(word, spec, seed + number, name)(x)
    return x


def _layer(word: Word, spec: NetworkSpec, seed: int, name: str) -> Any:
    if word.kind == "conv":
        return layers.Conv2D(word.units, 3, padding="same" if word.padded else "valid", activation="relu", name=name)
    if word.kind == "dense":
        return layers.Dense(word.units, activation="relu", name=name)
    if word.kind == "maxpool":
        return layers.MaxPooling2D(2, name=name)
    if word.kind == "norm":
        return layers.BatchNormalization(name=name)
    return layers.Dropout(spec.dropout, seed=seed, name=name)


def pooled(maps: Any, way: str) -> Any:
    """(N, rows, columns, k) to numbers: (N, k), twice as many for average+max, rows x columns x k for flatten."""
    if way == "flatten":
        return layers.Flatten(name="flatten")(maps)
    if way == "attention":
        cells = layers.Reshape((maps.shape[1] * maps.shape[2], maps.shape[3]), name="cells")(maps)
        return AttentionPooling(name="attention_pooling")(cells)
    average = layers.GlobalAveragePooling2D(name="average_pooling")(maps)
    if way == "average":
        return average
    largest = layers.GlobalMaxPooling2D(name="max_pooling")(maps)
    return layers.Concatenate(name="average_and_max")([average, largest])


def answered(x: Any, classes: int, output: str) -> Any:
    """Numbers to (N, classes) probabilities in float32; before them stands `logits`, for a sigmoid (0, `score`)."""
    if output == "sigmoid":
        score = layers.Dense(1, dtype="float32", name="score")(x)
        logits = AgainstZero(dtype="float32", name="logits")(score)
    else:
        logits = layers.Dense(classes, dtype="float32", name="logits")(x)
    return layers.Softmax(dtype="float32", name="probabilities")(logits)
