"""Read: an exam on the wall, and what a model says of it beside it. Gets and shows; computes nothing."""

from pathlib import Path

import streamlit as st

from mammo_core.exam import ExamResult
from mammo_core.inference import combine
from pages.parts import rail
from pages.parts.bar import bar
from pages.parts.desk import Desk, example_files
from pages.parts.lab.setting import lab_is_open
from pages.parts.look import DISCLAIMER, RAIL, write
from pages.parts.models import choices, maps_of, network
from pages.parts.upload import LIMITS, passed_over, read, refused, upload
from pages.parts.viewer import wall


def front(desk: Desk) -> None:
    """Show the empty room: where to drop files, the limits, the example."""
    with st.container(key="front"):
        write("head", "MAMMOGRAPHY READING ROOM")
        st.markdown("### Drop the views of an exam here")
        upload(desk, "first")
        write("small", LIMITS)
        if st.button("Open the example exam", key="example", type="primary"):
            read(desk, example_files())
        if desk.refusals:
            refused(desk.refusals)
        passed_over(desk)
        write("quiet", f"The example is a synthetic phantom, not a woman. {DISCLAIMER}")
        with st.container(horizontal=True, gap="medium"):
            st.page_link("model.py", label="About the model")
            if lab_is_open():
                st.page_link("train.py", label="Train a network")
                st.page_link("runs.py", label="Runs")
            st.page_link("cytology.py", label="Cytology")


def room(desk: Desk) -> None:
    """Show the exam: pictures first, scores when they come."""
    light = bar(desk)
    with st.container(key="room", horizontal=True, gap=None, wrap=False):
        pictures = st.container(key="pictures", gap=None)
        beside = st.container(key="rail", width=RAIL, gap=None)
    with beside:
        said, switches = st.container(gap="small", key="said"), st.container(gap="small", key="switches")
    with said:
        write("head", "EXAM")
    with switches:
        rail.rule()
        kinds, models = st.container(gap="small"), choices()
        folder = rail.model_choice(models)
        with kinds:
            overlay = rail.overlay(maps_of(folder))
        rail.foot(desk, folder)
    result = desk.result(folder.name) if folder else None
    waits = overlay is not None and result is None  # a heat map can only be shown once there is one
    if not waits:
        with pictures:
            wall(desk, light, overlay, result)
    with said:
        result = scores(desk, folder, result)
    if overlay and result:
        net = network(folder)
        if not isinstance(net, str):
            with kinds:
                rail.of_the_map(overlay, net.artefact.card)
    if waits:
        with pictures:
            wall(desk, light, overlay, result)


def scores(desk: Desk, folder: Path | None, result: ExamResult | None) -> ExamResult | None:
    """Show what the model says of the exam, asking it if it was not asked yet, or why it says nothing."""
    net = network(folder)
    if folder is None or isinstance(net, str):
        rail.unscored(str(net), combine(desk.exam, "", {}, {}).remarks)
        return None
    place = st.empty()
    if result is None:
        with place.container(gap="small"):
            rail.waiting(net.artefact.card)
        desk.shelf.settle()  # pictures first
        result = net.score_exam(desk.exam)
        desk.note(result, folder.name)
    with place.container(gap="small"):
        rail.scores(desk.exam, result, net.artefact.card)
    return result


desk = Desk.of_session()
if desk.exams:
    room(desk)
else:
    front(desk)
