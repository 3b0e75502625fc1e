"""What sets made for finding lesions have in common: a class for each box, and no woman's name but in headers.

A class counts as malignant or benign as its name says (see `classes`); another is an error. A picture has the label of its
worst box. Without any box it is normal where the set marks both classes, else not malignant.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mammo_core.intake.names import what_a_name_says
from mammo_core.training.datasets.classes import classes_said
from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.headers import with_headers, without_women
from mammo_core.training.datasets.listing import PARTS, counted, worst
from mammo_core.training.datasets.table import Lesion, Row, Table


def class_of(name: str) -> str:
    """Malignant or benign, as the name of a class says.

    Raises:
        ValueError: it says neither, or both.
    """
    said = classes_said(name)
    if said not in ({"benign"}, {"malignant"}):
        raise ValueError(f"the class {name!r} says neither benign nor malignant")
    return said.pop()


def unmarked(classes: Iterable[str]) -> str:
    """The label of a picture without any box, in a set that marks these classes."""
    return "normal" if {"benign", "malignant"} <= set(classes) else "not_malignant"


def part_of(words: Iterable[str]) -> str:
    """The official part that the first folder with such a name stands for, "" if none."""
    return next((PARTS[word.lower()] for word in words if word.lower() in PARTS), "")


def marked_row(files: Files, path: Path, lesions: list[Lesion], part: str, label: str) -> Row:
    """The row of a picture with its boxes; `label` is what it has without any."""
    file = files.name(path)
    says = what_a_name_says(file)
    dataset = files.root.resolve().name
    return Row(
        path=path,
        file=file,
        dataset=dataset,
        patient_id=f"{dataset}_{file.removesuffix(path.suffix)}",
        label=worst(lesion.label for lesion in lesions) if lesions else label,
        laterality=says.laterality.value if says.laterality else "",
        view=says.view_code,
        part=part,
        lesions=tuple(lesions),
    )


def marked_table(rows: list[Row], missing: list[str]) -> Table:
    """The table of a set with boxes, and notes on what it leaves open."""
    told, still = with_headers(rows, [row.path for row in rows])
    notes = without_women(still)
    empty = [row for row in rows if not row.lesions]
    if empty:
        label = " or ".join(sorted({row.label.replace("_", " ") for row in empty}))
        notes.append(f"Taken as {label}, since they have no box: {counted(len(empty), 'picture')}.")
    return Table(tuple(told), tuple(missing), tuple(notes))
