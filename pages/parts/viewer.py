"""The wall: four panes (or one picture alone) that keep their zoom and position whatever else changes.

Pictures are loaded by URL from the session's shelf, so that a change of opacity or of a mark sends no pixels again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from typing import Any

import streamlit as st

from mammo_core.exam import Exam, ExamResult, ImageResult, Laterality, Mammogram, Presentation, Preset, VoiLut
from mammo_core.hanging import PLACES, Hanging, Pane, heat_png, name_of, picture_png, reach
from mammo_core.inference import heat_map
from pages.parts.desk import Desk
from pages.parts.look import COMPONENTS, write

FULL_RANGE = "Full range"


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
    """Names of a file's windows, each once; nameless ones are numbered, tables named as a window is are marked."""
    names: list[str] = []
    for number, preset in enumerate(mammogram.presets, start=1):
        name = preset.name or f"{'LUT' if isinstance(preset, VoiLut) else 'Window'} {preset.number}"
        if isinstance(preset, VoiLut) and name in names:
            name = f"{name} (LUT)"
        names.append(f"{name} ({number})" if name in names else name)
    return names


def windows(exam: Exam) -> list[str]:
    """Every window that a picture of the exam offers, then the full range."""
    return [*dict.fromkeys(name for m in exam.mammograms for name in window_names(m)), FULL_RANGE]


def wall(desk: Desk, light: Light, overlay: Overlay | None, result: ExamResult | None) -> None:
    """Show the exam: four panes, or the one picture that is shown alone, and the strip below."""
    hanging = desk.hanging()
    alone = _alone(desk, hanging)
    if alone:
        places = [(name_of(alone.mammogram), alone, reach([alone]), "right" if not alone.wall_right else "left")]
    else:
        size = (hanging.height, hanging.width)
        places = [
            ("-".join(place), hanging.panes.get(place), size, "left" if place[0] is Laterality.RIGHT else "right")
            for place in PLACES
        ]
    panes = [_hung(desk, *place, light, overlay, result) for place in places]
    revision = f"{desk.exam.exam_id} {[place[0] for place in places]}"
    with st.container(key="wall", gap=None):
        _component()(key="figure", data={"revision": revision, "panes": panes}, height="stretch")
        if hanging.others or (alone and hanging.panes):
            _strip(desk, hanging, light, alone)


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "wall",
        html='<div class="wall"></div>',
        css=(COMPONENTS / "wall.css").read_text(encoding="utf-8"),
        js=(COMPONENTS / "wall.js").read_text(encoding="utf-8"),
    )


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
                st.html(f'<img src="{_picture(desk, pane, light, 160)}" alt="{escape(name_of(m))}">')
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
    return desk.shelf.promise(key, lambda: picture_png(pane, shown, size) if size else picture_png(pane, shown))


def _heat(desk: Desk, pane: Pane, overlay: Overlay, said: ImageResult, model: str) -> str | None:
    shown = replace(overlay, opacity=1.0)
    key = ("heat", model, pane.mammogram.image_id, pane.mirrored, shown)
    return desk.shelf.url(key, lambda: heat_png(pane, heat_map(pane.mammogram, said, overlay.kind, overlay.class_name)))


def _hung(
    desk: Desk,
    name: str,
    pane: Pane | None,
    size: tuple[float, float],
    outer: str,
    light: Light,
    overlay: Overlay | None,
    result: ExamResult | None,
) -> dict[str, Any]:
    """One pane as the component takes it; without a picture it keeps its place and its name."""
    height, width = size
    given: dict[str, Any] = {"name": name, "outer": outer, "height": height, "width": width, "middle": 0.0}
    if pane is None:
        return given | {"wall": outer, "caption": "", "empty": f"no {name}", "pictures": [], "foci": []}
    mammogram = pane.mammogram
    words = [mammogram.study_date, _window(mammogram, light)]
    alt = ", ".join(word for word in (name, *words) if word)
    pictures = [{"url": _picture(desk, pane, light), "alt": alt, "box": pane.box, "opacity": 1.0}]
    foci: list[dict[str, Any]] = []
    said = result.images.get(mammogram.image_id) if result else None
    if overlay and result and said:
        heat = _heat(desk, pane, overlay, said, result.model)
        if heat:
            alt = f"{overlay.class_name} heat map of {name}"
            pictures.append({"url": heat, "alt": alt, "box": pane.box, "opacity": overlay.opacity})
        if overlay.outlined:
            foci = [{"number": focus.number, "box": pane.outline(focus)} for focus in said.foci]
            words += [] if foci else ["no focus"]
        elif not heat:
            words.append("the map says nothing here")
    words.append("research use only")
    return given | {
        "wall": "right" if pane.wall_right else "left",
        "middle": (pane.breast[1] + pane.breast[3]) / 2,
        "caption": " · ".join(word for word in words if word),
        "empty": "",
        "pictures": pictures,
        "foci": foci,
    }


def _window(mammogram: Mammogram, light: Light) -> str:
    preset = light.on(mammogram).preset
    names = dict(zip(map(id, mammogram.presets), window_names(mammogram), strict=True))
    name = names[id(preset)] if preset is not None else FULL_RANGE.lower()
    changed = ", changed" if light.brightness or light.contrast else ""
    return name + changed + (", inverted" if light.inverted else "")
