"""What a network starts from: ImageNet weights as Keras has them, a file, or nothing. It says which, and never pretends.

An archive (`.npz`) holds arrays under `layer/variable`, as float16 or float32; other files are Keras' own (`.h5`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import layers

from mammo_core.training.networks import backbones

ARCHIVES = {
    "MobileNetV2": "mobilenet_v2_1.0_imagenet_notop_f16.npz",
    "ResNet50V2Stage3": "resnet50v2_gluon_stage3_imagenet_f16.npz",
}
"""ImageNet weights that need no download, in the folder of weights where there are any."""


@dataclass(frozen=True)
class Started:
    """A backbone with its weights: `model`, what they are ("imagenet", "none" or the file's name), and a sentence if others were asked."""

    model: Any
    weights: str
    remark: str = ""


def started(name: str, pictures: Any, asked: str, folder: Path | None) -> Started:
    """The backbone on a tensor of pictures, with the weights asked for.

    ImageNet weights are looked for in $KERAS_HOME, then downloaded, then taken from an archive in `folder`; where there are none, the
    backbone starts from scratch. A file is taken from `folder`. Raises FileNotFoundError where it is not there, ValueError where it
    does not fit.
    """
    if asked == "none":
        return Started(backbones.on(name, pictures, None), "none")
    if asked != "imagenet":
        return Started(_from_file(name, pictures, _existing(folder, asked)), asked)
    if name != "ResNet50V2Stage3":
        try:
            return Started(_from_keras(name, pictures, "imagenet"), "imagenet")
        except Exception as error:  # Keras raises nothing narrower when it cannot download
            if "URL fetch failure" not in str(error):
                raise
    archive = ARCHIVES.get(name, "")
    if archive and folder and (folder / archive).is_file():
        remark = f"Keras' ImageNet weights of {name} are not on this machine; those of {archive} are used."
        return Started(_from_file(name, pictures, folder / archive), archive, remark)
    remark = f"ImageNet weights of {name} are not on this machine; it starts from scratch, and no layer is frozen."
    return Started(backbones.on(name, pictures, None), "none", remark)


def _existing(folder: Path | None, asked: str) -> Path:
    path = (folder or Path()) / asked
    if not path.is_file():
        raise FileNotFoundError(f"network.weights: there is no file {path}")
    return path


def _from_file(name: str, pictures: Any, path: Path) -> Any:
    """The backbone with the weights of a file. Raises ValueError where they are not of it, whatever Keras or NumPy raise."""
    backbones.on(name, pictures, None)  # what is wrong with the pictures' size is said first
    try:
        return _loaded(name, pictures, path)
    except Exception as error:
        if str(error).startswith("network.weights: "):
            raise
        raise ValueError(f"network.weights: {path.name} holds no weights of {name}") from error


def _loaded(name: str, pictures: Any, path: Path) -> Any:
    if path.suffix != ".npz":
        return _from_keras(name, pictures, str(path))
    model = backbones.on(name, pictures, None)
    with np.load(path) as archive:
        for layer in model.layers:
            names = [f"{layer.name}/{variable.path.split('/')[-1]}" for variable in layer.weights]
            if missing := [each for each in names if each not in archive]:
                raise ValueError(f"network.weights: {path.name} has no {missing[0]}, it is not of {name}")
            if names:
                arrays = [archive[each].astype(np.float32) for each in names]
                layer.set_weights([_fitting(a, tuple(v.shape)) for a, v in zip(arrays, layer.weights, strict=True)])
    return model


def _from_keras(name: str, pictures: Any, weights: str) -> Any:
    if pictures.shape[-1] == 3:
        return backbones.on(name, pictures, weights)
    model = backbones.on(name, pictures, None)
    three = backbones.on(name, layers.Input((*pictures.shape[1:3], 3)), weights)
    arrays = [_fitting(a, tuple(v.shape)) for a, v in zip(three.get_weights(), model.weights, strict=True)]
    model.set_weights(arrays)
    return model


def _fitting(array: Any, shape: tuple[int, ...]) -> Any:
    """A first convolution's kernel of three channels on one: their sum, since the one stands for three alike. Means are averaged."""
    if array.shape == shape:
        return array
    return array.sum(axis=2, keepdims=True) if array.ndim == 4 else array.mean(axis=-1, keepdims=True)
