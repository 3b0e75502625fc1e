"""Fitting: one run folder from one recipe and the pictures of some women, resumable round by round.

A run of one fold leaves out that fifth of the women, and writes what its network says of them; a run of all leaves out none and is
what ships. Pictures of outside sets are never fitted on; every run writes what it says of them.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from mammo_core.training.export import reader
from mammo_core.training.patch.head import BENIGN_MAP, FEATURES, Head, fit_head
from mammo_core.training.patch.networks import CELL, crop_side, mobilenet_v2, patch_network, whole_network, with_weights
from mammo_core.training.patch.patches import SPOTS, Mined, PatchBatches, hottest
from mammo_core.training.patch.pictures import NO_FOLD, Pictures
from mammo_core.training.patch.recipe import Recipe, read_recipe
from mammo_core.training.replacing import replacing

CHUNK = 256
"""Pictures that are turned to float32 at a time."""
Say = Callable[[str], None]


def fit_fold(recipe_path: Path, pictures: Pictures, weights: Path, run: Path, fold: int, say: Say) -> None:
    """Fit one network without the women of `fold` (NO_FOLD: with all), and write the run folder.

    A finished run is not trained again; with other heads in its recipe, only those are fitted anew. Raises ValueError if `run` holds
    work of a recipe that differs in more than its heads.
    """
    recipe = read_recipe(recipe_path)
    run.mkdir(parents=True, exist_ok=True)
    kept = run / "recipe.toml"
    if kept.is_file() and replace(read_recipe(kept), heads=recipe.heads) != recipe:
        raise ValueError(f"{run} holds a run of another recipe; choose another folder")
    shutil.copyfile(recipe_path, kept)
    trained = pictures.of(*recipe.sets) & (pictures.folds() != fold)
    _write_split(run / "split.csv", pictures, trained, recipe)
    keras.utils.set_random_seed(recipe.seed)
    backbone = mobilenet_v2(weights / recipe.backbone, recipe.norm_momentum)
    dense = _read_back(run / "weights.safetensors", backbone)
    if dense is None:
        dense = _rounds(recipe, backbone, pictures, trained, run, say)
    round_to_half(backbone)
    features = kept_features(
        run / "features.safetensors",
        lambda: pooled(whole_network(backbone, *dense, _canvas(pictures), recipe.patch), pictures, say),
    )
    heads = [
        fit_head(spec, features, pictures.malignant, pictures.columns["dataset"], trained) for spec in recipe.heads
    ]
    save_weights(run / "weights.safetensors", backbone, dense, heads)
    _write_predictions(run / "predictions.csv", pictures, trained, features, heads, recipe, fold)
    say("done")


def _read_back(path: Path, backbone: Any) -> tuple[Any, Any] | None:
    """Read the weights of a network that is fitted into `backbone`, and give its linear layer; None where there are none."""
    if not path.is_file():
        return None
    tensors = load_file(path)
    with_weights(backbone, tensors)
    return tensors["patch_logits/kernel"], tensors["patch_logits/bias"]


def _rounds(
    recipe: Recipe, backbone: Any, pictures: Pictures, trained: npt.NDArray[np.bool_], run: Path, say: Say
) -> tuple[Any, Any]:
    """Fit the backbone round by round, going on where it was stopped or from the recipe's `start`, and give the linear layer."""
    dense: tuple[Any, Any] | None = None
    if recipe.start:
        started = run.parent.parent / recipe.start / run.name / "weights.safetensors"
        dense = _read_back(started, backbone)
        if dense is None:
            raise ValueError(f"The recipe goes on from {started}, which is not there; train {recipe.start} first.")
    mined = Mined()
    for number, round_ in enumerate(recipe.rounds):
        checkpoint = run / f"round{number + 1}.weights.h5"
        network = patch_network(backbone, recipe, round_.cutout)
        if dense is not None:
            network.get_layer("patch_logits").set_weights(list(dense))
        if checkpoint.is_file():
            network.load_weights(checkpoint)
            say(f"round {number + 1}: read back")
        else:
            if dense is not None:
                mined = _mine(whole_network(backbone, *dense, _canvas(pictures), recipe.patch), pictures, trained, say)
            batches = PatchBatches(pictures, trained, round_, mined, crop_side(recipe), recipe.seed + number)
            rate = keras.optimizers.schedules.CosineDecay(round_.rate, round_.epochs * round_.steps)
            fit_round(network, batches, rate, run / "history.csv", number + 1, say)
            network.save_weights(checkpoint)
        kernel, bias = network.get_layer("patch_logits").get_weights()
        dense = kernel, bias
    assert dense is not None, "a recipe has a round at least"
    return dense


def fit_round(network: Any, batches: PatchBatches, rate: Any, history: Path, number: int, say: Say) -> None:
    """Fit a patch network on `batches` by AdamW, one epoch after the other, and write down how it went."""
    network.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-4),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["categorical_accuracy"],
    )
    went = network.fit(batches, epochs=batches.round.epochs, verbose=0, callbacks=[_Spoken(say, number)])
    _write_history(history, went.history, number)


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


