"""The report as it will print, and what can be done with it: downloads, drafts, signing, amending."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from threading import Lock
from typing import Any

import pypdfium2
import streamlit as st

from mammo_core.exam import ExamResult
from mammo_core.inference import find_model
from mammo_core.presentation import png
from mammo_core.reporting import Assessment, Report, State, amend, read_draft, report, sign, warnings, write_draft
from pages.parts.desk import Desk
from pages.parts.form import collect
from pages.parts.look import COMPONENTS, write
from pages.parts.models import network
from pages.parts.upload import let_go

WIDTH = 1240
"""Pixels across a page as it is shown."""

_ONE_AT_A_TIME = Lock()  # PDFium is not made for several threads


def printed(desk: Desk, paper: str, with_model: bool) -> Report:
    """The report of what is written, made anew when that has changed; its time is when it was made."""
    result = desk.latest_result() if with_model else None
    written = desk.written.of(desk.exam)
    card = _card(result)
    if card is None:
        result = None  # scores whose card is no longer to be had are not printed
    made_of = (desk.exam, written, result, paper)
    if desk.printed is None or desk.printed[0] != made_of:
        now = datetime.now().astimezone()
        made = report(desk.exam, result, written, now=now, card=card, paper=paper, hanging=desk.hanging())
        desk.printed = (made_of, made)
    return desk.printed[1]


def sheets(desk: Desk, made: Report) -> None:
    """Show the pages of a report."""
    name = hashlib.sha256(made.pdf).hexdigest()
    pages: list[bytes] = []

    def page(number: int) -> bytes:
        if not pages:
            pages.extend(_pictures(made.pdf))
        return pages[number]

    shown = [
        {
            "url": desk.shelf.url(("page", name, number), partial(page, number)),
            "alt": f"Page {number + 1} of {made.pages} of the report as it will print",
        }
        for number in range(made.pages)
    ]
    _component()(key="pages", data={"pages": shown})


@cache
def _component() -> Callable[..., Any]:
    css, js = ((COMPONENTS / f"paper.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    # It takes the keyboard, since it scrolls.
    html = '<div class="room-pages" tabindex="0" role="group" aria-label="The paper"></div>'
    return st.components.v2.component("paper", html=html, css=css, js=js)


def take_away(desk: Desk, made: Report) -> None:
    """Offer the report and the draft as files; what was taken is saved."""
    exam = desk.exam
    saved = {"on_click": desk.written.save, "args": (exam,)}
    st.download_button("PDF", made.pdf, f"report-{exam.exam_id}.pdf", "application/pdf", key="pdf", **saved)
    content = json.dumps(made.json, indent=1)
    st.download_button("JSON", content, f"report-{exam.exam_id}.json", "application/json", key="json", **saved)
    draft = write_draft(desk.written.of(exam), exam.exam_id)
    st.download_button("Draft", draft, f"draft-{exam.exam_id}.json", "application/json", key="draft", **saved)


def load(desk: Desk) -> None:
    """Take a draft back; one of another exam, and one that replaces words, wait for a second word."""
    key = f"load_{desk.written.edition}_{st.session_state.setdefault('drafts_taken', 0)}"
    file = st.file_uploader("A draft (JSON) saved before", type="json", key=key)
    if file is not None:
        content = file.getvalue()
        let_go([file])  # what is in it waits in its place
        st.session_state["drafts_taken"] += 1
        st.session_state["draft_waiting"] = (desk.written.edition, *_draft(content))
        st.rerun()
    edition, exam_id, assessment = st.session_state.get("draft_waiting", (None, "", ""))
    if edition != desk.written.edition:
        return
    if isinstance(assessment, str):
        write("amber", assessment)
        return
    doubts = []
    if exam_id != desk.exam.exam_id:
        doubts.append("This draft is of another exam.")
    if not desk.written.of(desk.exam).empty:
        doubts.append("It takes the place of what is written here.")
    if not doubts:
        desk.written.replace(desk.exam, assessment)
        st.rerun()
    write("amber", " ".join(doubts))
    st.button("Load it all the same", key="load_anyway", on_click=desk.written.replace, args=(desk.exam, assessment))


def _draft(content: bytes) -> tuple[str, Assessment | str]:
    """Exam and assessment of a draft; or no exam, and the sentence why it cannot be read."""
    try:
        return read_draft(content)
    except ValueError as error:
        return "", str(error)


def put_name(desk: Desk) -> None:
    """Warnings, then sign; what is signed is amended for a reason."""
    written = desk.written.of(desk.exam)
    if written.state is not State.DRAFT:
        last = written.signatures[-1]
        write("quiet", f"Signed by {last.name} on {last.time:%Y-%m-%d %H:%M}, version {written.version}.")
        reason = st.text_input("What the amendment is for", key=f"reason_{desk.exam.exam_id}_{desk.written.edition}")
        st.button("Amend", key="amend", on_click=_amend, args=(desk, reason), disabled=not reason.strip())
        return
    for sentence in warnings(written):
        write("amber", f"⚠ {sentence}")
    if written.reopened:
        write("quiet", f"Version {written.version}, because: {written.reopened}")
    st.button(
        "Sign",
        key="sign",
        type="primary",
        on_click=_sign,
        args=(desk,),
        disabled=not written.reader.strip(),
        help="Puts your name and the time under the report. It can be amended later.",
    )


def _sign(desk: Desk) -> None:
    collect(desk)
    written = desk.written.of(desk.exam)
    if written.reader.strip():
        desk.written.replace(desk.exam, sign(written, datetime.now().astimezone().replace(microsecond=0)))


def _amend(desk: Desk, reason: str) -> None:
    desk.written.replace(desk.exam, amend(desk.written.of(desk.exam), reason))


def _card(result: ExamResult | None) -> Mapping[str, Any] | None:
    """The card of the model whose result it is; None where it is no longer there, or no longer what it was."""
    if result is None:
        return None
    try:
        net = network(find_model(result.model))
    except ValueError:
        return None
    return None if isinstance(net, str) else net.artefact.card


def _pictures(pdf: bytes) -> list[bytes]:
    with _ONE_AT_A_TIME, pypdfium2.PdfDocument(pdf) as document:
        pages = [page.render(scale=WIDTH / page.get_width()).to_numpy() for page in document]
    return [png(page) for page in pages]
