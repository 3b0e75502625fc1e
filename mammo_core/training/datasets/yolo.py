"""YOLO detection: classes in `data.yaml` or `classes.txt` (also within `labels`).

Pictures lie below `images`, a text file for each below `labels`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mammo_core.training.datasets.detection import class_of, marked_row, marked_table, part_of
from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import clipped, named, number, size
from mammo_core.training.datasets.table import Lesion, Row, Table

CLASSES = "classes.txt"


def recognises(root: Path) -> bool:
    """Whether classes are named in the folder, and `labels` lies in it or just below."""
    return bool(_classes(root)[1]) and any(next(root.glob(place), None) for place in ("labels", "*/labels"))


def read(root: Path) -> Table:
    """The pictures below `images` with their boxes; one without a file of boxes has none.

    Raises:
        ValueError: a line is wrong; the message names the file and the row.
    """
    source, names = _classes(root)
    with named(source, "names"):
        classes = _in_order(names)
    files = Files(root)
    labels = {path.with_suffix(".txt"): path for path in files.all if _is_boxes(path.relative_to(root))}
    rows: list[Row] = []
    read_boxes = set()
    for path in files.pictures:
        parts = path.relative_to(root).parts
        if "images" in parts[:-1]:
            place = max(place for place, folder in enumerate(parts[:-1]) if folder == "images")
            boxes = root.joinpath(*parts[:place], "labels", *parts[place + 1 :]).with_suffix(".txt")
            lesions = _lesions(labels[boxes], path, classes) if boxes in labels else []
            read_boxes.add(boxes)
            rows.append(marked_row(files, path, lesions, part_of(parts[:-1])))
    boxes_of_none = [path for boxes, path in labels.items() if boxes not in read_boxes]
    return marked_table(rows, [f"the picture of {files.name(path)}" for path in boxes_of_none])


def _is_boxes(path: Path) -> bool:
    return "labels" in path.parts[:-1] and path.suffix.lower() == ".txt" and path.name != CLASSES


def _in_order(names: dict[Any, Any] | list[Any]) -> list[str]:
    """The names of the classes by number. Raises ValueError where numbers are left out."""
    if isinstance(names, list):
        return [str(name) for name in names]
    numbered = {str(key): str(name) for key, name in names.items()}
    wanted = [str(number) for number in range(len(names))]
    if set(numbered) != set(wanted):
        raise ValueError(f"classes are numbered {', '.join(wanted)}, not {', '.join(numbered)}")
    return [numbered[number] for number in wanted]


def _classes(root: Path) -> tuple[Path, dict[Any, Any] | list[Any]]:
    """The file that names the classes, and their names as it has them; none where there is no such file."""
    lists = sorted([*root.glob("*.yaml"), *root.glob("*.yml")]) if root.is_dir() else []
    for path in lists:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        names = content.get("names") if isinstance(content, dict) else None
        if isinstance(names, (dict, list)):
            return path, names
    plain = root / CLASSES
    if not plain.is_file():
        plain = root / "labels" / CLASSES
    return plain, _lines(plain) if plain.is_file() else []


def _lines(path: Path) -> list[str]:
    """Words that are no text are shown as such by whoever finds them wrong."""
    return path.read_text(encoding="utf-8-sig", errors="replace").rstrip().splitlines()


def _lesions(boxes: Path, path: Path, classes: list[str]) -> list[Lesion]:
    rows, columns = size(path)
    lesions = []
    for count, line in enumerate(_lines(boxes), start=1):
        if line.strip():
            with named(boxes, f"row {count}"):
                lesions.append(_lesion(line.split(), rows, columns, classes))
    return lesions


def _lesion(words: list[str], rows: int, columns: int, classes: list[str]) -> Lesion:
    """A box of a line: class, centre x and y, width and height, as shares of the picture."""
    if len(words) == 6:
        raise ValueError(
            "there is a sixth number, as detectors write the confidence of what they predict: predictions are not the truth. "
            "Give the labels that readers drew; if these are, take the sixth number out"
        )
    if len(words) != 5:
        raise ValueError("a class and four numbers are wanted")
    if not words[0].isdecimal() or int(words[0]) >= len(classes):
        raise ValueError(f"there is no class {words[0]}")
    x, y, width, height = (number(word, "a coordinate") for word in words[1:])
    if not all(0 <= share <= 1 for share in (x, y, width, height)):
        raise ValueError("a coordinate is a share of the picture, from 0 to 1")
    top, bottom = (y - height / 2) * rows, (y + height / 2) * rows
    left, right = (x - width / 2) * columns, (x + width / 2) * columns
    return clipped((top, left, bottom, right), rows, columns, class_of(classes[int(words[0])]))
