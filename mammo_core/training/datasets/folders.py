"""A folder for each class: `benign/`, `malignant/`, `normal/`, in any subset, within `train/` and `test/` or around them.

Names such as `Benign Masses` or `Malignant_Cases` are read too (see `classes`); a note says what they were taken for.

A folder between a class and its files is the woman's: `benign/P07/left.png`, unless it is called nothing but a side or a view,
which is then that of the pictures in it. Where there is none, a DICOM file's header or
the names of the files may say whose they are (`women`); any other file counts as a woman of its own, and a note says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mammo_core.training.datasets.classes import classes_said
from mammo_core.training.datasets.detection import part_of
from mammo_core.training.datasets.files import Files, is_mask, place_of
from mammo_core.training.datasets.listing import counted, part_of_folder, some
from mammo_core.training.datasets.places import rest_of, side_and_view, what_a_place_says, woman_of
from mammo_core.training.datasets.table import LABELS, Row, Table
from mammo_core.training.datasets.women import with_women

_WORD = re.compile(r"[^\W_]+")
_SHOWN = re.compile(
    r"im(?:age|g)s?|pictures?|mammogra(?:ms?|phy)|pngs?|jpe?gs?|tiffs?|dicoms?|dcm"
    r"|mass(?:es)?|(?:micro)?calc(?:s|ifications?)?|asymmetr(?:y|ies)|(?:architectural)?distortions?|architectural"
)
"""Words for what a folder holds, not for whose it is."""
_CATEGORY = re.compile(r"(?:bi[\W_]*rads?|acr|density)[\W_]*(?:\d[abc]?|[a-d])?", re.IGNORECASE)
_SUBJECT = re.compile(r"breast[\W_]*cancer", re.IGNORECASE)


def recognises(root: Path) -> bool:
    """Whether class folders lie in the folder, or in parts of it."""
    inside = _folders(root) if root.is_dir() else []
    parts = [folder for folder in inside if part_of_folder(folder.name) or any(side_and_view(folder.name))]
    return any(_side_by_side([folder.name for folder in beside]) for beside in (inside, *map(_folders, parts)))


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def _side_by_side(names: list[str]) -> bool:
    """Whether class folders are among these; a single one that only speaks of a class may be a set of another layout."""
    said = [_said(name) for name in names]
    exact = any(name.lower() in LABELS for name in names)
    return exact or len({label for labels in said if len(labels) == 1 for label in labels}) > 1


def _said(folder: str) -> set[str]:
    """The classes that a folder's name says; breast cancer is what whole sets are about."""
    return {folder.lower()} & set(LABELS) or classes_said(_SUBJECT.sub("", folder))


def _class_folder(path: Path, folders: Sequence[str]) -> tuple[int, str] | None:
    """Where in a picture's folders its class stands, and which it is; those named by the class alone go first.

    Raises:
        ValueError: they are of two classes, or one of them says two.
    """
    exact = [place for place, folder in enumerate(folders) if folder.lower() in LABELS]
    found = exact or [place for place, folder in enumerate(folders) if _said(folder)]
    alone = [place for place in found if len(_said(folders[place])) == 1]
    classes = sorted({label for place in alone or found for label in _said(folders[place])})
    if len(classes) > 1 and not alone:
        raise ValueError(f"the name of the folder {folders[found[0]]!r} says two classes: {' and '.join(classes)}")
    if len(classes) > 1:
        raise ValueError(f"{path} lies in folders of two classes: {' and '.join(classes)}")
    return (alone[0], classes[0]) if alone else None


def _is_a_womans(folder: str) -> bool:
    """Whether a folder below a class is not called by a class, a part, a side, a view, or by what is shown in it."""
    if folder.lower() in LABELS or part_of_folder(folder) or any(side_and_view(folder)) or _CATEGORY.fullmatch(folder):
        return False
    return not all(_SHOWN.fullmatch(word) for word in _WORD.findall(folder.lower()))


def read(root: Path) -> Table:
    """The pictures below class folders; side and view are those that their names, and folders called so, speak of.

    Raises:
        ValueError: a file lies in folders of two classes, or in one whose name says two.
    """
    files = Files(root)
    dataset = root.resolve().name
    pictures = [path for path in files.pictures if not is_mask(files.name(path))]
    stems = Counter(path.stem for path in pictures)
    rows: list[Row] = []
    nameless: list[Path] = []
    elsewhere: list[str] = []
    taken: dict[str, str] = {}
    for path in pictures:
        folders = path.relative_to(root).parts[:-1]
        found = _class_folder(path, folders)
        if found is None:
            elsewhere.append(place_of(folders))
            continue
        place, label = found
        if folders[place].lower() != label:
            taken[folders[place]] = label
        women = [name for name in folders[place + 1 :] if _is_a_womans(name)]
        if not women:
            nameless.append(path)
        file = files.name(path)
        # A stem that comes up twice, as "1" in both classes, would make one woman of two.
        alone = path.stem if stems[path.stem] == 1 else file.removesuffix(path.suffix)
        says = what_a_place_says(file)
        rows.append(
            Row(
                path=path,
                file=file,
                dataset=dataset,
                patient_id=f"{dataset}_{(woman_of(women[0]) or rest_of(f'{women[0]}.png')) if women else alone}",
                label=label,
                laterality=says.laterality.value if says.laterality else "",
                view=says.view_code,
                part=part_of(folders),
            )
        )
    told, notes = with_women(rows, nameless)
    if taken:
        read_as = some(f"{folder} as {label.replace('_', ' ')}" for folder, label in taken.items())
        notes.append(f"Folders taken for a class by a word in their names: {read_as}.")
    if masks := len(files.pictures) - len(pictures):
        notes.append(f"Left out, since their names say that they are masks: {counted(masks, 'picture')}.")
    if elsewhere:
        number = counted(len(elsewhere), "picture")
        notes.append(f"Left out, since they lie outside the class folders: {number}, in {some(elsewhere)}.")
    return Table(tuple(told), notes=tuple(notes))
