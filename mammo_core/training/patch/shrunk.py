"""A canvas seen smaller."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from keras import layers, ops


class Shrunk(layers.Layer):  # type: ignore[misc]
    """(N, rows, columns, 1) to a canvas that is smaller by a fraction, each pixel the exact mean of the area that it covers."""

    def __init__(self, canvas: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.canvas = canvas

    def call(self, fine: Any) -> Any:
        steps = [Fraction(had, wanted) for had, wanted in zip(fine.shape[1:3], self.canvas, strict=True)]
        for axis, step in enumerate(steps, start=1):
            fine = ops.repeat(fine, step.denominator, axis=axis)
        sides = tuple(step.numerator for step in steps)
        return ops.average_pool(fine, sides, strides=sides)
