"""How good a run is in each kind of woman and picture, as a table with counts and intervals."""

from __future__ import annotations

import streamlit as st

from pages.parts.groups import group_table
from pages.parts.lab.judged import Judged, reported


def subgroups(one: Judged) -> None:
    """The table of one run, as its report has it: of pictures."""
    st.markdown(f"#### {one.run}")
    rows = [row for row in reported(one.folder)["subgroups"] if (row["part"], row["set"]) == (one.part, one.dataset)]
    group_table(rows, one.positive, f"{one.slug}-subgroups", "Rates are those of the first operating point.")
