"""The reader's form, in the order a radiologist dictates: composition, findings, BI-RADS, recommendation, name.

Every field starts empty and holds what she wrote before; `collect` takes her words from the fields, wherever in the
app she is by then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from mammo_core.exam import Exam, Laterality
from mammo_core.reporting import Assessment, Breast, Finding, State
from mammo_core.reporting.birads import CATEGORIES, CLOCK, DENSITIES, DEPTHS, FINDINGS, QUADRANTS, RECOMMENDATIONS
from pages.parts.desk import Desk
from pages.parts.look import rule, write

SIDES = {Laterality.RIGHT: "right", Laterality.LEFT: "left"}


def collect(desk: Desk) -> None:
    """Keep what the fields hold; those that are not on the page say nothing."""
    for exam in desk.exams:
        written = desk.written.of(exam)
        if written.state is State.DRAFT:
            said = _Fields(desk, exam).read(written)
            if said != written:
                desk.written.keep(exam, said)


def form(desk: Desk) -> None:
    """Show the fields with what is written; one that is signed can be read only."""
    written, fields = desk.written.of(desk.exam), _Fields(desk, desk.exam)
    off = written.state is not State.DRAFT
    write("head", "BREAST COMPOSITION")
    density = st.segmented_control(
        "Breast composition (density)",
        list(DENSITIES),
        key=fields.holds("composition", written.composition or None),
        disabled=off,
        label_visibility="collapsed",
    )
    write("small", DENSITIES[density] if density else "Not stated.")
    for side, name in SIDES.items():
        rule()
        _findings(desk, fields, written, side, name, off)
    rule()
    write("head", "ASSESSMENT")
    for side, name in SIDES.items():
        category = st.segmented_control(
            f"BI-RADS category, {name} breast",
            list(CATEGORIES),
            key=fields.holds(f"{side}_category", written.breast(side).category or None),
            disabled=off,
        )
        write("small", f"{CATEGORIES[category]}." if category else "Not stated.")
    rule()
    write("head", "RECOMMENDATION")
    st.multiselect(
        "Usual recommendations",
        RECOMMENDATIONS,
        key=fields.holds("recommended", list(written.recommended)),
        disabled=off,
        placeholder="None chosen",
    )
    st.text_area(
        "Recommendation in your words",
        key=fields.holds("recommendation", written.recommendation),
        disabled=off,
        height=76,
    )
    st.text_area("Comment", key=fields.holds("comment", written.comment), disabled=off, height=76)
    rule()
    st.text_input("Reader's name", key=fields.holds("reader", written.reader), disabled=off)


def _findings(desk: Desk, fields: _Fields, written: Assessment, side: Laterality, name: str, off: bool) -> None:
    write("head", f"FINDINGS, {name.upper()} BREAST")
    for number, finding in enumerate(written.breast(side).findings, start=1):
        _finding(desk, fields, side, number, finding, off)
    st.button(
        f"Add a finding, {name} breast",
        key=f"add_{side}",
        on_click=_add,
        args=(desk, side),
        disabled=off,
    )


def _finding(desk: Desk, fields: _Fields, side: Laterality, number: int, finding: Finding, off: bool) -> None:
    which, key = f"finding {number}, {SIDES[side]}", f"{side}_{number}"
    with st.container(border=True, gap="small", key=f"finding_{key}"):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.selectbox(
                f"Type of {which}",
                FINDINGS,
                index=None,
                key=fields.holds(f"{key}_type", finding.type or None),
                disabled=off,
                placeholder="Choose",
            )
            st.number_input(
                "Size (mm)",
                min_value=0.1,
                max_value=300.0,
                value=None,
                step=1.0,
                format="%.4g",
                key=fields.holds(f"{key}_size", finding.size),
                disabled=off,
                width=136,
            )
        with st.container(horizontal=True, gap="small"):
            for what, label, known, width in (
                ("quadrant", "Quadrant or region", QUADRANTS, "stretch"),
                ("clock", "Clock", CLOCK, 92),
                ("depth", "Depth", DEPTHS, 124),
            ):
                st.selectbox(
                    label,
                    known,
                    index=None,
                    key=fields.holds(f"{key}_{what}", getattr(finding, what) or None),
                    disabled=off,
                    placeholder="Choose" if what == "quadrant" else "",
                    width=width,
                )
        st.text_input(
            f"Description of {which}", key=fields.holds(f"{key}_description", finding.description), disabled=off
        )
        st.button(
            f"Remove {which}",
            key=f"remove_{key}",
            type="tertiary",
            on_click=_remove,
            args=(desk, side, number),
            disabled=off,
        )


def _add(desk: Desk, side: Laterality) -> None:
    collect(desk)
    _change(desk, side, (*desk.written.of(desk.exam).breast(side).findings, Finding()))


def _remove(desk: Desk, side: Laterality, number: int) -> None:
    collect(desk)
    findings = desk.written.of(desk.exam).breast(side).findings
    _change(desk, side, (*findings[: number - 1], *findings[number:]))
    desk.written.edition += 1  # the fields of those behind it move up


def _change(desk: Desk, side: Laterality, findings: tuple[Finding, ...]) -> None:
    written = desk.written.of(desk.exam)
    breast = replace(written.breast(side), findings=findings)
    changes = {"right": breast} if side is Laterality.RIGHT else {"left": breast}
    desk.written.keep(desk.exam, replace(written, **changes))


class _Fields:
    """The fields of one exam's form, by name."""

    def __init__(self, desk: Desk, exam: Exam) -> None:
        self._start = f"report_{exam.exam_id}_{desk.written.edition}_"

    def holds(self, name: str, written: Any) -> str:
        """Key of a field, which holds what is written when it is first shown."""
        key = self._start + name
        if key not in st.session_state:
            st.session_state[key] = written
        return key

    def read(self, written: Assessment) -> Assessment:
        """What is written, with what the fields hold in its place."""
        return replace(
            written,
            composition=self._get("composition", written.composition),
            right=self._breast(Laterality.RIGHT, written.right),
            left=self._breast(Laterality.LEFT, written.left),
            recommended=tuple(self._get("recommended", written.recommended)),
            recommendation=self._get("recommendation", written.recommendation),
            comment=self._get("comment", written.comment),
            reader=self._get("reader", written.reader),
        )

    def _breast(self, side: Laterality, breast: Breast) -> Breast:
        findings = tuple(
            Finding(
                type=self._get(f"{side}_{number}_type", finding.type),
                quadrant=self._get(f"{side}_{number}_quadrant", finding.quadrant),
                clock=self._get(f"{side}_{number}_clock", finding.clock, None),
                depth=self._get(f"{side}_{number}_depth", finding.depth),
                size=self._get(f"{side}_{number}_size", finding.size, None),
                description=self._get(f"{side}_{number}_description", finding.description),
            )
            for number, finding in enumerate(breast.findings, start=1)
        )
        return Breast(findings, self._get(f"{side}_category", breast.category))

    def _get(self, name: str, written: Any, empty: Any = "") -> Any:
        key = self._start + name
        if key not in st.session_state:
            return written
        return empty if st.session_state[key] is None else st.session_state[key]
