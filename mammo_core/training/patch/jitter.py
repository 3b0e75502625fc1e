"""Random changes of a patch, made on the device so that any Keras backend trains alike; at rest it only crops the middle."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops, random

from mammo_core.training.recipes.patch import JitterSpec


class Jitter(layers.Layer):  # type: ignore[misc]
    """(N, side, side, 1) uint8 crops to (N, patch, patch, 1) float32 in 0..1, turned, scaled, moved, re-contrasted, blurred, noisy."""

    def __init__(self, spec: JitterSpec, patch: int, cutout: bool, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spec, self.patch, self.cutout = spec, patch, cutout
        self.seeds = random.SeedGenerator(seed)

    def call(self, crops: Any, training: bool = False) -> Any:
        grey = ops.cast(crops, "float32") / 255.0
        if training:
            grey = self._placed(grey)
        margin = (grey.shape[1] - self.patch) // 2
        grey = grey[:, margin : margin + self.patch, margin : margin + self.patch]
        return self._toned(grey) if training else grey

    def _draw(self, like: Any, low: float, high: float, *shape: int) -> Any:
        return random.uniform((ops.shape(like)[0], *shape), low, high, seed=self.seeds)

    def _placed(self, grey: Any) -> Any:
        """Rotation, anisotropic scale, mirror and shift about the crop's centre, in one resampling."""
        spec, middle = self.spec, (grey.shape[1] - 1) / 2
        turn = self._draw(grey, -spec.rotation, spec.rotation) * (np.pi / 180)
        size = ops.exp(self._draw(grey, -1.0, 1.0) * np.log1p(spec.scale))
        wide = ops.exp(self._draw(grey, -1.0, 1.0) * np.log1p(spec.scale / 3))
        mirror = ops.where(self._draw(grey, 0.0, 1.0) < 0.5, -1.0, 1.0)
        flip = ops.where(self._draw(grey, 0.0, 1.0) < 0.5, -1.0, 1.0)
        a, b = ops.cos(turn) * size * wide * mirror, -ops.sin(turn) * size
        c, d = ops.sin(turn) * size * mirror * flip, ops.cos(turn) * size / wide * flip
        right = middle - (a + b) * middle + self._draw(grey, -spec.shift, spec.shift)
        down = middle - (c + d) * middle + self._draw(grey, -spec.shift, spec.shift)
        nothing = ops.zeros_like(a)
        return ops.image.affine_transform(
            grey,
            ops.stack([a, b, right, c, d, down, nothing, nothing], axis=1),
            interpolation="bilinear",
            fill_mode="constant",
            data_format="channels_last",
        )

    def _toned(self, grey: Any) -> Any:
        """Gamma, contrast, brightness, blur, noise and (if wanted) a cut-out square."""
        spec = self.spec
        gamma = ops.exp(self._draw(grey, -spec.gamma, spec.gamma, 1, 1, 1))
        grey = ops.power(ops.clip(grey, 1e-4, 1.0), gamma)
        contrast = 1 + self._draw(grey, -spec.contrast, spec.contrast, 1, 1, 1)
        grey = (grey - 0.5) * contrast + 0.5 + self._draw(grey, -spec.contrast / 2, spec.contrast / 2, 1, 1, 1)
        blurred = ops.average_pool(grey, 3, strides=1, padding="same")
        grey = ops.where(self._draw(grey, 0.0, 1.0, 1, 1, 1) < spec.blur, blurred, grey)
        noise = self._draw(grey, 0.0, spec.noise, 1, 1, 1)
        grey = grey + noise * random.normal(ops.shape(grey), seed=self.seeds)
        if self.cutout:
            grey = grey * (1 - self._hole(grey))
        return ops.clip(grey, 0.0, 1.0)

    def _hole(self, grey: Any) -> Any:
        """(N, patch, patch, 1) 1 inside a random square away from the middle, for half of the patches."""
        place = ops.arange(self.patch, dtype="float32")
        half = self.patch * 0.14
        angle = self._draw(grey, 0.0, 2 * np.pi, 1, 1, 1)
        away = self.patch * 0.4
        row = self.patch / 2 + away * ops.sin(angle)
        column = self.patch / 2 + away * ops.cos(angle)
        inside = (ops.abs(place[None, :, None, None] - row) < half) & (
            ops.abs(place[None, None, :, None] - column) < half
        )
        used = self._draw(grey, 0.0, 1.0, 1, 1, 1) < 0.5
        return ops.cast(inside & used, "float32")
