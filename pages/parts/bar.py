"""The line above the pictures: which exam this is, whose, and how its pictures are lit."""

from __future__ import annotations

from html import escape

import streamlit as st

from mammo_core.exam import Exam, Laterality, Mammogram, View
from mammo_core.hanging import name_of
from pages.parts.desk import Desk
from pages.parts.look import AMBER, QUIET, write
from pages.parts.upload import LIMITS, upload
from pages.parts.viewer import Light, windows

SIDES = {None: "side not stated", Laterality.RIGHT: "Right", Laterality.LEFT: "Left"}
VIEWS = {None: "other view", View.CC: "CC", View.MLO: "MLO"}


def bar(desk: Desk) -> Light:
    """Show the bar and return how the pictures are to be lit."""
    with st.container(key="bar", horizontal=True, vertical_alignment="center", wrap=False):
        which(desk)
        whose(desk)
        light = _light(desk.exam)
        with st.popover("Views"):
            _views(desk)
        with st.popover("Open", key=f"open_{desk.uploads}"):  # closed again once files are read
            write("small", LIMITS)
            upload(desk, "more")
        with st.container(key="close_exam", width="content"):
            _close(desk)
    return light


def _close(desk: Desk) -> None:
    """Forget the exam; where words would be lost with it, after a second word."""
    if desk.written.unsaved([desk.exam]):
        with st.popover("Close exam", help="Forget this exam, its pictures and your report"):
            write("amber", "The report of this exam is not saved.")
            st.button("Close and lose it", key="close", on_click=desk.close)
    else:
        st.button("Close exam", key="close", on_click=desk.close, help="Forget this exam and its pictures")


def which(desk: Desk) -> None:
    """Show which exam of how many this is, and the way to the others."""
    count = len(desk.exams)
    if count > 1:  # the style puts ‹ and › in the words' place
        st.button(
            "Previous exam", key="previous", type="tertiary", on_click=desk.step, args=(-1,), disabled=desk.at == 0
        )
    st.html(f'<b style="white-space:nowrap">Exam {desk.at + 1} of {count}</b>', width="content")
    if count > 1:
        st.button(
            "Next exam", key="next", type="tertiary", on_click=desk.step, args=(1,), disabled=desk.at == count - 1
        )


def whose(desk: Desk) -> None:
    """Show whose exam it is, and that it has changed."""
    exam = desk.exam
    views = len(exam.mammograms)
    about = [exam.study_date, exam.accession, f"{views} view{'' if views == 1 else 's'}"]
    changed = f'<span style="color:{AMBER}">now </span>' if desk.announce else ""
    desk.announce = False
    st.html(
        f'<div class="room-who" aria-live="polite">{changed}<b>{escape(exam.label)}</b> '
        f'<span style="color:{QUIET}">&nbsp;{escape(" · ".join(part for part in about if part))}</span></div>'
    )


def _light(exam: Exam) -> Light:
    names = windows(exam)
    if st.session_state.get("window") not in names:
        st.session_state["window"] = names[0]
    window = st.selectbox(
        "Window", names, format_func="Window: {}".format, key="window", label_visibility="collapsed", width=190
    )
    with st.popover("Light"):
        brightness = st.slider("Brightness", -1.0, 1.0, 0.0, 0.05, key="brightness")
        contrast = st.slider("Contrast", -1.0, 1.0, 0.0, 0.05, key="contrast")
        st.button("As the file says", key="plain", on_click=_plain)
    inverted = st.toggle("Invert", key="invert")
    return Light(window, brightness, contrast, inverted)


def _plain() -> None:
    st.session_state["brightness"] = st.session_state["contrast"] = 0.0


def _views(desk: Desk) -> None:
    write("small", "Set side and view where the file does not say them, or says them wrongly. Scores are made anew.")
    for index, mammogram in enumerate(desk.exam.mammograms):
        key = f"{index}_{mammogram.image_id[:12]}"
        stated = (mammogram.laterality, mammogram.view)
        st.html(f'<div class="room-quiet">{escape(mammogram.name)} <b>{escape(name_of(mammogram))}</b></div>')
        with st.container(horizontal=True):
            side = st.selectbox(
                f"Side of {mammogram.name}",
                list(SIDES),
                list(SIDES).index(stated[0]),
                format_func=SIDES.__getitem__,
                key=f"side_{key}_{stated[0]}",
                label_visibility="collapsed",
            )
            view = st.selectbox(
                f"View of {mammogram.name}",
                list(VIEWS),
                list(VIEWS).index(stated[1]),
                format_func=VIEWS.__getitem__,
                key=f"view_{key}_{stated[1]}",
                label_visibility="collapsed",
            )
        if (side, view) != stated:
            _reassign(desk, mammogram, side, view)


def _reassign(desk: Desk, mammogram: Mammogram, side: Laterality | None, view: View | None) -> None:
    desk.reassign(mammogram, side, view)
    st.rerun()
