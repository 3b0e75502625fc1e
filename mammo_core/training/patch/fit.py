"""Fitting: one fold of a run from the pictures of the women it may see, resumable epoch by epoch.

A fold leaves out a fifth of the women, and writes what its network says of them. Pictures of outside sets are never fitted on; every
fold writes what it says of them.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from mammo_core.training.bench.fit import reseed, save
from mammo_core.training.bench.watching import Board, Watch
from mammo_core.training.export import reader
from mammo_core.training.lab import records
from mammo_core.training.lab.diary import Line
from mammo_core.training.lab.runs import Stopped, find_run
from mammo_core.training.patch.head import BENIGN_MAP, FEATURES, Head, fit_head
from mammo_core.training.patch.networks import CELL, crop_side, mobilenet_v2, patch_network, whole_network, with_weights
from mammo_core.training.patch.patches import SPOTS, Mined, PatchBatches, hottest
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import SCORES
from mammo_core.training.recipes.patch import Recipe
from mammo_core.training.replacing import replacing

CHUNK = 256
"""Pictures that are turned to float32 at a time."""


def fit_fold(recipe: Recipe, pictures: Pictures, weights: Path, folder: Path, line: Line) -> None:
    """Fit the network of the fold in `folder`, fold<n>, without the women of the fifth n, and write what it says of them.

    What is there is not made again: a fold that is done is left as it is; one whose scores are gone gets its heads anew from the
    network there. Raises Stopped when asked to stop, ValueError where a file that it goes on from is not there or damaged.
    """
    if (folder / SCORES).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    number = int(folder.name.removeprefix("fold"))
    trained = pictures.of(*recipe.sets) & (pictures.folds() != number)
    records.write_split(folder, _parts(pictures, trained, recipe))
    keras.utils.set_random_seed(recipe.seed)
    backbone = mobilenet_v2(weights / recipe.backbone, recipe.norm_momentum)
    line.start(recipe.start or recipe.backbone)
    dense = _read_back(folder / "weights.safetensors", backbone)
    if dense is None:
        dense = _rounds(recipe, backbone, pictures, trained, folder, line)
    round_to_half(backbone)
    features = kept_features(
        folder / "features.safetensors",
        lambda: pooled(whole_network(backbone, *dense, _canvas(pictures), recipe.patch), pictures, line),
    )
    line.doing("Fitting the heads.")
    heads = [
        fit_head(spec, features, pictures.malignant, pictures.columns["dataset"], trained) for spec in recipe.heads
    ]
    save_weights(folder / "weights.safetensors", backbone, dense, heads)
    _write_scores(folder / SCORES, pictures, trained, features, heads, recipe)
    line.say(f"{folder.name}: done")


def _read_back(path: Path, backbone: Any) -> tuple[Any, Any] | None:
    """Read the weights of a network that is fitted into `backbone`, and give its linear layer; None where there are none."""
    if not path.is_file():
        return None
    tensors = read_whole(path)
    with_weights(backbone, tensors)
    return tensors["patch_logits/kernel"], tensors["patch_logits/bias"]


def _rounds(
    recipe: Recipe, backbone: Any, pictures: Pictures, trained: npt.NDArray[np.bool_], folder: Path, line: Line
) -> tuple[Any, Any]:
    """Fit the backbone round by round, going on where it was stopped or from the recipe's `start`, and give the linear layer."""
    dense: tuple[Any, Any] | None = None
    if recipe.start:
        started = find_run(folder.parent.parent, recipe.start) / folder.name / "weights.safetensors"
        dense = _read_back(started, backbone)
        if dense is None:
            raise ValueError(f"The recipe goes on from {started}, which is not there; train {recipe.start} first.")
    mined, before = Mined(), 0
    for number, spec in enumerate(recipe.rounds):
        ended = folder / f"round{number + 1}.weights.h5"
        network = patch_network(backbone, recipe, spec.cutout)
        if dense is not None:
            network.get_layer("patch_logits").set_weights(list(dense))
        if ended.is_file():
            load(network, ended)
            line.say(f"round {number + 1}: read back")
        else:
            if dense is not None:
                whole = whole_network(backbone, *dense, _canvas(pictures), recipe.patch)
                mined = _mine(whole, pictures, trained, line)
            batches = PatchBatches(
                pictures, trained, spec, recipe.masses, mined, crop_side(recipe), recipe.seed + number
            )
            rate = keras.optimizers.schedules.CosineDecay(spec.rate, spec.epochs * spec.steps)
            fit_round(network, batches, rate, ended, before, recipe.seed, line)
        kernel, bias = network.get_layer("patch_logits").get_weights()
        dense, before = (kernel, bias), before + spec.epochs
    assert dense is not None, "a recipe has a round at least"
    return dense


