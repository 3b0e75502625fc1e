"""What looks on while a network is fitted: how long it waits for data, how far it is, and whether it was asked to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from math import isnan
from pathlib import Path
from typing import Any

import keras

from mammo_core.training.lab.records import MEASURES


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Times the wait for every batch, tells `tell` after each how many are done, and stops after one when `stop` says so."""

    def __init__(self, stop: Callable[[], bool], tell: Callable[[int, int], None]) -> None:
        super().__init__()
        self.stop, self.tell = stop, tell
        self.waited, self.stopped = 0.0, False
        self._since = time.perf_counter()

    def on_train_begin(self, logs: Any = None) -> None:
        step = self.model.train_function
        if not hasattr(step, "times"):
            self.model.train_function = _Timed(step)
        self.model.train_function.times = self

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._since = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.waited += time.perf_counter() - self._since  # PyTorch's loop takes a batch here

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.tell(batch + 1, self.params["steps"])
        if self.stop():
            self.stopped = self.model.stop_training = True
        self._since = time.perf_counter()


class _Timed:
    """A backend's training step: one that takes its batch by itself is given one that was taken with a clock in hand.

    PyTorch's is handed a batch that is there already.
    """

    def __init__(self, step: Any) -> None:
        self.step = step
        self.times: Watch | None = None

    def __call__(self, *arguments: Any) -> Any:
        *state, iterator = arguments
        if not isinstance(iterator, Iterator):
            return self.step(*arguments)
        began = time.perf_counter()
        batch = next(iterator)
        if self.times is not None:
            self.times.waited += time.perf_counter() - began
        return self.step(*state, iter([batch]))


class Board:
    """TensorBoard's log of a fold, an epoch a point."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary import Writer

        self.writer = Writer(str(folder))

    def write(self, epoch: int, row: dict[str, float]) -> None:
        """One epoch's figures."""
        for name in (*MEASURES, *(f"val_{each}" for each in MEASURES), "rate"):
            if not isnan(row[name]):
                self.writer.add_scalar(name, row[name], step=epoch)
        self.writer.flush()
