"""A search over a recipe's [tune] ranges: each trial is a run of its own, judged by its validation women alone.

What is looked for is a high AUC. The women who are held out are never asked, so what is found can still be judged on them; of a recipe
with folds only one is fitted, and since every woman is held out in one of them, its figures are then somewhat flattered: the recipe that
is found says that it was (`tuned`), and reports and cards of its runs say what that means. A trial that
falls behind the median of the others at the same epoch is ended early. Started again with the same folder, the search goes on, first
with the trial that it was at when it ended; it is refused where something else is asked, since trials would not be comparable.
One network learns at a time: before every trial it waits for a run that is at work, as the queue waits for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import isnan
from pathlib import Path
from threading import Event, Thread
from typing import Any

import optuna
from filelock import Timeout
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from mammo_core.training.lab import records, runs
from mammo_core.training.lab.queue import prepare
from mammo_core.training.lab.runs import Status
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.checking import written
from mammo_core.training.recipes.classifier import Range, Recipe, changed
from mammo_core.training.replacing import clear, replace_text

LOOK = 0.5
"""Seconds between two looks at how far a trial is."""
BEFORE = 4
"""Trials that are fitted to the end before any is ended early, and epochs that every trial is given."""


def tune(
    path: Path,
    data: Path,
    trials: int,
    out: Path,
    *,
    variant: str = "",
    weights: Path | None = None,
    limit: int | None = None,
) -> Path:
    """Try values until there are `trials` in all, and write the best as `best.toml` in `out`/tune-<name>-<version>, which is given.

    Raises:
        ValueError: the recipe has no [tune] ranges or one that leads to a wrong recipe, the search was begun with another recipe, data,
            limit or weights, or no trial came to an end.
    """
    recipe = recipes.read_one(path, variant)
    if not recipe.tune:
        raise ValueError(f"{recipe.name} has no [tune] ranges")
    for key, each in recipe.tune.items():
        if each.log and each.low <= 0:
            raise ValueError(f"{recipe.name}: tune.{key} has log and begins at {each.low}, wanted more than 0")
        for value in each.choices or (each.low, each.high):
            changed(recipe, {key: value})
    origin = str(weights.resolve()) if weights else ""
    asked = {
        "data folder": str(data.resolve()),
        "limit": limit,
        "folder of weights": origin,
        "recipe": written(recipe),
    }
    folder = out / f"tune-{recipe.name}-{recipe.version}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with runs.lock(folder).acquire(blocking=False):
            clear(folder)
            study = _study(folder)
            _refuse_other(study, folder, asked)
            _search(study, trials, folder, recipe, data, origin, limit)
    except Timeout:
        raise ValueError(f"a search is at work on {folder}") from None
    done = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    if not done:
        raise ValueError("no trial came to an end; what stopped them is in their run.json")
    best = folder / "best.toml"
    replace_text(best, written(replace(changed(recipe, study.best_params), tuned=data.name)))
    print(f"best of {len(done)}: AUC {study.best_value:.4f}, {_spoken(study.best_params)}")
    return best


def _study(folder: Path) -> optuna.Study:
    """The search kept in a folder: the one that was begun there, or a new one."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal = folder / "study.log"
    if journal.is_file() and not (told := journal.read_bytes()).endswith(b"\n"):
        os.truncate(journal, told.rfind(b"\n") + 1)  # a line torn by a full disk would spoil the next one
    return optuna.create_study(
        study_name=folder.name,
        storage=JournalStorage(JournalFileBackend(str(journal))),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=BEFORE, n_warmup_steps=BEFORE),
        direction="maximize",
        load_if_exists=True,
    )


def _refuse_other(study: optuna.Study, folder: Path, asked: Mapping[str, Any]) -> None:
    """Keep with the study what it was begun with. Raises ValueError naming what is `asked` otherwise."""
    begun = study.user_attrs
    if other := [name for name, value in asked.items() if begun.get(name, value) != value]:
        raise ValueError(
            f"{folder} holds a search with {' and '.join(f'another {name}' for name in other)}: what it found cannot be compared. "
            "Give another --out, or the recipe another version"
        )
    for name in asked.keys() - begun.keys():
        study.set_user_attr(name, asked[name])


