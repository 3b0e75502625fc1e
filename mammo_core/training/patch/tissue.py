"""The tissue network: what a breast is like as a whole, seen coarsely, whatever lies where.

ResNet-50 v2 up to its third stage; mean and spread, well inside the breast, of its last maps and of those before its third stage go
into one linear head for each fold. It is trained on patches of women none of whom is judged, so one network serves all folds; what
differs are the heads. It draws no map.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mammo_core.training.export import reader
from mammo_core.training.lab import records
from mammo_core.training.lab.diary import Line
from mammo_core.training.networks.backbones import IMAGENET_DEVIATION, IMAGENET_MEAN
from mammo_core.training.networks.stage3 import resnet50v2_stage3
from mammo_core.training.patch.fit import (
    CHUNK,
    fit_round,
    halved,
    kept_features,
    load,
    look,
    read_whole,
    round_to_half,
    save_whole,
    scaled,
)
from mammo_core.training.patch.head import fit_linear
from mammo_core.training.patch.networks import CELL, crop_side, patch_network, with_weights
from mammo_core.training.patch.patches import Mined, PatchBatches
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import SCORES, Predictions
from mammo_core.training.patch.shrunk import Shrunk
from mammo_core.training.recipes.patch import FOLDS, TissueRecipe, read_tissue
from mammo_core.training.replacing import replacing

WARM_UP = 30
"""Steps until the rate is reached, from a twentieth of it."""
PROBES, PENALTY = 18, 0.003
"""Batches that the linear probe is fitted to before anything else is, and scikit-learn's inverse penalty."""
THROUGHOUT, ELSE = 0.99, 1e-3
"""Share of a cell's pixels that are breast where it is breast throughout, and what a cell weighs that is not."""
FINER = "stage3_unit0_relu"
"""The layer that gives the maps before the third stage, of stride 8 and 512 channels."""
PLACE = "fold0"
"""Folder of a run in which the one network lies, and the heads of all fifths."""
FloatArray = npt.NDArray[np.float64]


class InsideBreast(layers.Layer):  # type: ignore[misc]
    """Maps (N, r, c, k) and the canvas (N, R, C, 1) they were made of to (N, 2k): mean and spread well inside the breast.

    What counts are cells of 16 pixels that are breast throughout, as their neighbours are: along the skin a cell sees the air
    beside, and how a machine draws the two. Where there is no such cell, all count by how much breast is in them.
    """

    def call(self, maps: Any, canvas: Any) -> Any:
        share = ops.average_pool(ops.cast(canvas > 0, "float32"), CELL, CELL)
        beside_air = ops.max_pool(ops.cast(share < THROUGHOUT, "float32"), 3, strides=1, padding="same")
        weight = 1.0 - beside_air + ELSE * share
        finer = maps.shape[1] // weight.shape[1]
        weight = ops.repeat(ops.repeat(weight, finer, axis=1), finer, axis=2)
        whole = ops.maximum(ops.sum(weight, axis=(1, 2)), ELSE)
        mean = ops.sum(maps * weight, axis=(1, 2)) / whole
        square = ops.sum(ops.square(maps) * weight, axis=(1, 2)) / whole
        return ops.concatenate([mean, ops.sqrt(ops.maximum(square - ops.square(mean), 0.0))], axis=-1)


@dataclass(frozen=True, eq=False)
class Tissue:
    """A tissue network as it ships: `tensors` hold the backbone and `head` (weights (3072,), bias (1,)); it sees a canvas of `seen`."""

    tensors: Mapping[str, npt.NDArray[Any]]
    seen: tuple[int, int]


def resnet(weights: Mapping[str, npt.NDArray[Any]] | None) -> Any:
    """ResNet-50 v2 to stage 3, batch norm standing still; input RGB in -1..1, stride 16, 1,024 channels."""
    mean, deviation = np.array(IMAGENET_MEAN), np.array(IMAGENET_DEVIATION)
    rgb = layers.Input((None, None, 3))
    backbone = resnet50v2_stage3(None, layers.Normalization(mean=2 * mean - 1, variance=4 * deviation**2)(rgb))
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return backbone if weights is None else with_weights(backbone, weights)


