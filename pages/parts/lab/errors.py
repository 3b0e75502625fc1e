"""The pictures that a run got wrong with most confidence, each with what the network looked at."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.parts.lab.judged import Judged, reported
from pages.parts.take_away import table


def worst(found: Sequence[Judged]) -> None:
    """A table of each run's worst errors."""
    for one in found:
        st.markdown(f"#### {one.run}")
        rows = [
            {
                "File": row["file"],
                "Truly": row["label"].replace("_", " "),
                f"Said {one.positive}": f"{100 * row['probability']:.1f} %",
                "View": " ".join(filter(None, (row["laterality"], row["view"]))),
            }
            for row in reported(one.folder)["worst"]
            if (row["part"], row["dataset"]) == (one.part, one.dataset)
        ]
        table(rows, "No picture was got wrong.", f"{one.slug}-worst")
