"""From a run to a model that the reading page offers: a process calibrates, exports, tests and seals; its outcome is shown here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import streamlit as st

from mammo_core.inference import available, default_model
from mammo_core.training.bench.held_out import calibrations, groups, points_from
from mammo_core.training.bench.recipe import read_one
from mammo_core.training.bench.records import read_predictions
from mammo_core.training.bench.runs import Run, Status
from mammo_core.training.bench.servable import require_servable
from pages.parts.lab import errands
from pages.parts.lab.judged import state_of
from pages.parts.look import write
from pages.parts.take_away import table

EVERY = 2.0
"""Seconds between two looks at what goes on."""


def promote(selected: Sequence[Run]) -> None:
    """Offer to promote each of the runs, and list the models there are."""
    write(
        "quiet",
        "Promotion calibrates a run on women it has not seen, exports its network, tests that it gives the same numbers, writes its card "
        "and seals all of it as a model. The reading page then offers it beside the others; none is replaced.",
    )
    for run in selected:
        st.fragment(_one, run_every=EVERY)(run)
    st.fragment(_models, run_every=EVERY)()


def _one(run: Run) -> None:
    log = run.folder / "promote.log"
    errand = errands.stands(log)
    runs = errand is not None and errand.runs
    recipe = read_one(run.folder / "recipe.toml")
    name = f"{recipe.name}-{recipe.version}"
    taken = not runs and any(folder.name == name for folder in available())
    never = _never(run.folder, state_of(run.folder) if run.status is Status.DONE else ())
    with st.container(border=True, gap="small"):
        st.markdown(f"**{run.id}**")
        if st.button(
            f"Promote to {name}",
            key=f"promote-{run.id}",
            disabled=runs or taken or bool(never) or run.status is not Status.DONE,
            help="Make a model of it",
        ):
            errands.send(["promote", str(run.folder)], log)
            st.rerun(scope="fragment")
        with st.container(key=f"outcome-{run.id}"):
            if never:
                write("quiet", f"Not to be promoted: {never}.")
            else:
                _outcome(run, errand)
            if taken and not (errand and errand.code == 0):
                write("amber", f"{name} is a model already, and no model is replaced. Give the recipe another version.")


@st.cache_data(max_entries=64, show_spinner=False)
def _never(folder: Path, state: tuple[int, ...]) -> str:
    """Why a run would be refused: by its recipe, and once it has a `state`, by whom it was judged on; "" where it would not be.

    Of the model itself nothing is made: what its network's file and graph say is seen when it is promoted.
    """
    recipe = read_one(folder / "recipe.toml")
    try:
        require_servable(recipe)
        if state:
            told = read_predictions(folder)
            points_from(list(islice(groups(told, recipe, 0), 1)))  # those held out come first
            calibrations(told, recipe, 0)
    except ValueError as error:
        return str(error)
    return ""


def _outcome(run: Run, errand: errands.Errand | None) -> None:
    """What became of it, in a sentence, and what the process said."""
    if run.status is not Status.DONE:
        write("quiet", "Only a run that is done can be promoted.")
    elif errand is None:
        write("quiet", "Not promoted yet.")
    elif errand.runs:
        write(
            "quiet",
            "Being promoted: loading, calibrating, exporting, testing. This takes a minute or more; the page may be closed.",
        )
    elif errand.code == 0:
        write(
            "quiet", f"Promoted: {Path(errand.said.splitlines()[-1].split()[0]).name if errand.said else run.recipe}."
        )
        st.page_link("read.py", label="Read with it ›")
    elif errand.code is None:
        write("quiet", f"It was tried before this server was started, and said last: {errand.last}")
    else:
        write("amber", f"Not promoted: {errand.last}")


def _models() -> None:
    st.markdown("#### Models that the reading page offers")
    try:
        first = default_model()
    except ValueError:
        first = None
    table(
        [{"Model": folder.name, "Place": "shown first" if folder == first else "to choose"} for folder in available()],
        "There is no model yet.",
    )
