"""A manifest: one CSV row a picture, and the lesions in a `boxes.csv` beside it. docs/datasets.md lists the columns."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import (
    age,
    clipped,
    counted,
    edges,
    inside,
    named,
    needed,
    number,
    part,
    records,
    side,
    view,
)
from mammo_core.training.datasets.table import Lesion, Row, Table

NAME = "manifest.csv"
COLUMNS = ("file", "patient_id", "label")
VOLUMES = ("volume", "ddsm_volume")
MORE = ("dataset", "laterality", "view", "age", "density", "machine", "site", *VOLUMES, "part", "split_official")
BOXES = "boxes.csv"
BOX_COLUMNS = ("file", "x0", "y0", "x1", "y1", "label")


def recognises(root: Path) -> bool:
    """Whether the folder holds a manifest, or is one."""
    return (root / NAME).is_file() or (root.is_file() and root.suffix.lower() == ".csv")


def read(root: Path) -> Table:
    """The pictures that a manifest lists; files are named from its folder.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    path = root if root.is_file() else root / NAME
    folder = path.parent
    lesions = read_boxes(folder / BOXES) if (folder / BOXES).is_file() else {}
    listed: list[Row] = []
    seen: dict[str, str] = {}
    for row, record in records(path, COLUMNS, also=MORE):
        with named(path, row):
            file = inside(needed(record, "file"))
            if file in seen:
                raise ValueError(f"{file} stands in {seen[file]} already")
            seen[file] = row
            read_row = Row(
                path=folder / file,
                file=file,
                dataset=record.get("dataset", "") or folder.resolve().name,
                patient_id=needed(record, "patient_id"),
                label=needed(record, "label").lower(),
                laterality=side(record.get("laterality", "")),
                view=view(record.get("view", "")),
                age=age(record.get("age", "")),
                density=record.get("density", "").removesuffix(".0"),  # a column with gaps comes as 3.0 from pandas
                machine=record.get("machine", ""),
                site=record.get("site", ""),
                volume=volume_of(record),
                part=part(record.get("part", "") or record.get("split_official", "")),
                lesions=tuple(lesion for _, lesion in lesions.get(file, ())),
            )
            if read_row.label != "malignant" and any(lesion.label == "malignant" for lesion in read_row.lesions):
                raise ValueError(f"{file} is {read_row.label}, and {BOXES} marks a malignant lesion in it")
        listed.append(read_row)
    for file, found in lesions.items():
        if file not in seen:
            with named(folder / BOXES, found[0][0]):
                raise ValueError(f"{path.name} lists no {file}")
    spelled = _spelled_otherwise(folder, listed)
    rows = [
        replace(row, path=there, lesions=within(there, folder / BOXES, lesions.get(row.file, ())))
        for row in listed
        if (there := spelled.get(row.file, row.path))
    ]
    missing = [file for file, found in spelled.items() if found is None]
    pictures = len(spelled) - len(missing)
    note = (
        f"Found although {path.name} spells their names otherwise (capitals, accents): {counted(pictures, 'picture')}."
    )
    return Table(tuple(rows), tuple(missing), (note,) if pictures else ())


def volume_of(record: Mapping[str, str]) -> str:
    """The volume that a row of a manifest names, in whichever of `VOLUMES` it stands; "" in none."""
    return next((record[name] for name in VOLUMES if record.get(name)), "")


def _spelled_otherwise(folder: Path, listed: list[Row]) -> dict[str, Path | None]:
    """For each file that is not there, the one picture of that name but for capitals and the composition of accents.

    None where there is no such picture, or where several pictures, or several rows, have that name.
    """
    absent = [row for row in listed if not os.path.isfile(row.path)]
    if not absent:
        return {}
    files = Files(folder)
    found: dict[str, list[Path]] = {}
    for picture in files.pictures:
        found.setdefault(_folded(files.name(picture)), []).append(picture)
    asked = Counter(_folded(row.file) for row in listed)
    alike = {row.file: found.get(_folded(row.file), []) for row in absent}
    return {
        file: pictures[0] if len(pictures) == 1 and asked[_folded(file)] == 1 else None
        for file, pictures in alike.items()
    }


def _folded(file: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", file).casefold())


def read_boxes(path: Path) -> dict[str, list[tuple[str, Lesion]]]:
    """The lesions of each file with the rows they stand in; x runs to the right, y down, in pixels of the file.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    lesions: dict[str, list[tuple[str, Lesion]]] = {}
    for row, record in records(path, BOX_COLUMNS):
        with named(path, row):
            left, top, right, bottom = (number(record[column], column) for column in ("x0", "y0", "x1", "y1"))
            lesion = Lesion((top, left, bottom, right), record["label"].lower())
            lesions.setdefault(inside(needed(record, "file")), []).append((row, lesion))
    return lesions


def within(picture: Path, boxes: Path, found: Sequence[tuple[str, Lesion]]) -> tuple[Lesion, ...]:
    """The lesions of one picture, `found` in rows of `boxes`, cut off at its edges.

    Raises:
        ValueError: a box lies outside; the message names the row.
    """
    lesions: list[Lesion] = []
    rows, columns = edges(picture if found else None)
    for row, lesion in found:
        with named(boxes, row):
            lesions.append(clipped(lesion.box, rows, columns, lesion.label))
    return tuple(lesions)
