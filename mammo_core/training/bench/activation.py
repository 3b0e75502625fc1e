"""Which cells of a network's last maps make its answer: class activation maps as a part of the network, in one pass with its scores.

Behind pooling, a head is made of dense layers, ReLU and scales: near any one picture it is affine, so the gradient of a logit times
what it is taken by divides that logit among the cells, but for the biases. Of pooled maps this is the class activation map (Zhou et al.
2016) and Grad-CAM (Selvaraju et al. 2017), of flattened ones HiResCAM (Draelos & Carin 2020). The gradient is worked out backwards, layer
by layer, as plain products, so that a graph of any runtime can hold it. Other layers behind pooling are refused.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mammo_core.training.networks.heads import AgainstZero

FEATURES, LOGITS = "features", "logits"
EXACTLY = "Each logit, but for its biases, is divided exactly among the cells of the last maps"
POOLINGS = {
    "flatten": EXACTLY,
    "average_pooling": EXACTLY,
    "average_and_max": "Grad-CAM: the channels of the last maps, weighed by their mean gradients",
    "attention_pooling": f"{EXACTLY}, as they were attended to",
}
"""Layers that pool maps, and how the map behind each is made; of two in one network the later counts."""


class CellParts(layers.Layer):  # type: ignore[misc]
    """(N, r, c, k) last maps of a network of single pictures to the parts, (N, r, c, classes), that their cells have in its logits.

    `how` says in a sentence how they are made. Raises ValueError where the network has a head that this cannot go back through.
    """

    def __init__(self, network: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        names = [layer.name for layer in network.layers]
        found = [name for name in POOLINGS if name in names]
        if not found:
            raise ValueError(f"{network.name} pools its last maps in no known way")
        self.pooling = network.get_layer(max(found, key=names.index))
        self.tail = network.layers[names.index(self.pooling.name) + 1 : names.index(LOGITS) + 1]
        strange = [layer.name for layer in self.tail if not _known(layer)]
        if strange:
            raise ValueError(f"{network.name}: no way back through {', '.join(strange)}")
        hidden = {layer.name: layer.output for layer in self.tail if _bends(layer)}
        self.head = keras.Model(network.get_layer(FEATURES).output, hidden) if hidden else None
        self.how = POOLINGS[self.pooling.name] + (", by the gradient at the very picture." if hidden else ".")

    def call(self, features: Any) -> Any:
        gradient = self._gradient({} if self.head is None else self.head(features))
        _, rows, columns, depth = features.shape
        classes = gradient.shape[-1]
        if self.pooling.name == "flatten":
            gradient = ops.reshape(gradient, (-1, rows, columns, depth, classes))
        elif self.pooling.name == "attention_pooling":
            shares = self.pooling.shares(ops.reshape(features, (-1, rows * columns, depth)))
            gradient = gradient[:, None, None] * ops.reshape(shares, (-1, rows, columns, 1, 1))
        else:  # of a maximum one cell has all of the gradient: their mean is the same, whichever it is
            halves = ops.reshape(gradient, (-1, 1, 1, gradient.shape[1] // depth, depth, classes))
            gradient = ops.sum(halves, axis=3) / (rows * columns)
        return ops.sum(features[..., None] * gradient, axis=3)

    def _gradient(self, hidden: dict[str, Any]) -> Any:
        """(N or 1, width, classes) of the logits by what comes of pooling, `hidden` being what the layers say that bend."""
        gradient = ops.convert_to_tensor(np.eye(self.tail[-1].output.shape[-1], dtype=np.float32)[None])
        for layer in reversed(self.tail):
            if layer.name in hidden:
                gradient = gradient * ops.cast(hidden[layer.name] > 0, "float32")[..., None]
            if isinstance(layer, AgainstZero):
                gradient = gradient[:, 1:]
            elif isinstance(layer, layers.Dense):
                gradient = ops.matmul(layer.kernel, gradient)
            elif isinstance(layer, layers.BatchNormalization):
                gradient = gradient * (layer.gamma / ops.sqrt(layer.moving_variance + layer.epsilon))[:, None]
        return gradient


def _known(layer: Any) -> bool:
    if isinstance(layer, layers.Dense):
        return _bends(layer) or layer.activation is keras.activations.linear
    return isinstance(layer, (layers.BatchNormalization, layers.Dropout, AgainstZero))


def _bends(layer: Any) -> bool:
    return isinstance(layer, layers.Dense) and layer.activation is keras.activations.relu


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
