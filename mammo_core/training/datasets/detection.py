"""What sets made for finding lesions have in common: a class for each box, and no list of women.

A class counts as malignant or benign as its name says (see `classes`); another is an error. A picture has the label of its
worst box. Without any box it is normal where boxes of the set, whatever its parts, are of both classes, else not malignant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from mammo_core.training.datasets.classes import classes_said
from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import counted, part_of_folder, worst
from mammo_core.training.datasets.places import what_a_place_says
from mammo_core.training.datasets.table import Lesion, Row, Table
from mammo_core.training.datasets.women import with_women


def class_of(name: str) -> str:
    """Malignant or benign, as the name of a class says.

    Raises:
        ValueError: it says neither, or both.
    """
    said = classes_said(name)
    if said not in ({"benign"}, {"malignant"}):
        raise ValueError(f"the class {name!r} says neither benign nor malignant")
    return said.pop()


def part_of(words: Iterable[str]) -> str:
    """The official part that the first folder with such a name stands for, "" if none."""
    return next((part for word in words if (part := part_of_folder(word))), "")


def marked_row(files: Files, path: Path, lesions: Sequence[Lesion], part: str) -> Row:
    """The row of a picture with its boxes; of one without any, `marked_table` sees whether it is more than not malignant."""
    file = files.name(path)
    says = what_a_place_says(file)
    dataset = files.root.resolve().name
    return Row(
        path=path,
        file=file,
        dataset=dataset,
        patient_id=f"{dataset}_{file.removesuffix(path.suffix)}",
        label=worst(lesion.label for lesion in lesions) if lesions else "not_malignant",
        laterality=says.laterality.value if says.laterality else "",
        view=says.view_code,
        part=part,
        lesions=tuple(lesions),
    )


def marked_table(rows: list[Row], missing: list[str]) -> Table:
    """The table of a set with boxes, and notes on what it leaves open."""
    marked = {lesion.label for row in rows for lesion in row.lesions}
    unmarked = "normal" if len(marked) == 2 else "not_malignant"
    rows = [row if row.lesions else replace(row, label=unmarked) for row in rows]
    told, notes = with_women(rows, [row.path for row in rows])
    if empty := sum(not row.lesions for row in rows):
        notes.append(f"Taken as {unmarked.replace('_', ' ')}, since they have no box: {counted(empty, 'picture')}.")
    return Table(tuple(told), tuple(missing), tuple(notes))
