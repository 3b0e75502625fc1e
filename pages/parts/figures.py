"""The Model page's figures: plotly, one template, no arithmetic. Each has a title with its unit and says on whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mammo_core.evaluation import Band, Rates, Reliability
from pages.parts.look import ACCENT, AMBER, LINE, QUIET, ROOM, TEXT

HAZE = "rgba(77, 163, 255, 0.2)"
SHADES = [[0.0, "#161b22"], [1.0, "#1d5c9c"]]
AXIS = {
    "gridcolor": LINE,
    "linecolor": LINE,
    "zeroline": False,
    "fixedrange": True,
    "ticklabelstandoff": 5,  # the zeros of both axes stand apart
    "title": {"font": {"size": 14}},
}
TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": ROOM,
        "plot_bgcolor": ROOM,
        "font": {"color": TEXT, "size": 14, "family": "Source Sans, sans-serif"},
        "title": {
            "x": 0,
            "xref": "container",
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 14},
            "font": {"size": 16},
            "subtitle": {"font": {"size": 14, "color": QUIET}},
        },
        "xaxis": AXIS,
        "yaxis": AXIS,
        "margin": {"l": 60, "r": 26, "t": 78, "b": 48},  # right: half of the last tick's "100 %", else left out
        "hoverlabel": {"bgcolor": "#161b22", "bordercolor": LINE, "font": {"color": TEXT}},
        "legend": {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 14, "color": TEXT}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": QUIET, "activecolor": ACCENT},
        "showlegend": False,
        "dragmode": False,
        "colorway": [ACCENT, AMBER, QUIET],
    }
)
PERCENT = {"range": [0, 100], "ticksuffix": " %", "dtick": 20}


def forest(rows: list[dict[str, Any]], title: str, subtitle: str, axis: str, chance: float | None) -> go.Figure:
    """Values with intervals, one line a row: `label`, and `[value, low, high]` by series name in `values`."""
    labels = [row["label"] for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row["values"]))
    looks = [("circle", ACCENT), ("diamond-open", TEXT), ("square-open", QUIET), ("x-thin-open", QUIET)]
    figure = go.Figure()
    for number, (name, (symbol, colour)) in enumerate(zip(names, looks, strict=False)):
        own = [(place, row["values"][name]) for place, row in enumerate(rows) if row["values"].get(name)]
        step = 0.22 * (number - (len(names) - 1) / 2)
        ends = [value if len(value) == 3 else [value[0]] * 3 for _, value in own]
        figure.add_scatter(
            x=[value for value, _, _ in ends],
            y=[place + step for place, _ in own],
            error_x={
                "array": [high - value for value, _, high in ends],
                "arrayminus": [value - low for value, low, _ in ends],
                "thickness": 1.5,
                "width": 0,
            },
            mode="markers",
            name=name,
            marker={"symbol": symbol, "color": colour, "size": 9, "line": {"width": 1.5, "color": colour}},
            customdata=[labels[place] for place, _ in own],
            hovertemplate="%{customdata}<br>" + name + " %{x}<extra></extra>",
        )
    if chance is not None:
        figure.add_vline(chance, line={"color": QUIET, "dash": "dot", "width": 1})
    top = 108 if len(names) < 3 else 132  # a longer legend takes two lines
    figure.update_layout(
        showlegend=True,
        height=top + 48 + 52 * len(rows),
        legend={"orientation": "h", "x": 0, "xref": "container", "y": 1.0, "yanchor": "bottom", "xanchor": "left"},
        xaxis={"title": {"text": axis}},
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": labels,
            "range": [len(rows) - 0.5, -0.5],
            "showgrid": False,
        },
        margin={"l": 210, "t": top},
    )
    return _titled(figure, title, subtitle)


def curve(band: Band, title: str, subtitle: str, axes: tuple[str, str], chance: Sequence[float]) -> go.Figure:
    """A curve with its band in per cent, beside what chance gives (heights at 0 and 100 %)."""
    x = 100 * band.x
    figure = go.Figure()
    _hazed(figure, x, band, ACCENT, HAZE, "")
    figure.add_scatter(
        x=[0, 100], y=list(chance), mode="lines", line={"color": QUIET, "dash": "dot", "width": 1}, hoverinfo="skip"
    )
    figure.update_layout(
        height=400,
        xaxis=PERCENT | {"title": {"text": axes[0]}},
        yaxis=PERCENT | {"title": {"text": axes[1]}},
    )
    return _titled(figure, title, subtitle)


def mark(figure: go.Figure, x: float, y: float, name: str) -> None:
    """A named point on a curve, in per cent."""
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers+text",
        text=[name],
        textposition="middle right",
        textfont={"size": 14},
        marker={"symbol": "diamond", "size": 9, "color": TEXT},
        hovertemplate=f"{name}<br>%{{x:.1f}} %, %{{y:.1f}} %<extra></extra>",
    )


def matrix(counts: npt.ArrayLike, columns: Sequence[str], rows: Sequence[str], title: str, subtitle: str) -> go.Figure:
    """Counts by truth (rows) and by what was said (columns); shades are shares of a row."""
    numbers = np.asarray(counts)
    whole = numbers.sum(axis=1)
    shares = 100 * numbers / np.maximum(1, whole)[:, None]
    words = [
        [f"<b>{n}</b><br>{f'{share:.1f} %' if of else '–'}" for n, share in zip(*both, strict=True)]
        for of, *both in zip(whole, numbers, shares, strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(columns),
            y=[f"{name}<br>{n}" for name, n in zip(rows, whole, strict=True)],
            text=words,
            texttemplate="%{text}",
            textfont={"size": 15},
            colorscale=SHADES,
            zmin=0,
            zmax=100,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=120 + 80 * len(rows),
        xaxis={"side": "bottom", "showgrid": False},
        yaxis={"autorange": "reversed", "showgrid": False},
        margin={"l": 110, "b": 36},
    )
    return _titled(figure, title, subtitle)


def by_threshold(found: Rates, at: float, title: str, subtitle: str) -> go.Figure:
    """Both rates over the threshold, with a line where it stands."""
    figure = go.Figure()
    for band, name, colour, haze, dash in (
        (found.sensitivity, "sensitivity", ACCENT, HAZE, "solid"),
        (found.specificity, "specificity", TEXT, "rgba(215, 221, 229, 0.15)", "dash"),
    ):
        _hazed(figure, band.x, band, colour, haze, name, dash)
    figure.add_vline(at, line={"color": AMBER, "width": 1.5})
    figure.update_layout(
        height=280,
        showlegend=True,
        legend={"x": 1, "xanchor": "right", "y": 0.5},
        xaxis={"range": [0, 100], "dtick": 20, "title": {"text": "suspicion from which a case is recalled"}},
        yaxis=PERCENT,
    )
    return _titled(figure, title, subtitle)


def reliability_diagram(found: Reliability, title: str, subtitle: str) -> go.Figure:
    """Share with cancer over mean probability, in groups; on the dotted line both agree."""
    x, y = 100 * found.probability, 100 * found.share
    figure = go.Figure(
        go.Scatter(
            x=[0, 100], y=[0, 100], mode="lines", line={"color": QUIET, "dash": "dot", "width": 1}, hoverinfo="skip"
        )
    )
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        cliponaxis=False,
        marker={"color": ACCENT, "size": 8},
        error_y={"array": 100 * found.high - y, "arrayminus": y - 100 * found.low, "thickness": 1.5, "width": 0},
        customdata=found.n,
        hovertemplate="said %{x:.1f} %<br>had cancer %{y:.1f} % of %{customdata}<extra></extra>",
    )
    figure.update_layout(
        height=420,
        xaxis=PERCENT | {"title": {"text": "probability of cancer said, mean of the group"}},
        yaxis=PERCENT | {"title": {"text": "had cancer"}},
    )
    return _titled(figure, title, subtitle)


def share_at_least(share: Band, title: str, subtitle: str) -> go.Figure:
    """Share with cancer among the cases that scored so much or more, with its band."""
    figure = go.Figure()
    _hazed(figure, share.x, share, ACCENT, HAZE, "with cancer")
    figure.update_layout(
        height=320,
        xaxis={"range": [0, 100], "title": {"text": "suspicion, at least"}},
        yaxis=PERCENT | {"title": {"text": "had cancer"}},
    )
    return _titled(figure, title, subtitle)


def learning(columns: Mapping[str, Any], measure: str, ships: int | None, title: str, subtitle: str) -> go.Figure:
    """A measure over the epochs of all rounds, a line a fold; the network that ships stands out."""
    figure = go.Figure()
    for fold in sorted(set(columns["fold"])):
        own = columns["fold"] == fold
        values, rounds = columns[measure][own], columns["round"][own]
        figure.add_scatter(
            x=list(range(1, len(values) + 1)),
            y=values,
            mode="lines",
            name=f"without fifth {fold:.0f}",
            line={"color": ACCENT if fold == ships else QUIET, "width": 2.5 if fold == ships else 1},
            hovertemplate=f"without fifth {fold:.0f}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
        for begins in [place for place in range(1, len(rounds)) if rounds[place] != rounds[place - 1]]:
            figure.add_vline(begins + 0.5, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.update_layout(height=320, xaxis={"title": {"text": "epoch"}, "showgrid": False})
    return _titled(figure, title, subtitle)


def _hazed(figure: go.Figure, x: Any, band: Band, colour: str, haze: str, name: str, dash: str = "solid") -> None:
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter(x=x, y=100 * band.low, **edge)
    figure.add_scatter(x=x, y=100 * band.high, fill="tonexty", fillcolor=haze, **edge)
    figure.add_scatter(
        x=x,
        y=100 * band.y,
        mode="lines",
        name=name,
        line={"color": colour, "width": 2, "dash": dash},
        text=[f"{low:.1f}–{high:.1f}" for low, high in zip(100 * band.low, 100 * band.high, strict=True)],
        hovertemplate=f"{name} %{{y:.1f}} % (%{{text}}) at %{{x:.1f}}<extra></extra>",
    )


def _titled(figure: go.Figure, title: str, subtitle: str) -> go.Figure:
    figure.update_layout(template=TEMPLATE, title={"text": title, "subtitle": {"text": subtitle}})
    return figure
