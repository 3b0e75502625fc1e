"""The network that ships: one or several patch networks as one graph, from canvas and calibration to scores, probabilities and maps.

Several networks ship together as their mean. It is built from trained weights and fits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mammo_core.training.networks.probabilities import Probabilities
from mammo_core.training.patch.head import FEATURES
from mammo_core.training.patch.networks import CELL, load_backbone, whole_network
from mammo_core.training.patch.shrunk import Shrunk
from mammo_core.training.patch.tissue import Tissue, tissue_head

FINER, SPREAD = 2, 0.75
"""The lesion map that ships has so many points a cell each way; standard deviation of the smoothing, in cells."""


class Smoothed(layers.Layer):  # type: ignore[misc]
    """(N, k, rows, columns) maps of cells to (N, k, 2 rows, 2 columns): Gaussian means of the cells around, which sum to 1 as they did.

    The highest cell of a lesion is often one beside its middle; the highest point of the smoothed map lies in the lesion more often.
    """

    def call(self, maps: Any) -> Any:
        down, across = (ops.convert_to_tensor(_gaussian(cells)) for cells in maps.shape[2:])
        return ops.matmul(ops.matmul(down, maps), ops.transpose(across))


def _gaussian(cells: int) -> np.ndarray[Any, Any]:
    """(FINER * cells, cells) weights of the cells at each point of the finer grid."""
    points = (np.arange(FINER * cells) + 0.5) / FINER - 0.5
    weights = np.exp(-(((points[:, None] - np.arange(cells)) / SPREAD) ** 2) / 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


class Weighed(layers.Layer):  # type: ignore[misc]
    """(N, ..., k) values of the first k heads to (N, ..., 1): their sum, weighed by calibration (N, heads + 1).

    Its last column is the intercept, added only if `intercept`.
    """

    def __init__(self, intercept: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.intercept = intercept

    def call(self, values: Any, calibration: Any) -> Any:
        between = (1,) * (len(values.shape) - 2)
        calibration = ops.reshape(calibration, (-1, *between, calibration.shape[-1]))
        weighed = ops.sum(values * calibration[..., : values.shape[-1]], axis=-1, keepdims=True)
        return weighed + calibration[..., -1:] if self.intercept else weighed


@dataclass(frozen=True, eq=False)
class Member:
    """One patch network of those that ship together, with its `heads` side by side.

    `tensors` holds the backbone, `patch_logits` and `head` (weights (5158, k), bias (k,)), as an artefact's weights do.
    """

    tensors: dict[str, np.ndarray[Any, Any]]
    canvas: tuple[int, int]
    patch: int


def member_network(member: Member, benign: tuple[float, float], name: str) -> Any:
    """A member's canvas to u and the heads' scores `raw` (N, 1 + k), `channels` (N, r, c, 1 + k) for Grad-CAM, `lesion` (N, r, c, 3).

    u = benign[0] * (top mean of benign against background) + benign[1]. Grad-CAM (Selvaraju et al. 2017) weighs each channel by
    its gradient's mean over the cells; scores being linear in pooled cells, that mean is a constant, whichever cells the maxima fall
    on. Texture has no part in the map: it comes from layers before the cells.
    """
    tensors = member.tensors
    kernel, bias = tensors["patch_logits/kernel"], tensors["patch_logits/bias"]
    whole = whole_network(load_backbone(tensors), kernel, bias, member.canvas, member.patch)
    heads, depth = tensors["head/weights"].shape[1], kernel.shape[0]
    weights = np.zeros((len(tensors["head/weights"]), 1 + heads), dtype=np.float32)
    weights[2 * depth + 2, 0] = benign[0]
    weights[:, 1:] = tensors["head/weights"]
    linear = layers.Dense(1 + heads, name="benign_and_heads")
    raw = linear(layers.Concatenate()([whole.output[part] for part in FEATURES]))
    linear.set_weights([weights, np.array([benign[1], *tensors["head/bias"]], dtype=np.float32)])
    contrasts = np.stack(
        [kernel[:, 2] - kernel[:, 0], kernel[:, 2] - kernel[:, 1], kernel[:, 1] - kernel[:, 0]], axis=1
    )
    average, maximum, tops, largest, _ = np.split(weights, (depth, 2 * depth, 2 * depth + 3, 2 * depth + 6))
    rows, columns = member.canvas[0] // CELL, member.canvas[1] // CELL
    channel = (average + maximum + contrasts @ (tops + largest)) / (rows * columns)
    weigh = layers.Conv2D(1 + heads, 1, use_bias=False, name="gradcam_channels")
    outputs = {"raw": raw, "channels": weigh(whole.output["cells"]), "lesion": whole.output["lesion"]}
    weigh.set_weights([channel.reshape(1, 1, depth, 1 + heads)])
    return keras.Model(whole.input, outputs, name=name)


def serving_network(members: Sequence[Member], benign: tuple[float, float], tissue: Tissue | None = None) -> Any:
    """The network that ships: `canvas` and `calibration` to `scores`, `probabilities`, `gradcam` and `lesion`, in one pass.

    The canvas is the largest member's; the others see it shrunk. Head scores, u and maps are the members' means, maps on the
    finest grid, the lesion map smoothed onto one twice as fine. A tissue network's score is the last head's, without a part in the
    maps. Calibration, (N, k + 1), weighs the k heads' scores and adds an intercept: z. Class scores are (-u, u, z).
    """
    canvas = max(member.canvas for member in members)
    networks = [member_network(member, benign, f"member{number}") for number, member in enumerate(members)]
    heads = members[0].tensors["head/weights"].shape[1]
    calibration = layers.Input((heads + (tissue is not None) + 1,), name="calibration")
    if len(members) == 1:  # flat, so that explainers find its layers
        inputs, said = networks[0].input, [networks[0].output]
    else:
        inputs = layers.Input((*canvas, 1), name="canvas")
        seen = [inputs if each.canvas == canvas else Shrunk(each.canvas)(inputs) for each in members]
        said = [network(own) for network, own in zip(networks, seen, strict=True)]
    grid = (canvas[0] // CELL, canvas[1] // CELL)
    raw = _mean([each["raw"] for each in said])
    if tissue is not None:
        raw = layers.Concatenate()([raw, tissue_head(tissue, canvas)(inputs)])
    maps = _mean([_on_grid(each["channels"], grid) for each in said])
    lesion = _mean([_on_grid(each["lesion"], grid) for each in said])
    scores = layers.Concatenate(name="scores")(
        [layers.Rescaling(-1.0)(raw[:, :1]), raw[:, :1], Weighed(intercept=True)(raw[:, 1:], calibration)]
    )
    signed = [
        layers.Rescaling(-1.0)(maps[..., :1]),
        maps[..., :1],
        Weighed(intercept=False)(maps[..., 1:], calibration),
    ]
    outputs = {
        "scores": scores,
        "probabilities": Probabilities()(scores),
        "gradcam": layers.Permute((3, 1, 2))(layers.ReLU()(layers.Concatenate()(signed))),
        "lesion": Smoothed(name="smoothed")(layers.Permute((3, 1, 2))(lesion)),
    }
    return keras.Model([inputs, calibration], outputs, name="serving_network")


def _mean(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else layers.Average()(parts)


def _on_grid(map_: Any, grid: tuple[int, int]) -> Any:
    return map_ if tuple(map_.shape[1:3]) == grid else layers.Resizing(*grid, interpolation="bilinear")(map_)
