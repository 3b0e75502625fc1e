"""ResNet-50 v2 from the stem to stage 3, as Gluon builds it: the stride is in a stage's first unit, which Keras' own does not have.

He et al. 2016, "Identity mappings in deep residual networks". Layers bear the names of the archives made from Gluon's weights.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

STAGES = {"stage1": (3, 64, 1), "stage2": (4, 128, 2), "stage3": (6, 256, 2)}
"""How many units, the width of their 3x3 convolution (a quarter of the unit's), and the first one's stride."""


def resnet50v2_stage3(weights: str | None, input_tensor: Any, **_: Any) -> Any:
    """Maps of stride 16 and 1,024 channels. It is called as Keras' networks are, and has no top, whatever is asked."""
    x = _convolved(_normal(input_tensor, "batchnorm0"), 64, 7, 2, "conv0")
    x = layers.ReLU()(_normal(x, "batchnorm1"))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, (units, width, stride) in STAGES.items():
        for unit in range(units):
            x = _unit(x, width, stride if unit == 0 else 1, stage, unit)
    x = layers.ReLU(name="stage4_relu")(_normal(x, "stage4_batchnorm0"))
    model = keras.Model(keras.utils.get_source_inputs(input_tensor), x, name="resnet50v2_stage3")
    if weights:
        model.load_weights(weights)
    return model


def _unit(x: Any, width: int, stride: int, stage: str, unit: int) -> Any:
    """Norm, ReLU, then 1x1, 3x3 and 1x1 convolutions, added to what came in; a stage's first unit brings that to its own width."""
    first = unit == 0
    conv, norm = 3 * unit + (0 if first else 1), 3 * unit
    y = layers.ReLU(name=f"{stage}_unit{unit}_relu")(_normal(x, f"{stage}_batchnorm{norm}"))
    shortcut = _convolved(y, 4 * width, 1, stride, f"{stage}_conv3") if first else x
    y = _convolved(y, width, 1, 1, f"{stage}_conv{conv}")
    y = layers.ReLU()(_normal(y, f"{stage}_batchnorm{norm + 1}"))
    y = _convolved(y, width, 3, stride, f"{stage}_conv{conv + 1}")
    y = layers.ReLU()(_normal(y, f"{stage}_batchnorm{norm + 2}"))
    y = _convolved(y, 4 * width, 1, 1, f"{stage}_conv{conv + 2}")
    return layers.Add(name=f"{stage}_unit{unit}")([y, shortcut])


def _normal(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=1e-5, name=name)(x)


def _convolved(x: Any, filters: int, side: int, stride: int, name: str) -> Any:
    if side > 1:
        x = layers.ZeroPadding2D(side // 2)(x)
    return layers.Conv2D(filters, side, strides=stride, use_bias=False, name=name)(x)
