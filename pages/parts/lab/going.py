"""The run that is going on, live, and the queue behind it: read from its folder every other second, moved by nothing but its numbers.

The run is a process of its own. This page may be closed, and the app restarted: neither stops it, and whoever opens the page sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.io
import streamlit as st

from mammo_core.training.lab import queue
from mammo_core.training.lab.runs import LEAKS, Run, Status, read_ledger
from mammo_core.training.recipes.checking import kind_of
from pages.parts.lab import figures
from pages.parts.lab.learning import courses, drawn, stacked, watched
from pages.parts.lab.ledger import STATES, duration, took, why_failed
from pages.parts.lab.setting import runs_root
from pages.parts.look import write
from pages.parts.take_away import camera, offer

EVERY = 2.0
"""Seconds between two looks."""
AT_WORK = (Status.RUNNING, Status.STOPPING)
BROKEN_OFF = (Status.STOPPED, Status.FAILED)
READING = {
    "classifier": "Dotted: pictures trained on. Drawn through: women watched, from whom nothing is learned ({watched} in a fold).",
    "features": "Of the women trained on. Nobody is watched: the last epoch is taken.",
}
OF_PATCHES = "Of the patches trained on. Nobody is watched: the last epoch is taken."
LINES = 12
"""Of the log that are shown."""
LATEST = 4
"""Runs that were broken off and are shown."""
CURVES = {
    "loss": ("Loss", 250),
    "auc": ("AUC of the last class", 250),
    "accuracy": ("Accuracy", 250),
    "rate": ("Learning rate", 170),
}
"""Columns of history.csv: title, and height in pixels."""
MEASURED = {"classifier": ("loss", "auc", "rate"), "features": ("loss", "accuracy")}
"""What is measured, and drawn, of a kind of network; of others it is loss, accuracy and rate of the patches."""


@st.fragment(run_every=EVERY)
def going() -> None:
    """Show the run that is at work, or the last that was, and what waits."""
    queue.see_to(runs_root())
    ledger = read_ledger(runs_root())
    found = [*ledger.networks, *ledger.features]
    at_work = [run for run in found if run.status in AT_WORK]
    st.markdown("#### In training" if at_work or not any(run.ended for run in found) else "#### Trained last")
    ended = sorted((run for run in found if run.ended), key=lambda run: run.ended, reverse=True)
    shown = next(iter([*at_work, *ended]), None)
    if shown is None:
        write(
            "quiet", "Nothing is being trained, and nothing has been yet. Once a network learns, its curves are here."
        )
    else:
        _now(shown)
    _queue(queue.waiting(runs_root()))
    _broken_off([run for run in found if (queue.can_resume(run) or run.leaks) and run is not shown][:LATEST])


def _now(run: Run) -> None:
    """How far it is, its buttons, its curves."""
    st.html(
        f'<div class="room-row"><b>{run.id}</b><span class="room-quiet" role="status">{STATES[run.status]}</span></div>'
    )
    st.progress(_share(run), _where(run))
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="run_buttons"):
        st.button(
            "Stop",
            key=f"stop-{run.id}",
            on_click=queue.stop,
            args=(run.folder,),
            disabled=run.status is not Status.RUNNING,
            help="After the batch it is at; it can be resumed",
        )
        st.button(
            "Resume",
            key=f"resume-{run.id}",
            on_click=queue.resume,
            args=(run.folder,),
            disabled=not queue.can_resume(run),
            help=LEAKS if run.leaks else "Go on where it was stopped, or make anew what was lost of it",
        )
        st.page_link("runs.py", label="Its figures ›")
    kind = kind_of(run.folder / "recipe.toml")
    write("small", READING.get(kind, OF_PATCHES).format(watched=watched(run)))
    measures = MEASURED.get(kind, ("loss", "accuracy", "rate"))
    with st.container(horizontal=True, gap="small"):
        for measure in measures[:2]:
            with st.container(width=320, key=f"live_{measure}"):
                _curve(run, measure)
    for measure in measures[2:]:
        _curve(run, measure)
    curves = {measure: courses(run.folder, run.id, measure) for measure in measures}
    columns = {measure: stacked(own) for measure, own in curves.items()}
    with st.container(horizontal=True, gap="medium"):
        offer(f"{run.id}-curves", [["measure", *columns["loss"]], *_rows(columns)])
        st.download_button(
            ":primary[Figures as HTML]",
            _page(run.id, tuple(drawn(own, measure).to_json() for measure, own in curves.items())),
            f"{run.id}-curves.html",
            "text/html",
            key=f"{run.id}-curves-html",
            type="tertiary",
            on_click="ignore",
        )
    with st.expander("Log", key="log"):
        st.code(_log(run), language=None, wrap_lines=True)


def _curve(run: Run, measure: str) -> None:
    """One curve, in a place of its own size from the beginning."""
    title, height = CURVES[measure]
    own = courses(run.folder, run.id, measure)
    figure = figures.learning(own, title, "", height)
    figure.update_layout(showlegend=False, height=height, margin={"l": 56, "t": 44, "b": 44, "r": 12})
    if measure == "rate":
        figure.update_layout(yaxis={"tickformat": ".1e", "nticks": 4})
    if not own:
        figure.update_layout(xaxis={"range": [0, max(1, run.epochs)], "dtick": None}, yaxis={"range": [0, 1]})
    st.plotly_chart(figure, theme=None, config=camera(f"{run.id}-{measure}"), key=f"live-{measure}", alt=title)


@st.cache_data(max_entries=4, show_spinner=False)
def _page(title: str, figures: tuple[str, ...]) -> str:
    """Figures, given as JSON, as one page that still answers: 5 MB, put together once for as long as nothing changes in them."""
    parts = [
        plotly.io.from_json(each).to_html(full_html=False, include_plotlyjs=place == 0, div_id=f"figure{place}")
        for place, each in enumerate(figures)
    ]
    return f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>{"".join(parts)}'


def _rows(columns: dict[str, dict[str, list[object]]]) -> list[list[object]]:
    return [[measure, *row] for measure, named in columns.items() for row in zip(*named.values(), strict=True)]


def _share(run: Run) -> float:
    """How much is done: of what goes on before the first epoch where that says it, else of all epochs of the folds that are fitted."""
    if run.status is Status.DONE:
        return 1.0
    if run.status in AT_WORK and run.steps:
        return run.step / run.steps
    return min(1.0, run.epochs_done / max(1, run.epochs_wanted))


def _where(run: Run) -> str:
    """Where it stands and how long it will take, in a line that is never empty."""
    fold = f"fold {run.fold + 1} of {run.folds}, " if run.folds > 1 else ""
    place = f"{fold}epoch {min(run.epoch + 1, run.epochs)} of {run.epochs}"
    if run.status is Status.DONE:
        return f"Done: {run.epochs_wanted} epochs at most, in {took(run)}"
    if run.status is Status.STOPPING:
        return f"Stopping. {run.message}" if run.message else f"Stopping after this batch: {place}"
    if run.status in BROKEN_OFF:
        return f"{why_failed(run)} {LEAKS}" if run.leaks else f"{run.message or 'It has ended.'} It came to {place}."
    if run.message:
        return run.message
    left = run.seconds_left
    return f"{place[0].upper()}{place[1:]}, " + (
        "time left not known yet" if left is None else f"about {duration(left)} left"
    )


def _queue(waiting: Sequence[Run]) -> None:
    st.markdown("#### Waiting")
    if not waiting:
        write("quiet", "Nothing waits. One network learns at a time; what is started meanwhile waits here.")
    elif searches := queue.searches(runs_root()):
        write("quiet", f"One network learns at a time, and {', '.join(searches)} is at work: it goes on after that.")
    for place, run in enumerate(waiting, start=1):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f"<div>{place} · {run.id}</div>")
            st.button(
                "Take out", key=f"out-{run.id}", on_click=queue.stop, args=(run.folder,), type="tertiary", help=run.id
            )


def _broken_off(runs: Sequence[Run]) -> None:
    if runs:
        st.markdown("#### Broken off")
    for run in runs:
        with st.container(horizontal=True, vertical_alignment="center"):
            state = "has lost predictions or its report" if run.status is Status.DONE else STATES[run.status]
            why = why_failed(run)
            st.html(f'<div>{run.id} <span class="room-quiet">{state}{":" if why else ""} {escape(why)}</span></div>')
            if not run.leaks:
                st.button(
                    "Resume",
                    key=f"again-{run.id}",
                    on_click=queue.resume,
                    args=(run.folder,),
                    type="tertiary",
                    help=run.id,
                )
        if run.leaks:
            write("small", LEAKS)
        if why and why != run.message.strip():
            with st.expander("All it said", key=f"said-{run.id}"):
                st.code(run.message, language=None, wrap_lines=True)


def _log(run: Run) -> str:
    log = run.folder / "log.txt"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return "\n".join(lines[-LINES:]) or "Nothing yet."
