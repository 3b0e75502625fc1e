"""The wall: one figure of four panes (or of one picture alone) that keeps its zoom whatever else changes.

Pictures are loaded by URL from the session's shelf, so that a change of opacity or of a mark sends no pixels again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from mammo_core.exam import Exam, ExamResult, ImageResult, Mammogram, Presentation, Preset
from mammo_core.hanging import PLACES, Hanging, Pane, heat_png, picture_png, reach
from mammo_core.inference import heat_map
from pages.parts.desk import Desk, name_of
from pages.parts.look import AMBER, BLACK, PLOTLY, QUIET, TEXT, write

GAP = 0.0006
HAIR = 1e-4
"""Plotly tells pictures apart by their place: a map is wider than its picture by a hair, or it would not be drawn."""
FULL_RANGE = "Full range"
ASPECT = 1.3
"""Width by height of a pane, roughly; the browser settles the rest."""


@dataclass(frozen=True)
class Light:
    """How the reader wants every picture shown; the window by its name, since each file has its own."""

    window: str = FULL_RANGE
    brightness: float = 0.0
    contrast: float = 0.0
    inverted: bool = False

    def on(self, mammogram: Mammogram) -> Presentation:
        """Find the file's window of that name; a file that has none such shows its own first."""
        named = dict(zip(window_names(mammogram), mammogram.presets, strict=True))
        first = mammogram.presets[0] if mammogram.presets else None
        preset: Preset | None = None if self.window == FULL_RANGE else named.get(self.window, first)
        return Presentation(preset, self.brightness, self.contrast, self.inverted)


@dataclass(frozen=True)
class Overlay:
    """The heat map the reader asked for."""

    kind: str = "lesion"
    class_name: str = "malignant"
    opacity: float = 0.6

    @property
    def outlined(self) -> bool:
        """Foci are those of the malignant lesion map, and are drawn with it alone."""
        return self.kind == "lesion" and self.class_name == "malignant"


def window_names(mammogram: Mammogram) -> list[str]:
    """Names of a file's windows, each once; nameless ones are numbered."""
    names: list[str] = []
    for number, preset in enumerate(mammogram.presets, start=1):
        name = preset.name or f"Window {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def windows(exam: Exam) -> list[str]:
    """Every window that a picture of the exam offers, then the full range."""
    return [*dict.fromkeys(name for m in exam.mammograms for name in window_names(m)), FULL_RANGE]


def wall(desk: Desk, light: Light, overlay: Overlay | None, result: ExamResult | None) -> None:
    """Show the exam: four panes, or the one picture that is shown alone, and the strip below."""
    hanging = desk.hanging()
    alone = _alone(desk, hanging)
    panes = [alone] if alone else [hanging.panes.get(place) for place in PLACES]
    figure = _Figure(desk, light, overlay, result, single=alone is not None)
    if alone:
        height, width = reach([alone])
        figure.hang(alone, name_of(alone.mammogram), height, width, 0)
    else:
        for index, (place, pane) in enumerate(zip(PLACES, panes, strict=True)):
            figure.hang(pane, "-".join(place), hanging.height, hanging.width, index)
    with st.container(key="wall", gap=None):
        st.plotly_chart(
            figure.drawn(f"{desk.exam.exam_id} {alone.mammogram.image_id if alone else ''}"),
            theme=None,
            config=PLOTLY,
            key="figure",
            height="stretch",
        )
        if hanging.others or (alone and hanging.panes):
            _strip(desk, hanging, light, alone)


def _alone(desk: Desk, hanging: Hanging) -> Pane | None:
    everything = [*hanging.panes.values(), *hanging.others]
    chosen = [pane for pane in everything if pane.mammogram.image_id == desk.alone]
    if not chosen and not hanging.panes:
        chosen = list(hanging.others[:1])
    return chosen[0] if chosen else None


def _strip(desk: Desk, hanging: Hanging, light: Light, alone: Pane | None) -> None:
    with st.container(key="strip", horizontal=True, gap="small"):
        if alone and hanging.panes:
            st.button("‹ Four views", key="together", on_click=_show_alone, args=(desk, None))
        for index, pane in enumerate(hanging.others):
            m = pane.mammogram
            with st.container(width="content", gap=None):
                st.html(f'<img src="{_picture(desk, pane, light, 160)}" alt="">')
                st.button(
                    name_of(m).replace("side and view ", ""), key=f"alone_{index}", on_click=_show_alone, args=(desk, m)
                )
        if not hanging.others:
            write("small", "One picture of the exam.")


def _show_alone(desk: Desk, mammogram: Mammogram | None) -> None:
    desk.alone = mammogram.image_id if mammogram else None


def _picture(desk: Desk, pane: Pane, light: Light, size: int | None = None) -> str:
    shown = light.on(pane.mammogram)
    key = ("picture", pane.mammogram.image_id, pane.mirrored, light, size)
    url = desk.shelf.url(key, lambda: picture_png(pane, shown, size) if size else picture_png(pane, shown))
    return url or ""


def _heat(desk: Desk, pane: Pane, overlay: Overlay, said: ImageResult, model: str) -> str | None:
    shown = replace(overlay, opacity=1.0)
    key = ("heat", model, pane.mammogram.image_id, pane.mirrored, shown)
    return desk.shelf.url(key, lambda: heat_png(pane, heat_map(pane.mammogram, said, overlay.kind, overlay.class_name)))


