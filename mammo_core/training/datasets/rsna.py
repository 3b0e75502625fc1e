"""The RSNA screening mammography set of 2022: `train.csv`, and images as Kaggle lays them out or in one folder.

`train_images/<patient>/<image>.dcm`, `<patient>_<image>.png` and `<image>.jpg` are found, in whatever folder. The cancer
label is the breast's: the lesion may show in one view only.
"""

from __future__ import annotations

from pathlib import Path

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import age, heading, named, needed, records, side
from mammo_core.training.datasets.table import Row, Table

NAME = "train.csv"
COLUMNS = ("patient_id", "image_id", "laterality", "view", "age", "cancer", "biopsy")
MORE = ("site_id", "density", "machine_id")


def recognises(root: Path) -> bool:
    """Whether the folder holds the set's list."""
    return (root / NAME).is_file() and {"image_id", "cancer"} <= set(heading(root / NAME))


def read(root: Path) -> Table:
    """Cancer is malignant, a biopsy without cancer benign, and the rest not malignant.

    Raises:
        ValueError: a row is wrong; the message names it.
    """
    files = Files(root)
    rows: list[Row] = []
    missing: list[str] = []
    for row, record in records(root / NAME, COLUMNS, also=MORE, once="image_id"):
        with named(root / NAME, row):
            woman, image = needed(record, "patient_id"), needed(record, "image_id")
            path = files.stem(image, f"{woman}_{image}")
            read_row = Row(
                path=path or root,
                file=files.name(path) if path else f"train_images/{woman}/{image}.dcm",
                dataset="rsna",
                patient_id=f"RSNA_{woman}",
                label=_label(record),
                laterality=side(record["laterality"]),
                view=record["view"],
                age=age(record["age"]),
                density=record.get("density", ""),
                machine=record.get("machine_id", ""),
                site=record.get("site_id", ""),
                part="train",
            )
        if path:
            rows.append(read_row)
        else:
            missing.append(read_row.file)
    return Table(tuple(rows), tuple(missing))


def _label(record: dict[str, str]) -> str:
    for column in ("cancer", "biopsy"):
        if record[column] not in ("0", "1"):
            raise ValueError(f"{column} is {record[column]!r}, not 0 or 1")
    if record["cancer"] == "1":
        return "malignant"
    return "benign" if record["biopsy"] == "1" else "not_malignant"
