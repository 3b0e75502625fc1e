"""How many pictures a second a recipe learns from, as ratios against the usual way in the same run, as JSON in benchmarks/results/.

Mammogram-like pictures of 2048x1664, 8-bit PNG, lie in a folder per class. The usual way (`plain`): Keras' `ImageDataGenerator` decodes,
resizes and changes a batch at a time for `model.fit`, with Keras' own layers. The bench decodes once, changes pictures in the network, and
normalises by TensorFlow's fused kernel. Network, batch, optimizer and augmentation are the same. `pipeline` is data alone, no network;
`training` is whole epochs, the fastest after the first, in float32 on both sides; `mixed` is the bench with `training.mixed_precision`
(bfloat16), against the same plain way: it pays where the processor multiplies bfloat16. `waiting` is the bench's share of an epoch that
the network waited for data. A backbone starts from a file of random numbers on both sides, so that what the recipe freezes is frozen,
whether this machine has ImageNet weights or not. Epochs must be long: after each, the usual way waits up to 2.6 s for tf.data's tuning
thread to look up. Seconds differ from computer to computer, ratios less.

    python benchmarks/input_pipeline.py [RECIPE ...] [--pictures N]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

from mammo_core.training.bench.batches import class_weights, epoch_of, from_store  # noqa: E402
from mammo_core.training.bench.fit import Fold, fit_fold, training_network  # noqa: E402
from mammo_core.training.bench.pictures import decode  # noqa: E402
from mammo_core.training.bench.samples import samples, used  # noqa: E402
from mammo_core.training.datasets import read_dataset  # noqa: E402
from mammo_core.training.lab import records  # noqa: E402
from mammo_core.training.lab.diary import Line  # noqa: E402
from mammo_core.training.networks import backbones, build  # noqa: E402
from mammo_core.training.networks.normalisation import BatchNormalization  # noqa: E402
from mammo_core.training.recipes.classifier import Recipe, changed, read_one  # noqa: E402

SHAPE = (2048, 1664)
RECIPES = ("cnn-3class", "normal-abnormal-vgg", "normal-abnormal-mobilenet")
WEIGHTS = "random.weights.h5"
EPOCHS = 3
CHANGES = {"training.epochs": EPOCHS, "training.schedule": "constant", "training.early_stopping": 0}


def main() -> None:
    """Measure each recipe, and write what was found."""
    parser = argparse.ArgumentParser(description="How many pictures a second a recipe learns from.")
    parser.add_argument("recipes", nargs="*", default=RECIPES, help="names in models/recipes")
    parser.add_argument("--pictures", type=int, default=288)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        data = make_pictures(Path(made) / "data", asked.pictures)
        rows = [measured(name, data, Path(made) / name) for name in asked.recipes]
    found = {"cores": os.cpu_count(), "pictures": asked.pictures, "shape": SHAPE, "recipes": rows}
    path = ROOT / "benchmarks" / "results" / "input_pipeline.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


def make_pictures(folder: Path, n: int) -> Path:
    """Write n pictures, a third of each class, every one of another woman."""
    rng = np.random.default_rng(0)
    for number in range(n):
        label = ("normal", "benign", "malignant")[number % 3]
        (folder / label).mkdir(parents=True, exist_ok=True)
        breast = cv2.ellipse(np.zeros(SHAPE, np.float32), (0, 1024), (1200, 900), 0, -90, 90, 1, -1)
        grain = cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 6)
        noise = rng.normal(0, 2, SHAPE).astype(np.float32)
        picture = breast * np.clip(110 + 500 * grain + noise, 1, 255)
        cv2.imwrite(str(folder / label / f"{label}{number}.png"), picture.astype(np.uint8))
    return folder


def measured(name: str, data: Path, folder: Path) -> dict[str, Any]:
    """Both ways, for one recipe."""
    recipe = changed(read_one(ROOT / "models" / "recipes" / f"{name}.toml"), CHANGES)
    folder.mkdir()
    if recipe.network.backbone != "plain":
        recipe = changed(recipe, {"network.weights": WEIGHTS})
        pictures = keras.Input((*recipe.size, 3))
        backbones.on(recipe.network.backbone, pictures, None).save_weights(folder / WEIGHTS)
    ours, plain = bench(recipe, data, folder / "full", folder), usual(recipe, data, folder)
    mixed = changed(recipe, {"training.mixed_precision": True})
    ours["mixed"] = bench(mixed, data, folder / "mixed", folder)["training"]
    against = {"pipeline": "pipeline", "training": "training", "mixed": "training"}
    ratios = {f"{key}_ratio": round(ours[key] / plain[peer], 2) for key, peer in against.items()}
    return {"recipe": name, "bench": rounded(ours), "plain": rounded(plain), **ratios}


def rounded(row: dict[str, float]) -> dict[str, float]:
    """Three figures are enough."""
    return {key: float(f"{value:.3g}") for key, value in row.items()}


def bench(recipe: Recipe, data: Path, folder: Path, weights: Path) -> dict[str, float]:
    """Pictures a second by the bench; `decode_s` is spent once."""
    rows = used(read_dataset(data).rows, recipe.labels)
    began = time.perf_counter()
    decoded = decode([row.path for row in rows], recipe.size, recipe.crop, folder / "cache")
    decode_s = time.perf_counter() - began
    found = samples(rows, decoded.slot, recipe)
    everyone, nobody = np.arange(len(found)), np.arange(0)
    parts = {"train": everyone, "validation": nobody, "test": nobody}
    (folder / "fold0").mkdir(parents=True)
    line = Line(
        lambda text: None, lambda: False, lambda weights: None, lambda batch, of: None, lambda epoch, seconds: None
    )
    fit_fold(Fold(folder / "fold0", 0, recipe, decoded.store, found, parts, weights), line)
    history = records.read_history(folder / "fold0")
    best = 1 + int(np.argmin(history["seconds"][1:]))

    take, weighed = from_store(decoded.store, found), class_weights(found, recipe)
    grey = keras.Input((*recipe.size, 1))
    changes = training_network(keras.Model(grey, keras.layers.Identity()(grey)), recipe, 0)
    compiled = _compiled(changes)

    def epoch() -> float:
        begun = time.perf_counter()
        batches = epoch_of(take, found, weighed, everyone, recipe, (0, 0, 0))
        for number in range(len(batches)):
            compiled(batches[number][0])
        return len(found) / (time.perf_counter() - begun)

    epoch()
    return {
        "pipeline": max(epoch() for _ in range(EPOCHS)),
        "training": len(found) / float(history["seconds"][best]),
        "waiting": float(history["waiting_s"][best] / history["seconds"][best]),
        "decode_s": decode_s,
    }


def _compiled(changes: Any) -> Any:
    """The augmentation alone, as the training step has it."""
    import tensorflow as tf

    return tf.function(lambda pictures: changes(pictures, training=True))


def usual(recipe: Recipe, data: Path, folder: Path) -> dict[str, float]:
    """Pictures a second by `ImageDataGenerator` and `model.fit`."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    for label, (name, *_) in recipe.labels.items():
        (folder / "plain" / name).mkdir(parents=True, exist_ok=True)
        for path in sorted((data / label).glob("*.png")):
            (folder / "plain" / name / path.name).symlink_to(path)
    spec = recipe.augmentation
    generator = ImageDataGenerator(
        rescale=1 / 255,
        rotation_range=spec.rotation,
        zoom_range=spec.zoom,
        width_shift_range=spec.shift,
        height_shift_range=spec.shift,
        horizontal_flip=spec.flip_horizontal,
        vertical_flip=spec.flip_vertical,
        fill_mode="constant",
    ).flow_from_directory(
        folder / "plain",
        target_size=recipe.size,
        color_mode="grayscale",
        classes=list(recipe.classes),
        batch_size=recipe.training.batch,
    )

    def epoch() -> float:
        begun = time.perf_counter()
        for number in range(len(generator)):
            generator[number]
        return generator.n / (time.perf_counter() - begun)

    pipeline = max(epoch() for _ in range(2))
    network = build(recipe, folder).model
    for layer in network.layers:
        if isinstance(layer, BatchNormalization):
            layer.__class__ = keras.layers.BatchNormalization  # ours is not what the usual way has
    network.compile(keras.optimizers.Adam(recipe.training.rate), loss="categorical_crossentropy", metrics=["accuracy"])
    clock = _Clock()
    network.fit(generator, epochs=EPOCHS, verbose=0, callbacks=[clock])
    return {"pipeline": pipeline, "training": generator.n / min(clock.seconds[1:])}


class _Clock(keras.callbacks.Callback):
    """Seconds of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self.begun)


if __name__ == "__main__":
    main()
