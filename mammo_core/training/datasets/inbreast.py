"""INbreast: `INbreast.csv` (the set's own, or its sheet saved as CSV) and DICOM files named by picture, woman, side and view.

Its traps: the list calls every woman "removed", so that only file names tell women apart; labels are BI-RADS categories
of a reader, not biopsies; and mediolateral obliques are "ML" in file names. Files that were renamed to their number alone
have no woman.
"""

from __future__ import annotations

import re
from pathlib import Path

from mammo_core.training.datasets.files import Files, is_mask
from mammo_core.training.datasets.listing import counted, heading, named, needed, one_of, records, side
from mammo_core.training.datasets.table import Row, Table

COLUMNS = ("Laterality", "View", "File Name", "ACR")
_WOMAN = re.compile(r"\d+_([0-9a-f]{16})(?:_|$)")
"""Behind a file's number hers is of sixteen hexadecimal digits; what conversions put there is another word."""
_BIRADS = ("Bi-Rads", "Bi-RADS", "BI-RADS")
LABELS = {
    "1": "normal",
    "2": "benign",
    "3": "benign",
    "4": "malignant",
    "4A": "malignant",
    "4B": "malignant",
    "4C": "malignant",
    "5": "malignant",
    "6": "malignant",
}
"""What a BI-RADS category counts as: 3 is probably benign; 4 and above were sent to biopsy."""


def recognises(root: Path) -> bool:
    """Whether the folder holds the set's list."""
    return _list(root) is not None


def read(root: Path) -> Table:
    """One row for each picture that the list names.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    path = _list(root)
    if path is None:
        raise ValueError(f"{root} holds no INbreast.csv")
    birads = next(name for name in _BIRADS if name in heading(path))
    files = Files(root)
    pictures = [picture for picture in files.pictures if not is_mask(files.name(picture))]
    numbered = {picture.stem.partition("_")[0]: picture for picture in reversed(pictures)}
    rows: list[Row] = []
    missing: list[str] = []
    nameless = 0
    for row, record in records(path, COLUMNS, once="File Name"):
        if not record["File Name"] and not record[birads]:
            continue  # remarks below the table of the sheet
        with named(path, row):
            count = needed(record, "File Name").removesuffix(".0")  # as spreadsheets write a number
            picture = numbered.get(count)
            woman = _WOMAN.match(picture.stem) if picture else None
            read_row = Row(
                path=picture or root,
                file=files.name(picture) if picture else f"AllDICOMs/{count}",
                dataset="inbreast",
                patient_id=f"INBREAST_{woman[1] if woman else count}",
                label=one_of(record[birads], LABELS, "the BI-RADS category"),
                laterality=side(record["Laterality"]),
                view=record["View"],
                density=record["ACR"].removesuffix(".0"),
            )
        if picture is None:
            missing.append(read_row.file)
        else:
            rows.append(read_row)
            nameless += woman is None
    notes = ["Labels are a reader's BI-RADS categories: 1 counts as normal, 2 and 3 as benign, 4 to 6 as malignant."]
    if nameless:
        notes.append(
            f"No woman is named for {counted(nameless, 'picture')}: each file counts as a woman of its own. "
            "The original file names say whose they are."
        )
    return Table(tuple(rows), tuple(missing), tuple(notes))


def _list(root: Path) -> Path | None:
    if not root.is_dir():
        return None
    for path in sorted(root.glob("*.csv")):
        names = heading(path)
        if {"File Name", "ACR"} <= set(names) and set(_BIRADS) & set(names):
            return path
    return None
