"""What recalling from a suspicion on does: the operating points, and a threshold that the reader moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from mammo_core.evaluation import Rates
from mammo_core.inference import Artefact, JudgedSet
from pages.parts import figures
from pages.parts.card import interval
from pages.parts.evidence import STEP, UNITS, chosen, points_are_of, rates_at, slug, whom
from pages.parts.look import write
from pages.parts.take_away import show, table


def thresholds(model: Artefact, card: Mapping[str, Any]) -> None:
    """The operating points, and a threshold to move."""
    st.markdown("#### Operating points")
    points = card["operating_points"]
    table(
        [
            {
                "Name": point["name"],
                "Recalled from": f"suspicion {point['suspicion']:.1f}",
                "Specificity": interval(point["specificity"], True),
                "Sensitivity": interval(point["sensitivity"], True),
                "Judged on": f"{point['n']} {UNITS.get(point['unit'], point['unit'])}, {point['n_cancer']} with cancer",
            }
            for point in points
        ],
        "The card names no operating point.",
        f"{model.name}-operating-points",
    )
    if any(point.get("cross_fitted") for point in points):
        write(
            "quiet",
            "A threshold is set on all of these cases; its rates are those of thresholds that other women's cases set.",
        )
    cases = chosen(model)
    if cases is None:
        return
    if points:
        if points_are_of(card, cases):
            write("quiet", "The thresholds were set on these very cases: what they do here is a little too good.")
        else:
            write(
                "amber",
                "The operating points were not set on these cases: here is what the same thresholds do to them.",
            )
        found = rates_at(model.digest, cases.name, cases.unit, cases, tuple(point["suspicion"] for point in points))
        for place, (column, point) in enumerate(zip(st.columns(max(2, len(points))), points, strict=False)):
            with column:
                matrix(model, cases, found, place, point["name"], point["suspicion"])
    moved(model, cases, points[0]["suspicion"] if points else 50.0)


@st.fragment
def moved(model: Artefact, cases: JudgedSet, begins: float) -> None:
    """A threshold that the reader moves, and what it does."""
    st.markdown("#### Any other threshold")
    begins = STEP * round(begins / STEP)
    at = st.slider(
        "Recalled from a suspicion of", 0.0, 100.0, begins, STEP, "%.1f", key="threshold", persist_state="page"
    )
    found = rates_at(model.digest, cases.name, cases.unit, cases)
    place = round(at / STEP)
    left, right = st.columns(2)
    with left:
        matrix(model, cases, found, place, "Your threshold", at)
    with right:
        show(
            figures.by_threshold(found, at, "Both rates over the threshold", whom(cases)),
            f"{slug(model, cases)}-thresholds",
            "The upright line is the threshold above. Further right fewer are recalled, with cancer and without. Bands "
            "are 95 % intervals.",
            {
                "threshold": found.sensitivity.x,
                "with cancer, recalled": found.caught,
                "without cancer, recalled": found.recalled_without,
                **{
                    f"{name}{end}": values
                    for name, band in (("sensitivity", found.sensitivity), ("specificity", found.specificity))
                    for end, values in (("", band.y), (" low", band.low), (" high", band.high))
                },
            },
        )


def matrix(
    model: Artefact,
    cases: JudgedSet,
    found: Rates,
    place: int,
    name: str,
    suspicion: float,
) -> None:
    """The confusion matrix at one threshold, and the two rates in words."""
    caught, false = int(found.caught[place]), int(found.recalled_without[place])
    missed, kept = found.n_cancer - caught, found.n - found.n_cancer - false
    sensitivity, specificity = (interval(band.at(place), True) for band in (found.sensitivity, found.specificity))
    show(
        figures.matrix(
            [[caught, missed], [false, kept]],
            ["recalled", "not recalled"],
            ["with cancer", "without"],
            f"{name}: recalled from {suspicion:.1f}",
            whom(cases),
        ),
        f"{slug(model, cases)}-{name.replace(' ', '-').lower()}",
        f"Sensitivity {sensitivity}: {caught} of {found.n_cancer} with cancer recalled. "
        f"Specificity {specificity}: {kept} of {found.n - found.n_cancer} without cancer not recalled.",
        {"": ["with cancer", "without"], "recalled": [caught, false], "not recalled": [missed, kept]},
    )
