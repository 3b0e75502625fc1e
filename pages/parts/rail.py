"""The rail beside the pictures: what the model says, what that means, and the heat map's switches.

It shows numbers beside the operating points and never words such as normal or healthy; where there is no score it
says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from mammo_core.exam import CLASSES, Exam, ExamResult, ImageResult, Laterality, Mammogram
from mammo_core.hanging import name_of
from mammo_core.inference import map_meaning, meaning
from pages.parts import look
from pages.parts.desk import Desk
from pages.parts.look import rule, write
from pages.parts.upload import not_read, passed_over, refused
from pages.parts.viewer import Overlay

KINDS = {"lesion": "Lesion map", "gradcam": "Grad-CAM"}
BREASTS = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast", None: "Breast, side not stated"}

Ticks = list[tuple[str, float]]


def overlay(maps: Sequence[str]) -> Overlay | None:
    """Switch for the heat map, off at first, and its choices: they keep their places while it is off. `maps` has the model's kinds."""
    if not maps:
        write("quiet", "This model makes no heat map.")
        return None
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        on = st.toggle("Heat map", key="heat_on")
        st.html('<div class="room-quiet" aria-hidden="true">opacity</div>', width="content")
        opacity = st.slider(
            "Opacity", 0.1, 1.0, 0.6, 0.05, key="heat_opacity", label_visibility="collapsed", disabled=not on
        )
    with st.container(horizontal=True, gap="small"):
        kind = st.selectbox(
            "Kind of heat map",
            maps,
            format_func=KINDS.__getitem__,
            key="heat_kind",
            label_visibility="collapsed",
            disabled=not on,
        )
        class_name = st.selectbox(
            "Class of the heat map", CLASSES[::-1], key="heat_class", label_visibility="collapsed", disabled=not on
        )
    return Overlay(kind, class_name, opacity) if on else None


def of_the_map(shown: Overlay, card: Mapping[str, Any]) -> None:
    """How much the map that is shown was found to tell; nothing where the card does not say."""
    told = map_meaning(card) if shown.kind == "lesion" else ""
    if told:
        write("small", told)


def waiting(card: Mapping[str, Any]) -> None:
    """The place of the exam's score, as long as there is none."""
    _exam(None, "Looking at the pictures.", _ticks(card))


def scores(exam: Exam, result: ExamResult, card: Mapping[str, Any]) -> None:
    """Exam and breasts as bars with the operating points as ticks, pictures as a table."""
    ticks = _ticks(card)
    if result.suspicion is None:
        write("quiet", "None of these pictures is scored.")
    else:
        _exam(result.suspicion, meaning(card, result.suspicion), ticks)
    for remark in result.remarks:
        write("amber", remark)
    _breasts(result, ticks)
    rule()
    _pictures(exam, result)
    if result.images:
        unsure = "." if card["normal_benign"]["validated"] else "; benign or normal is not validated."
        write("small", f"In per cent{unsure}")


def unscored(reason: str, remarks: tuple[str, ...]) -> None:
    """Say why there are no scores; the pictures stay."""
    write("amber", reason)
    for remark in remarks:
        write("quiet", remark)


def model_choice(folders: list[Path]) -> Path | None:
    """Offer the models; no widget where there is nothing to choose."""
    if len(folders) < 2:
        return folders[0] if folders else None
    names = [folder.name for folder in folders]
    chosen = st.selectbox("Model", names, key="model", width="stretch", label_visibility="collapsed")
    return folders[names.index(chosen)]


def foot(desk: Desk, folder: Path | None) -> None:
    """Whose scores these are, what was not read, and what all of it is for."""
    rule()
    with st.container(key="to_report"):
        st.page_link("report.py", label="Write the report ›", width="stretch")
    if folder:
        st.page_link("model.py", label=f"Model {folder.name} · card")
    if desk.refusals:
        with st.popover(not_read(desk.refusals), key="refusals", type="tertiary"):
            refused(desk.refusals)
            passed_over(desk)
    else:
        passed_over(desk)
    write("small", look.DISCLAIMER)


def _ticks(card: Mapping[str, Any]) -> Ticks:
    return [(point["name"], float(point["suspicion"])) for point in card["operating_points"]]


def _exam(suspicion: float | None, sentence: str, ticks: Ticks) -> None:
    points = "…" if suspicion is None else escape(look.whole(suspicion))
    st.html(
        f'<div role="status"><div class="room-row" style="justify-content:flex-start">'
        f'<span class="{"room-waits" if suspicion is None else "room-score"}">{points}</span>'
        f'<span class="room-quiet">suspicion, 0–100</span></div>'
        f'<div style="margin-top:6px">{look.bar(suspicion or 0.0, ticks, height=10)}</div>{look.tick_names(ticks)}'
        f'<div class="room-quiet">{escape(sentence)}</div></div>'
    )


def _breasts(result: ExamResult, ticks: Ticks) -> None:
    highest = max((breast.suspicion for breast in result.breasts), default=0.0)
    for breast in result.breasts:
        points = escape(look.whole(breast.suspicion))
        st.html(
            f'<div class="room-row"><span>{BREASTS[breast.laterality]}</span><span>{points}</span></div>'
            f"{look.bar(breast.suspicion, ticks, 6, strong=breast.suspicion == highest)}"
        )


def _pictures(exam: Exam, result: ExamResult) -> None:
    """Every picture's probabilities and foci, or why it has none."""
    lines = []
    for mammogram in _in_order(exam):
        name = f'<th scope="row">{escape(name_of(mammogram))}</th>'
        said = result.images.get(mammogram.image_id)
        if said is None:
            _, sentence = result.not_scored.get(mammogram.image_id, ("", "Not scored."))
            lines.append(f'{name}<td colspan="4" class="room-quiet">{escape(sentence)}</td>')
            continue
        normal, benign, _ = (100 * float(p) for p in said.probabilities)
        quiet = "".join(f'<td class="room-quiet">{words}</td>' for words in (f"{benign:.0f}", f"{normal:.0f}"))
        lines.append(
            f"{name}<td>{escape(look.whole(said.suspicion))}</td>{quiet}"
            f'<td class="{"" if said.foci else "room-quiet"}">{_focus_words(said)}</td>'
        )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("malignant", "benign", "normal", "focus"))
    head = f'<thead><tr><th scope="row">View</th>{heads}</tr></thead>' if result.images else ""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    st.html(f'<table class="room-views">{head}<tbody>{body}</tbody></table>')


def _focus_words(said: ImageResult) -> str:
    if "lesion" not in said.maps:
        return "–"
    if not said.foci:
        return "no focus"
    return "1" if len(said.foci) == 1 else f"1–{len(said.foci)}"


def _in_order(exam: Exam) -> tuple[Mammogram, ...]:
    return (*exam.hung().values(), *exam.strip())