def fit_round(network: Any, batches: PatchBatches, rate: Any, ended: Path, before: int, seed: int, line: Line) -> None:
    """Fit a patch network on `batches` by AdamW, one epoch after the other, and keep it as the file `ended` in its fold's folder.

    Epochs count on from those `before`, of earlier rounds. A round that was broken off goes on from its last whole epoch as if it had
    not been. Raises Stopped when asked to stop, ValueError where its answers are no numbers any more or its checkpoint is damaged.
    """
    folder, spec = ended.parent, batches.round
    checkpoint = ended.with_name(f"{ended.name.removesuffix('.weights.h5')}.checkpoint.weights.h5")
    network.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-4),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy("accuracy")],
    )
    network.optimizer.build(network.trainable_variables)
    begun = 0
    if checkpoint.is_file():
        load(network, checkpoint)
        begun = int(network.optimizer.iterations) // spec.steps
    columns = records.read_history(folder)
    if len(columns["epoch"]) < before + begun:
        raise ValueError(f"{folder / 'history.csv'} is damaged: epochs are lost that were fitted; start a new run")
    history = [{name: float(column[row]) for name, column in columns.items()} for row in range(before + begun)]
    board = Board(folder / "tensorboard")
    line.doing("")
    for epoch in range(begun, spec.epochs):
        if line.stop():
            raise Stopped
        reseed(network, seed, before + epoch)
        batches.epoch, began, watch = epoch, time.perf_counter(), Watch(line.stop, line.tell)
        fitted = network.fit(
            batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0, callbacks=[watch]
        ).history
        if watch.stopped:
            raise Stopped
        row = dict.fromkeys(records.HISTORY, nan) | {name: float(fitted[name][-1]) for name in ("loss", "accuracy")}
        if not np.isfinite(row["loss"]):
            raise ValueError(
                f"{folder.name}: in epoch {before + epoch + 1} the network's answers were no numbers any more"
            )
        row |= {"epoch": before + epoch + 1.0, "rate": float(network.optimizer.learning_rate)}
        row |= {"seconds": time.perf_counter() - began, "waiting_s": watch.waited}
        history.append(row)
        records.write_history(folder, {name: [each[name] for each in history] for name in records.HISTORY})
        board.write(before + epoch + 1, row)
        save(network, checkpoint)
        line.epoch(before + epoch + 1, row["seconds"])
        told = ", ".join(f"{name} {row[name]:.3f}" for name in ("loss", "accuracy"))
        line.say(
            f"{folder.name} epoch {before + epoch + 1}: {told}, {row['seconds']:.1f} s, {watch.waited:.1f} s waiting"
        )
    save(network, ended)
    checkpoint.unlink(missing_ok=True)


def load(network: Any, path: Path) -> None:
    """Read weights that were kept while a round was fitted. Raises ValueError where they cannot be read."""
    try:
        network.load_weights(path)
    except Exception as error:  # HDF5 and Keras raise nearly anything
        raise ValueError(
            f"{path} is damaged; once it is deleted, the run can be resumed, which fits that round anew"
        ) from error


def save_weights(path: Path, backbone: Any, dense: tuple[Any, Any], heads: list[Head]) -> None:
    """Write a run's weights: the backbone's by layer and variable as float16, the linear layers' as float32."""
    tensors = halved(backbone)
    tensors |= {"patch_logits/kernel": dense[0].astype(np.float32), "patch_logits/bias": dense[1].astype(np.float32)}
    for number, head in enumerate(heads):
        tensors[f"head{number}/weights"] = head.weights.astype(np.float32)
        tensors[f"head{number}/bias"] = np.array([head.bias], dtype=np.float32)
    save_whole(tensors, path)


def halved(backbone: Any) -> dict[str, npt.NDArray[Any]]:
    """A backbone's weights by layer and variable, as float16."""
    return {
        f"{layer.name}/{weight.path.split('/')[-1]}": value.astype(np.float16)
        for layer in backbone.layers
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
    }


