"""The part of a network that never changes: its features can be made once and kept, and only what follows is fitted.

It pays where a backbone is frozen whole and pictures are not changed at random; a network without such a part is fitted as it is.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

_RANDOM = (layers.Dropout, layers.GaussianNoise, layers.GaussianDropout, layers.SpatialDropout2D)


def frozen_part(network: Any) -> tuple[Any, Any] | None:
    """The network as two, sharing its layers: up to the first layer that is trained or random, and from there.

    None where there is nothing to gain, or where more than one tensor passes between the two.
    """
    stack = network.layers
    first = next((place for place, each in enumerate(stack) if each.trainable_weights or isinstance(each, _RANDOM)), 0)
    if not any(each.weights for each in stack[:first]):
        return None
    between = stack[first].input
    if isinstance(between, (list, tuple)):
        return None
    try:
        return keras.Model(network.input, between), keras.Model(between, network.output)
    except ValueError:  # something else passes by the cut
        return None
