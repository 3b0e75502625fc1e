"""Keras' image networks without their tops, by name: how each is called, and how its authors scaled a picture.

They are built into the network around them, so every layer of theirs is found by its own name. Weights are `weights`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
from keras import layers

from mammo_core.training.networks.stage3 import resnet50v2_stage3

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
BLUE_FIRST_MEAN = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class Backbone:
    """One image network: what makes it, how "imagenet" scales for it, and the switches it wants.

    `scaling` is signed (-1..1), standard (ImageNet's mean and deviation a channel), bytes (0..255 less the mean, blue first), or inside
    (0..255 goes in, the network scales by itself, always).
    """

    make: Any
    scaling: Literal["signed", "standard", "bytes", "inside"]
    options: dict[str, Any] = field(default_factory=dict)


_BARE = {"include_preprocessing": False}
_made_by = keras.applications
BACKBONES: dict[str, Backbone] = {
    "DenseNet121": Backbone(_made_by.DenseNet121, "standard"),
    "DenseNet169": Backbone(_made_by.DenseNet169, "standard"),
    "DenseNet201": Backbone(_made_by.DenseNet201, "standard"),
    "ResNet50": Backbone(_made_by.ResNet50, "bytes"),
    "ResNet50V2": Backbone(_made_by.ResNet50V2, "signed"),
    "ResNet50V2Stage3": Backbone(resnet50v2_stage3, "standard"),
    "MobileNet": Backbone(_made_by.MobileNet, "signed"),
    "MobileNetV2": Backbone(_made_by.MobileNetV2, "signed"),
    "MobileNetV3Small": Backbone(_made_by.MobileNetV3Small, "signed", _BARE),
    "MobileNetV3Large": Backbone(_made_by.MobileNetV3Large, "signed", _BARE),
    "NASNetMobile": Backbone(_made_by.NASNetMobile, "signed"),
    "NASNetLarge": Backbone(_made_by.NASNetLarge, "signed"),
    "InceptionV3": Backbone(_made_by.InceptionV3, "signed"),
    "InceptionResNetV2": Backbone(_made_by.InceptionResNetV2, "signed"),
    "Xception": Backbone(_made_by.Xception, "signed"),
    "EfficientNetB0": Backbone(_made_by.EfficientNetB0, "inside"),
    "EfficientNetB1": Backbone(_made_by.EfficientNetB1, "inside"),
    "EfficientNetB2": Backbone(_made_by.EfficientNetB2, "inside"),
    "EfficientNetB3": Backbone(_made_by.EfficientNetB3, "inside"),
    "EfficientNetV2B0": Backbone(_made_by.EfficientNetV2B0, "standard", _BARE),
    "EfficientNetV2B1": Backbone(_made_by.EfficientNetV2B1, "standard", _BARE),
    "EfficientNetV2B2": Backbone(_made_by.EfficientNetV2B2, "standard", _BARE),
    "EfficientNetV2B3": Backbone(_made_by.EfficientNetV2B3, "standard", _BARE),
    "EfficientNetV2S": Backbone(_made_by.EfficientNetV2S, "signed", _BARE),
    "ConvNeXtTiny": Backbone(_made_by.ConvNeXtTiny, "standard", _BARE),
    "VGG16": Backbone(_made_by.VGG16, "bytes"),
}


def known(name: str) -> Backbone:
    """The backbone of that name. Raises ValueError listing the names there are."""
    if name not in BACKBONES:
        raise ValueError(f"network.backbone: there is no {name!r}; there are plain, {', '.join(BACKBONES)}")
    return BACKBONES[name]


def on(name: str, pictures: Any, weights: str | None) -> Any:
    """The backbone on a tensor of (N, rows, columns, channels): a Keras model from that tensor's source to the backbone's maps.

    `weights` is "imagenet", a file Keras reads, or None. Raises ValueError where the pictures are too small for it.
    """
    backbone = known(name)
    try:
        return backbone.make(
            include_top=False,
            weights=weights,
            input_tensor=pictures,
            input_shape=tuple(pictures.shape[1:]),
            **backbone.options,
        )
    except ValueError as error:
        if "negative" not in str(error) and "at least" not in str(error):
            raise
        rows, columns = pictures.shape[1:3]
        raise ValueError(f"size: {rows}x{columns} is too small for {name}") from error


def scaled(name: str, scaling: str, channels: int) -> Any:
    """A layer that brings grey values 0..1 to what a recipe's `scaling` says: "unit", "signed" or "imagenet" (as the authors had it)."""
    backbone = BACKBONES.get(name)
    kind = backbone.scaling if backbone else "unit"
    wanted = kind if scaling == "imagenet" else scaling
    inside = 255.0 if kind == "inside" else 1.0
    mean, deviation = list(IMAGENET_MEAN), list(IMAGENET_DEVIATION)
    if channels == 1:
        mean, deviation = [sum(mean) / 3], [sum(deviation) / 3]
    scale: float | list[float] = inside
    offset: float | list[float] = 0.0
    if wanted == "signed":
        scale, offset = 2.0 * inside, -1.0 * inside
    elif wanted == "standard":
        scale, offset = [1 / each for each in deviation], [-m / d for m, d in zip(mean, deviation, strict=True)]
    elif wanted == "bytes":
        least = [-each for each in BLUE_FIRST_MEAN]
        scale, offset = 255.0, least if channels == 3 else [sum(least) / 3]
    return layers.Rescaling(scale, offset=offset, name="scaling")


def freeze(stack: Sequence[Any], asked: int | str, name: str) -> None:
    """Leave the first layers of a backbone untrained. `asked` is a count (-100: all but the last 100), "all", or a block's name.

    A block is every layer whose name opens with that name and goes on with no digit: "block_1" is not "block_10". It is frozen with all
    before it. Raises ValueError for a count or a block there is not.
    """
    if isinstance(asked, str):
        last = [
            i
            for i, each in enumerate(stack)
            if each.name.startswith(asked) and not each.name[len(asked) :][:1].isdigit()
        ]
        if not last and asked != "all":
            raise ValueError(f"network.freeze: {name} has no block {asked!r}; 'networks' lists its layers")
        frozen = stack if asked == "all" else stack[: last[-1] + 1]
    else:
        if abs(asked) > len(stack):
            raise ValueError(f"network.freeze: {name} has {len(stack)} layers, not {abs(asked)}")
        frozen = stack[:asked]
    for layer in frozen:
        layer.trainable = False
