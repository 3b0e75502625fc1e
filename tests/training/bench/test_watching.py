"""What looks on while a network is fitted, on the training loops of Keras' backends as their trainers are written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from mammo_core.training.bench.watching import Watch

LOADING = 0.02
"""Seconds that a batch takes to come."""


def _batches(wanted: int) -> Iterator[list[int]]:
    for number in range(wanted):
        time.sleep(LOADING)
        yield [number]


def _taken(model: Any, watch: Watch, wanted: int) -> None:
    """As Keras' TensorFlow and JAX trainers: the step is given an iterator, and takes its batch."""
    batches = _batches(wanted)
    for number in range(wanted):
        watch.on_train_batch_begin(number)
        model.train_function("state", batches)
        watch.on_train_batch_end(number)


def _handed(model: Any, watch: Watch, wanted: int) -> None:
    """As Keras' PyTorch trainer: the step is given a batch, in a list."""
    for number, batch in enumerate(_batches(wanted)):
        watch.on_train_batch_begin(number)
        model.train_function("state", batch)
        watch.on_train_batch_end(number)


@pytest.mark.parametrize("fit", [_taken, _handed])
def test_every_batch_reaches_the_step_and_the_wait_for_it_is_measured(fit: Any) -> None:
    seen: list[Any] = []

    def step(state: str, data: Any) -> None:
        seen.append(next(data) if isinstance(data, Iterator) else data)
        time.sleep(5 * LOADING)

    model, told = SimpleNamespace(train_function=step, stop_training=False), []
    for _ in range(2):  # an epoch each, with a watch of its own, on the same model
        watch = Watch(lambda: False, lambda done, wanted: told.append((done, wanted)))
        watch.set_model(model)
        watch.set_params({"steps": 2})
        watch.on_train_begin()
        watch.on_epoch_begin(0)
        fit(model, watch, 2)
        assert 2 * LOADING <= watch.waited < 6 * LOADING, "loading counts, the step itself does not"
    assert seen == [[0], [1]] * 2
    assert told == [(1, 2), (2, 2)] * 2
