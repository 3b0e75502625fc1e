"""The lab's figures, several runs in one: plotly, the Model page's template, no arithmetic but per cents.

Runs are told apart by colour and by dash or symbol, so that no colour has to be seen to tell them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from mammo_core.evaluation import Band, Rates, Reliability
from pages.parts.figures import PERCENT, TEMPLATE, matrix
from pages.parts.look import ACCENT, AMBER, QUIET, TEXT

MOST = 8
"""Runs that can still be told apart in one figure."""

COLOURS = (ACCENT, AMBER, TEXT, "#c792ea", "#4fd1c5", "#f2938a", "#9aa7ff", QUIET)
DASHES = ("solid", "dash", "dashdot", "longdash", "solid", "dash", "dashdot", "longdash")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "hexagon")
LEGEND = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "xanchor": "left", "maxheight": 1.0}
FAINT = 0.45
"""Opacity of a fold's line beside the mean's."""
ACROSS = 70
"""Letters of a legend that find room side by side in half a page."""


@dataclass(frozen=True, eq=False)
class Course:
    """A measure over the epochs of one fold, or of the mean of all (`fold` None): on what it was trained and on what it was watched.

    NaN where it was not measured.
    """

    run: str
    fold: int | None
    epoch: npt.NDArray[np.float64]
    training: npt.NDArray[np.float64] | None
    watched: npt.NDArray[np.float64] | None


def means(courses: Sequence[Course]) -> list[Course]:
    """The mean of each run that has several folds, over the epochs that all of them have reached."""
    found = []
    for run in dict.fromkeys(course.run for course in courses):
        own = [course for course in courses if course.run == run]
        reached = min(course.epoch.size for course in own)
        if len(own) > 1:
            training, watched = (
                None if any(each is None for each in of) else np.mean([each[:reached] for each in of], axis=0)
                for of in ([course.training for course in own], [course.watched for course in own])
            )
            found.append(Course(run, None, own[0].epoch[:reached], training, watched))
    return found


def learning(courses: Sequence[Course], title: str, subtitle: str, height: int = 300) -> go.Figure:
    """A measure over the epochs; validation drawn through, training dotted. Of several folds the mean is strong, each of them faint."""
    figure = go.Figure()
    names = list(dict.fromkeys(course.run for course in courses))
    strong = means(courses)
    of_folds = {course.run for course in strong}
    shown: set[str] = set()
    for course in [*courses, *strong]:  # the means above their folds
        faint = course.run in of_folds and course.fold is not None
        place = names.index(course.run) % MOST
        for kind, values, dash in (("training", course.training, "dot"), ("validation", course.watched, "solid")):
            if values is None:
                continue
            alone = course.watched is None  # what is only noted, as the learning rate is
            who = kind if len(names) == 1 and not alone else course.run  # of several runs the legend names each once
            said = f"{course.run}, {kind}" if len(names) > 1 and not alone else who
            which = f", fold {course.fold}" if faint else ", mean of the folds" if course.fold is None else ""
            named = not faint and who not in shown and (alone or len(names) == 1 or kind == "validation")
            marked = not faint and (course.epoch.size == 1 or len(names) > 1)
            figure.add_scatter(
                x=course.epoch,
                y=values,
                mode="lines+markers" if marked else "lines",
                name=who,
                legendgroup=who,
                showlegend=named,
                opacity=FAINT if faint else 1,
                line={"color": COLOURS[place], "dash": "solid" if alone else dash, "width": 1 if faint else 2.5},
                marker={"size": 7, "maxdisplayed": 12, "symbol": SYMBOLS[place]},
                hovertemplate=f"{said}{which}, epoch %{{x}}: %{{y:.4g}}<extra></extra>",
            )
            if named:
                shown.add(who)
    lines = _legend_lines(sorted(shown))
    whole = {"dtick": 1} if max((course.epoch.max() for course in courses), default=0) <= 10 else {}
    figure.update_layout(
        height=height + 24 * max(0, lines - 1),
        showlegend=len(shown) > 1,
        legend=LEGEND,
        xaxis={"title": {"text": "epoch"}, "showgrid": False, "tickformat": "d", **whole},
        yaxis={"rangemode": "tozero", "exponentformat": "power"},
        margin={"t": 84 + 24 * lines},
        uirevision="learning",
    )
    return _titled(figure, title, subtitle)


def curves(
    bands: Sequence[tuple[str, Band]], title: str, subtitle: str, axes: tuple[str, str], chance: Sequence[float] | None
) -> go.Figure:
    """Curves with their bands in per cent, one a run, beside what chance gives (heights at 0 and 100 %)."""
    figure = go.Figure()
    for place, (name, band) in enumerate(bands):
        _hazed(figure, 100 * band.x, band, name, place)
    if chance is not None:
        figure.add_scatter(
            x=[0, 100],
            y=list(chance),
            mode="lines",
            line={"color": QUIET, "dash": "dot", "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
    lines = _legend_lines([name for name, _ in bands])
    figure.update_layout(
        height=420 + 24 * lines,
        showlegend=len(bands) > 1,
        legend=LEGEND,
        xaxis=PERCENT | {"title": {"text": axes[0]}},
        yaxis=PERCENT | {"title": {"text": axes[1]}},
        margin={"t": 84 + 24 * lines * (len(bands) > 1)},
    )
    return _titled(figure, title, subtitle)


def confusion(counts: npt.NDArray[np.int64], classes: Sequence[str], title: str, subtitle: str) -> go.Figure:
    """Counts by truth (rows) and by the likeliest class (columns); shades are shares of a row."""
    return matrix(counts, [f"said {name}" for name in classes], classes, title, subtitle)


def recalled(found: Rates, place: int, positive: str, title: str, subtitle: str) -> go.Figure:
    """Counts by truth and by what one threshold does."""
    caught, false = int(found.caught[place]), int(found.recalled_without[place])
    counts = np.array([[caught, found.n_cancer - caught], [false, found.n - found.n_cancer - false]])
    return matrix(counts, ["recalled", "not recalled"], [positive, f"not {positive}"], title, subtitle)


def by_threshold(found: Rates, at: float, title: str, subtitle: str) -> go.Figure:
    """Both rates over the threshold (in points of 100), with a line where it stands."""
    figure = go.Figure()
    for place, (name, band) in enumerate((("sensitivity", found.sensitivity), ("specificity", found.specificity))):
        _hazed(figure, band.x, band, name, (0, 2)[place], ("solid", "dash")[place])
    figure.add_vline(at, line={"color": AMBER, "width": 1.5})
    figure.update_layout(
        height=330,
        showlegend=True,
        legend=LEGEND,
        xaxis={"range": [0, 100], "dtick": 20, "title": {"text": "score from which a picture is recalled"}},
        yaxis=PERCENT,
        margin={"t": 108},
    )
    return _titled(figure, title, subtitle)


def reliability(
    groups: Sequence[tuple[str, Reliability]], positive: Sequence[str], title: str, subtitle: str
) -> go.Figure:
    """Share of the positive class, each run's own, over mean probability, in groups, one symbol a run; on the dotted line both agree."""
    sought = positive[0] if len(set(positive)) == 1 else "the class looked for"
    figure = go.Figure(
        go.Scatter(
            x=[0, 100],
            y=[0, 100],
            mode="lines",
            line={"color": QUIET, "dash": "dot", "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for place, (name, found) in enumerate(groups):
        x, y = 100 * found.probability, 100 * found.share
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            name=name,
            cliponaxis=False,
            marker={"color": COLOURS[place % MOST], "symbol": SYMBOLS[place % MOST], "size": 9},
            error_y={"array": 100 * found.high - y, "arrayminus": y - 100 * found.low, "thickness": 1.2, "width": 0},
            customdata=found.n,
            hovertemplate=f"{name}<br>said %{{x:.1f}} %<br>{positive[place]} %{{y:.1f}} % of %{{customdata}}<extra></extra>",
        )
    lines = _legend_lines([name for name, _ in groups])
    figure.update_layout(
        height=440 + 24 * lines,
        showlegend=len(groups) > 1,
        legend=LEGEND,
        xaxis=PERCENT | {"title": {"text": f"probability of {sought} said, mean of the group"}},
        yaxis=PERCENT | {"title": {"text": f"were {'of ' * (len(set(positive)) > 1)}{sought}"}},
        margin={"t": 84 + 24 * lines * (len(groups) > 1)},
    )
    return _titled(figure, title, subtitle)


def _hazed(figure: go.Figure, x: Any, band: Band, name: str, place: int, dash: str | None = None) -> None:
    """A line with its interval; both come and go together when the legend is pressed."""
    colour = COLOURS[place % MOST]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": name}
    figure.add_scatter(x=x, y=100 * band.low, **edge)
    figure.add_scatter(x=x, y=100 * band.high, fill="tonexty", fillcolor=f"rgba({red}, {green}, {blue}, 0.14)", **edge)
    figure.add_scatter(
        x=x,
        y=100 * band.y,
        mode="lines",
        name=name,
        legendgroup=name,
        line={"color": colour, "width": 2, "dash": dash or DASHES[place % MOST]},
        text=[f"{low:.1f}–{high:.1f}" for low, high in zip(100 * band.low, 100 * band.high, strict=True)],
        hovertemplate=f"{name}<br>%{{y:.1f}} % (%{{text}}) at %{{x:.1f}}<extra></extra>",
    )


def _legend_lines(names: Sequence[str]) -> int:
    """Lines that a legend above the figure takes in half a page: its columns are all as wide as the longest name."""
    if len(names) < 2:
        return 0
    return -(-len(names) // max(1, ACROSS // (max(map(len, names)) + 7)))


def _titled(figure: go.Figure, title: str, subtitle: str) -> go.Figure:
    figure.update_layout(template=TEMPLATE, title={"text": title, "subtitle": {"text": subtitle}})
    return figure