def round_to_half(backbone: Any) -> None:
    """Heads are fitted to, and figures are made with, the very weights that are stored: float16."""
    for layer in backbone.layers:
        layer.set_weights([value.astype(np.float16).astype(np.float32) for value in layer.get_weights()])


def kept_features(path: Path, make: Callable[[], dict[str, npt.NDArray[Any]]]) -> dict[str, npt.NDArray[Any]]:
    """Reading every picture takes minutes; what was read is kept with the run, so that heads can be fitted anew."""
    if not path.is_file():
        save_whole(make(), path)
    stored: dict[str, npt.NDArray[Any]] = load_file(path)
    return stored


def pooled(whole: Any, pictures: Pictures, say: Say) -> dict[str, npt.NDArray[Any]]:
    """Pooled features of every picture."""
    read = reader(whole, FEATURES)
    kept: dict[str, list[Any]] = {name: [] for name in FEATURES}
    for start in range(0, len(pictures.canvases), CHUNK):
        found = read(scaled(pictures.canvases[start : start + CHUNK]))
        for name in FEATURES:
            kept[name].append(found[name])
        if start % 1024 == 0:
            say(f"features: {start} of {len(pictures.canvases)}")
    return {name: np.concatenate(parts) for name, parts in kept.items()}


def scaled(canvases: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, rows, columns) uint8 to (n, rows, columns, 1) float32 in 0..1."""
    return np.asarray(canvases[..., None] / np.float32(255), dtype=np.float32)


def _canvas(pictures: Pictures) -> tuple[int, int]:
    return pictures.canvases.shape[1], pictures.canvases.shape[2]


def _mine(whole: Any, pictures: Pictures, trained: npt.NDArray[np.bool_], say: Say) -> Mined:
    """The hottest spots of training pictures without boxes: false alarms where there is no cancer, soft cancers where there is."""
    read = reader(whole, ("lesion",))
    boxed = np.isin(np.arange(len(pictures.canvases)), pictures.box_picture)
    chosen = np.flatnonzero(trained & ~boxed & pictures.of("rsna"))
    maps = [
        read(scaled(pictures.canvases[part]))["lesion"][..., 2]
        for part in np.split(chosen, range(CHUNK, len(chosen), CHUNK))
    ]
    heat = np.concatenate(maps)
    cancer = pictures.malignant[chosen]
    mined = Mined(
        hottest(heat[~cancer], chosen[~cancer], CELL, SPOTS),
        hottest(heat[cancer], chosen[cancer], CELL, 1),
    )
    say(f"mined {len(mined.false_alarms.picture)} false alarms and {len(mined.in_cancers.picture)} spots in cancers")
    return mined


class _Spoken(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, say: Say, number: int) -> None:
        super().__init__()
        self.say, self.number = say, number

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        told = ", ".join(f"{key} {value:.3f}" for key, value in (logs or {}).items())
        self.say(f"round {self.number} epoch {epoch + 1}: {told}")


def _write_split(path: Path, pictures: Pictures, trained: npt.NDArray[np.bool_], recipe: Recipe) -> None:
    parts = {}
    for woman, inside, outside in zip(pictures.women, trained, pictures.of(*recipe.outside), strict=True):
        parts[str(woman)] = "train" if inside else "outside" if outside else "held out"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("patient_id", "part"), *sorted(parts.items())])


def _write_history(path: Path, history: dict[str, list[float]], number: int) -> None:
    names = list(history)
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        if new:
            writer.writerow(("round", "epoch", *names))
        writer.writerows(
            (number, epoch + 1, *values) for epoch, values in enumerate(zip(*history.values(), strict=True))
        )


def _write_predictions(
    path: Path,
    pictures: Pictures,
    trained: npt.NDArray[np.bool_],
    features: dict[str, npt.NDArray[np.float32]],
    heads: list[Head],
    recipe: Recipe,
    fold: int,
) -> None:
    """One row a picture that was not trained on (all pictures, marked, for a run of all)."""
    scores = np.stack([head.score(features) for head in heads], axis=1)
    rows = np.arange(len(trained)) if fold == NO_FOLD else np.flatnonzero(~trained)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            (
                "dataset",
                "file",
                "trained_on",
                "benign_map",
                *(spec.name for spec in recipe.heads),
            )
        )
        for row in rows:
            writer.writerow(
                (
                    pictures.columns["dataset"][row],
                    pictures.columns["file"][row],
                    int(trained[row]),
                    f"{features['maps'][row, BENIGN_MAP]:.5f}",
                    *(f"{value:.5f}" for value in scores[row]),
                )
            )
    (path.parent / "report.json").write_text(
        json.dumps({"fold": fold, "trained_on": int(trained.sum())}), encoding="utf-8"
    )
