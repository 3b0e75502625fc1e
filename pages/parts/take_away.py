"""Figures and tables as a researcher takes them away: a PNG from the figure's own camera, HTML that still answers, the data as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.parts.look import rows_html, write

CAMERA = {"displaylogo": False, "displayModeBar": True, "modeBarButtons": [["toImage"]]}
"""No tool bar but the button that saves the figure."""
HEIGHT, ROW = 188, 30
"""Of a table that scrolls and of its lines, in pixels."""


def show(figure: go.Figure, name: str, reading: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Show a figure, the sentence that says what to read in it, and figure and data to take away; its camera saves a PNG."""
    config = camera(name)
    st.plotly_chart(figure, theme=None, config=config, key=name, alt=reading)
    write("quiet", reading)
    with st.container(horizontal=True, gap="medium"):
        offer(name, [list(columns), *zip(*columns.values(), strict=True)])
        st.download_button(
            ":primary[Figure as HTML]",
            lambda: figure.to_html(include_plotlyjs=True, config=config),  # 5 MB, made when asked for
            f"{name}.html",
            "text/html",
            key=f"{name}-html",
            type="tertiary",
            on_click="ignore",
        )


def camera(name: str) -> dict[str, Any]:
    """The configuration of a figure whose only button saves it as a PNG of that name."""
    return CAMERA | {"toImageButtonOptions": {"format": "png", "filename": name, "scale": 3}}


def offer(name: str, rows: Sequence[Sequence[Any]]) -> None:
    """Offer rows, heads first, as CSV."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    st.download_button(
        ":primary[Data as CSV]", stream.getvalue(), f"{name}.csv", "text/csv", key=f"{name}-csv", type="tertiary", on_click="ignore"
    )  # fmt: skip


def table(rows: list[dict[str, Any]], empty: str, name: str | None = None) -> None:
    """Show a table, which can be taken away if it has a name; or the sentence `empty` where there is nothing in it."""
    if not rows:
        write("quiet", empty)
        return
    st.html(rows_html(rows))
    if name:
        offer(name, [list(rows[0]), *(list(row.values()) for row in rows)])


def scrolled(rows: list[dict[str, Any]], widths: Mapping[str, int], about: str) -> None:
    """Show a long table in a place of its own height, in which it scrolls; a press on a head sorts it, its first column stays in sight.

    `widths` are pixels of the columns that cells shall not decide, `about` names the table for those who cannot see it.
    """
    columns = {
        head: st.column_config.TextColumn(width=width, pinned=head == next(iter(rows[0])))
        for head, width in widths.items()
    }
    st.dataframe(rows, height=HEIGHT, row_height=ROW, hide_index=True, column_config=columns, alt=about)
