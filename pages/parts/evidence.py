"""The judged cases of a model, which of them the reader asks for, and numbers drawn from them, worked out once and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.evaluation import DRAWS, Band, Rates, precision_recall_band, rates, roc_band
from mammo_core.inference import Artefact, JudgedSet, judged
from pages.parts.look import write

UNITS = {"image": "pictures", "breast": "breasts", "exam": "exams"}
STEP = 0.5
"""Of the threshold, in points of suspicion."""
NO_CASES = (
    "This model carries no judged cases, so there is no curve to draw. Promote it anew from its run to have them."
)
SCREENING = "In screening about 1 woman in 160 has cancer, far fewer than here."


@st.cache_resource(max_entries=3, show_spinner=False)
def judged_sets(digest: str, _artefact: Artefact) -> tuple[JudgedSet, ...]:
    """The judged sets of the model with this digest."""
    return judged(_artefact)


def whom(cases: JudgedSet) -> str:
    """On whom a figure is: cases, how many of them with cancer, of how many women."""
    unit, women = UNITS.get(cases.unit, cases.unit), len(set(cases.woman.tolist()))
    return f"{cases.name}: {cases.woman.size} {unit} of {women} women, {int(cases.malignant.sum())} with cancer"


@st.cache_data(max_entries=24, show_spinner=False)
def curves(digest: str, name: str, unit: str, _cases: JudgedSet) -> tuple[Band, Band]:
    """ROC and precision-recall with their bands."""
    given = (_cases.malignant, _cases.suspicion, _cases.woman)
    return (
        roc_band(*given, np.random.default_rng(0), DRAWS),
        precision_recall_band(*given, np.random.default_rng(0), DRAWS),
    )


@st.cache_data(max_entries=24, show_spinner=False)
def rates_at(digest: str, name: str, unit: str, _cases: JudgedSet, thresholds: Sequence[float] | None = None) -> Rates:
    """Both rates at the thresholds (None: 0 to 100 in steps of `STEP`)."""
    asked = np.arange(0, 100 + STEP, STEP) if thresholds is None else np.array(thresholds)
    return rates(_cases.malignant, _cases.suspicion, _cases.woman, asked, np.random.default_rng(0), DRAWS)


def chosen(model: Artefact) -> JudgedSet | None:
    """Ask on whom the curves are to be; the operating points' own cases first. None, and a sentence, without any."""
    sets = judged_sets(model.digest, model)
    if not sets:
        write("amber", NO_CASES)
        return None
    own = [place for place, cases in enumerate(sets) if points_are_of(model.card, cases)]
    place = st.selectbox(
        "On whom",
        range(len(sets)),
        index=own[0] if own else 0,
        format_func=lambda place: whom(sets[place]),
        key="whom",
        persist_state="page",
    )
    return sets[place]


def points_are_of(card: Mapping[str, Any], cases: JudgedSet) -> bool:
    """Whether the card's operating points were set on these cases."""
    counted = (cases.unit, cases.woman.size, int(cases.malignant.sum()))
    return any((point["unit"], point["n"], point["n_cancer"]) == counted for point in card["operating_points"])


def slug(model: Artefact, cases: JudgedSet) -> str:
    """Name of a file about these cases."""
    return file_name(model, f"{cases.name} {cases.unit}")


def file_name(model: Artefact, about: str) -> str:
    """Name of a file about something of a model."""
    words = "".join(letter if letter.isalnum() else " " for letter in about.lower())
    return f"{model.name}-{'-'.join(words.split())}"
