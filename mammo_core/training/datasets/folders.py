"""A folder for each class: `benign/`, `malignant/`, `normal/`, in any subset, within `train/` and `test/` or around them.

A folder between a class and its files is the woman's: `benign/P07/left.png`. Where there is none, nothing says which
pictures are one woman's, and every file counts as a woman of its own; a note says so.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mammo_core.intake.names import what_a_name_says
from mammo_core.training.datasets.listing import PARTS, Files, counted
from mammo_core.training.datasets.table import LABELS, Row, Table

_NO_WOMAN = ("images", "image", "img", "png", "jpg", "jpeg", "dicom", "dcm")
"""Folders that hold pictures and are no woman's."""


def recognises(root: Path) -> bool:
    """Whether class folders lie in the folder, or in parts of it."""
    inside = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    parts = [path for path in inside if path.name.lower() in PARTS]
    return any(path.name.lower() in LABELS for folder in ([], *map(Path.iterdir, parts)) for path in [*inside, *folder])


def read(root: Path) -> Table:
    """The pictures below class folders; side and view are those that their names speak of.

    Raises:
        ValueError: a file lies in folders of two classes.
    """
    files = Files(root)
    dataset = root.resolve().name
    stems = Counter(path.stem for path in files.pictures)
    rows: list[Row] = []
    elsewhere = without_woman = 0
    for path in files.pictures:
        folders = path.relative_to(root).parts[:-1]
        classes = sorted({folder.lower() for folder in folders if folder.lower() in LABELS})
        if len(classes) > 1:
            raise ValueError(f"{path} lies in folders of two classes: {' and '.join(classes)}")
        if not classes:
            elsewhere += 1
            continue
        place = [folder.lower() for folder in folders].index(classes[0])
        women = [name for name in folders[place + 1 :] if name.lower() not in (*PARTS, *_NO_WOMAN, *LABELS)]
        without_woman += not women
        file = files.name(path)
        # A stem that comes up twice, as "1" in both classes, would make one woman of two.
        alone = path.stem if stems[path.stem] == 1 else file.removesuffix(path.suffix)
        says = what_a_name_says(file)
        rows.append(
            Row(
                path=path,
                file=file,
                dataset=dataset,
                patient_id=f"{dataset}_{women[0] if women else alone}",
                label=classes[0],
                laterality=says.laterality.value if says.laterality else "",
                view=says.view_code,
                part=next((PARTS[folder.lower()] for folder in folders if folder.lower() in PARTS), ""),
            )
        )
    notes = []
    if without_woman:
        notes.append(
            f"No woman is named for {counted(without_woman, 'picture')}: each file counts as a woman of its own. "
            "Pictures of one woman may therefore stand on both sides of a split."
        )
    if elsewhere:
        notes.append(f"{counted(elsewhere, 'picture')} outside the class folders were left out.")
    return Table(tuple(rows), notes=tuple(notes))
