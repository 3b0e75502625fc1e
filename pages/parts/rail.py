"""The rail beside the pictures: what the model says, what that means, and the heat map's switches.

It shows numbers beside the operating points and never words such as normal or healthy; where there is no score it
says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from mammo_core.exam import CLASSES, Exam, ExamResult, ImageResult, Laterality, Mammogram
from mammo_core.hanging import name_of
from mammo_core.inference import meaning
from pages.parts import look
from pages.parts.desk import Desk
from pages.parts.look import QUIET, rule, write
from pages.parts.upload import not_read, passed_over, refused
from pages.parts.viewer import Overlay

KINDS = {"lesion": "Lesion map", "gradcam": "Grad-CAM"}
BREASTS = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast", None: "Breast, side not stated"}

Ticks = list[tuple[str, float]]


def overlay() -> Overlay | None:
    """Switch for the heat map, off at first, and its choices."""
    if not st.toggle("Heat map", key="heat_on"):
        return None
    with st.container(horizontal=True, gap="small"):
        kind = st.selectbox(
            "Kind", list(KINDS), format_func=KINDS.__getitem__, key="heat_kind", label_visibility="collapsed", width=128
        )
        class_name = st.selectbox("Class", CLASSES[::-1], key="heat_class", label_visibility="collapsed", width=128)
    opacity = st.slider("Opacity", 0.1, 1.0, 0.6, 0.05, key="heat_opacity")
    return Overlay(kind, class_name, opacity)


def scores(exam: Exam, result: ExamResult, card: Mapping[str, Any]) -> None:
    """Exam, breasts and pictures as bars with the operating points as ticks."""
    ticks = [(point["name"], float(point["suspicion"])) for point in card["operating_points"]]
    write("head", "EXAM")
    if result.suspicion is None:
        write("quiet", "None of these pictures is scored.")
    else:
        _exam(result.suspicion, ticks, card)
    for remark in result.remarks:
        write("amber", remark)
    _breasts(result, ticks)
    rule()
    for mammogram in _in_order(exam):
        _picture(mammogram, result, ticks)
    if result.images and not card["normal_benign"]["validated"]:
        write("small", "How the rest divides into normal and benign is not validated.")


def unscored(reason: str, remarks: tuple[str, ...]) -> None:
    """Say why there are no scores; the pictures stay."""
    write("head", "EXAM")
    write("amber", reason)
    for remark in remarks:
        write("quiet", remark)


def model_choice(folders: list[Path]) -> Path | None:
    """Offer the models; no widget where there is nothing to choose."""
    if len(folders) < 2:
        return folders[0] if folders else None
    names = [folder.name for folder in folders]
    chosen = st.selectbox("Model", names, key="model", width="stretch")
    return folders[names.index(chosen)]


def foot(desk: Desk, folder: Path | None) -> None:
    """Whose scores these are, what was not read, and what all of it is for."""
    rule()
    st.page_link("report.py", label="Report ›")
    if folder:
        st.page_link("model.py", label=f"Model {folder.name} · card")
    if desk.refusals:
        with st.popover(not_read(desk.refusals), key="refusals", type="tertiary"):
            refused(desk.refusals)
    passed_over(desk)
    write("small", look.DISCLAIMER)


def _exam(suspicion: float, ticks: Ticks, card: Mapping[str, Any]) -> None:
    points = escape(look.whole(suspicion))
    st.html(
        f'<div class="room-row" style="justify-content:flex-start"><span class="room-score">{points}</span>'
        f'<span style="color:{QUIET};font-size:12px">suspicion, 0–100</span></div>'
        f"<div style='margin-top:6px'>{look.bar(suspicion, ticks, height=10)}</div>{look.tick_names(ticks)}"
    )
    write("quiet", meaning(card, suspicion))


def _breasts(result: ExamResult, ticks: Ticks) -> None:
    highest = max((breast.suspicion for breast in result.breasts), default=0.0)
    for breast in result.breasts:
        points = escape(look.whole(breast.suspicion))
        st.html(
            f'<div class="room-row"><span>{BREASTS[breast.laterality]}</span><span>{points}</span></div>'
            f"{look.bar(breast.suspicion, ticks, 6, strong=breast.suspicion == highest)}"
        )


def _picture(mammogram: Mammogram, result: ExamResult, ticks: Ticks) -> None:
    name = escape(name_of(mammogram))
    said = result.images.get(mammogram.image_id)
    if said is None:
        _, sentence = result.not_scored.get(mammogram.image_id, ("", "Not scored."))
        st.html(f'<div><span>{name}</span><div class="room-small">{escape(sentence)}</div></div>')
        return
    normal, benign, malignant = (100 * float(p) for p in said.probabilities)
    st.html(
        f'<div class="room-row"><span style="flex:1">{name}</span><span>{escape(look.whole(said.suspicion))}</span>'
        f'<span style="width:84px;text-align:right;color:{QUIET}">{_focus_words(said)}</span></div>'
        f"{look.bar(said.suspicion, ticks, 3, strong=False)}"
        f'<div class="room-small" style="margin-top:3px">normal {normal:.0f} · benign {benign:.0f} · '
        f"malignant {escape(look.whole(malignant))} %</div>"
    )


def _focus_words(said: ImageResult) -> str:
    if not said.foci:
        return "no focus"
    return "focus 1" if len(said.foci) == 1 else f"foci 1–{len(said.foci)}"


def _in_order(exam: Exam) -> tuple[Mammogram, ...]:
    return (*exam.hung().values(), *exam.strip())
