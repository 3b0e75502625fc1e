"""All runs in one table with their numbers, and which of them are to be looked at side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.training.bench.records import read_history
from mammo_core.training.bench.runs import Run, Status
from pages.parts.card import interval
from pages.parts.lab.figures import MOST
from pages.parts.lab.judged import auc, judged, places_of, state_of
from pages.parts.lab.setting import runs_root
from pages.parts.look import write
from pages.parts.take_away import table

STATES = {
    Status.QUEUED: "waits",
    Status.RUNNING: "is being trained",
    Status.STOPPING: "is stopping",
    Status.STOPPED: "stopped",
    Status.DONE: "done",
    Status.FAILED: "failed",
}
SHORT = 80
"""Characters of a reason that a table has room for."""


def patch_runs() -> list[str]:
    """Names of runs of the patch network, which are made and judged in another way."""
    return sorted(
        folder.name
        for folder in runs_root().glob("*")
        if not (folder / "run.json").exists() and any(folder.glob("fold*/recipe.toml"))
    )


def ledger(found: Sequence[Run]) -> None:
    """The table of runs, with what each reached on women held out."""
    st.markdown("#### All runs")
    table([_row(run) for run in found], "No network has been trained here yet.", "runs")
    write(
        "quiet",
        "AUC of the last class against the rest, on pictures of women held out; 95 % intervals by women. Runs judged on other women are "
        "not to be compared by it.",
    )


def left_out(torn: Sequence[str]) -> None:
    """Name the runs that the table does not have, `torn` ones among them."""
    patches = patch_runs()
    if patches:
        write(
            "quiet",
            f"Not in the table: {', '.join(patches)}. Patch networks are judged by lesions and heads; once promoted, the Model page "
            "shows their figures.",
        )
    if torn:
        own = "Its" if len(torn) == 1 else "Their"
        write(
            "amber",
            f"Not in the table: {', '.join(torn)}. {own} run.json or {own.lower()} recipe.toml is gone or damaged.",
        )


def compared(found: Sequence[Run]) -> list[Run]:
    """Ask which runs to look at; the newest that has said anything at first."""
    by_name = {run.id: run for run in found if state_of(run.folder) or run.fold_folders}
    if not by_name:
        return []
    told = [name for name, run in by_name.items() if state_of(run.folder)]
    names = st.multiselect(
        "Runs to look at, side by side",
        list(by_name),
        default=told[:1] or list(by_name)[:1],
        max_selections=MOST,
        key="compared",
        persist_state="page",
    )
    return [by_name[name] for name in names]


def _row(run: Run) -> dict[str, Any]:
    held_out = [judged(run.folder, part, name, "image") for part, name in places_of(run.folder) if part == "test"]
    found = [one for one in held_out if one and one.both_kinds]
    why = why_failed(run)
    return {
        "Run": run.id,
        "Data": Path(run.data).name,
        "State": shorten(f"{STATES[run.status]}: {why}", SHORT, placeholder=" …") if why else STATES[run.status],
        "Trained": _trained(run),
        "AUC, women held out": "; ".join(f"{one.dataset} {interval(auc(one))}" for one in found)
        or ("none" if run.status is Status.FAILED else "not yet"),
        "Pictures (women)": "; ".join(f"{one.cases.truth.size} ({np.unique(one.cases.woman).size})" for one in found)
        or "–",
        "Began": _day(run.started),
        "Took": took(run),
    }


def _trained(run: Run) -> str:
    """How far it has come."""
    folds = f"fold {run.fold + 1} of {run.folds}, " if run.folds > 1 else ""
    if run.status is Status.DONE:
        done = [read_history(fold)["epoch"].size for fold in run.fold_folders]
        epochs = f"{min(done)} to {max(done)} epochs" if len(set(done)) > 1 else f"{max(done, default=0)} epochs"
        return f"{run.folds} folds, {epochs}" if run.folds > 1 else epochs
    return f"{folds}epoch {run.epoch} of {run.epochs}"


def why_failed(run: Run) -> str:
    """The first sentence of why a run failed; "" for one that has not."""
    said = run.message.strip() if run.status is Status.FAILED else ""
    return re.split(r"(?<=[.!?])\s|\n", said, maxsplit=1)[0]


def took(run: Run) -> str:
    """From its beginning to its end, waiting for resumption included."""
    if not (run.started and run.ended):
        return "–"
    return duration((datetime.fromisoformat(run.ended) - datetime.fromisoformat(run.started)).total_seconds())


def duration(seconds: float) -> str:
    """A time in words, as fine as it is worth."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M") if moment else "–"
