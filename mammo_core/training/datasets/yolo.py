"""YOLO detection: classes in `data.yaml` or `classes.txt`, pictures below `images`, a text file for each below `labels`."""

from __future__ import annotations

from pathlib import Path

import yaml

from mammo_core.training.datasets.detection import class_of, marked_row, marked_table, part_of, unmarked
from mammo_core.training.datasets.listing import Files, clipped, named, number, size
from mammo_core.training.datasets.table import Lesion, Row, Table


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
        classes = [class_of(name) for name in names]
    files = Files(root)
    rows: list[Row] = []
    for path in files.pictures:
        parts = path.relative_to(root).parts
        if "images" in parts[:-1]:
            place = max(place for place, folder in enumerate(parts[:-1]) if folder == "images")
            boxes = root.joinpath(*parts[:place], "labels", *parts[place + 1 :]).with_suffix(".txt")
            lesions = _lesions(boxes, path, classes) if boxes.is_file() else []
            rows.append(marked_row(files, path, lesions, part_of(parts[:-1]), unmarked(classes)))
    return marked_table(rows, [])


def _classes(root: Path) -> tuple[Path, list[str]]:
    """The file that names the classes, and their names by number; no names where there is none."""
    lists = sorted([*root.glob("*.yaml"), *root.glob("*.yml")]) if root.is_dir() else []
    for path in lists:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            continue
        names = content.get("names") if isinstance(content, dict) else None
        if isinstance(names, dict):
            return path, [str(names[key]) for key in sorted(names)]
        if isinstance(names, list):
            return path, [str(name) for name in names]
    plain = root / "classes.txt"
    return plain, plain.read_text(encoding="utf-8").rstrip().splitlines() if plain.is_file() else []


def _lesions(boxes: Path, path: Path, classes: list[str]) -> list[Lesion]:
    rows, columns = size(path)
    lesions = []
    for count, line in enumerate(boxes.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            with named(boxes, f"row {count}"):
                lesions.append(_lesion(line.split(), rows, columns, classes))
    return lesions


def _lesion(words: list[str], rows: int, columns: int, classes: list[str]) -> Lesion:
    """A box of a line: class, centre x and y, width and height, as shares of the picture."""
    if len(words) != 5:
        raise ValueError("a class and four numbers are wanted")
    if not words[0].isdecimal() or int(words[0]) >= len(classes):
        raise ValueError(f"there is no class {words[0]}")
    x, y, width, height = (number(word, "a coordinate") for word in words[1:])
    if not all(0 <= share <= 1 for share in (x, y, width, height)):
        raise ValueError("a coordinate is a share of the picture, from 0 to 1")
    top, bottom = (y - height / 2) * rows, (y + height / 2) * rows
    left, right = (x - width / 2) * columns, (x + width / 2) * columns
    return clipped((top, left, bottom, right), rows, columns, classes[int(words[0])])
