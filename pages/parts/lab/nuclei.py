"""Runs of cell nuclei beside the networks of pictures: how good they were, and the way to the page that uses them.

They are trained on features and not on pictures, so that they have a table of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.evaluation import DRAWS, auc_interval, score_interval
from mammo_core.training.lab.records import read_predictions
from mammo_core.training.lab.runs import Run
from pages.parts.card import interval
from pages.parts.lab.judged import state_of
from pages.parts.lab.ledger import STATES
from pages.parts.look import write
from pages.parts.take_away import table


def nuclei(found: Sequence[Run]) -> None:
    """The table of these runs; nothing where there is none."""
    if not found:
        return
    st.markdown("#### Cell nuclei")
    table([_row(run) for run in found], "", "runs-nuclei")
    write(
        "quiet",
        "Features of a fine-needle aspirate, no pictures: each woman was judged once, by the network of a fold that had not seen her. "
        "95 % intervals.",
    )
    st.page_link("cytology.py", label="Cytology ›")


def _row(run: Run) -> dict[str, Any]:
    state = state_of(run.folder)
    figures = _figures(str(run.folder), state) if state else None
    return {
        "Run": run.id,
        "Data": Path(run.data).name,
        "State": STATES[run.status],
        "Folds": run.folds,
        "Women": figures["women"] if figures else "–",
        "Malignant": figures["malignant"] if figures else "–",
        "Accuracy": interval(figures["accuracy"], True) if figures else "not yet",
        "AUC": interval(figures["auc"]) if figures else "not yet",
    }


@st.cache_data(max_entries=32, show_spinner=False)
def _figures(folder: str, state: tuple[int, ...]) -> dict[str, Any]:
    """Figures of all folds together; of the AUC None where all women are of one kind."""
    told = read_predictions(Path(folder), ("test",))
    malignant = told.columns["label"] == told.classes[-1]
    right = (told.probabilities.argmax(axis=1) == len(told.classes) - 1) == malignant
    both, women = bool(malignant.any() and not malignant.all()), told.columns["patient_id"]
    auc = auc_interval(malignant, told.score, women, np.random.default_rng(0), DRAWS).as_list() if both else None
    return {
        "women": right.size,
        "malignant": int(malignant.sum()),
        "accuracy": score_interval(float(right.mean()), right.size).as_list(),
        "auc": auc,
    }
