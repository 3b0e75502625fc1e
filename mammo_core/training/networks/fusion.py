"""Several views of a breast or of a woman through one shared network: into the batch, and out of it again.

A view that was not taken is a black picture. It goes through the network with the others, but what comes of it does not count.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mammo_core.training.networks.heads import AttentionPooling


@keras.saving.register_keras_serializable(package="mammo_core")
class ViewsIntoBatch(layers.Layer):  # type: ignore[misc]
    """(N, views, ...) to (N views, ...): each view a picture of its own."""

    def call(self, exams: Any) -> Any:
        return ops.reshape(exams, (-1, *exams.shape[2:]))

    def compute_output_shape(self, shape: Any) -> Any:
        return (None, *shape[2:])


@keras.saving.register_keras_serializable(package="mammo_core")
class ViewsOutOfBatch(layers.Layer):  # type: ignore[misc]
    """(N views, k) back to (N, views, k)."""

    def __init__(self, views: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.views = views

    def call(self, numbers: Any) -> Any:
        return ops.reshape(numbers, (-1, self.views, numbers.shape[-1]))

    def compute_output_shape(self, shape: Any) -> Any:
        return (None, self.views, shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "views": self.views}


@keras.saving.register_keras_serializable(package="mammo_core")
class Taken(layers.Layer):  # type: ignore[misc]
    """(N, views, rows, columns, 1) to (N, views): one for a picture, zero for a black one."""

    def call(self, exams: Any) -> Any:
        return ops.cast(ops.any(exams > 0, axis=(2, 3, 4)), self.compute_dtype)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape[:2]


@keras.saving.register_keras_serializable(package="mammo_core")
class Fusion(layers.Layer):  # type: ignore[misc]
    """(N, views, k) and which were taken, (N, views), to their average or largest, (N, k), or side by side, (N, views k)."""

    def __init__(self, way: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.way = way

    def call(self, numbers: Any, taken: Any) -> Any:
        counts = ops.cast(taken, numbers.dtype)[..., None]
        if self.way == "average":
            return ops.sum(numbers * counts, axis=1) / ops.maximum(ops.sum(counts, axis=1), 1)
        if self.way == "max":
            return ops.max(ops.where(counts > 0, numbers, ops.min(numbers, axis=1, keepdims=True)), axis=1)
        return ops.reshape(numbers * counts, (-1, numbers.shape[1] * numbers.shape[2]))

    def compute_output_shape(self, numbers_shape: Any, taken_shape: Any) -> Any:
        side_by_side = self.way == "concatenate"
        return (numbers_shape[0], numbers_shape[2] * (numbers_shape[1] if side_by_side else 1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "way": self.way}


def fused(numbers: Any, exams: Any, views: int, way: str) -> Any:
    """(N views, k) numbers of all views, and the (N, views, rows, columns, 1) pictures they are of, to numbers an exam."""
    apart = ViewsOutOfBatch(views, name="views_apart")(numbers)
    taken = Taken(name="taken")(exams)
    if way == "attention":
        return AttentionPooling(name="fusion")(apart, taken)
    return Fusion(way, name="fusion")(apart, taken)
