"""The pictures that a run got wrong with most confidence, each with what its network looked at.

Heat maps are made by a process of their own, which may import TensorFlow; here they are only shown. Pictures go from the data's
folder to the reader's own session, and nowhere else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import streamlit as st

from mammo_core.exam import Refusal
from mammo_core.intake import shared
from mammo_core.presentation import png
from mammo_core.training.bench.pictures import canvas
from mammo_core.training.explain import methods, place
from mammo_core.training.judging import evaluate
from mammo_core.training.lab.runs import read_run
from mammo_core.training.recipes import recipe_of
from mammo_core.training.recipes.patch import PatchRecipe
from pages.parts.desk import Desk
from pages.parts.lab import errands
from pages.parts.lab.data import paths_of
from pages.parts.lab.judged import Judged
from pages.parts.look import write
from pages.parts.take_away import table

SHOWN = 8
"""Pictures of a run that are shown; the table has all."""
EVERY = 2.0
"""Seconds between two looks at heat maps that are being made."""


def worst(found: Sequence[Judged]) -> None:
    """Each run's worst errors: pictures with heat maps, and a table to take away."""
    left, right = st.columns(2)
    names = {method: name for one in found for method, name in methods(one.folder).items()}
    method = left.selectbox(
        "Heat map",
        list(names),
        format_func=lambda method: names.get(method, method),
        key="method",
        persist_state="page",
    )
    with right.container(height="stretch", vertical_alignment="bottom"):
        on = st.toggle("Show heat maps", value=True, key="maps_on", persist_state="page")
    write(
        "quiet",
        "Where a map is bright the network's answer depends on the picture most. Methods differ, and none is a proof.",
    )
    for one in found:
        rows = evaluate.worst(one.predictions, one.recipe)
        st.markdown(f"#### {one.run}")
        if rows and method in methods(one.folder):
            st.fragment(_pictures, run_every=EVERY)(one, rows[:SHOWN], method, on)
        elif rows:
            write("quiet", "Its networks draw no such map.")
            _side_by_side(one, rows[:SHOWN], method or "", False)
        table([_told(one, row) for row in rows], "No picture was got wrong by more than one half.", f"{one.slug}-worst")


def _told(one: Judged, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "File": row["file"],
        "Truly": row["label"].replace("_", " "),
        f"Said {one.positive}": f"{100 * row['probability']:.1f} %",
        "View": " ".join(filter(None, (row["laterality"], row["view"]))) or "not stated",
    }


def _pictures(one: Judged, rows: list[dict[str, Any]], method: str, on: bool) -> None:
    """The pictures side by side, and the button that has their maps made."""
    missing = [row for row in rows if not place(one.folder, row["dataset"], row["file"], method).is_file()]
    log = one.folder / "explain" / f"{method}.log"
    errand = errands.stands(log)
    runs = errand is not None and errand.runs
    called = methods(one.folder)[method]
    name = called.lower() if called.endswith(" map") else f"{called} map"
    if st.button(
        f"Make {name}s",
        key=f"explain-{one.slug}",
        disabled=runs or not missing,
        help=f"{len(missing)} of {len(rows)} pictures have none by this method yet",
    ):
        names = [f"{row['dataset']}/{row['file']}" for row in missing]
        errands.send(["explain", str(one.folder), "--method", method, "--file", *names], log)
        st.rerun(scope="fragment")
    if runs:
        write("quiet", f"Being made: {len(rows) - len(missing)} of {len(rows)} are there. The page may be closed.")
    elif errand and errand.code:
        write("amber", f"Not made: {errand.last}")
    else:
        write("quiet", f"{len(rows) - len(missing)} of {len(rows)} pictures have a {name}.")
    _side_by_side(one, rows, method, on)


def _side_by_side(one: Judged, rows: list[dict[str, Any]], method: str, on: bool) -> None:
    """The pictures, with their maps where they were made and are wanted, and all of them to take away."""
    shelf, paths = Desk.of_session().shelf, _paths(one.folder)
    figures, pictures = [], []
    for number, row in enumerate(rows, start=1):
        map_ = place(one.folder, row["dataset"], row["file"], method)
        path = paths.get((row["dataset"], row["file"]))
        shows = on and map_.is_file()
        if shows:
            url = shelf.url((str(map_), map_.stat().st_mtime_ns), map_.read_bytes)
        else:
            url = shelf.url(("plain", *one.key, row["dataset"], row["file"]), lambda path=path: _plain(one, path))
        figures.append(_figure(one, row, url, shows))
        if url and (drawn := shelf.picture(Path(url).stem)):
            name = f"{number:02}-truly-{row['label']}-said-{one.positive}-{100 * row['probability']:.0f}"
            pictures.append((re.sub(r"[^\w+-]", "_", f"{name}-{method}" if shows else name) + ".png", drawn))
    st.html(f'<div class="lab-pictures">{"".join(figures)}</div>')
    if pictures:
        st.download_button(
            ":primary[Pictures as ZIP]",
            _zipped(pictures),
            f"{one.slug}-worst.zip",
            "application/zip",
            key=f"{one.slug}-worst-zip",
            help="As they are shown, numbered like the rows of the table",
            type="tertiary",
            on_click="ignore",
        )


def _zipped(pictures: Sequence[tuple[str, bytes]]) -> bytes:
    """A ZIP of named pictures; without times in it, so that a page that looks every other second offers the same file."""
    stream = io.BytesIO()
    with ZipFile(stream, "w") as archive:
        for name, picture in pictures:
            archive.writestr(ZipInfo(name), picture)
    return stream.getvalue()


def _figure(one: Judged, row: dict[str, Any], url: str | None, shows: bool) -> str:
    truth, view = escape(row["label"].replace("_", " ")), escape(f"{row['laterality']} {row['view']}".strip())
    said = f"{escape(one.positive)} {100 * row['probability']:.0f} %"
    alt = f"{view or 'Picture'}, truly {truth}, said {said}{', with heat map' if shows else ''}"
    drawn = (
        f'<img src="{url}" alt="{alt}">'
        if url
        else '<div class="lab-absent">The picture cannot be read any more.</div>'
    )
    return (
        f'<figure>{drawn}<figcaption>truly {truth}<br><span class="room-quiet">said {said}'
        f"{f' · {view}' if view else ''}</span></figcaption></figure>"
    )


def _paths(folder: Path) -> dict[tuple[str, str], Path]:
    try:
        data, recipe = Path(read_run(folder).data), recipe_of(folder)
        if not isinstance(recipe, PatchRecipe):
            return paths_of(data)
        of_sets = {name: paths_of(data / name) for name in recipe.needs}  # each is known by its folder's name
        return {(name, file): path for name, own in of_sets.items() for (_, file), path in own.items()}
    except (ValueError, OSError):
        return {}


def _plain(one: Judged, path: Path | None) -> bytes | None:
    """The picture as the network saw it; None where it cannot be read."""
    if path is None or not path.is_file():
        return None
    read = next(iter(shared().read(path.name, path.read_bytes(), lenient=True)), None)
    if read is None or isinstance(read, Refusal):
        return None
    return png(canvas(read, one.recipe.size, one.recipe.crop))
