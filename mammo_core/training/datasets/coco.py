"""COCO detection: JSON files with `images`, `annotations` and `categories`, wherever its exporters put them.

`annotations/instances_train.json` beside `images/`, and `train/_annotations.coco.json` among the pictures, are both found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mammo_core.training.datasets.detection import class_of, marked_row, marked_table, part_of, unmarked
from mammo_core.training.datasets.listing import Files, named, number
from mammo_core.training.datasets.table import Lesion, Row, Table


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
    for path, content in _found(root).items():
        with named(path, "categories"):
            # Roboflow adds a class that stands for all of them, and that no box has.
            used = {annotation.get("category_id") for annotation in content["annotations"]}
            classes = {one["id"]: class_of(str(one["name"])) for one in content["categories"] if one["id"] in used}
        lesions: dict[Any, list[Lesion]] = {image["id"]: [] for image in content["images"]}
        for annotation in content["annotations"]:
            with named(path, f"annotation {annotation.get('id')}"):
                if annotation.get("image_id") not in lesions:
                    raise ValueError(f"there is no image {annotation.get('image_id')}")
                lesions[annotation["image_id"]].append(_lesion(annotation, classes))
        part = part_of([*path.relative_to(root).parts[:-1], *path.stem.split("_")])
        for image in content["images"]:
            picture = _picture(path, files, str(image["file_name"]))
            if picture is None:
                missing.append(str(image["file_name"]))
            else:
                rows.append(marked_row(files, picture, lesions[image["id"]], part, unmarked(classes.values())))
    return marked_table(rows, missing)


def _lesion(annotation: dict[str, Any], classes: dict[Any, str]) -> Lesion:
    category, box = annotation.get("category_id"), annotation.get("bbox") or ()
    if category not in classes:
        raise ValueError(f"there is no category {category}")
    if len(box) != 4:
        raise ValueError("a box has four numbers")
    left, top, width, height = (number(str(each), "a number of the box") for each in box)
    return Lesion((top, left, top + height, left + width), classes[category])


def _found(root: Path) -> dict[Path, dict[str, Any]]:
    """The COCO files of a set and what they hold."""
    places = ("*.json", "*/*.json") if root.is_dir() else ()
    read = {path: _content(path) for place in places for path in sorted(root.glob(place))}
    return {path: content for path, content in read.items() if content}


def _content(path: Path) -> dict[str, Any]:
    """What a COCO file holds; nothing of any other."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    keys = ("images", "annotations", "categories")
    return content if isinstance(content, dict) and all(isinstance(content.get(key), list) for key in keys) else {}


def _picture(path: Path, files: Files, name: str) -> Path | None:
    """A picture that a COCO file names: beside it, from the set's folder or its images, or anywhere by its name."""
    for folder in (path.parent, files.root, files.root / "images"):
        if (folder / name).is_file():
            return folder / name
    return files.stem(Path(name).stem)
