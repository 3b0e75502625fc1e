"""A run from its recipe to its report, whatever its kind: one process at a time, all that happens written into the run's folder."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from mammo_core.training.duplicates import Leak
from mammo_core.training.lab import runs
from mammo_core.training.lab.diary import Diary
from mammo_core.training.lab.runs import Run, Status, Stopped
from mammo_core.training.machine import enough_memory, enough_room, in_words
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.replacing import clear


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
                _fitting(folder)(diary)
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


def _fitting(folder: Path) -> Callable[[Diary], None]:
    """What fits a run of the recipe's kind. Each room is imported only when it is asked for: some take seconds."""
    kind = kind_of(folder / "recipe.toml")
    if kind == "classifier":
        from mammo_core.training.bench.work import fit
    elif kind in ("patch", "tissue"):
        from mammo_core.training.patch.work import fit
    elif kind == "features":
        from mammo_core.training.cytology_work import fit
    else:
        raise ValueError(f"{folder}: a recipe of the kind {kind!r} is not trained")
    return fit
