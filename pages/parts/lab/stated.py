"""What the authors of a system state, beside what runs by its recipe found on women unseen, and why the two differ.

The page and `python -m mammo_core systems` say the same: both ask `training/bench/systems`.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mammo_core.training.judging.systems import System, by_system, summary, system
from mammo_core.training.lab.runs import Run
from pages.parts.look import write
from pages.parts.take_away import table


def stated(found: Sequence[Run]) -> None:
    """The runs that were judged, beside what is stated; then each system's figures and the reason."""
    told: list[System] = []
    without = []
    for run in found:
        try:
            told.append(system(run.folder))
        except ValueError as error:
            without.append(str(error))
    table([{"Run": each.run.id} | summary(each) for each in told], "None of these runs was judged yet.", "runs-stated")
    if told:
        write(
            "quiet",
            "Shares of pictures named rightly; 95 % intervals by women. Held out: women of whom nothing was learned or chosen.",
        )
    for sentence in without:
        write("quiet", f"{sentence}.")
    for title, sentence, own in by_system(told):
        st.markdown(f"#### {title}")
        write("quiet", sentence)
        table(
            [
                {"Run": each.run.id} | {head[:1].upper() + head[1:]: cell for head, cell in row.items()}
                for each in own
                for row in each.judged
            ],
            "It was judged on no women held out.",
            f"stated-{own[0].recipe.name}",
        )
