"""How good a run is in each kind of woman and picture, as a table with counts and intervals."""

from __future__ import annotations

import streamlit as st

from pages.parts.card import interval
from pages.parts.lab.judged import Judged, reported
from pages.parts.look import write
from pages.parts.take_away import table

KINDS = {"density": "Density", "age": "Age", "view": "View", "site": "Site", "machine": "Machine", "source": "Source"}


def subgroups(one: Judged) -> None:
    """The table of one run, as its report has it: of pictures."""
    st.markdown(f"#### {one.run}")
    rows = [
        {
            "By": KINDS[row["by"]],
            "Group": row["group"],
            "Pictures": row["n"],
            "Women": row["n_women"],
            one.positive.capitalize(): row["n_cancer"],
            "AUC": interval(row["auc"]),
            "Sensitivity": interval(row["sensitivity"], True),
            "Specificity": interval(row["specificity"], True),
        }
        for row in reported(one.folder)["subgroups"]
        if (row["part"], row["set"]) == (one.part, one.dataset)
    ]
    table(rows, "The data say nothing by which women could be grouped.", f"{one.slug}-subgroups")
    write(
        "quiet",
        "Rates are those of the first operating point. A dash: all cases of the group are of one kind. Small groups have wide intervals; "
        "groups whose intervals overlap may not differ at all.",
    )
