"""Data sets in their usual layouts, all as one `Table`. It reads lists and folders; pixels are decoded elsewhere.

A layout is a module with two functions: `recognises(root)` and `read(root)`. docs/datasets.md describes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
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

__all__ = [
    "LABELS",
    "LAYOUTS",
    "Box",
    "Layout",
    "Lesion",
    "NoLayout",
    "Row",
    "Sets",
    "Table",
    "layouts_of",
    "read_dataset",
    "read_sets",
]


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


class NoLayout(ValueError):
    """Pictures that lie in none of the layouts read here, or not in the one named. docs/datasets.md describes them."""


@dataclass(frozen=True)
class Sets:
    """Data sets as far as they could be read: the `layouts` and `tables` by folder, and by folder what is `wrong` with the others.

    `notes` are on what lies beside them.
    """

    layouts: dict[Path, str] = field(default_factory=dict)
    tables: dict[Path, Table] = field(default_factory=dict)
    wrong: dict[Path, ValueError | OSError] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def together(self) -> Table:
        """All rows in one table; of several sets, what is missing and what was noted is named by its set."""
        alone = len(self.tables) == 1
        named = [("" if alone else folder.name, table) for folder, table in self.tables.items()]
        table = Table(
            tuple(row for _, table in named for row in table.rows),
            tuple(f"{name}/{file}" if name else file for name, table in named for file in table.missing),
            (*self.notes, *(f"{name}: {note}" if name else note for name, table in named for note in table.notes)),
        )
        return _with_torn_women(under_one_name(table))


def layouts_of(path: Path) -> dict[Path, str]:
    """The layout of a data set, or those of the data sets that lie side by side in a folder.

    Raises:
        FileNotFoundError: there is nothing there.
        NoLayout: none is recognised.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if name := _layout(path):
        return {path: name}
    inside = sorted(folder for folder in path.iterdir() if folder.is_dir()) if path.is_dir() else []
    found = {folder: name for folder in inside if (name := _layout(folder))}
    if found:
        return found
    said = f"{path} is in none of the layouts read here ({', '.join(LAYOUTS)})"
    if places := some(place_of(picture.relative_to(path).parts[:-1]) for picture in Files(path).pictures):
        said += f". There are pictures in: {places}. Wanted is {manifest.NAME}, or a folder for each class ({', '.join(LABELS)})."
    raise NoLayout(said)


def read_dataset(path: Path | str, layout: str | None = None) -> Table:
    """The table of a data set in the layout named, or in the one recognised; of several side by side, all their rows.

    Raises:
        FileNotFoundError: there is nothing there.
        NoLayout: the layout is not recognised.
        ValueError: the layout is not known, or a row is wrong; the message names file and row, and the set where it is one of several.
    """
    found = read_sets([Path(path)], layout)
    if not found.wrong:
        return found.together()
    if len(found.layouts) < 2:
        raise next(iter(found.wrong.values()))
    said = [
        f"the set {folder.name} cannot be read: {getattr(error, 'strerror', None) or error}"
        for folder, error in found.wrong.items()
    ]
    raise ValueError("; ".join(said))


def read_sets(paths: Sequence[Path], layout: str | None = None) -> Sets:
    """The data sets at these places, each in the layout named or in the one recognised; one that is wrong keeps back no other.

    Raises:
        ValueError: the layout is not known.
    """
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"{layout!r} is no layout; there are {', '.join(LAYOUTS)}")
    layouts: dict[Path, str] = {}
    tables: dict[Path, Table] = {}
    wrong: dict[Path, ValueError | OSError] = {}
    notes: list[str] = []
    for path in paths:
        try:
            sets = layouts_of(path) if layout is None else {path: layout}
        except (ValueError, OSError) as error:
            wrong[path] = error
            continue
        layouts |= sets
        notes += () if path in sets else _left_out(path, sets)
        for folder, name in sets.items():
            try:
                tables[folder] = _read(folder, name)
            except (ValueError, OSError) as error:
                wrong[folder] = error
    return Sets(layouts, tables, wrong, tuple(notes))


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
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        table = LAYOUTS[layout].read(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NoLayout(f"{path} is not in the layout {layout}: {error.filename} is not there") from error
    if not table.rows and not table.missing and not LAYOUTS[layout].recognises(path):
        raise NoLayout(f"{path} is not in the layout {layout}")
    first: dict[Path, Row] = {}
    for row in table.rows:
        if (other := first.setdefault(row.path, row)) is not row:
            raise ValueError(
                f"{row.path} is listed twice: {other.label}, of {other.patient_id}, and {row.label}, of {row.patient_id}"
            )
    return table


def _with_torn_women(table: Table) -> Table:
    """The table with a note on the women who stand in more than one official part."""
    both = in_both_parts(table.rows)
    if not both:
        return table
    note = f"{counted(len(both), 'woman stands', 'women stand')} in more than one official part: {', '.join(both)}."
    return replace(table, notes=(*table.notes, note))
