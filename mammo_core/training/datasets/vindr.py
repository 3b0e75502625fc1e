"""VinDr-Mammo: `breast-level_annotations.csv`, `finding_annotations.csv` and `images/<study>/<image>.dicom` (Nguyen et al. 2023).

Labels are the BI-RADS category that readers gave the breast, not biopsies, and boxes mark only what was category 3 or
more. A study is a woman. `metadata.csv`, where it is there, tells age and machine.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import (
    PARTS,
    Record,
    age,
    clipped,
    edges,
    named,
    needed,
    number,
    one_of,
    records,
    side,
)
from mammo_core.training.datasets.table import Lesion, Row, Table

BREASTS = "breast-level_annotations.csv"
FINDINGS = "finding_annotations.csv"
METADATA = "metadata.csv"
BREAST_COLUMNS = ("study_id", "image_id", "laterality", "view_position", "breast_birads", "breast_density", "split")
FINDING_COLUMNS = ("image_id", "height", "width", "finding_birads", "xmin", "ymin", "xmax", "ymax")
LABELS = {
    "BI-RADS 1": "normal",
    "BI-RADS 2": "benign",
    "BI-RADS 3": "benign",
    "BI-RADS 4": "malignant",
    "BI-RADS 5": "malignant",
}
"""What a BI-RADS category counts as: 3 is probably benign; 4 and 5 would be sent to biopsy."""
_Finding = tuple[float, float, Lesion]
"""Rows and columns of the original, and a lesion on that grid."""
_PARTS = {word.upper(): part for word, part in PARTS.items()}


def recognises(root: Path) -> bool:
    """Whether the folder holds the set's list of breasts."""
    return (root / BREASTS).is_file()


def read(root: Path) -> Table:
    """One row for each picture; findings with a box and a BI-RADS category are its lesions.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    files = Files(root)
    lesions = _lesions(root / FINDINGS) if (root / FINDINGS).is_file() else {}
    told = _metadata(root / METADATA) if (root / METADATA).is_file() else {}
    rows: list[Row] = []
    missing: list[str] = []
    for row, record in records(root / BREASTS, BREAST_COLUMNS, once="image_id"):
        with named(root / BREASTS, row):
            study, image = needed(record, "study_id"), needed(record, "image_id")
            path = files.stem(image, f"{study}_{image}")
            years, machine = told.get(image, (None, ""))
            read_row = Row(
                path=path or root,
                file=files.name(path) if path else f"images/{study}/{image}.dicom",
                dataset="vindr_mammo",
                patient_id=f"VINDR_{study}",
                label=one_of(record["breast_birads"], LABELS, "the breast's category"),
                laterality=side(record["laterality"]),
                view=record["view_position"],
                age=years,
                density=record["breast_density"].upper().removeprefix("DENSITY").strip(),
                machine=machine,
                part=one_of(record["split"], _PARTS, "the part"),
                lesions=_on(path, lesions.get(image, [])),
            )
        if path:
            rows.append(read_row)
        else:
            missing.append(read_row.file)
    note = "Labels are readers' BI-RADS categories: 1 counts as normal, 2 and 3 as benign, 4 and 5 as malignant."
    return Table(tuple(rows), tuple(missing), (note,))


def _on(path: Path | None, found: list[_Finding]) -> tuple[Lesion, ...]:
    """The findings of one picture in its pixels, whatever its size: a converted one shows the whole original."""
    rows, columns = edges(path if found else None)
    lesions = []
    for height, width, lesion in found:
        down, across = (rows / height, columns / width) if isfinite(rows) else (1.0, 1.0)
        top, left, bottom, right = lesion.box
        lesions.append(replace(lesion, box=(top * down, left * across, bottom * down, right * across)))
    return tuple(lesions)


def _lesions(path: Path) -> dict[str, list[_Finding]]:
    lesions: dict[str, list[_Finding]] = {}
    for row, record in records(path, FINDING_COLUMNS):
        if not record["finding_birads"] or not record["xmin"]:
            continue  # "No Finding" has neither, and a skin retraction may have a box but no category
        with named(path, row):
            lesions.setdefault(needed(record, "image_id"), []).append(_lesion(record))
    return lesions


def _lesion(record: Record) -> _Finding:
    names = ("ymin", "xmin", "ymax", "xmax", "height", "width")
    top, left, bottom, right, rows, columns = (number(record[name], name) for name in names)
    label = one_of(record["finding_birads"], LABELS, "the finding's category")
    return rows, columns, clipped((top, left, bottom, right), rows, columns, label)  # some begin beside the picture


def _metadata(path: Path) -> dict[str, tuple[float | None, str]]:
    """Age and machine by image."""
    told = {}
    for row, record in records(path, ("SOP Instance UID",)):
        with named(path, row):
            years = age(record.get("Patient's Age", ""))
            told[record["SOP Instance UID"]] = (years or None, record.get("Manufacturer's Model Name", ""))
    return told
