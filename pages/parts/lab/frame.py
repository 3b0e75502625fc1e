"""What stands at the top and the foot of the lab's pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.parts.lab.setting import lab_is_open
from pages.parts.look import DISCLAIMER, write

PAGES = {"train.py": "Train", "runs.py": "Runs", "model.py": "Model"}


def links(here: str) -> None:
    """The way to the exam and to the other pages of a researcher."""
    with st.container(horizontal=True, gap="medium", key="ways"):
        st.page_link("read.py", label="‹ Back to the exam")
        for page, name in PAGES.items():
            if page != here and (page == "model.py" or lab_is_open()):
                st.page_link(page, label=name)


@contextmanager
def sheet(here: str, title: str) -> Iterator[None]:
    """A page of the lab: links, title, what it is not for."""
    with st.container(key="lab_sheet"):
        links(here)
        st.markdown(f"### {title}")
        with st.container(key="research"):
            write("amber", DISCLAIMER)
        yield
        write("small", DISCLAIMER)
