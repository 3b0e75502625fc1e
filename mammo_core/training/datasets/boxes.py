"""A `boxes.csv` without a manifest: its pictures are those that have a box, since nothing says that others were looked at."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from mammo_core.training.datasets.detection import marked_row, marked_table
from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import counted
from mammo_core.training.datasets.manifest import BOXES, read_boxes, within
from mammo_core.training.datasets.table import Table


def recognises(root: Path) -> bool:
    """Whether a `boxes.csv` lies in the folder."""
    return (root / BOXES).is_file()


def read(root: Path) -> Table:
    """A picture has the label of its worst box.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    files = Files(root)
    lesions = read_boxes(root / BOXES)
    missing = [file for file in lesions if not os.path.isfile(root / file)]
    rows = [
        marked_row(files, root / file, within(root / file, root / BOXES, found), "")
        for file, found in lesions.items()
        if file not in missing
    ]
    table = marked_table(rows, missing)
    others = len(files.pictures) - len(rows)
    if others <= 0:
        return table
    return replace(table, notes=(*table.notes, f"Left out, since they have no box: {counted(others, 'picture')}."))
