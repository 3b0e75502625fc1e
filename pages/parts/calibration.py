"""Whether what a model says comes true: reliability, and what a score meant on the validation exams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.evaluation import Band, Reliability, brier, expected_calibration_error, reliability, wilson
from mammo_core.inference import Artefact, JudgedSet
from pages.parts import figures
from pages.parts.card import interval
from pages.parts.evidence import SCREENING, UNITS, chosen, slug, whom
from pages.parts.look import write
from pages.parts.take_away import show, table

LEAST = 10
"""Fewer cases than this are no point of a curve."""


def calibration(model: Artefact, card: Mapping[str, Any]) -> None:
    """Reliability of the chosen cases, then what a score meant."""
    st.markdown("#### Does what it says come true?")
    cases = chosen(model)
    if cases is not None:
        found = reliability(cases.malignant, cases.suspicion / 100, cases.woman)
        left, right = st.columns(2)
        with left:
            show(
                figures.reliability_diagram(found, "Reliability", whom(cases)),
                f"{slug(model, cases)}-reliability",
                "On the dotted line, of the cases told 40 % so many have cancer. Above it the network says too little, below "
                "it too much. Each point is a group of neighbouring scores; bars are 95 % intervals, by women.",
                {
                    "mean probability": found.probability,
                    "share with cancer": found.share,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                    "with cancer": found.n_cancer,
                },
            )
        with right:
            groups(found, cases)
    at_least(model, card)


def groups(found: Reliability, cases: JudgedSet) -> None:
    """The groups as a table, and how far off they are in one number each."""
    rows = zip(found.probability, found.share, found.low, found.high, found.n, found.n_cancer, strict=True)
    table(
        [
            {
                "Said": f"{100 * said:.0f} %",
                "Had cancer": interval([share, low, high], True),
                "n": int(n),
                "With cancer": int(n_cancer),
            }
            for said, share, low, high, n, n_cancer in rows
        ],
        "",
    )
    said, share = cases.suspicion / 100, float(np.mean(cases.malignant))
    write(
        "quiet",
        f"Brier score {brier(cases.malignant, said):.3f}; 0 is best, and saying {100 * share:.0f} % of everyone gives "
        f"{share * (1 - share):.3f}. Calibration error {expected_calibration_error(cases.malignant, said):.3f} over ten "
        f"equally wide bins. {whom(cases)}.",
    )
    if cases.unit != "image":
        write("quiet", "Calibration was fitted on pictures. Breasts and exams combine them, and may lie off the line.")


def at_least(model: Artefact, card: Mapping[str, Any]) -> None:
    """What a score meant on the validation exams, from the counts that the card carries."""
    counted = card["exams_at_least"]
    n, cancer, unit = counted["n"], counted["cancer"], UNITS.get(counted["unit"], counted["unit"])
    shown = np.array([score for score in range(101) if n[score] >= LEAST])
    if not shown.size:
        return
    scored, had = np.array(n)[shown], np.array(cancer)[shown]
    share = Band(shown.astype(float), had / scored, *wilson(had / scored, scored))
    show(
        figures.share_at_least(
            share,
            f"What a score meant: {unit} that scored so much or more",
            f"{counted['source']}: {n[0]} {unit}, {cancer[0]} with cancer; at least {LEAST} at each point",
        ),
        f"{model.name}-at-least",
        f"The height is the share with cancer among the {unit} that scored so much or more, with its 95 % interval. "
        f"{SCREENING} A score is no screening risk.",
        {"suspicion": shown, "n": scored, "with cancer": had, "share": share.y, "low": share.low, "high": share.high},
    )
