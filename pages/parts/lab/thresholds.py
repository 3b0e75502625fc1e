"""What recalling from a score on does: named operating points, and a threshold that the reader moves for all runs at once."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mammo_core.training.judging.points import from_to
from pages.parts.card import interval
from pages.parts.evidence import STEP
from pages.parts.lab import figures
from pages.parts.lab.judged import Judged, every_rate, reported
from pages.parts.look import write
from pages.parts.take_away import show, table

WHOSE = {
    "validation": "women watched during training",
    "other folds": "women judged by the other folds",
    "these cases": "these very cases",
    "nobody": "nobody: it is fixed",
}


def thresholds(found: Sequence[Judged]) -> None:
    """Named operating points, then a threshold to move."""
    st.markdown("#### Named operating points")
    rows = [
        {
            "Run": one.run,
            "Point": point["name"],
            "Recalled from": from_to(point["threshold"], 100, 1),
            "Sensitivity": interval(point["sensitivity"], True),
            "Specificity": interval(point["specificity"], True),
            "Threshold set on": WHOSE[point["set_on"]],
        }
        for one in found
        for row in reported(one.folder)["sets"]
        if (row["part"], row["set"], row["unit"]) == (one.part, one.dataset, one.unit)
        for point in row["operating_points"]
    ]
    table(rows, "There are too few cases to set a threshold on.", "runs-operating-points")
    for one in found:
        write("quiet", f"{one.run} on {one.whom}.")
    if any(row["Threshold set on"] == WHOSE["these cases"] for row in rows):
        write("amber", "A threshold set on the very cases that it is judged on flatters the run.")
    moved(found)


@st.fragment
def moved(found: Sequence[Judged]) -> None:
    """A threshold that the reader moves, and what it does in each run."""
    st.markdown("#### Any threshold")
    at = st.slider(
        "Recalled from a score of", 0.0, 100.0, 50.0, STEP, "%.1f", key="lab_threshold", persist_state="page"
    )
    place = round(at / STEP)
    for one in found:
        rates = every_rate(one)
        left, right = st.columns(2)
        sensitivity, specificity = (interval(band.at(place), True) for band in (rates.sensitivity, rates.specificity))
        caught, false = int(rates.caught[place]), int(rates.recalled_without[place])
        others = rates.n - rates.n_cancer
        with left:
            show(
                figures.recalled(rates, place, one.positive, f"{one.run}, recalled from {at:.1f}", one.whom),
                f"{one.slug}-threshold-matrix",
                f"Sensitivity {sensitivity}: {caught} of {rates.n_cancer} {one.positive} recalled. "
                f"Specificity {specificity}: {others - false} of {others} others not recalled.",
                {
                    "": [one.positive, f"not {one.positive}"],
                    "recalled": [caught, false],
                    "not recalled": [rates.n_cancer - caught, others - false],
                },
            )
        with right:
            show(
                figures.by_threshold(rates, at, f"{one.run}, both rates", one.whom),
                f"{one.slug}-thresholds",
                "The upright line is the threshold above. Further right fewer are recalled. Bands are 95 % intervals.",
                {
                    "threshold": rates.sensitivity.x,
                    f"{one.positive}, recalled": rates.caught,
                    "others, recalled": rates.recalled_without,
                    **{
                        f"{name}{end}": values
                        for name, band in (("sensitivity", rates.sensitivity), ("specificity", rates.specificity))
                        for end, values in (("", band.y), (" low", band.low), (" high", band.high))
                    },
                },
            )
