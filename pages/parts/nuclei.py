"""A table of cell-nucleus features, read and answered row by row; what cannot be read is said by row and column.

The answer stays in the browser's session until another takes its place; its file is let go once read.
"""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from mammo_core.cytology import (
    FeatureModel,
    FeatureTable,
    TableRefused,
    feature_models,
    load_feature_model,
    read_table,
    template,
)
from mammo_core.cytology.table import MOST_ROWS
from pages.parts.look import rows_html, write
from pages.parts.take_away import offer
from pages.parts.upload import let_go

NO_MODEL = "No probabilities: there is no model of cell nuclei in the models folder."
SHOWN = 200
"""Rows on the page; the CSV has all."""


def model() -> FeatureModel | str:
    """The newest model of features, verified, or a sentence why there is none; raises ArtefactMismatch."""
    folders = feature_models()
    if not folders:
        return NO_MODEL
    return _loaded(str(folders[-1]), max(path.stat().st_mtime_ns for path in folders[-1].iterdir()))


@st.cache_resource(max_entries=2, show_spinner=False)
def _loaded(folder: str, changed: int) -> FeatureModel:
    return load_feature_model(folder)


def table(nuclei: FeatureModel) -> None:
    """Take a table, and show what the model says of its rows."""
    write(
        "quiet",
        f"A CSV whose first line names the {len(nuclei.features)} features, in any order; other columns come back as they are. "
        f"{MOST_ROWS:,} rows at most. Nothing is kept once the browser's page is closed.",
    )
    examples = {
        f"example: median of the {label} masses": [feature["median"][label] for feature in nuclei.card["features"]]
        for label in nuclei.card["classes"]
    }
    st.download_button(
        ":primary[Template with two example rows]",
        template(nuclei.features, examples),
        "cytology-template.csv",
        "text/csv",
        key="cytology_template",
        type="tertiary",
        on_click="ignore",
    )
    _take(nuclei)
    answered = st.session_state.get("cytology")
    if isinstance(answered, str):
        write("amber", answered)
    elif answered is not None and answered[0] == nuclei.digest:
        _answer(nuclei, *answered[1:])
    write("small", nuclei.card["units"])


def _take(nuclei: FeatureModel) -> None:
    """Read a table that is dropped; what was said of it is kept, its file is not."""
    turn = st.session_state.setdefault("cytology_turn", 0)
    file = st.file_uploader("A table of features (CSV)", type=["csv", "txt", "tsv"], key=f"cytology_{turn}")
    if file is None:
        return
    data = file.getvalue()
    let_go([file])
    try:
        found = read_table(data, nuclei.features)
        said = nuclei.probabilities(np.array([row.values for row in found.rows]).reshape(-1, len(nuclei.features)))
        st.session_state["cytology"] = (nuclei.digest, file.name, found, said.tolist())
    except TableRefused as refused:
        st.session_state["cytology"] = f"{file.name}: {refused}"
    st.session_state["cytology_turn"] = turn + 1
    st.rerun()


def _answer(nuclei: FeatureModel, name: str, found: FeatureTable, said: list[float]) -> None:
    rows, refused = len(found.rows), len(found.refused)
    write("head", f"{rows} ROW{'' if rows == 1 else 'S'} ANSWERED" + (f", {refused} NOT" if refused else ""))
    write("quiet", f"From the file {name}.")
    if found.refused:
        write("amber", "These rows were left out. The first line of the file, with the names, is row 1.")
        lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in found.refused[:SHOWN])
        # It takes the keyboard, since a long list scrolls.
        st.html(f'<ul class="room-list" tabindex="0" aria-label="Rows that were left out">{lines}</ul>')
    if not found.rows:
        return
    beyond = nuclei.beyond([row.values for row in found.rows])
    heads = ["row", *found.others, "probability malignant", "outside the range learned from"]
    lines = [
        [row.number, *row.others, round(p, 6), "; ".join(names)]
        for row, p, names in zip(found.rows, said, beyond, strict=True)
    ]
    offer("cytology-probabilities", [heads, *lines])
    seen = [
        {"Row": line[0], **dict(zip(map(_head, found.others), line[1:], strict=False))}
        | {"Probability malignant": _percent(p), "Outside the range learned from": _few(names)}
        for line, p, names in zip(lines[:SHOWN], said, beyond, strict=False)
    ]
    st.html(f'<div class="room-wide" tabindex="0" role="group" aria-label="Probabilities">{rows_html(seen)}</div>')
    if rows > SHOWN:
        write("quiet", f"The first {SHOWN} of {rows} rows; the CSV has all of them.")
    share = nuclei.card["data"]["malignant"] / nuclei.card["data"]["women"]
    write(
        "quiet",
        f"A probability holds where {100 * share:.0f} % of masses are malignant, as in the set it learned from. A value outside the "
        "range it learned from gives a number all the same: check its unit, and do not rely on it.",
    )


def _head(name: str) -> str:
    return name or "(no name)"


def _percent(p: float) -> str:
    """A probability as a per cent that is never rounded to certainty."""
    return "<0.1 %" if p < 0.001 else ">99.9 %" if p > 0.999 else f"{100 * p:.1f} %"


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "") if names else "none"
