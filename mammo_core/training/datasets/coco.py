"""COCO detection: JSON files with `images`, `annotations` and `categories`, wherever its exporters put them.

`annotations/instances_train.json` beside `images/`, and `train/_annotations.coco.json` among the pictures, are both found.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from mammo_core.training.datasets.detection import class_of, marked_row, marked_table, part_of
from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import clipped, edges, inside, named, number
from mammo_core.training.datasets.table import Lesion, Row, Table

_KEYS = ("images", "annotations", "categories")


def recognises(root: Path) -> bool:
    """Whether a JSON file in the folder, or in one just below, is one of COCO's."""
    return bool(_found(root))


def read(root: Path) -> Table:
    """The pictures of all COCO files; boxes are [left, top, width, height] in pixels.

    Raises:
        ValueError: an annotation is wrong; the message names the file and the annotation.
    """
    files = Files(root)
    rows: list[Row] = []
    missing: list[str] = []
    found = {path: _content(path) for path in _found(root)}
    images = {path: _by_id(path, "images", content["images"], "file_name") for path, content in found.items()}
    stems = Counter(PurePosixPath(name).stem for names in images.values() for name in names.values())
    for path, content in found.items():
        # Roboflow adds a class that stands for all of them, and that no box has.
        used = {str(each.get("category_id")) for each in content["annotations"] if isinstance(each, dict)}
        names = _by_id(path, "categories", content["categories"], "name")
        with named(path, "categories"):
            classes = {category: class_of(name) for category, name in names.items() if category in used}
        pictures = {image: _picture(path, files, name, stems) for image, name in images[path].items()}
        sizes: dict[str, tuple[float, float]] = {}
        lesions: dict[str, list[Lesion]] = {image: [] for image in pictures}
        for count, annotation in enumerate(content["annotations"], start=1):
            with named(
                path, f"annotation {annotation.get('id') if isinstance(annotation, dict) else f'number {count}'}"
            ):
                image = _said(annotation, "image_id")
                if image not in lesions:
                    raise ValueError(f"there is no image {image}")
                if image not in sizes:
                    sizes[image] = edges(pictures[image])
                lesions[image].append(_lesion(annotation, classes, *sizes[image]))
        part = part_of([*path.relative_to(root).parts[:-1], *path.stem.split("_")])
        for image, name in images[path].items():
            if picture := pictures[image]:
                rows.append(marked_row(files, picture, lesions[image], part))
            else:
                missing.append(name)
    return marked_table(rows, missing)


def _said(entry: Any, key: str) -> str:
    """What an image, a category or an annotation says under a key. Raises ValueError where it says nothing."""
    found = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(found, (int, str)) or found == "":
        raise ValueError(f"{key} is missing")
    return str(found)


def _by_id(path: Path, of: str, entries: list[Any], key: str) -> dict[str, str]:
    """What each entry says under a key, by its id. Raises ValueError naming the entry that says it not, or has another's id."""
    found: dict[str, str] = {}
    for count, entry in enumerate(entries, start=1):
        with named(path, f"{of}, entry {count}"):
            if (one := _said(entry, "id")) in found:
                raise ValueError(f"another entry has the id {one}")
            found[one] = inside(_said(entry, key)) if key == "file_name" else _said(entry, key)
    return found


def _lesion(annotation: dict[str, Any], classes: dict[str, str], rows: float, columns: float) -> Lesion:
    category, box = _said(annotation, "category_id"), annotation.get("bbox")
    if category not in classes:
        raise ValueError(f"there is no category {category}")
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError("a box has four numbers")
    left, top, width, height = (number(str(each), "a number of the box") for each in box)
    return clipped((top, left, top + height, left + width), rows, columns, classes[category])


def _found(root: Path) -> list[Path]:
    """The COCO files of a set, those that are torn among them."""
    places = ("*.json", "*/*.json") if root.is_dir() else ()
    return [path for place in places for path in sorted(root.glob(place)) if _is_coco(path)]


def _is_coco(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text)
    except (OSError, UnicodeDecodeError):
        return False
    except ValueError:
        return '"images"' in text  # COCO's, but no whole JSON
    return isinstance(content, dict) and all(isinstance(content.get(key), list) for key in _KEYS)


def _content(path: Path) -> dict[str, Any]:
    """What a COCO file holds. Raises ValueError where it is torn."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path} is no whole JSON: {error}") from error
    return content


def _picture(path: Path, files: Files, name: str, stems: Counter[str]) -> Path | None:
    """A picture that a COCO file names: beside it, from the set's folder or its images, or anywhere if no other has its name."""
    for folder in (path.parent, files.root, files.root / "images"):
        if os.path.isfile(folder / name):
            return folder / name
    stem = PurePosixPath(name).stem
    return files.stem(stem) if stems[stem] == 1 else None
