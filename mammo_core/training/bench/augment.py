"""Random changes of training pictures, as Keras layers at the head of the training network: at rest they pass pictures through.

They run on the device, so any Keras backend trains alike. Turning, scaling, moving and mirroring are one resampling. Two pictures are mixed
where batches are put together (`batches`), since their labels are mixed with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import backend, layers, ops, random

from mammo_core.training.recipes.classifier import AugmentationSpec

HOLE = (0.15, 0.35)
"""A cut-out's side, in parts of the picture's."""


class _Random(layers.Layer):  # type: ignore[misc]
    """A layer on (N, rows, columns, 1) float32 grey in 0..1 that is at work in training alone; views of a breast are changed one by one."""

    def __init__(self, spec: AugmentationSpec, seed: int, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.spec = spec
        self.seeds = random.SeedGenerator(seed)

    def call(self, grey: Any, training: bool = False) -> Any:
        if not training:
            return grey
        if len(grey.shape) == 4:
            return self.changed(grey)
        alone = self.changed(ops.reshape(grey, (-1, *grey.shape[2:])))
        taken = ops.any(grey > 0, axis=(2, 3, 4), keepdims=True)  # a view that was not taken stays black
        return ops.reshape(alone, (-1, *grey.shape[1:])) * ops.cast(taken, "float32")

    def changed(self, grey: Any) -> Any:
        raise NotImplementedError

    def draw(self, grey: Any, low: float, high: float, *shape: int) -> Any:
        """A number for each picture."""
        return random.uniform((ops.shape(grey)[0], *shape), low, high, seed=self.seeds)


class Placement(_Random):
    """Turned, scaled, moved and mirrored about its middle; what comes in from outside is black."""

    def __init__(self, *arguments: Any, **kwargs: Any) -> None:
        super().__init__(*arguments, **kwargs)
        self.supports_jit = backend.backend() != "tensorflow"  # XLA has no kernel for TensorFlow's resampling

    def changed(self, grey: Any) -> Any:
        spec, (rows, columns) = self.spec, grey.shape[1:3]
        turn = self.draw(grey, -spec.rotation, spec.rotation) * (np.pi / 180)
        size = 1.0 + self.draw(grey, -spec.zoom, spec.zoom)
        mirror = self._sign(grey, spec.flip_horizontal)
        flip = self._sign(grey, spec.flip_vertical)
        a, b = ops.cos(turn) * size * mirror, -ops.sin(turn) * size * mirror
        c, d = ops.sin(turn) * size * flip, ops.cos(turn) * size * flip
        middle = (columns - 1) / 2, (rows - 1) / 2
        right = middle[0] - a * middle[0] - b * middle[1] + self.draw(grey, -spec.shift, spec.shift) * columns
        down = middle[1] - c * middle[0] - d * middle[1] + self.draw(grey, -spec.shift, spec.shift) * rows
        nothing = ops.zeros_like(a)
        return ops.image.affine_transform(
            grey,
            ops.stack([a, b, right, c, d, down, nothing, nothing], axis=1),
            interpolation="bilinear",
            fill_mode="constant",
            data_format="channels_last",
        )

    def _sign(self, grey: Any, wanted: bool) -> Any:
        drawn = self.draw(grey, 0.0, 1.0)
        return ops.where(drawn < (0.5 if wanted else 0.0), -1.0, 1.0)


class Tone(_Random):
    """Contrast (a power and a slope) and brightness changed, some pictures blurred: film, machines and windows differ so."""

    def changed(self, grey: Any) -> Any:
        spec = self.spec
        if spec.contrast:
            gamma = ops.exp(self.draw(grey, -1.0, 1.0, 1, 1, 1) * np.log1p(spec.contrast))
            slope = 1.0 + self.draw(grey, -spec.contrast, spec.contrast, 1, 1, 1)
            grey = (ops.power(ops.clip(grey, 1e-4, 1.0), gamma) - 0.5) * slope + 0.5
        if spec.brightness:
            grey = grey + self.draw(grey, -spec.brightness, spec.brightness, 1, 1, 1)
        if spec.blur:
            soft = ops.average_pool(grey, 3, strides=1, padding="same")
            grey = ops.where(self.draw(grey, 0.0, 1.0, 1, 1, 1) < spec.blur, soft, grey)
        return ops.clip(grey, 0.0, 1.0)


class CutOut(_Random):
    """A black rectangle somewhere in some pictures (DeVries and Taylor 2017)."""

    def changed(self, grey: Any) -> Any:
        rows, columns = grey.shape[1:3]
        inside = self._within(grey, rows)[:, :, None, None] & self._within(grey, columns)[:, None, :, None]
        used = self.draw(grey, 0.0, 1.0, 1, 1, 1) < self.spec.cutout
        return grey * (1.0 - ops.cast(inside & used, "float32"))

    def _within(self, grey: Any, side: int) -> Any:
        """(N, side) bool, inside a stretch of a random length and place."""
        middle, half = self.draw(grey, 0.0, 1.0, 1), self.draw(grey, HOLE[0] / 2, HOLE[1] / 2, 1)
        return ops.abs((ops.arange(side, dtype="float32")[None] + 0.5) / side - middle) < half


def augmentation(spec: AugmentationSpec, seed: int) -> list[Any]:
    """The layers that a recipe asks for, in the order in which they are to run."""
    wanted = []
    if spec.rotation or spec.zoom or spec.shift or spec.flip_horizontal or spec.flip_vertical:
        wanted.append(Placement(spec, seed, name="placement"))
    if spec.contrast or spec.brightness or spec.blur:
        wanted.append(Tone(spec, seed + 1, name="tone"))
    if spec.cutout:
        wanted.append(CutOut(spec, seed + 2, name="cut_out"))
    return wanted
