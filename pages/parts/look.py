"""The room's colours and measures beyond what the theme can say, and small pieces of HTML. Every text is escaped."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

BLACK, ROOM, TEXT, QUIET, ACCENT, AMBER, LINE = (
    "#000000",
    "#0e1116",
    "#d7dde5",
    "#8a94a3",
    "#4da3ff",
    "#e0a83c",
    "#242b35",
)
BAR, RAIL = 46, 300
"""Height of the bar and width of the rail, in pixels."""

DISCLAIMER = "Research use only, not for clinical use."

_STYLE = f"""<style>
[data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stSidebar"], [data-testid="stDecoration"],
[data-testid="stElementToolbar"], [data-testid="stStatusWidget"], footer {{ display: none !important; }}
/* All that the uploader says is a limit, rounded to "1GB per file"; the room's own line gives the right one. */
[data-testid="stFileUploaderDropzoneInstructions"] {{ display: none; }}
[data-testid="stMainBlockContainer"] {{ padding: 0 !important; max-width: none !important; }}
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] {{ gap: 0; }}
[data-testid="stLayoutWrapper"]:has(> .st-key-bar) {{ flex: none; height: {BAR}px; }}
[data-testid="stPageLink"] p {{ color: {ACCENT}; }}
[data-testid="stPageLink"] a {{ padding-left: 0; }}
[data-stale="true"] {{ opacity: 1 !important; transition: none !important; }}
.stApp, body {{ background: {ROOM}; }}
* {{ scrollbar-width: thin; scrollbar-color: #39414d transparent; }}
.st-key-bar {{ height: {BAR}px; margin: 0 !important; padding: 0 10px; border-bottom: 1px solid {LINE};
  align-items: center; flex-wrap: nowrap; gap: 8px; overflow: hidden; }}
.st-key-bar button {{ min-height: 30px; padding: 2px 10px; white-space: nowrap; }}
.st-key-bar [data-baseweb="select"] > div {{ min-height: 30px; height: 30px; }}
.st-key-room {{ gap: 0; flex-wrap: nowrap; align-items: stretch; }}
[data-testid="stLayoutWrapper"]:has(> .st-key-wall) {{ flex: none; height: calc(100vh - {BAR}px); min-height: 420px; }}
.st-key-wall {{ background: {BLACK}; height: 100%; gap: 0; overflow: hidden; }}
.st-key-figure {{ flex: 1 1 0 !important; min-height: 0; position: relative; }}
.st-key-figure > div, .st-key-figure div:has(> .wall) {{ height: 100% !important; }}
.st-key-strip {{ height: 116px; border-top: 1px solid {LINE}; overflow-x: auto; flex-wrap: nowrap; background: {BLACK};
  padding: 4px 8px; flex: none; }}
.st-key-strip img {{ height: 74px; display: block; }}
.st-key-strip button {{ min-height: 26px; padding: 0 8px; font-size: 12px; white-space: nowrap; }}
.st-key-rail {{ height: calc(100vh - {BAR}px); max-height: calc(100vh - {BAR}px); overflow-y: auto; padding: 12px 16px;
  border-left: 1px solid {LINE}; gap: 6px; }}
.st-key-rail > *, .st-key-form > *, .st-key-paper > * {{ flex-shrink: 0 !important; }}
.st-key-said, .st-key-switches {{ gap: 6px; }}
.st-key-switches [data-testid="stHorizontalBlock"] {{ gap: 8px; flex-wrap: nowrap; }}
.st-key-front, .st-key-sheet {{ max-width: 980px; margin: 0 auto; padding: 28px 20px 40px; }}
.st-key-front {{ max-width: 640px; padding-top: 9vh; }}
.room-quiet {{ color: {QUIET}; font-size: 13px; line-height: 1.45; }}
.room-small {{ color: {QUIET}; font-size: 12px; line-height: 1.4; }}
.room-amber {{ color: {AMBER}; font-size: 13px; line-height: 1.4; }}
.room-head {{ color: {QUIET}; font-size: 12px; letter-spacing: .06em; font-weight: 600; }}
.room-score {{ font-size: 38px; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums; }}
.room-row {{ display: flex; justify-content: space-between; align-items: baseline; gap: 8px;
  font-variant-numeric: tabular-nums; }}
.room-track {{ position: relative; background: #1b212b; border-radius: 3px; }}
.room-fill {{ border-radius: 3px; height: 100%; }}
.room-tick {{ position: absolute; top: -3px; bottom: -3px; width: 1px; background: {TEXT}; }}
.room-ticks {{ position: relative; height: 17px; color: {QUIET}; font-size: 12px; }}
.room-ticks span {{ position: absolute; white-space: nowrap; }}
.room-rule {{ border-top: 1px solid {LINE}; height: 0; margin: 2px 0; }}
.room-table {{ width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }}
.room-table th {{ text-align: left; color: {QUIET}; font-weight: 500; font-size: 13px; }}
.room-table th, .room-table td {{ padding: 6px 12px 6px 0; border-bottom: 1px solid {LINE}; }}
.room-who {{ white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
.room-who b {{ font-weight: 600; }}
.st-key-form {{ max-height: calc(100vh - {BAR + 6}px); overflow-y: auto; padding: 12px 16px; gap: 8px;
  border-right: 1px solid {LINE}; }}
.st-key-form [data-testid="stWidgetLabel"] p {{ font-size: 13px; color: {QUIET}; }}
.st-key-form [data-testid="stButtonGroup"] button {{ min-height: 32px; padding: 2px 12px; }}
.st-key-form [data-testid="stVerticalBlockBorderWrapper"] {{ padding: 10px; }}
.st-key-paper {{ min-height: calc(100vh - {BAR + 6}px); max-height: calc(100vh - {BAR + 6}px); overflow-y: auto; padding: 16px 20px;
  background: #1b212b; }}
.room-pages {{ display: flex; flex-wrap: wrap; gap: 16px; justify-content: center; align-items: flex-start; }}
.room-pages img {{ flex: 1 1 620px; min-width: 0; max-width: 900px; background: #fff; }}
</style>"""


def dress() -> None:
    """Put the room's style on the page."""
    st.html(_STYLE)


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
    fill = ACCENT if strong else "#5d6b7e"
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
    for index, (name, at) in enumerate(sorted(ticks, key=lambda tick: tick[1])):
        side = f"right:{100 - at:.1f}%" if index == 0 and at > 15 else f"left:{at:.1f}%"
        if index and at > 72:
            side = "right:0"
        spans.append(f'<span style="{side};padding:0 2px" title="{escape(name)}">{escape(name.split(" ")[0])}</span>')
    return f'<div class="room-ticks">{"".join(spans)}</div>'
