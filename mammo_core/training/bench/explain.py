"""What a run's network looked at in a picture: heat maps by the methods of tf-keras-vis, written beside the run.

For a researcher's eyes: these maps are not calibrated, and differ from method to method. Needs the TensorFlow backend, and networks that
read one picture at a time. Keras is imported when a map is made, so that `place` may be asked by anyone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import FloatArray, Refusal
from mammo_core.intake import Reader
from mammo_core.presentation import colour_map, png
from mammo_core.training.bench import recipe as recipes
from mammo_core.training.bench import records, runs
from mammo_core.training.bench.pictures import canvas
from mammo_core.training.bench.recipe import Recipe, kind_of
from mammo_core.training.datasets import Row, read_dataset

METHODS = {"gradcam": "Grad-CAM", "gradcam++": "Grad-CAM++", "scorecam": "Score-CAM", "smoothgrad": "SmoothGrad"}
"""By the name that the command line knows them under."""
LARGEST = 640
"""Longest side of a written picture: enough to see by, small enough to load."""
CHANNELS = 64
"""Channels that Score-CAM asks for, the most varied ones (Faster Score-CAM): with all of them a picture takes minutes."""
SAMPLES, NOISE = 20, 0.15
"""Noisy copies that SmoothGrad averages over, and their noise as part of the grey scale (Smilkov et al. 2017)."""
OPACITY = 0.6


def place(run: Path, dataset: str, file: str, method: str) -> Path:
    """Where the heat map of a picture lies, if it was made: a PNG of picture and map; beside it the map alone as .npy."""
    name = hashlib.sha256(f"{dataset}/{file}".encode()).hexdigest()[:16]
    return run / "explain" / f"{name}-{method.replace('+', 'p')}.png"


def explain(run: Path, files: Sequence[str], method: str, fold: int | None = None) -> list[Path]:
    """Write the heat maps of some of a run's pictures, of its last class, and give where they are (see `place`).

    A file is named as predictions.csv names it, or "set/file" where several sets have one of that name. Each picture is explained by
    the network that judged it, or that of `fold`. The .npy holds (rows, columns) float32 0..1 on the network's grid.

    Raises:
        ValueError: there is no such method or picture, a picture cannot be read, or the run's networks read several pictures at once.
        FileNotFoundError: the network of the fold is not there.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; there are {', '.join(METHODS)}")
    if (kind := kind_of(run / "recipe.toml")) != "classifier":
        raise ValueError(
            f"{run} is a run of the kind {kind!r}; its lesion map is shown on the reading page, once it is promoted"
        )
    recipe = recipes.read_one(run / "recipe.toml")
    if recipe.network.views != 1:
        raise ValueError(
            f"{recipe.name} reads {recipe.network.views} pictures at once; only networks of one are explained"
        )
    asked = [_asked(run, file, fold) for file in files]
    written = []
    for number in sorted({each for _, each in asked}):
        look = _looker(_network(run, recipe, number), method)
        for row in (row for row, each in asked if each == number):
            seen = _seen(row, recipe)
            heat = look((seen[..., None] / 255).astype(np.float32))
            path = place(run, row.dataset, row.file, method)
            _write(path, seen, heat)
            written.append(path)
    return written


def _asked(run: Path, file: str, fold: int | None) -> tuple[Row, int]:
    """The picture a name stands for, and the fold whose network is asked."""
    told = records.read_predictions(run)
    names = told.columns["file"]
    whole = np.char.add(np.char.add(told.columns["dataset"], "/"), names)
    rows = np.flatnonzero((names == file) | (whole == file))
    if not len(rows):
        raise ValueError(f"{run.name} has judged no picture {file!r}")
    sets = set(told.columns["dataset"][rows].tolist())
    if len(sets) > 1:
        raise ValueError(f"{file!r} is in {', '.join(sorted(sets))}; say set/file")
    first = int(rows[np.argmin(told.columns["part"][rows] == "validation")])  # who judged it, before who watched it
    key = (str(told.columns["dataset"][first]), str(names[first]))
    table = read_dataset(Path(runs.read_run(run).data))
    found = [row for row in table.rows if (row.dataset, row.file) == key]
    if not found:
        raise ValueError(f"{file!r} is no longer among the run's data")
    return found[0], int(told.fold[first]) if fold is None else fold


def _seen(row: Row, recipe: Recipe) -> npt.NDArray[np.uint8]:
    with Reader(1) as reader:
        found = next(iter(reader.read(row.path.name, row.path.read_bytes(), lenient=True)), None)
    if found is None or isinstance(found, Refusal):
        raise ValueError(f"{row.file}: {found.sentence if found else 'The file holds no picture.'}")
    return canvas(found, recipe.size, recipe.crop)


def _network(run: Path, recipe: Recipe, fold: int) -> Any:
    """The network of a fold, from picture to logits."""
    import keras

    from mammo_core.training.networks import build

    weights = run / f"fold{fold}" / records.NETWORK
    if not weights.is_file():
        raise FileNotFoundError(f"{run.name} holds no network of fold {fold}")
    network = build(recipe, load=False).model
    try:
        network.load_weights(weights)
    except Exception as error:  # HDF5 and Keras raise nearly anything
        raise ValueError(f"{weights} is damaged, or of another recipe") from error
    return keras.Model(network.input, network.get_layer("logits").output)


def _looker(network: Any, method: str) -> Callable[[FloatArray], FloatArray]:
    """A function from a (rows, columns, 1) picture in 0..1 to its (rows, columns) map in 0..1, of the last class against the others."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise ValueError("heat maps are made with TensorFlow; set KERAS_BACKEND=tensorflow")
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.scorecam import Scorecam

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


def _write(path: Path, seen: npt.NDArray[np.uint8], heat: FloatArray) -> None:
    """Picture and map as one PNG, the map alone as .npy; the PNG last, since it is what is looked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), heat)
    scale = min(1.0, LARGEST / max(seen.shape))
    size = (round(seen.shape[1] * scale), round(seen.shape[0] * scale))
    grey = cv2.cvtColor(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR).astype(np.float32)
    colours = cv2.resize(colour_map(heat, OPACITY), size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    part = colours[..., 3:] / 255
    both = grey * (1 - part) + colours[..., 2::-1] * part
    path.write_bytes(png(np.rint(both).astype(np.uint8)))
