"""The room's colours and measures beyond what the theme can say, and small pieces of HTML. Every text is escaped."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

BLACK, ROOM, LINE = "#000000", "#0e1116", "#242b35"
TEXT, QUIET, FAINT = "#d7dde5", "#8a94a3", "#5d6b7e"
ACCENT, AMBER = "#4da3ff", "#e0a83c"
BAR, RAIL = 46, 320
"""Height of the bar and width of the rail, in pixels."""

DISCLAIMER = "Research use only, not for clinical use."

COMPONENTS = Path(__file__).parents[1] / "components"
"""Style sheets and scripts of the browser's side."""


@cache
def dress() -> str:
    """The room's style and keys as HTML; they travel with the browser's page (`first_paint`), before Streamlit runs."""
    colours = {"black": BLACK, "room": ROOM, "text": TEXT, "quiet": QUIET, "faint": FAINT, "accent": ACCENT}
    named = colours | {"amber": AMBER, "line": LINE, "bar": f"{BAR}px", "rail": f"{RAIL}px"}
    variables = "".join(f"--{name}: {value}; " for name, value in named.items())
    style, script = ((COMPONENTS / name).read_text(encoding="utf-8") for name in ("room.css", "room.js"))
    return f"<style>:root {{ {variables}}}\n{style}</style><script>{script}</script>"


def write(kind: str, text: str) -> None:
    """Write one paragraph of a kind: quiet, small, amber or head."""
    st.html(f'<div class="room-{kind}">{escape(text)}</div>')


def rule() -> None:
    """Draw a thin line."""
    st.html('<div class="room-rule"></div>')


def rows_html(rows: list[dict[str, Any]]) -> str:
    """HTML of a plain table; the first row's keys are the heads."""
    heads = "".join(f"<th>{escape(head)}</th>" for head in rows[0])
    lines = ["".join(f"<td>{escape(str(cell))}</td>" for cell in row.values()) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table class="room-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def whole(score: float) -> str:
    """A suspicion as it is shown and spoken of: full points, never more than was reached."""
    return "<1" if score < 1 else str(int(score))


def bar(score: float, ticks: list[tuple[str, float]], height: int = 6, strong: bool = True) -> str:
    """HTML of a score 0..100 as a bar, with operating points as ticks."""
    fill = ACCENT if strong else FAINT
    marks = "".join(
        f'<div class="room-tick" style="left:{at:.1f}%" title="{escape(name)}: {at:.0f}"></div>' for name, at in ticks
    )
    return (
        f'<div class="room-track" style="height:{height}px"><div class="room-fill" '
        f'style="width:{score:.1f}%;background:{fill}"></div>{marks}</div>'
    )


def tick_names(ticks: list[tuple[str, float]]) -> str:
    """HTML of the line under a bar that names its ticks: the lower to the left of its tick, the higher to the right."""
    spans = []
    # A last name that stands at the bar's end has the room there to itself, wherever the lower tick is.
    kept = 22 if len(ticks) > 1 and max(at for _, at in ticks) > 72 else 0
    for index, (name, at) in enumerate(sorted(ticks, key=lambda tick: tick[1])):
        side = f"right:{max(100 - at, kept):.1f}%" if index == 0 and at > 15 else f"left:{at:.1f}%"
        if index and at > 72:
            side = "right:0"
        spans.append(f'<span style="{side};padding:0 2px" title="{escape(name)}">{escape(name.split(" ")[0])}</span>')
    return f'<div class="room-ticks">{"".join(spans)}</div>'
