"""CBIS-DDSM: the four case descriptions, and full mammograms as TCIA or Kaggle hand them out (Lee et al. 2017).

Its traps: a row is an abnormality, not a picture; a mammogram with a mass and a calcification stands in two folders; the
density column has two spellings; the paths in the lists are those of an old download, some with a line break in them; masks
and crops lie in folders named like the mammogram's; and masses and calcifications were divided into halves apart from each
other, so some women stand in both (31 in the whole set). These are left out, and a note names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import Record, counted, inside, named, needed, one_of, records, side, worst
from mammo_core.training.datasets.table import Row, Table

LISTS = {f"{kind}_case_description_{part}_set.csv": part for kind in ("mass", "calc") for part in ("train", "test")}
COLUMNS = ("patient_id", "left or right breast", "image view", "pathology", "image file path")
_DENSITIES = ("breast_density", "breast density")
_PATHOLOGIES = {"MALIGNANT": "malignant", "BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign"}
_VIEWS = {"CC": "CC", "MLO": "MLO"}


@dataclass(frozen=True)
class _Case:
    """One abnormality of one mammogram."""

    woman: str
    laterality: str
    view: str
    part: str
    label: str
    density: str
    path: PurePosixPath


def recognises(root: Path) -> bool:
    """Whether the folder, or its `csv` folder, holds one of the four lists."""
    return bool(_lists(root))


def read(root: Path) -> Table:
    """One row for each full mammogram; malignant if one of its abnormalities is, else benign.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    pictures: dict[tuple[str, str, str], list[_Case]] = {}
    parts: dict[str, set[str]] = {}
    for path in _lists(root):
        for case in _cases(path):
            pictures.setdefault((case.woman, case.laterality, case.view), []).append(case)
            parts.setdefault(case.woman, set()).add(case.part)
    both = sorted(woman for woman, found in parts.items() if len(found) > 1)
    files = Files(root)
    rows: list[Row] = []
    missing: list[str] = []
    left_out = 0
    for (woman, laterality, view), cases in pictures.items():
        found = next((file for case in cases if (file := _mammogram(files, case))), None)
        if found is None:
            missing.append(str(cases[0].path))
        elif woman in both:
            left_out += 1
        else:
            rows.append(
                Row(
                    path=found,
                    file=files.name(found),
                    dataset="cbis_ddsm",
                    patient_id=f"CBIS_{woman}",
                    label=worst(case.label for case in cases),
                    laterality=laterality,
                    view=view,
                    density=cases[0].density,
                    part=cases[0].part,
                )
            )
    notes = [
        "CBIS-DDSM and DDSM show many of the same women under other names: do not train on one and judge on the other."
    ]
    if both:
        notes.append(
            f"{counted(len(both), 'woman stands', 'women stand')} in both official halves, by masses in one and calcifications in "
            f"the other; {counted(left_out, 'picture')} of theirs were left out: {', '.join(both)}."
        )
    absent = [name for name in LISTS if name not in {path.name for path in _lists(root)}]
    if absent:
        notes.append(f"Not there: {', '.join(absent)}. Women in both halves are known only among the lists that are.")
    return Table(tuple(rows), tuple(missing), tuple(notes))


def _lists(root: Path) -> list[Path]:
    return [path for name in LISTS for folder in (root, root / "csv") if (path := folder / name).is_file()]


def _cases(path: Path) -> Iterator[_Case]:
    for row, record in records(path, COLUMNS):
        with named(path, row):
            yield _case(record, LISTS[path.name])


def _case(record: Record, part: str) -> _Case:
    return _Case(
        woman=needed(record, "patient_id"),
        laterality=side(needed(record, "left or right breast")),
        view=one_of(record["image view"], _VIEWS, "the image view"),
        part=part,
        label=one_of(record["pathology"], _PATHOLOGIES, "the pathology"),
        density=next((record[name] for name in _DENSITIES if name in record), ""),
        path=PurePosixPath(inside(needed(record, "image file path"))),
    )


def _mammogram(files: Files, case: _Case) -> Path | None:
    """The full mammogram: by its path in the list, by the folder of its case (TCIA), or of its series (Kaggle's JPEG)."""
    as_listed = files.root / case.path
    if as_listed.is_file():
        return as_listed
    folder, series = case.path.parts[0], case.path.parent.name
    found = files.within(series, folder)
    return found[0] if found else None
