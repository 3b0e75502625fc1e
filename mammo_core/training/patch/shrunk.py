"""A canvas seen smaller."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from keras import layers, ops


class Shrunk(layers.Layer):  # type: ignore[misc]
    """(N, rows, columns, 1) to a canvas that is smaller by a fraction, each pixel the exact mean of the area that it covers."""

    def __init__(self, canvas: tuple[int, int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.canvas = canvas

    def call(self, fine: Any) -> Any:
        down, across = (
            ops.convert_to_tensor(_shares(had, wanted))
            for had, wanted in zip(fine.shape[1:3], self.canvas, strict=True)
        )
        return ops.matmul(ops.matmul(down, fine[..., 0]), ops.transpose(across))[..., None]


def _shares(had: int, wanted: int) -> npt.NDArray[np.float32]:
    """(wanted, had): which share of each of the `wanted` pixels lies in each of those there were."""
    edges = np.arange(wanted + 1)[:, None] * had / wanted
    covered = np.clip(edges - np.arange(had), 0.0, 1.0)
    return np.asarray(np.diff(covered, axis=0) * wanted / had, dtype=np.float32)