def tissue_network(backbone: Any, canvas: tuple[int, int], seen: tuple[int, int]) -> Any:
    """A (rows, columns, 1) canvas in 0..1 to `tissue` (N, 3072), as a dict of outputs."""
    inputs = layers.Input((*canvas, 1), name="canvas")
    x = inputs if canvas == seen else Shrunk(seen)(inputs)
    both = keras.Model(backbone.input, [backbone.output, backbone.get_layer(FINER).output])
    maps = both(layers.Rescaling(2.0, offset=-1.0)(layers.Concatenate()([x, x, x])))
    tissue = layers.Concatenate()([InsideBreast()(each, x) for each in maps])
    return keras.Model(inputs, {"tissue": tissue}, name="tissue_network")


def tissue_head(tissue: Tissue, canvas: tuple[int, int]) -> Any:
    """The network that ships: a canvas to its malignant score (N, 1)."""
    network = tissue_network(resnet(tissue.tensors), canvas, tissue.seen)
    linear = layers.Dense(1, name="tissue_score")
    score = linear(network.output["tissue"])
    linear.set_weights([tissue.tensors["head/weights"][:, None], tissue.tensors["head/bias"]])
    return keras.Model(network.input, score, name="tissue")


def fit_tissue(recipe: TissueRecipe, pictures: Pictures, weights: Path, folder: Path, line: Line) -> None:
    """Fit one network and a head for each fifth of the women in `folder`, fold0 of a run, and write what they say.

    What is there is not made again, as in `fit_fold`. Raises Stopped when asked to stop, ValueError where the recipe's sets leave no
    woman for patches, or its canvas is not of whole cells.
    """
    if (folder / SCORES).is_file():
        return
    if any(side % CELL for side in recipe.seen):
        raise ValueError(f"{recipe.name}: seen must be of sides that {CELL} divides")
    judged = (*recipe.sets, *recipe.outside)
    apart = pictures.of(recipe.patches_of) & ~np.isin(pictures.women, pictures.women[pictures.of(*judged)])
    if not apart.any():
        raise ValueError(f"{recipe.name}: every woman of {recipe.patches_of} stands in {', '.join(judged)}, too")
    folder.mkdir(parents=True, exist_ok=True)
    records.write_split(folder, _parts(pictures, apart, recipe))
    keras.utils.set_random_seed(recipe.seed)
    line.start(recipe.backbone)
    trained = folder / "weights.safetensors"
    if trained.is_file():
        backbone = resnet(read_whole(trained))
    else:
        backbone = resnet(np.load(weights / recipe.backbone))
        _train(backbone, recipe, pictures, apart, folder, line)
        round_to_half(backbone)
        save_whole(halved(backbone), trained)
    features = kept_features(folder / "features.safetensors", lambda: _seen(backbone, recipe, pictures, line))["tissue"]
    line.doing("Fitting the heads.")
    heads = [
        fit_linear(
            features.astype(np.float64),
            pictures.malignant,
            pictures.columns["dataset"],
            pictures.folds() != fold,
            recipe.sets,
            recipe.c,
        )
        for fold in range(FOLDS)
    ]
    tensors = halved(backbone)
    tensors["heads/weights"] = np.stack([each for each, _ in heads], axis=1).astype(np.float32)
    tensors["heads/bias"] = np.array([bias for _, bias in heads], dtype=np.float32)
    save_whole(tensors, trained)
    _write_scores(folder / SCORES, pictures, recipe, features, tensors)
    line.say("done")


def load_tissue(run: Path, folds: list[int]) -> Tissue:
    """The network of a run with the mean of its heads of `folds`."""
    tensors = read_whole(run / PLACE / "weights.safetensors")
    kept = {name: each for name, each in tensors.items() if not name.startswith("heads/")}
    kept["head/weights"] = tensors["heads/weights"][:, folds].mean(axis=1)
    kept["head/bias"] = tensors["heads/bias"][folds].mean(keepdims=True)
    return Tissue(kept, read_tissue(run / "recipe.toml").seen)


def said_of_tissue(run: Path, pictures: Pictures) -> dict[tuple[int, int], float]:
    """What the head of each fold said of pictures of women it had not seen, by (row of the picture, fold)."""
    place = pictures.places
    with (run / PLACE / SCORES).open(encoding="utf-8") as stream:
        return {
            (place[row["dataset"], row["file"]], int(row["fold"])): float(row["tissue"])
            for row in csv.DictReader(stream)
        }


