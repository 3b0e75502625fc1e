"""What a run says of itself while it is at work: run.json and log.txt. It fits nothing."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mammo_core.training.datasets import Row
from mammo_core.training.duplicates import require_clean
from mammo_core.training.lab import runs
from mammo_core.training.lab.runs import Run, Stopped
from mammo_core.training.progress import Progress, on_terminal

_EVERY = 1.0
"""Seconds between two notes of how far it is."""


@dataclass(frozen=True)
class Line:
    """The line to whoever started the fold: `say` a sentence, `stop` whether to stop, `start` the weights that it starts from, `tell`
    batches done and wanted, `epoch` done and its seconds; `doing` what goes on that is no epoch, and `step` how far it is with that, which
    raises Stopped where the run was asked to stop.
    """

    say: Callable[[str], None]
    stop: Callable[[], bool]
    start: Callable[[str], None]
    tell: Callable[[int, int], None]
    epoch: Callable[[int, float], None]
    doing: Callable[[str], None] = lambda message: None
    step: Callable[[str, int, int], None] = lambda what, done, of: None


class Diary:
    """Keeps run.json and log.txt while a run is at work."""

    def __init__(self, run: Run) -> None:
        self.run, self._told, self._began = run, 0.0, time.monotonic()

    def note(self, **known: Any) -> None:
        """Write down what has changed."""
        self.run = replace(self.run, **known)
        runs.write_run(self.run)

    def say(self, line: str) -> None:
        """A line on the screen and in log.txt, with the seconds since the process began with the run."""
        text = f"{time.monotonic() - self._began:7.1f} s  {line}"
        print(text, flush=True)
        with (self.run.folder / "log.txt").open("a", encoding="utf-8") as log:
            print(text, file=log)

    def stop(self) -> bool:
        """Whether the run was asked to stop."""
        return runs.stop_asked(self.run.folder)

    def stop_if_asked(self) -> None:
        """Raise Stopped where the run was asked to stop."""
        if self.stop():
            raise Stopped

    def doing(self, message: str) -> None:
        """What goes on now, of which it is not known how far it is."""
        self.note(message=message, step=0, steps=0)

    def search(self, at: Progress) -> None:
        """How far a search is; as `step`."""
        self._step(str(at), at.done, at.of)

    def step(self, what: str, done: int, of: int) -> None:
        """How far it is with what goes on, not oftener than once a second. Raises Stopped where the run was asked to stop."""
        self._step(f"{what}: {done:,} of {of:,}.", done, of)

    def _step(self, message: str, done: int, of: int) -> None:
        self.stop_if_asked()
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            self.note(message=message, step=done, steps=of)

    def require_clean(self, rows: Sequence[Row], sides: Sequence[Any]) -> None:
        """Raise `Leak` where copies of a picture stand on different `sides`, saying meanwhile how far the search is."""
        self.doing("Looking for copies of a picture on two sides of the split.")
        with on_terminal() as shown:

            def tell(at: Progress) -> None:
                self.search(at)
                shown(at)

            require_clean(rows, sides, self.cache, tell)
        self.say(f"no copies on two sides of the split, among {len(rows)} pictures")

    def require_same(self, rows: Sequence[Row]) -> None:
        """Raise ValueError where these are not the pictures and labels that the run began with: women would change sides."""
        drawn_from = _digest(rows)
        if self.run.drawn_from not in ("", drawn_from):
            raise ValueError(
                f"the pictures or labels at {self.run.data} are not those that this run began with: women would change sides; start a "
                "new run"
            )
        self.note(drawn_from=drawn_from)

    @property
    def cache(self) -> Path:
        """Where what was made of pictures lies, for all runs beside this one."""
        return self.run.folder.parent / runs.CACHE

    def line(self, where: str = "") -> Line:
        """The line of a fold; what goes on in it is said to be `where`."""

        def doing(message: str) -> None:
            self.doing(where + message if message else "")

        def step(what: str, done: int, of: int) -> None:
            self.step(where + what, done, of)

        return Line(self.say, self.stop, self.start, self.tell, self.epoch, doing, step)

    def start(self, weights: str) -> None:
        """The weights that a network truly starts from."""
        self.note(started_from=weights)

    def tell(self, batch: int, batches: int) -> None:
        """How far the epoch is, not oftener than once a second."""
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            self.note(batch=batch, batches=batches)

    def epoch(self, epoch: int, seconds: float) -> None:
        """An epoch is done."""
        self.note(epoch=epoch, batch=0, seconds_per_epoch=round(seconds, 3))


def _digest(rows: Sequence[Row]) -> str:
    """What tells the pictures of a run, whose they are and what they show, from any others."""
    told = sorted((row.dataset, row.file, row.patient_id, row.label, row.laterality, row.view) for row in rows)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
