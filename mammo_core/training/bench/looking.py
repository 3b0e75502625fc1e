"""What a classifier looked at: class activation and saliency maps by the methods of tf-keras-vis. Needs the TensorFlow backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mammo_core.exam import FloatArray
from mammo_core.training.lab import records
from mammo_core.training.networks import build
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.classifier import Recipe

CHANNELS = 64
"""Channels that Score-CAM asks for, the most varied ones (Faster Score-CAM): with all of them a picture takes minutes."""
SAMPLES, NOISE = 20, 0.15
"""Noisy copies that SmoothGrad averages over, and their noise as part of the grey scale (Smilkov et al. 2017)."""


def looker(run: Path, fold: int, method: str) -> Callable[[FloatArray], FloatArray]:
    """A function from a (rows, columns, 1) picture in 0..1 to its (rows, columns) map in 0..1, of the last class against the others.

    Raises ValueError where the networks read several pictures at once or another backend is in use, FileNotFoundError where there is
    no network of that fold.
    """
    recipe = recipes.read_one(run / "recipe.toml")
    if recipe.network.views != 1:
        raise ValueError(
            f"{recipe.name} reads {recipe.network.views} pictures at once; only networks of one are explained"
        )
    if keras.backend.backend() != "tensorflow":
        raise ValueError("heat maps are made with TensorFlow; set KERAS_BACKEND=tensorflow")
    import tensorflow as tf
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.scorecam import Scorecam

    network = _network(run, recipe, fold)
    channels = int(network.get_layer("features").output.shape[-1])

    def score(logits: Any) -> Any:
        return logits[:, -1] - tf.reduce_logsumexp(logits[:, :-1], axis=-1)

    def look(picture: FloatArray) -> FloatArray:
        pictures = picture[None].astype(np.float32)
        if method == "smoothgrad":
            keras.utils.set_random_seed(0)
            found = Saliency(network)(score, pictures, smooth_samples=SAMPLES, smooth_noise=NOISE)
        else:
            last = {"penultimate_layer": "features", "seek_penultimate_conv_layer": False}
            if method == "scorecam":
                found = Scorecam(network)(score, pictures, max_N=min(CHANNELS, channels), **last)
            else:
                found = {"gradcam": Gradcam, "gradcam++": GradcamPlusPlus}[method](network)(score, pictures, **last)
        heat = np.nan_to_num(np.asarray(found, dtype=np.float32)[0])
        return np.asarray(np.clip(heat, 0, 1), dtype=np.float32)

    return look


def _network(run: Path, recipe: Recipe, fold: int) -> Any:
    """The network of a fold, from picture to logits."""
    weights = run / f"fold{fold}" / records.NETWORK
    if not weights.is_file():
        raise FileNotFoundError(f"{run.name} holds no network of fold {fold}")
    network = build(recipe, load=False).model
    try:
        network.load_weights(weights)
    except Exception as error:  # HDF5 and Keras raise nearly anything
        raise ValueError(f"{weights} is damaged, or of another recipe") from error
    return keras.Model(network.input, network.get_layer("logits").output)