def said_by_tissue(run: Path, pictures: Pictures) -> Predictions:
    """The same as predictions of one head; of a picture of which several speak the first of them is heard."""
    told = said_of_tissue(run, pictures)
    first: dict[int, tuple[int, float]] = {}
    for (row, fold), score in sorted(told.items()):
        first.setdefault(row, (fold, score))
    rows = np.array(list(first), np.int64)
    scores = np.array([[score] for _, score in first.values()])
    return Predictions(rows, scores, np.zeros(len(rows)), np.array([fold for fold, _ in first.values()], np.int64))


def _train(
    backbone: Any, recipe: TissueRecipe, pictures: Pictures, apart: npt.NDArray[np.bool_], folder: Path, line: Line
) -> None:
    """A linear probe first, then all of it gently, so that what it brings along is not lost (Kumar et al. 2022)."""
    spec = recipe.round
    network, ended = patch_network(backbone, recipe, spec.cutout), folder / "round1.weights.h5"
    if ended.is_file():
        load(network, ended)
        return
    batches = PatchBatches(pictures, apart, spec, recipe.masses, Mined(), crop_side(recipe), recipe.seed)
    linear = network.get_layer("patch_logits")
    pooled = keras.Model(network.input, linear.input)
    probes = [batches[spec.epochs * spec.steps + number] for number in range(PROBES)]
    values = np.concatenate([np.asarray(pooled(crops, training=False)) for crops, _ in probes])
    labels = np.concatenate([label for _, label in probes]).argmax(axis=1)
    scaler = StandardScaler().fit(values)
    probe = LogisticRegression(C=PENALTY, max_iter=2000).fit(scaler.transform(values), labels)
    kernel = np.zeros(linear.kernel.shape, np.float32)
    bias = np.full(kernel.shape[1], -10.0, np.float32)
    weight = probe.coef_ / scaler.scale_
    kernel[:, probe.classes_] = weight.T
    bias[probe.classes_] = probe.intercept_ - weight @ scaler.mean_
    linear.set_weights([kernel, bias])
    rate = keras.optimizers.schedules.CosineDecay(
        spec.rate / 20, spec.epochs * spec.steps, warmup_target=spec.rate, warmup_steps=WARM_UP
    )
    fit_round(network, batches, rate, ended, 0, recipe.seed, line)


def _seen(backbone: Any, recipe: TissueRecipe, pictures: Pictures, line: Line) -> dict[str, npt.NDArray[Any]]:
    """(n, 3072) features of the pictures that are judged or fitted to; 0 of the others."""
    canvas = pictures.canvases.shape[1], pictures.canvases.shape[2]
    read = reader(tissue_network(backbone, canvas, recipe.seen), ("tissue",))
    rows = np.flatnonzero(pictures.of(*recipe.sets, *recipe.outside))
    features = None
    for start in range(0, len(rows), CHUNK):
        look(line, start, len(rows))
        part = rows[start : start + CHUNK]
        found = read(scaled(pictures.canvases[part]))["tissue"]
        features = np.zeros((len(pictures.canvases), found.shape[1]), np.float32) if features is None else features
        features[part] = found
    assert features is not None, "the heads' sets hold pictures"
    return {"tissue": features}


def _parts(pictures: Pictures, apart: npt.NDArray[np.bool_], recipe: TissueRecipe) -> dict[str, str]:
    """The part of every woman whom it is trained on, or of whom it is asked."""
    parts: dict[str, str] = {}
    for part, rows in (
        ("train", apart),
        ("test", pictures.of(*recipe.sets)),
        ("outside", pictures.of(*recipe.outside)),
    ):
        parts |= dict.fromkeys(map(str, pictures.women[rows]), part)
    return parts


def _write_scores(
    path: Path,
    pictures: Pictures,
    recipe: TissueRecipe,
    features: npt.NDArray[np.float32],
    tensors: Mapping[str, npt.NDArray[Any]],
) -> None:
    """One row for each picture and each fold whose head had not seen its woman: one fold of the recipe's sets, all of outside ones."""
    scores = features.astype(np.float64) @ tensors["heads/weights"] + tensors["heads/bias"]
    outside, folds = pictures.of(*recipe.outside), pictures.folds()
    with replacing(path) as half, half.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("dataset", "file", "fold", "tissue"))
        for row in np.flatnonzero(pictures.of(*recipe.sets) | outside):
            for fold in range(FOLDS) if outside[row] else [folds[row]]:
                writer.writerow(
                    (*(pictures.columns[key][row] for key in ("dataset", "file")), fold, f"{scores[row, fold]:.5f}")
                )
