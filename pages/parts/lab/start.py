"""The last step before a network learns: for how long, whether pictures and recipe fit, and the button."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import streamlit as st

from mammo_core.training.datasets import Table
from mammo_core.training.lab import queue
from mammo_core.training.recipes import Trained
from mammo_core.training.recipes.classifier import Recipe as Classifier
from mammo_core.training.recipes.classifier import changed
from mammo_core.training.recipes.features import DATA, FeatureRecipe
from mammo_core.training.recipes.patch import PatchRecipe
from pages.parts.lab.recipes import Offer
from pages.parts.lab.setting import can_train, runs_root
from pages.parts.look import write


def start(pictures: tuple[Path, Table] | None, offer: Offer | None) -> None:
    """Ask what of the recipe may be asked, say what does not fit, and queue the run."""
    st.markdown("#### 3 · Start")
    if offer is None:
        return
    recipe, known = _asked(offer.recipe)
    needs_pictures = not isinstance(recipe, FeatureRecipe)
    missing = _missing(recipe, pictures) if pictures or not needs_pictures else []
    for sentence in missing:
        write("amber", sentence)
    if st.button(
        "Start training",
        key="start",
        type="primary",
        disabled=(needs_pictures and pictures is None) or bool(missing) or not can_train(),
        help="A process of its own: it goes on when this page is closed",
    ):
        runs_root().mkdir(parents=True, exist_ok=True)
        data = pictures[0] if needs_pictures and pictures else DATA
        run = queue.enqueue(recipe, data, runs_root(), weights=os.environ.get("MAMMO_WEIGHTS", ""), **known)
        st.session_state["queued"] = run.id
        st.rerun()
    if queued := st.session_state.get("queued"):
        write("quiet", f"Last started from this page: {queued}.")
    elif needs_pictures and not st.session_state.get("data_folder"):
        write("quiet", "Choose pictures first.")


def _asked(recipe: Trained) -> tuple[Trained, dict[str, Any]]:
    """The recipe with the epochs that were asked for, and other wishes for its run; only a classifier leaves any choice."""
    if not isinstance(recipe, Classifier):
        return recipe, {}
    left, right = st.columns(2)
    epochs = left.number_input(
        "Epochs", 1, 1000, recipe.training.epochs, key=f"epochs-{recipe.name}", help="At most, in each fold"
    )
    limit = right.number_input(
        "Pictures at most", 8, None, None, key="limit", placeholder="all", help="A small share, for a first try"
    )
    return changed(recipe, {"training.epochs": int(epochs)}), {"limit": None if limit is None else int(limit)}


def _missing(recipe: Trained, pictures: tuple[Path, Table] | None) -> list[str]:
    """What the recipe needs and is not there, a sentence each."""
    if isinstance(recipe, PatchRecipe):
        assert pictures is not None
        return [*_sets(recipe, pictures[0]), *_weights(recipe)]
    if not isinstance(recipe, Classifier):
        return []
    assert pictures is not None
    there = {row.label for row in pictures[1].rows}
    learned = {recipe.labels[label] for label in there & set(recipe.labels)}
    return [
        f"The recipe learns {name}, and none of these pictures is that."
        for name in recipe.classes
        if (name,) not in learned
    ]


def _sets(recipe: PatchRecipe, folder: Path) -> list[str]:
    absent = [name for name in recipe.needs if not (folder / name).exists()]
    return (
        [f"The recipe takes the sets {', '.join(absent)} from folders of these names, which are not there."]
        if absent
        else []
    )


def _weights(recipe: PatchRecipe) -> list[str]:
    folder = os.environ.get("MAMMO_WEIGHTS", "")
    if folder and (Path(folder) / recipe.backbone).is_file():
        return []
    return [
        f"The recipe starts from the weights {recipe.backbone}, which are not in the folder that MAMMO_WEIGHTS names."
    ]
