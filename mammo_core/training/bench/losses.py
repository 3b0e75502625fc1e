"""Losses and measures on what is possible: a target marks every class that a picture may be, so an open label teaches too.

A target is (N, m, classes): m is 2 where two pictures were mixed, else 1; each of the m is a share of the loss times the classes it
may be. With one class marked this is cross-entropy, categorical and binary alike: for two classes that sum to one they are one number.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from mammo_core.training.recipes.classifier import TrainingSpec

LEAST = 1e-7


@keras.saving.register_keras_serializable("mammo_core")
class PossibleLoss(keras.losses.Loss):  # type: ignore[misc]
    """-log of the probability on the classes that are possible; `gamma` turns to those that are hard (Lin et al. 2017, focal loss).

    `smoothing` gives that part of a target to all classes alike, where one class alone is possible (Szegedy et al. 2016).
    """

    def __init__(self, gamma: float = 0.0, smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gamma, self.smoothing = gamma, smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        p = ops.clip(y_pred, LEAST, 1.0)[:, None, :]
        may = ops.cast(y_true > 0, "float32")
        share = ops.max(y_true, axis=-1)
        mass = ops.clip(ops.sum(may * p, axis=-1), LEAST, 1.0)
        loss = -ops.log(mass)
        if self.gamma:
            loss = loss * ops.power(1.0 - mass, self.gamma)
        if self.smoothing:
            part = self.smoothing * ops.cast(ops.sum(may, axis=-1) == 1, "float32")
            loss = (1.0 - part) * loss - part * ops.mean(ops.log(p), axis=-1)
        return ops.sum(share * loss, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gamma": self.gamma, "smoothing": self.smoothing}


def loss_of(training: TrainingSpec) -> PossibleLoss:
    """The loss that a recipe asks for."""
    return PossibleLoss(training.focal_gamma if training.loss == "focal" else 0.0, training.smoothing, name="loss")


def _main(y_true: Any) -> Any:
    """(N, classes) possible classes of the larger part of each picture."""
    return ops.cast(y_true[:, 0] > 0, "float32")


class Accuracy(keras.metrics.Mean):  # type: ignore[misc]
    """How often the most probable class is a possible one, of pictures of which one class alone is."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        may = _main(y_true)
        right = ops.take_along_axis(may, ops.argmax(y_pred, axis=-1)[:, None], axis=-1)[:, 0]
        return super().update_state(right, ops.cast(ops.sum(may, axis=-1) == 1, "float32"))


class Recall(keras.metrics.Mean):  # type: ignore[misc]
    """How often the last class is the most probable, of pictures that are of it."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        may = _main(y_true)
        found = ops.cast(ops.argmax(y_pred, axis=-1) == y_pred.shape[-1] - 1, "float32")
        return super().update_state(found, may[:, -1] * ops.cast(ops.sum(may, axis=-1) == 1, "float32"))


class Auc(keras.metrics.AUC):  # type: ignore[misc]
    """Area under the ROC curve of the last class against the others, where it is known which."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        may = _main(y_true)
        known = ops.cast((ops.sum(may, axis=-1) == 1) | (may[:, -1] == 0), "float32")
        return super().update_state(may[:, -1], y_pred[:, -1], known)


def measures() -> list[Any]:
    """What is measured while training, class weights left aside; by the names of history.csv."""
    return [Accuracy(name="accuracy"), Auc(name="auc"), Recall(name="recall")]
