"""Subgroups of women and pictures as a table: density, age, view, site, machine, source, each with counts and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from mammo_core.inference import Artefact
from pages.parts.card import interval
from pages.parts.evidence import file_name
from pages.parts.look import write
from pages.parts.take_away import table

KINDS = {"density": "Density", "age": "Age", "view": "View", "site": "Site", "machine": "Machine", "source": "Source"}


def group_table(rows: Sequence[Mapping[str, Any]], positive: str, name: str, rates: str) -> None:
    """The rows of `evaluation.subgroups`, to be taken away as `name`; `rates` says at which threshold both rates are."""
    table(
        [
            {
                "By": KINDS[row["by"]],
                "Group": row["group"],
                "Pictures": row["n"],
                "Women": row["n_women"],
                positive.capitalize(): row["n_cancer"],
                "AUC": interval(row["auc"]),
                "Sensitivity": interval(row["sensitivity"], True),
                "Specificity": interval(row["specificity"], True),
            }
            for row in rows
        ],
        "The data say nothing by which women could be grouped.",
        name,
    )
    write(
        "quiet",
        f"{rates} A dash: all cases of the group are of one kind. Small groups have wide intervals; groups whose intervals overlap may not "
        "differ at all.",
    )


def subgroups(model: Artefact, card: Mapping[str, Any]) -> None:
    """A table for every set that a model was judged on."""
    rows = card.get("subgroups", [])
    if not rows:
        write("quiet", "The card holds no figures of subgroups.")
    for title, how, at in dict.fromkeys((row["set"], row["how"], row["at"]) for row in rows):
        st.markdown(f"#### {title}, {how}")
        own = [row for row in rows if (row["set"], row["how"]) == (title, how)]
        rates = (
            f"Rates are at the threshold that leaves {100 * at:.1f} % of this set's pictures without cancer below it."
        )
        group_table(own, "showing cancer", file_name(model, f"subgroups {title}"), rates)
