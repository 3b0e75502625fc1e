"""CMMD, the Chinese mammography database: its clinical sheet saved as CSV, and a folder of DICOM files for each woman.

A row of the sheet is a breast; which side and view a file shows stands in its DICOM header alone. Breasts that the sheet
does not name have no diagnosis and are left out. The two cohorts, D1 and D2, stand in `site`: nearly all of D2 is malignant.
"""

from __future__ import annotations

from pathlib import Path

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.headers import read_header
from mammo_core.training.datasets.listing import age, counted, heading, named, needed, one_of, records, side
from mammo_core.training.datasets.table import Row, Table

COLUMNS = ("ID1", "LeftRight", "Age", "classification")
_LABELS = {"BENIGN": "benign", "MALIGNANT": "malignant"}


def recognises(root: Path) -> bool:
    """Whether the folder holds the clinical sheet as CSV."""
    return _sheet(root) is not None


def read(root: Path) -> Table:
    """One row for each picture of a breast that the sheet names; diagnoses are biopsies.

    Raises:
        ValueError: a row is wrong, or a file is no DICOM file; the message names it.
    """
    sheet = _sheet(root)
    if sheet is None:
        raise ValueError(f"{root} holds no clinical sheet as CSV")
    breasts: dict[str, dict[str, tuple[str, float | None]]] = {}
    for row, record in records(sheet, COLUMNS):
        with named(sheet, row):
            laterality = side(needed(record, "LeftRight"))
            label = one_of(record["classification"], _LABELS, "the classification")
            hers = breasts.setdefault(needed(record, "ID1"), {})
            if hers.get(laterality, (label,))[0] != label:
                raise ValueError(f"the {laterality} breast of {record['ID1']} has two classifications")
            hers[laterality] = (label, age(record["Age"]))
    files = Files(root)
    rows: list[Row] = []
    missing: list[str] = []
    unnamed = 0
    for woman, sides in breasts.items():
        shown = set()
        for path in files.within(woman):
            laterality, view = _side_and_view(path)
            if laterality not in sides:
                unnamed += 1
                continue
            shown.add(laterality)
            label, years = sides[laterality]
            rows.append(
                Row(
                    path=path,
                    file=files.name(path),
                    dataset="cmmd",
                    patient_id=f"CMMD_{woman}",
                    label=label,
                    laterality=laterality,
                    view=view,
                    age=years,
                    site=woman.partition("-")[0],
                )
            )
        missing += [f"{woman}: {laterality} breast" for laterality in sides if laterality not in shown]
    notes = []
    if unnamed:
        notes.append(f"{counted(unnamed, 'picture')} of breasts without a diagnosis in the sheet were left out.")
    return Table(tuple(rows), tuple(missing), tuple(notes))


def _side_and_view(path: Path) -> tuple[str, str]:
    try:
        found = read_header(path)
    except ValueError as error:
        raise ValueError(f"{error}: only its header says which breast it shows") from error
    return found.laterality, found.view


def _sheet(root: Path) -> Path | None:
    if not root.is_dir():
        return None
    return next((path for path in sorted(root.glob("*.csv")) if {"ID1", "LeftRight"} <= set(heading(path))), None)
