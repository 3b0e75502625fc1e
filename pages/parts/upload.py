"""The one place where files come in: drop or choose them, and read what became of each.

Bytes are let go once read. All files of one upload together may hold 512 MB; Streamlit's own limit is for each alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from mammo_core.exam import Refusal
from mammo_core.intake import ReaderFailed, say_passed_over
from pages.parts.desk import Desk
from pages.parts.look import write

LIMITS = (
    "DICOM, PNG, JPEG, TIFF, PGM or a ZIP of them; 512 MB at once, counted as they unpack. "
    "Nothing is kept once you close it."
)


def upload(desk: Desk, key: str) -> None:
    """Take files onto the desk, with a line for each as it is read."""
    files = st.file_uploader(
        "The views of one exam or of several",
        accept_multiple_files=True,
        key=f"{key}_{desk.uploads}",
        label_visibility="collapsed",
    )
    if not files:
        return
    contents = [(file.name, file.getvalue()) for file in files]
    let_go(files)
    read(desk, contents)


def read(desk: Desk, files: Sequence[tuple[str, bytes]]) -> None:
    """Read files one by one, saying what became of each and of all that a ZIP holds, then hang the exam."""
    line, list_ = st.progress(0.0, "Reading"), st.container(key="outcomes", gap=None)

    def in_turn() -> Iterator[tuple[str, bytes]]:
        for number, file in enumerate(files, start=1):
            line.progress((number - 1) / len(files), f"Reading: {number} of {len(files)}")
            yield file

    try:
        for name, outcome, _ in desk.take(in_turn()):
            list_.html(f'<div class="room-small"><b>{escape(name)}</b>: {escape(outcome)}</div>')
    except ReaderFailed as failed:
        st.error(f"{failed} Nothing was read. Tell whoever runs this server.")
        return
    st.rerun()


def let_go(files: Sequence[UploadedFile]) -> None:
    """Have Streamlit forget the bytes, which it would keep until the session ends. Its widget wants a new key then."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def refused(refusals: list[Refusal]) -> None:
    """List the files that were not read, each with its sentence."""
    write("head", "NOT READ")
    lines = "".join(
        f'<li class="room-quiet"><b>{escape(refusal.name)}</b><br>{escape(refusal.sentence)}</li>'
        for refusal in refusals
    )
    # It takes the keyboard, since a long list scrolls.
    st.html(f'<ul class="room-list" tabindex="0" aria-label="Files that were not read">{lines}</ul>')


def not_read(refusals: list[Refusal]) -> str:
    """Say in a few words how many files were not read."""
    return f"{len(refusals)} file{'' if len(refusals) == 1 else 's'} not read"


def passed_over(desk: Desk) -> None:
    """Say how many side files of operating systems the archives held, if any."""
    if desk.passed_over:
        write("small", say_passed_over(desk.passed_over))
