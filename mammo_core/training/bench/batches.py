"""Batches for Keras, put together by a thread of their own while the network works: order, class weights and mixed pictures.

Everything random is drawn from seed, fold and epoch, so that an epoch can be begun again. Every batch is of one size, that nothing is
compiled twice: an epoch's last batch is filled up from its beginning, a prediction's with a picture whose answer is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from mammo_core.training.bench.samples import Samples
from mammo_core.training.recipes.classifier import Recipe

MIX = 0.4
"""Both parameters of the beta distribution that a mixture's share is drawn from (Zhang et al. 2018)."""
Take = Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]
"""What goes into the network for the samples at some places."""


def from_store(store: npt.NDArray[np.uint8], samples: Samples) -> Take:
    """Pictures as (n, rows, columns, 1) uint8, or (n, views, rows, columns, 1), black where a view was not taken."""
    slots = samples.slots

    def take(places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        wanted = slots[places]
        pictures = store[np.maximum(wanted, 0)]
        if (wanted < 0).any():
            pictures = np.where(wanted[..., None, None] < 0, np.uint8(0), pictures)
        pictures = pictures[:, 0] if wanted.shape[1] == 1 else pictures
        return np.ascontiguousarray(pictures[..., None])

    return take


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of the samples at `places`: input, target (n, m, classes) as `losses` takes it, and weight."""

    def __init__(
        self,
        take: Take,
        targets: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32],
        places: npt.NDArray[np.int64],
        batch: int,
        mixed: tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None = None,
    ) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self.take, self.targets, self.weights, self.batch = take, targets, weights, batch
        self.places, self.mixed = places, mixed

    def __len__(self) -> int:
        """How many batches."""
        return -(-len(self.places) // self.batch)

    def __getitem__(self, number: int) -> tuple[Any, ...]:
        part = slice(number * self.batch, (number + 1) * self.batch)
        places = self.places[part]
        missing = self.batch - len(places)
        places = np.pad(places, (0, missing), mode="wrap") if missing else places
        pictures, targets = self.take(places), self.targets[places][:, None]
        if self.mixed is None:
            return pictures, targets, self.weights[places]
        others, share = self.mixed[0][part], self.mixed[1][part]
        wide = share.reshape(-1, *[1] * (pictures.ndim - 1))
        pictures = np.round(wide * pictures + (1 - wide) * self.take(others)).astype(pictures.dtype)
        other = self.targets[others][:, None]
        one = share[:, None, None]
        return pictures, np.concatenate([one * targets, (1 - one) * other], axis=1), self.weights[places]


def class_weights(samples: Samples, recipe: Recipe, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """(n,) weight of each sample in the loss; where its class is open, the mean of those it may be.

    On average 1 among those at `chosen`, which are fitted to: labels of the others tell nothing.
    """
    if not recipe.training.class_weights:
        return np.ones(len(samples), dtype=np.float32)
    each = samples.possible @ np.array(recipe.training.class_weights, dtype=np.float32) / samples.possible.sum(axis=1)
    return np.asarray(each / each[chosen].mean(), dtype=np.float32)


def epoch_of(
    take: Take,
    samples: Samples,
    weights: npt.NDArray[np.float32],
    chosen: npt.NDArray[np.int64],
    recipe: Recipe,
    seed: tuple[int, ...],
) -> Batches:
    """One training epoch of the samples at `chosen`, in a random order of its own.

    Balanced sampling draws as many, with replacement, so that within each data set every class comes up as often.
    """
    rng = np.random.default_rng(seed)
    if recipe.training.sampling == "balanced":
        kinds = [f"{samples.rows[place].dataset}|{samples.possible[place].tolist()}" for place in chosen]
        _, kind, count = np.unique(kinds, return_inverse=True, return_counts=True)
        sets = [samples.rows[place].dataset for place in chosen]
        _, of_set, in_set = np.unique(sets, return_inverse=True, return_counts=True)
        odds = in_set[of_set] / count[kind]
        order = rng.choice(chosen, len(chosen), p=odds / odds.sum())
    else:
        order = rng.permutation(chosen)
    order = np.pad(order, (0, -len(order) % recipe.training.batch), mode="wrap")
    mixed = None
    if recipe.augmentation.mixup:
        share = rng.beta(MIX, MIX, len(order))
        share = np.where(rng.random(len(order)) < recipe.augmentation.mixup, np.maximum(share, 1 - share), 1.0)
        mixed = rng.permutation(order), share.astype(np.float32)
    return Batches(take, samples.possible, weights, order, recipe.training.batch // recipe.training.accumulate, mixed)
