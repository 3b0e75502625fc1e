"""What DICOM files say of themselves where folders and lists do not: whose pictures they are, which side and view, age, machine.

A patient's own number goes no further than here: the woman is named by a digest of it. Pixels are not read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom

from mammo_core.intake.attributes import text
from mammo_core.intake.views import projection
from mammo_core.training.datasets.files import unnamed
from mammo_core.training.datasets.table import Row

ENDINGS = (".dcm", ".dicom")
ONE_WOMANS = 8
"""More pictures than this under one and the same patient's number, and no other number beside: it is an anonymiser's, and names nobody."""
_YEARS = re.compile(r"0*(\d{1,3})Y")


@dataclass(frozen=True)
class Header:
    """`woman` is a digest of the patient's number; what the header does not say is "" or None."""

    woman: str
    laterality: str
    view: str
    age: float | None
    machine: str


def with_headers(rows: Sequence[Row], nameless: Collection[Path]) -> tuple[list[Row], list[Path]]:
    """The rows with what their files' headers add, and those of the `nameless`, of whom no woman was known, that stay so.

    A header's side and view count more than words in a file's name. A file that cannot be read stays as it was: decoding refuses it later.
    """
    dicom = [row.path for row in rows if row.path.suffix.lower() in ENDINGS or unnamed(row.path)]
    unknown = set(nameless)
    headers: dict[Path, Header] = {}
    for path in dicom:
        with suppress(ValueError):
            headers[path] = read_header(path)
    women = [header.woman for path in unknown if (header := headers.get(path)) and header.woman]
    named = len(set(women)) > 1 or 0 < len(women) <= ONE_WOMANS
    found, still = [], []
    for row in rows:
        header = headers.get(row.path)
        known = header.woman if header and named and row.path in unknown else ""
        if row.path in unknown and not known:
            still.append(row.path)
        if header is None:
            found.append(row)
            continue
        found.append(
            replace(
                row,
                patient_id=f"{row.dataset}_{known}" if known else row.patient_id,
                laterality=header.laterality or row.laterality,
                view=header.view or row.view,
                age=header.age if row.age is None else row.age,
                machine=row.machine or header.machine,
            )
        )
    return found, still


def read_header(path: Path) -> Header:
    """What a DICOM file's header says. Raises ValueError where it cannot be read."""
    try:
        read = pydicom.dcmread(path, stop_before_pixels=True)
        seen, number = projection(read, path.name), text(read, "PatientID")
        years = _YEARS.fullmatch(text(read, "PatientAge"))
    except Exception as error:  # a broken header makes pydicom raise nearly anything
        raise ValueError(f"{path} is no DICOM file that can be read") from error
    return Header(
        hashlib.sha256(number.encode()).hexdigest()[:12] if number else "",
        seen.laterality.value if seen.laterality else "",
        seen.view_code,
        float(years[1]) if years else None,
        text(read, "ManufacturerModelName"),
    )
