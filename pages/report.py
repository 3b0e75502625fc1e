"""Report: the reader's own assessment on the left, the page as it will print on the right."""

import streamlit as st

from pages.parts import paper
from pages.parts.bar import which, whose
from pages.parts.desk import Desk
from pages.parts.form import collect, form
from pages.parts.look import DISCLAIMER, write


def bar(desk: Desk) -> tuple[str, bool]:
    """Show whose report it is, and how it is to be printed; gives the paper, and whether the model has its page."""
    with st.container(key="bar", horizontal=True, vertical_alignment="center", wrap=False):
        st.page_link("read.py", label="‹ Read")
        which(desk)
        whose(desk)
        with st.popover("Load a draft"):
            paper.load(desk)
        with_model = st.toggle("Model's page", value=True, key="with_model") if desk.latest_result() else False
        sheet = st.selectbox("Paper", ["A4", "Letter"], key="paper_size", label_visibility="collapsed", width=96)
        take_away = st.container(key="take_away", horizontal=True, gap="small", wrap=False, width="content")
    made = paper.printed(desk, sheet, with_model)
    with take_away:
        paper.take_away(desk, made)
    return sheet, with_model


def room(desk: Desk) -> None:
    """Show form and paper side by side."""
    collect(desk)
    sheet, with_model = bar(desk)
    with st.container(key="room", horizontal=True, gap=None, wrap=False):
        left = st.container(key="form", width=500, gap="small")
        right = st.container(key="paper", gap="small")
    with left:
        form(desk)
        paper.put_name(desk)
        write("small", f"Nothing here comes from the model. {DISCLAIMER}")
    with right:
        paper.sheets(desk, paper.printed(desk, sheet, with_model))


desk = Desk.of_session()
if desk.exams:
    room(desk)
else:
    with st.container(key="front"):
        st.markdown("### No exam is open")
        st.page_link("read.py", label="‹ Open one on the Read page")
