"""The last layer of every network that ships: class scores to the probabilities of docs/architecture.md."""

from __future__ import annotations

from typing import Any

from keras import layers, ops


class Probabilities(layers.Layer):  # type: ignore[misc]
    """Class scores (-u, u, z) to probabilities of normal, benign, malignant.

    P(malignant) = sigmoid(z); the rest divides as sigmoid(u) benign, sigmoid(-u) normal.
    """

    def call(self, scores: Any) -> Any:
        malignant, benign = ops.sigmoid(scores[:, 2:3]), ops.sigmoid(scores[:, 1:2])
        return ops.concatenate([(1 - malignant) * (1 - benign), (1 - malignant) * benign, malignant], axis=-1)
