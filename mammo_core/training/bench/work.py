"""A run from its recipe to its report: read the data, decode, divide the women, refuse leaks, fit fold after fold, judge.

What happens is written into the run's folder as it happens; whoever looks on reads it there. One process works on a run at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import Timeout

from mammo_core.training.bench import recipe as recipes
from mammo_core.training.bench import records, runs
from mammo_core.training.bench.evaluate import evaluate
from mammo_core.training.bench.machine import enough_memory, enough_room, in_words
from mammo_core.training.bench.parts import divided
from mammo_core.training.bench.pictures import Stopped, decode
from mammo_core.training.bench.recipe import Recipe
from mammo_core.training.bench.runs import Run, Status
from mammo_core.training.bench.samples import limited, permuted, samples, used
from mammo_core.training.datasets import Row, read_dataset
from mammo_core.training.duplicates import Leak, require_clean
from mammo_core.training.progress import Progress, on_terminal
from mammo_core.training.replacing import clear

_EVERY = 1.0
"""Seconds between two notes of how far it is."""


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
        """How far a search is, not oftener than once a second. Raises Stopped where the run was asked to stop."""
        self.stop_if_asked()
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            self.note(message=str(at), step=at.done, steps=at.of)

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


def work(folder: Path) -> Run:
    """Fit a run, or go on where it was stopped, and give it as it stands then: done or stopped.

    Raises whatever ends it, after writing it down: ValueError or FileNotFoundError for a wrong recipe or wrong data, with a sentence.
    """
    held = runs.lock(folder)
    try:
        held.acquire(timeout=5)
    except Timeout:
        raise ValueError(f"a process is at work on {folder}") from None
    with held:
        now = runs.now()
        found = runs.read_run(folder)
        clear(folder)
        diary = Diary(found)
        started = found.started or now
        diary.note(status=Status.RUNNING, pid=os.getpid(), started=started, ended="", message="", step=0, steps=0)
        try:
            with enough_memory(), enough_room():
                _fitted(diary)
        except (Stopped, KeyboardInterrupt) as stopped:
            diary.say("stopped; it can be resumed")
            diary.note(status=Status.STOPPED, ended=runs.now(), batch=0, message="Stopped. It can be resumed.")
            if isinstance(stopped, KeyboardInterrupt):
                raise
        except Exception as error:
            plain = isinstance(error, (ValueError, OSError))
            told = in_words(error) if plain else f"{type(error).__name__}: {error}"
            with suppress(OSError):  # where nothing can be written, what ended it is raised all the same
                diary.note(status=Status.FAILED, ended=runs.now(), message=told, leaks=isinstance(error, Leak))
                diary.say(told if plain else traceback.format_exc())
            raise
        else:
            diary.say("done")
            diary.note(status=Status.DONE, ended=runs.now(), message="")
    return diary.run


def _fitted(diary: Diary) -> None:
    from mammo_core.training.bench.fit import (
        Fold,
        Line,
        fit_fold,
    )  # imports Keras, seconds after the data were found wanting

    folder = diary.run.folder
    recipe = recipes.read_one(folder / "recipe.toml")
    rows, store, slots = _pictures(diary, recipe)
    found = samples(rows, slots, recipe)
    if not len(found):
        raise ValueError("no picture is left to learn from")
    line = Line(diary.say, diary.stop, diary.start, diary.tell, diary.epoch)
    weights = Path(diary.run.weights) if diary.run.weights else None
    folds = [divided(rows, recipe, number) for number in range(diary.run.folds)]
    _require_clean(diary, rows, [tuple(parts[row.patient_id] for parts in folds) for row in rows])
    drawn_from = _digest(rows)
    if diary.run.drawn_from not in ("", drawn_from):
        raise ValueError(
            f"the pictures or labels at {diary.run.data} are not those that this run began with: women would change sides; start a new run"
        )
    diary.note(drawn_from=drawn_from)
    for number, parts in enumerate(folds):
        at = folder / f"fold{number}"
        at.mkdir(exist_ok=True)
        records.write_split(at, parts)
        side = np.array([parts[str(woman)] for woman in found.women])
        places = {part: np.flatnonzero(side == part) for part in ("train", "validation", "test", "outside")}
        done = len(records.read_history(at)["epoch"])
        diary.note(fold=number, epoch=done, batch=0)
        diary.doing("")
        known = found
        if recipe.protocol.permuted:
            for part in ("train", "validation"):
                known = permuted(known, places[part], np.random.default_rng((recipe.seed, number)))
        _require_classes(known.possible[places["train"]], recipe, diary)
        fit_fold(Fold(at, number, recipe, store, known, places, weights), line)
    diary.doing("Judging it.")
    evaluate(folder)


def _require_clean(diary: Diary, rows: Sequence[Row], sides: Sequence[tuple[str, ...]]) -> None:
    """Raise `Leak` where copies stand on different sides, saying meanwhile how far the search is."""
    diary.doing("Looking for copies of a picture on two sides of the split.")
    with on_terminal() as shown:

        def tell(at: Progress) -> None:
            diary.search(at)
            shown(at)

        require_clean(rows, sides, folder_of_cache(diary.run), tell)
    diary.say(f"no copies on two sides of the split, among {len(rows)} pictures")


def _digest(rows: Sequence[Row]) -> str:
    """What tells the pictures of a run, whose they are and what they show, from any others."""
    told = sorted((row.dataset, row.file, row.patient_id, row.label, row.laterality, row.view) for row in rows)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _require_classes(possible: npt.NDArray[np.float32], recipe: Recipe, diary: Diary) -> None:
    """Raise ValueError where nothing fitted to is of the class looked for, or all of one class; say it of any other class."""
    there = possible.sum(axis=0) > 0
    lacking = [name for name, found in zip(recipe.classes, there, strict=True) if not found]
    if lacking and (not there[-1] or there.sum() < 2):
        raise ValueError(f"of the pictures to fit to none is {' or '.join(lacking)}: nothing can be learned of it")
    if lacking:
        diary.say(f"of the pictures to fit to none is {lacking[0]}: nothing is learned of it")


def _pictures(diary: Diary, recipe: Recipe) -> tuple[Sequence[Row], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The rows that the recipe learns from or judges, the store of their pictures, and where each lies in it."""
    diary.doing("Reading the data.")
    table = read_dataset(Path(diary.run.data))
    for note in table.notes:
        diary.say(note)
    sets = sorted({row.dataset for row in table.rows})
    if absent := [name for name in recipe.protocol.outside if name not in sets]:
        diary.say(f"not here, of the sets only judged on: {', '.join(absent)}; the sets here are {', '.join(sets)}")
    if table.missing:
        diary.say(f"{len(table.missing)} files are named and not there, the first: {table.missing[0]}")
    rows = limited(used(table.rows, recipe.labels), diary.run.limit, np.random.default_rng(recipe.seed))
    if not rows:
        raise ValueError(f"{diary.run.data} has no picture with a label of this recipe ({', '.join(recipe.labels)})")
    diary.doing(f"Decoding {len(rows)} pictures, once for all runs at this size.")
    decoded = decode(
        [row.path for row in rows], recipe.size, recipe.crop, folder_of_cache(diary.run), diary.say, diary.stop
    )
    for sentence in decoded.refused[:10]:
        diary.say(f"left out: {sentence}")
    if len(decoded.refused) > 10:
        diary.say(f"left out: {len(decoded.refused) - 10} more files")
    kept = [place for place in range(len(rows)) if decoded.slot[place] >= 0]
    return [rows[place] for place in kept], decoded.store, decoded.slot[kept]


def folder_of_cache(run: Run) -> Path:
    """Where the decoded pictures of a run lie."""
    return run.folder.parent / runs.CACHE
