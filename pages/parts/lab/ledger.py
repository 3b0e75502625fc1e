"""All runs in one table with their numbers, and which of them are to be looked at side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.training.lab.records import read_history
from mammo_core.training.lab.runs import Run, Status
from mammo_core.training.recipes import Trained, recipe_of
from mammo_core.training.recipes.classifier import Recipe as Classifier
from pages.parts.card import interval
from pages.parts.lab.figures import MOST
from pages.parts.lab.judged import ALONE, auc, judged, metadata_alone, outdated, places_of, state_of
from pages.parts.lab.recipes import flat, offers
from pages.parts.look import write
from pages.parts.take_away import offer, scrolled

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
MANY = 10
"""More runs than this can be filtered."""
WIDTHS = {"Run": 385, "Changed": 290}
"""Of columns of the table, in pixels."""
WORDS = {"title": "", "system": {}, "tune": {}, "tuned": "", "comparison": "", "limits": (), "licence": ""}
"""What of a recipe is no setting of its network."""


def ledger(found: Sequence[Run]) -> None:
    """The table of runs, with what each reached on women held out, beside what needs no picture."""
    if not found:
        st.markdown("#### All runs")
        write("quiet", "No network has been trained here yet.")
        st.page_link("train.py", label="Train a network ›")
        return
    recipes = {each.recipe.name: each.recipe for each in offers().trained}
    _table([row for run in found for row in _rows(run, recipes.get(run.recipe))], len(found) > MANY)
    old = [run.id for run in found if outdated(run.folder)]
    if old:
        write(
            "amber",
            f"Reports older than their predictions or than this version: {', '.join(old)}. Their figures are worked out anew where they "
            "are looked at; “python -m mammo_core evaluate RUN” writes the report.",
        )


@st.fragment
def _table(rows: list[dict[str, Any]], many: bool) -> None:
    """Those rows whose name, data or state has all words that are looked for."""
    words = ""
    head = st.container(horizontal=True, vertical_alignment="center", key="runs_head")
    with head:
        st.markdown("#### All runs", width="content")
        if many:
            words = st.text_input(
                "Show runs whose name, data or state has",
                key="runs_filter",
                type="search",
                placeholder="Filter by name, data or state",
                live=True,
                label_visibility="collapsed",
                width=320,
            )
    wanted = words.casefold().split()
    shown = [row for row in rows if all(word in _looked_at(row) for word in wanted)]
    if shown:
        with head:
            offer("runs", [list(shown[0]), *(list(row.values()) for row in shown)])
        scrolled(shown, WIDTHS, "All runs, newest first")
    else:
        write("quiet", f"No run has “{words}” in its name, data or state.")
    write(
        "quiet",
        "AUC of the last class against the rest, 95 % intervals by women; compare on the same women only. "
        f"{ALONE} Changed: against its recipe.",
    )


def readable(found: Sequence[Run]) -> tuple[list[Run], list[str], list[str]]:
    """Those of the runs whose recipe and predictions can be read, as far as there are any; the names of those with a `torn` recipe, of the
    others.
    """
    whole: list[Run] = []
    torn: list[str] = []
    unread: list[str] = []
    for run in found:
        try:
            recipe_of(run.folder)
        except ValueError:
            torn.append(run.id)
            continue
        try:
            places_of(run.folder)
        except ValueError:
            unread.append(run.id)
        else:
            whole.append(run)
    return whole, torn, unread


def left_out(torn: Sequence[str], unread: Sequence[str]) -> None:
    """Name the runs that the table does not have: `torn` ones, and those whose predictions are `unread`."""
    if torn:
        own = "Its" if len(torn) == 1 else "Their"
        write(
            "amber",
            f"Not in the table: {', '.join(torn)}. {own} run.json or {own.lower()} recipe.toml is gone or damaged.",
        )
    if unread:
        write(
            "amber",
            f"Not in the table: {', '.join(unread)}. A predictions.csv there is damaged; once it is deleted, the run can be resumed, which "
            "asks that network anew.",
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


def _rows(run: Run, recipe: Trained | None) -> list[dict[str, Any]]:
    """A run in the table: a row for each set that it was judged on, by pictures; one without figures where there is none."""
    held_out = [judged(run.folder, part, name, "image") for part, name in places_of(run.folder) if part == "test"]
    found = [one for one in held_out if one and one.both_kinds]
    why = why_failed(run)
    state = shorten(f"{STATES[run.status]}: {why}", SHORT, placeholder=" …") if why else STATES[run.status]
    return [
        {
            "Run": run.id,
            "Changed": changed_in(run, recipe),
            "Women held out of": one.dataset if one else "–",
            "AUC": interval(auc(one)) if one else "none" if run.status is Status.FAILED else "not yet",
            "Metadata alone": interval(metadata_alone(one)) if one else "–",
            "Pictures (women)": f"{one.cases.truth.size} ({np.unique(one.cases.woman).size})" if one else "–",
            "State": state,
            "Trained": _trained(run),
            "Began": _day(run.started),
            "Took": took(run),
            "Data": Path(run.data).name,
        }
        for one in found or [None]
    ]


def _looked_at(row: dict[str, Any]) -> str:
    """What the filter looks for words in."""
    return " ".join(row[head] for head in ("Run", "Changed", "Women held out of", "State", "Data")).casefold()


def changed_in(run: Run, recipe: Trained | None) -> str:
    """In what a run differs from the recipe of its name, in short; "–" in nothing.

    Words about a recipe, and what a search may try, change no network. Weights that were not there, folds that were not
    fitted, and a limit of the pictures do.
    """
    own = recipe_of(run.folder)
    if recipe is None:
        found = ["no recipe of this name"]
    else:
        asked, given = (dict(flat({**asdict(each), **WORDS})) for each in (recipe, own))
        found = [f"{key} {value or 'none'}" for key, value in given.items() if asked.get(key) != value]
    if run.started_from == "none" and isinstance(own, Classifier) and own.network.weights != "none":
        found.append("from random weights")
    if run.only:
        found.append(f"only folds {', '.join(run.only.split())}")
    if run.limit is not None:
        found.append(f"about {run.limit} pictures")
    return "; ".join(found) or "–"


def _trained(run: Run) -> str:
    """How far it has come."""
    folds = f"fold {run.fold + 1} of {run.folds}, " if run.folds > 1 else ""
    if run.status is Status.DONE:
        done = [read_history(fold)["epoch"].size for fold in run.fold_folders]
        epochs = f"{min(done)} to {max(done)} epochs" if len(set(done)) > 1 else f"{max(done, default=0)} epochs"
        fitted = f"{len(run.wanted)} of {run.folds}" if len(run.wanted) < run.folds else f"{run.folds}"
        return f"{fitted} folds, {epochs}" if run.folds > 1 else epochs
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
