"""From a run to a model that the reading page offers: a process calibrates, exports, tests and seals; its outcome is shown here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import streamlit as st

from mammo_core.inference import available, default_model, models_root
from mammo_core.training.bench.held_out import calibrations, groups, points_from
from mammo_core.training.bench.servable import require_servable
from mammo_core.training.lab.records import read_predictions
from mammo_core.training.lab.runs import Run, Status, find_run
from mammo_core.training.model_folder import free_version, wrong_version
from mammo_core.training.recipes import recipe_of
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.classifier import read_one
from pages.parts.card import interval
from pages.parts.evidence import UNITS
from pages.parts.lab import errands
from pages.parts.lab.judged import PARTS, reported, state_of
from pages.parts.lab.recipes import offers
from pages.parts.lab.setting import runs_root
from pages.parts.look import write
from pages.parts.take_away import table

EVERY = 2.0
"""Seconds between two looks at what goes on."""


def promote(selected: Sequence[Run]) -> None:
    """Offer to promote each of the runs beside the figures that decide it, and list the models there are."""
    write(
        "quiet",
        "Promotion calibrates a run on women it has not seen, exports its network, tests that it gives the same numbers, writes its card "
        "and seals all of it as a model. Patch networks of all folds ship together, as their mean. The reading page then offers it beside "
        "the others; none is replaced.",
    )
    for run in selected:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{run.id}**")
            if state_of(run.folder):
                _deciding(run)
            st.fragment(_run, run_every=EVERY)(run)
    _ensembles()
    st.fragment(_models, run_every=EVERY)()


def _deciding(run: Run) -> None:
    """What a run reached on women whom nothing was learned from, in each unit, and where that is not enough."""
    with (waiting := st.empty()):
        write("quiet", "Working out figures with their intervals.")
        rows = [row for row in reported(run.folder)["sets"] if row["part"] != "validation"]
    waiting.empty()
    table(
        [
            {
                "Judged on": f"{row['set']}, {PARTS[row['part']]}",
                "Cases": f"{row['n']} {UNITS[row['unit']]} of {row['n_women']} women",
                "AUC": interval(row["auc"]),
                "Metadata alone": interval(row["metadata_auc"]),
                "Calibration error, calibrated": "–"
                if row["ece_calibrated"] is None
                else f"{row['ece_calibrated']:.3f}",
            }
            for row in rows
        ],
        "It was judged on no women of both kinds.",
        f"{run.id}-deciding",
    )
    beaten = [row for row in rows if row["metadata_auc"] and row["metadata_auc"][0] >= row["auc"][0]]
    chance = [row for row in rows if row["auc"][1] <= 0.5]
    for words, found in (
        ("Metadata alone, without any picture, reach as much or more on", beaten),
        ("The interval of the AUC reaches down to 0.5, which is chance, on", chance),
    ):
        if found:
            names = (f"{row['set']} ({UNITS[row['unit']]})" for row in found)
            write("amber", f"{words} {', '.join(names)}.")


@dataclass(frozen=True)
class Candidate:
    """What may become a model: its name and version, the command that makes it, and where that command's words go.

    `never` says why it would be refused, "" where it would not be; `waits` what has to be done before, "" where nothing has.
    """

    key: str
    name: str
    version: str
    command: tuple[str, ...]
    log: Path
    never: str = ""
    waits: str = ""


def _run(run: Run) -> None:
    recipe, done = recipe_of(run.folder), run.status is Status.DONE
    candidate = Candidate(
        run.id,
        recipe.name,
        recipe.version,
        ("promote", str(run.folder)),
        run.folder / "promote.log",
        _never(run.folder, state_of(run.folder) if done else ()),
        "" if done else "Only a run that is done can be promoted.",
    )
    _one(candidate)


def _one(candidate: Candidate) -> None:
    """Which version the model is to have, the button, and what became of it."""
    key, log = candidate.key, candidate.log
    errand = errands.stands(log)
    runs = errand is not None and errand.runs
    able = not (candidate.never or candidate.waits)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        free = free_version(models_root(), candidate.name, candidate.version)
        version = st.text_input(
            f"Version of {candidate.name}",
            free,
            key=f"version-{key}-{free}",  # once a version is taken, the next one is offered
            max_chars=32,
            live=True,  # whether it will do is said while it is written
            width=240,
            disabled=runs or not able,
        ).strip()
        wrong = "" if version == candidate.version else wrong_version(version)
        name = f"{candidate.name}-{version}"
        taken = not wrong and not runs and (models_root() / name).exists()
        pressed = st.button(
            "Promote",
            key=f"promote-{key}",
            disabled=runs or not able or taken or bool(wrong),
            help="Make a model of it",
        )
    if pressed and able and not (runs or taken or wrong):  # a version may be written and sent off in one go
        errands.send([*candidate.command, "--version", version], log)
        st.rerun(scope="fragment")
    with st.container(key=f"outcome-{key}"):
        if candidate.never:
            write("quiet", f"Not to be promoted: {candidate.never}.")
            return
        if candidate.waits:
            write("quiet", candidate.waits)
        else:
            _outcome(candidate, errand)
        if wrong:
            write("amber", f"{wrong}.")
        elif taken and name != _made(errand):
            write("amber", f"{name} is a model already, and no model is replaced. Choose another version.")


def _made(errand: errands.Errand | None) -> str:
    """The name of the model that an errand has made; "" where it has made none."""
    return Path(errand.said.splitlines()[-1].split()[0]).name if errand and errand.code == 0 and errand.said else ""


@st.cache_data(max_entries=64, show_spinner=False)
def _never(folder: Path, state: tuple[int, ...]) -> str:
    """Why a run would be refused: by its recipe, and once it has a `state`, by whom it was judged on; "" where it would not be.

    Of the model itself nothing is made: what its network's file and graph say is seen when it is promoted.
    """
    kind = kind_of(folder / "recipe.toml")
    if kind == "tissue":
        return "a tissue network draws no map and ships with patch networks, as an ensemble's recipe says"
    if kind != "classifier":
        return ""
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


def _outcome(candidate: Candidate, errand: errands.Errand | None) -> None:
    """What became of it, in a sentence, and what the process said."""
    if errand is None:
        write("quiet", "Not promoted yet.")
    elif errand.runs:
        write(
            "quiet",
            "Being promoted: loading, calibrating, exporting, testing. This takes a minute or more; the page may be closed.",
        )
    elif errand.code == 0:
        write("quiet", f"Promoted: {_made(errand) or candidate.name}.")
        st.page_link("read.py", label="Read with it ›")
    elif errand.code is None:
        write("quiet", f"It was tried before this server was started, and said last: {errand.last}")
    else:
        write("amber", f"Not promoted: {errand.last}")


def _ensembles() -> None:
    """Networks of several runs that ship together, as recipes say: those whose runs are here can be promoted."""
    found = offers().ensembles
    if not found:
        return
    st.markdown("#### Several runs as one model")
    for path, ensemble in found:
        with st.container(border=True, gap="small"):
            st.markdown(f"**{ensemble.title}**")
            parts = ", ".join(filter(None, [*ensemble.members, ensemble.tissue]))
            write("quiet", f"{path.name} puts together {parts}; of runs of one name the newest that is done.")
            absent = [name for name in filter(None, [*ensemble.members, ensemble.tissue]) if not _is_here(name)]
            candidate = Candidate(
                f"ensemble-{ensemble.name}",
                ensemble.name,
                ensemble.version,
                ("promote", str(path), "--runs", str(runs_root())),
                runs_root() / ".promote" / f"{ensemble.name}.log",
                waits=f"These are not here: {', '.join(absent)}." if absent else "",
            )
            st.fragment(_one, run_every=EVERY)(candidate)


def _is_here(name: str) -> bool:
    """Whether a run is there that is done, and, of a name such as "run/fold1", that fold of it."""
    run, _, fold = name.partition("/")
    try:
        return (find_run(runs_root(), run) / fold).is_dir()
    except ValueError:
        return False


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