def _search(
    study: optuna.Study, trials: int, folder: Path, recipe: Recipe, data: Path, weights: str, limit: int | None
) -> None:
    """Go on with the trials that a process left when it ended, however it ended, then begin others."""
    left = [optuna.Trial(study, each._trial_id) for each in study.get_trials(states=[TrialState.RUNNING])]
    while left or len(study.trials) < trials:
        # A seed a trial: with one for all, a search begun again would draw what it has tried.
        study.sampler = optuna.samplers.TPESampler(seed=recipe.seed + (left[0].number if left else len(study.trials)))
        _wait(folder.parent)
        trial = left.pop(0) if left else study.ask()
        tried = changed(recipe, {key: suggested(trial, key, each) for key, each in recipe.tune.items()})
        own = folder / f"trial{trial.number:03d}"
        if not (own / "run.json").exists():
            prepare(one_fold(tried), data, folder, status=Status.STOPPED, out=own, limit=limit, weights=weights)
        try:
            value = _worked(own, trial)
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except ValueError as error:
            study.tell(trial, state=TrialState.FAIL)
            print(f"trial {trial.number}: {error}", flush=True)
        else:
            study.tell(trial, value)
            print(f"trial {trial.number}: AUC {value:.4f}, {_spoken(trial.params)}", flush=True)


def _wait(root: Path) -> None:
    """Let a run that is at work come to its end, and say so once. Who waits holds the search's lock, so the queue begins no other."""
    told = ""
    while at_work := ", ".join(run.id for run in runs.list_runs(root) if runs.is_alive(run.folder)):
        if at_work != told:
            print(f"One network learns at a time, and {at_work} is at work: the search goes on after that.", flush=True)
            told = at_work
        time.sleep(LOOK)


def suggested(trial: optuna.Trial, key: str, each: Range) -> Any:
    """A value within a range: one of its choices, a whole number, or any number."""
    if each.choices:
        return trial.suggest_categorical(key, each.choices)
    if isinstance(each.low, int) and isinstance(each.high, int):
        return trial.suggest_int(key, each.low, each.high, log=each.log)
    return trial.suggest_float(key, each.low, each.high, log=each.log)


def one_fold(recipe: Recipe) -> Recipe:
    """The recipe as its first fold alone: the same share of the women held out, and never asked.

    Raises:
        ValueError: no women are set aside to be watched.
    """
    if not recipe.protocol.validation:
        raise ValueError(f"{recipe.name}: protocol.validation is 0; tuning needs women to watch")
    if recipe.protocol.kind == "holdout":
        return recipe
    return changed(recipe, {"protocol.kind": "holdout", "protocol.share": 1 / recipe.protocol.k})


def value_of(history: Mapping[str, Iterable[float]]) -> float:
    """The highest AUC of the validation women so far. Raises ValueError where they are of one class."""
    known = [value for value in history["val_auc"] if not isnan(value)]
    if not known:
        raise ValueError("the validation women are of one class, so there is no AUC to tune by")
    return max(known)


def _worked(folder: Path, trial: optuna.Trial) -> float:
    """Fit one trial; raises TrialPruned where it fell behind or was asked to stop."""
    import keras

    from mammo_core.training.work import work

    keras.utils.clear_session()
    ended = Event()
    watcher = Thread(target=_watch, args=(folder, trial, ended), daemon=True)
    watcher.start()
    try:
        run = work(folder)
    finally:
        ended.set()
        watcher.join()
    if run.status is Status.STOPPED:
        raise optuna.TrialPruned
    return value_of(records.read_history(folder / "fold0"))


def _watch(folder: Path, trial: optuna.Trial, ended: Event) -> None:
    """Tell the study how far a trial is, and ask the trial to stop where it falls behind: by its folder, as the pages do."""
    told = max(trial.study.trials[trial.number].intermediate_values, default=0)
    with suppress(OSError):  # of a full disk the trial itself will speak
        while not ended.wait(LOOK):
            history = records.read_history(folder / "fold0")
            for epoch in range(told + 1, len(history["epoch"]) + 1):
                told = epoch
                if not isnan(history["val_auc"][epoch - 1]):
                    trial.report(max(value for value in history["val_auc"][:epoch] if not isnan(value)), epoch)
            if told and trial.should_prune():
                runs.ask_to_stop(folder)
                return


def _spoken(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items()
    )