class _Figure:
    """A plotly figure in the making, as plain dicts."""

    def __init__(
        self, desk: Desk, light: Light, overlay: Overlay | None, result: ExamResult | None, single: bool
    ) -> None:
        self.desk, self.light, self.overlay, self.result, self.single = desk, light, overlay, result, single
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = {"images": [], "shapes": [], "annotations": []}

    def hang(self, pane: Pane | None, name: str, height: float, width: float, index: int) -> None:
        """Fill one pane; without a picture it keeps its place and its name."""
        number = "" if index == 0 else str(index + 1)
        left, top = index % 2 == 0, index < 2
        over = (0.0, 1.0) if self.single else ((0.0, 0.5 - GAP) if left else (0.5 + GAP, 1.0))
        up = (0.0, 1.0) if self.single else ((0.5 + GAP, 1.0) if top else (0.0, 0.5 - GAP))
        wall_right = pane.wall_right if pane else left
        self._axes(pane, number, over, up, height, width, wall_right)
        outer = 0.0 if left else 1.0
        self._text(name, outer, up[1], left, "top", TEXT, 16)
        if pane is None:
            self._text(f"no {name}", sum(over) / 2, sum(up) / 2, None, "middle", QUIET, 14)
            return
        words = [pane.mammogram.study_date, self._window(pane.mammogram)]
        self._image(_picture(self.desk, pane, self.light), pane, number)
        said = self.result.images.get(pane.mammogram.image_id) if self.result else None
        if self.overlay and self.result and said:
            heat = _heat(self.desk, pane, self.overlay, said, self.result.model)
            if heat:
                self._image(heat, pane, number, self.overlay.opacity, HAIR)
            if self.overlay.outlined:
                self._foci(pane, said, number)
                words += [] if said.foci else ["no focus"]
            elif not heat:
                words.append("the map says nothing here")
        words.append("research use only")
        self._text(" · ".join(w for w in words if w), outer, up[0], left, "bottom", QUIET, 12)

    def drawn(self, revision: str) -> dict[str, Any]:
        """The whole figure; `revision` stays the same as long as zoom and position are to stay."""
        self.layout |= {
            "uirevision": revision,
            "font": {"family": "Source Sans, Source Sans Pro, sans-serif"},
            "dragmode": "pan",
            "hovermode": False,
            "showlegend": False,
            "paper_bgcolor": BLACK,
            "plot_bgcolor": BLACK,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        }
        return {"data": self.data, "layout": self.layout}

    def _axes(
        self,
        pane: Pane | None,
        number: str,
        over: tuple[float, float],
        up: tuple[float, float],
        height: float,
        width: float,
        wall_right: bool,
    ) -> None:
        height = max(height, width / (ASPECT if not self.single else 2 * ASPECT))
        middle = (pane.breast[1] + pane.breast[3]) / 2 if pane else 0.0
        across = [-width, 0.0] if wall_right else [0.0, width]
        bottom, top = middle - height / 2, middle + height / 2
        plain = {"visible": False, "fixedrange": pane is None, "autorange": False}
        self.layout[f"xaxis{number}"] = plain | {
            "domain": over,
            "range": across,
            "anchor": f"y{number}",
            "constrain": "range",
            "constraintoward": "right" if wall_right else "left",
        }
        self.layout[f"yaxis{number}"] = plain | {
            "domain": up,
            "range": [bottom, top],
            "anchor": f"x{number}",
            "scaleanchor": f"x{number}",
            "scaleratio": 1,
            "constrain": "range",
            "constraintoward": "middle",
        }
        self.data.append(
            {
                "type": "scatter",
                "x": across,
                "y": [bottom, top],
                "mode": "markers",
                "marker": {"opacity": 0},
                "hoverinfo": "skip",
                "xaxis": f"x{number}",
                "yaxis": f"y{number}",
            }
        )

    def _image(self, url: str, pane: Pane, number: str, opacity: float = 1.0, wider: float = 0.0) -> None:
        left, bottom, right, top = pane.box
        self.layout["images"].append(
            {
                "source": url,
                "xref": f"x{number}",
                "yref": f"y{number}",
                "x": left,
                "y": top,
                "sizex": right - left + wider,
                "sizey": top - bottom,
                "sizing": "stretch",
                "opacity": opacity,
                "layer": "below",
            }
        )

    def _foci(self, pane: Pane, said: ImageResult, number: str) -> None:
        for focus in said.foci:
            left, bottom, right, top = pane.outline(focus)
            on = {"xref": f"x{number}", "yref": f"y{number}"}
            edge = {"color": AMBER, "width": 1.5}
            self.layout["shapes"].append(
                on | {"type": "circle", "x0": left, "x1": right, "y0": bottom, "y1": top, "line": edge}
            )
            self.layout["annotations"].append(
                on
                | {"x": right, "y": top, "text": str(focus.number), "showarrow": False, "xanchor": "left"}
                | {"yanchor": "bottom", "font": {"color": AMBER, "size": 15}}
            )

    def _text(self, text: str, x: float, y: float, left: bool | None, at: str, colour: str, size: int) -> None:
        shift = {"top": -8, "bottom": 6, "middle": 0}[at]
        self.layout["annotations"].append(
            {
                "text": f"<b>{text}</b>" if at == "top" else text.replace("<", "&lt;"),
                "xref": "paper",
                "yref": "paper",
                "x": x,
                "y": y,
                "xanchor": "center" if left is None else ("left" if left else "right"),
                "yanchor": at,
                "xshift": 0 if left is None else (10 if left else -10),
                "yshift": shift,
                "showarrow": False,
                "font": {"color": colour, "size": size},
            }
        )

    def _window(self, mammogram: Mammogram) -> str:
        preset = self.light.on(mammogram).preset
        names = dict(zip(map(id, mammogram.presets), window_names(mammogram), strict=True))
        changed = self.light.brightness or self.light.contrast
        name = names[id(preset)] if preset is not None else FULL_RANGE.lower()
        return name + (", changed" if changed else "") + (", inverted" if self.light.inverted else "")
