"""The last step before a network learns: for how long, whether pictures and recipe fit, and the button."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from mammo_core.training.bench import queue
from mammo_core.training.bench.recipe import Recipe, changed
from mammo_core.training.datasets import Table
from pages.parts.lab.recipes import Offer
from pages.parts.lab.setting import can_train, runs_root
from pages.parts.look import write


def start(pictures: tuple[Path, Table] | None, offer: Offer | None) -> None:
    """Ask for epochs and a limit, say what does not fit, and queue the run."""
    st.markdown("#### 3 · Start")
    if offer is None:
        return
    left, right = st.columns(2)
    epochs = left.number_input(
        "Epochs", 1, 1000, offer.recipe.training.epochs, key=f"epochs-{offer.recipe.name}", help="At most, in each fold"
    )
    limit = right.number_input(
        "Pictures at most", 8, None, None, key="limit", placeholder="all", help="A small share, for a first try"
    )
    recipe = changed(offer.recipe, {"training.epochs": int(epochs)})
    missing = _missing(recipe, pictures[1]) if pictures else []
    for sentence in missing:
        write("amber", sentence)
    if st.button(
        "Start training",
        key="start",
        type="primary",
        disabled=pictures is None or bool(missing) or not can_train(),
        help="A process of its own: it goes on when this page is closed",
    ):
        assert pictures is not None
        runs_root().mkdir(parents=True, exist_ok=True)
        weights = os.environ.get("MAMMO_WEIGHTS", "")
        run = queue.enqueue(
            recipe, pictures[0], runs_root(), limit=None if limit is None else int(limit), weights=weights
        )
        st.session_state["queued"] = run.id
        st.rerun()
    if queued := st.session_state.get("queued"):
        write("quiet", f"Last started from this page: {queued}.")
    elif not st.session_state.get("data_folder"):
        write("quiet", "Choose pictures first.")


def _missing(recipe: Recipe, table: Table) -> list[str]:
    """What the recipe needs and these pictures do not have, a sentence each."""
    there = {row.label for row in table.rows}
    learned = {recipe.labels[label] for label in there & set(recipe.labels)}
    return [
        f"The recipe learns {name}, and none of these pictures is that."
        for name in recipe.classes
        if (name,) not in learned
    ]
