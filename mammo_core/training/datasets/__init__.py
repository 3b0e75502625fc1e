"""Data sets in their usual layouts, all as one `Table`. It reads lists and folders; pixels are decoded elsewhere.

A layout is a module with two functions: `recognises(root)` and `read(root)`. docs/datasets.md describes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mammo_core.training.datasets import (
    boxes,
    cbis,
    cmmd,
    coco,
    ddsm,
    folders,
    inbreast,
    manifest,
    mias,
    rsna,
    vindr,
    yolo,
)
from mammo_core.training.datasets.files import Files, place_of
from mammo_core.training.datasets.listing import counted, in_both_parts, some
from mammo_core.training.datasets.table import LABELS, Box, Lesion, Row, Table
from mammo_core.training.datasets.twice import under_one_name

__all__ = ["LABELS", "LAYOUTS", "Box", "Layout", "Lesion", "Row", "Table", "layouts_of", "read_dataset"]


@dataclass(frozen=True)
class Layout:
    """How a set lies on disk: whether a path is one, and what it holds."""

    recognises: Callable[[Path], bool]
    read: Callable[[Path], Table]


LAYOUTS = {
    "manifest": Layout(manifest.recognises, manifest.read),
    "rsna": Layout(rsna.recognises, rsna.read),
    "vindr": Layout(vindr.recognises, vindr.read),
    "cbis": Layout(cbis.recognises, cbis.read),
    "inbreast": Layout(inbreast.recognises, inbreast.read),
    "cmmd": Layout(cmmd.recognises, cmmd.read),
    "mias": Layout(mias.recognises, mias.read),
    "boxes": Layout(boxes.recognises, boxes.read),
    "coco": Layout(coco.recognises, coco.read),
    "yolo": Layout(yolo.recognises, yolo.read),
    "ddsm": Layout(ddsm.recognises, ddsm.read),
    "folders": Layout(folders.recognises, folders.read),
}
"""Every layout by name, in the order in which they are tried: the plainest signs first, mere names of folders last."""


def layouts_of(path: Path) -> dict[Path, str]:
    """The layout of a data set, or those of the data sets that lie side by side in a folder.

    Raises:
        FileNotFoundError: there is nothing there.
        ValueError: no layout is recognised.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if name := _layout(path):
        return {path: name}
    inside = sorted(folder for folder in path.iterdir() if folder.is_dir()) if path.is_dir() else []
    found = {folder: name for folder in inside if (name := _layout(folder))}
    if found:
        return found
    said = f"{path} is in none of the layouts read here ({', '.join(LAYOUTS)}); see docs/datasets.md"
    if places := some(place_of(picture.relative_to(path).parts[:-1]) for picture in Files(path).pictures):
        said += f". There are pictures in: {places}. Wanted is {manifest.NAME}, or a folder for each class ({', '.join(LABELS)})."
    raise ValueError(said)


def read_dataset(path: Path | str, layout: str | None = None) -> Table:
    """The table of a data set in the layout named, or in the one recognised; of several side by side, all their rows.

    Raises:
        FileNotFoundError: there is nothing there.
        ValueError: the layout is not known or not recognised, or a row is wrong; the message names file and row.
    """
    path = Path(path)
    if layout is None:
        sets = layouts_of(path)
    elif layout not in LAYOUTS:
        raise ValueError(f"{layout!r} is no layout; there are {', '.join(LAYOUTS)}")
    elif not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    else:
        sets = {path: layout}
    tables = [_read(folder, name) for folder, name in sets.items()]
    left_out = () if path in sets else _left_out(path, sets)
    if len(tables) == 1:
        return under_one_name(replace(tables[0], notes=(*left_out, *tables[0].notes)))
    names = [folder.name for folder in sets]
    together = Table(
        tuple(row for table in tables for row in table.rows),
        tuple(f"{name}/{file}" for name, table in zip(names, tables, strict=True) for file in table.missing),
        (
            *left_out,
            *(f"{name}: {note}" for name, table in zip(names, tables, strict=True) for note in table.notes),
        ),
    )
    return under_one_name(together)


def _layout(path: Path) -> str | None:
    return next((name for name, layout in LAYOUTS.items() if layout.recognises(path)), None)


def _left_out(path: Path, sets: Iterable[Path]) -> tuple[str, ...]:
    """A note on the pictures of a folder that are in none of the sets in it; none where there are no such pictures."""
    others = [
        picture.relative_to(path)
        for picture in Files(path).pictures
        if not any(picture.is_relative_to(folder) for folder in sets)
    ]
    if not others:
        return ()
    places = some(place.parts[0] if len(place.parts) > 1 else place_of(()) for place in others)
    return (
        f"Left out, since they are in none of the layouts read here: {counted(len(others), 'picture')}, in {places}.",
    )


def _read(path: Path, layout: str) -> Table:
    try:
        table = LAYOUTS[layout].read(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ValueError(f"{path} is not in the layout {layout}: {error.filename} is not there") from error
    if not table.rows and not table.missing and not LAYOUTS[layout].recognises(path):
        raise ValueError(f"{path} is not in the layout {layout}; see docs/datasets.md")
    first: dict[Path, Row] = {}
    for row in table.rows:
        if (other := first.setdefault(row.path, row)) is not row:
            raise ValueError(
                f"{row.path} is listed twice: {other.label}, of {other.patient_id}, and {row.label}, of {row.patient_id}"
            )
    both = in_both_parts(table.rows)
    if not both:
        return table
    note = f"{counted(len(both), 'woman stands', 'women stand')} in more than one official part: {', '.join(both)}."
    return replace(table, notes=(*table.notes, note))