def save_whole(tensors: dict[str, npt.NDArray[Any]], path: Path) -> None:
    """Write a file of tensors, whole or not at all."""
    with replacing(path) as half:
        save_file(tensors, half)


def read_whole(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a file of tensors. Raises ValueError where it is damaged."""
    try:
        tensors: dict[str, npt.NDArray[Any]] = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged; a run that is resumed without it makes it anew") from error
    return tensors


def round_to_half(backbone: Any) -> None:
    """Heads are fitted to, and figures are made with, the very weights that are stored: float16."""
    for layer in backbone.layers:
        layer.set_weights([value.astype(np.float16).astype(np.float32) for value in layer.get_weights()])


def kept_features(path: Path, make: Callable[[], dict[str, npt.NDArray[Any]]]) -> dict[str, npt.NDArray[Any]]:
    """Reading every picture takes minutes; what was read is kept with the run, so that heads can be fitted anew."""
    if not path.is_file():
        save_whole(make(), path)
    return read_whole(path)


def pooled(whole: Any, pictures: Pictures, line: Line) -> dict[str, npt.NDArray[Any]]:
    """Pooled features of every picture."""
    read = reader(whole, FEATURES)
    kept: dict[str, list[Any]] = {name: [] for name in FEATURES}
    for start in range(0, len(pictures.canvases), CHUNK):
        look(line, start, len(pictures.canvases))
        found = read(scaled(pictures.canvases[start : start + CHUNK]))
        for name in FEATURES:
            kept[name].append(found[name])
    return {name: np.concatenate(parts) for name, parts in kept.items()}


def look(line: Line, done: int, of: int) -> None:
    """Say how far whole pictures are being looked at. Raises Stopped when asked to stop."""
    line.step("Looking at whole pictures", done, of)


def scaled(canvases: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, rows, columns) uint8 to (n, rows, columns, 1) float32 in 0..1."""
    return np.asarray(canvases[..., None] / np.float32(255), dtype=np.float32)


def _canvas(pictures: Pictures) -> tuple[int, int]:
    return pictures.canvases.shape[1], pictures.canvases.shape[2]


def _mine(whole: Any, pictures: Pictures, trained: npt.NDArray[np.bool_], line: Line) -> Mined:
    """The hottest spots of training pictures of sets without boxes: false alarms where there is no cancer, soft cancers where there is."""
    read = reader(whole, ("lesion",))
    boxed = np.unique(pictures.columns["dataset"][pictures.box_picture])
    chosen = np.flatnonzero(trained & ~pictures.of(*boxed.tolist()))
    if not len(chosen):
        return Mined()
    maps = []
    for start in range(0, len(chosen), CHUNK):
        look(line, start, len(chosen))
        maps.append(read(scaled(pictures.canvases[chosen[start : start + CHUNK]]))["lesion"][..., 2])
    heat = np.concatenate(maps)
    cancer = pictures.malignant[chosen]
    mined = Mined(
        hottest(heat[~cancer], chosen[~cancer], CELL, SPOTS),
        hottest(heat[cancer], chosen[cancer], CELL, 1),
    )
    line.say(
        f"mined {len(mined.false_alarms.picture)} false alarms and {len(mined.in_cancers.picture)} spots in cancers"
    )
    return mined


def _parts(pictures: Pictures, trained: npt.NDArray[np.bool_], recipe: Recipe) -> dict[str, str]:
    """The part of every woman."""
    sides = zip(pictures.women, trained, pictures.of(*recipe.outside), strict=True)
    return {str(woman): "train" if inside else "outside" if outside else "test" for woman, inside, outside in sides}


def _write_scores(
    path: Path,
    pictures: Pictures,
    trained: npt.NDArray[np.bool_],
    features: dict[str, npt.NDArray[np.float32]],
    heads: list[Head],
    recipe: Recipe,
) -> None:
    """One row a picture that was not trained on: what each head says, as it is."""
    scores = np.stack([head.score(features) for head in heads], axis=1)
    with replacing(path) as half, half.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("dataset", "file", "benign_map", *(spec.name for spec in recipe.heads)))
        for row in np.flatnonzero(~trained):
            said = (features["maps"][row, BENIGN_MAP], *scores[row])
            place = (pictures.columns[key][row] for key in ("dataset", "file"))
            writer.writerow((*place, *(f"{value:.5f}" for value in said)))
