"""What follows from an epoch's figures: the next rate, the best epoch, and when to end. No Keras; only the history is remembered.

So a run that was stopped decides, when it goes on, as it would have decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, isnan, pi

from mammo_core.training.recipes.classifier import TrainingSpec

LEAST_GAIN = 1e-4
"""Less than this is no gain, for plateaus and early stopping."""


def watched(history: Mapping[str, Iterable[float]], watch: str) -> list[float]:
    """What a recipe watches, an epoch a number, more is better: on women not fitted, or where there are none on those fitted."""
    values = list(history[f"val_{watch}"])
    if all(isnan(value) for value in values):
        values = list(history[watch])
    sign = -1.0 if watch == "loss" else 1.0
    return [float("-inf") if isnan(value) else sign * value for value in values]


def best(values: Sequence[float]) -> int:
    """The epoch, from 0, of the best value, the first of equals."""
    return max(range(len(values)), key=lambda epoch: (values[epoch], -epoch))


def rate(training: TrainingSpec, values: Sequence[float]) -> float:
    """The learning rate of the epoch that follows the watched `values`.

    "cosine" falls from the recipe's rate to nothing over its epochs (Loshchilov and Hutter 2017); "plateau" multiplies it by `factor`
    after each `patience` epochs without gain.
    """
    if training.schedule == "cosine":
        return training.rate * (1 + cos(pi * len(values) / training.epochs)) / 2
    if training.schedule == "plateau" and training.patience:
        highest, waited, fallen = float("-inf"), 0, 0
        for value in values:
            gained = value > highest + LEAST_GAIN
            highest, waited = (value, 0) if gained else (highest, waited + 1)
            if waited >= training.patience:
                waited, fallen = 0, fallen + 1
        return training.rate * training.factor**fallen
    return training.rate


def ended(training: TrainingSpec, values: Sequence[float]) -> bool:
    """Whether all epochs are done, or `early_stopping` of them brought no gain."""
    if len(values) >= training.epochs:
        return True
    highest, waited = float("-inf"), 0
    for value in values:
        gained = value > highest + LEAST_GAIN
        highest, waited = (value, 0) if gained else (highest, waited + 1)
    return bool(training.early_stopping) and waited >= training.early_stopping
