"""The picture files of a data set, found by name. No file is opened but those without an ending, which may be DICOM."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from mammo_core.training.datasets.listing import part_of_folder

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".webp", ".bmp", ".dcm", ".dicom")
"""Endings of picture files."""

_MASK = re.compile(r"(?<![^\W_])masks?(?![^\W_])", re.IGNORECASE)


class Files:
    """The picture files below a folder, hidden ones left out, in order; asked for by name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        found = []
        for folder, below, names in os.walk(root, followlinks=True):
            here = Path(folder)
            if here.is_symlink() and here.resolve() in {above.resolve() for above in here.parents}:
                below.clear()  # a link back to a folder above, whose files are seen there
                continue
            below[:] = [name for name in below if not name.startswith(".")]
            found += [Path(folder, name) for name in names if not name.startswith(".")]
        self.all = sorted(found)
        self.pictures = [
            path for path in self.all if path.suffix.lower() in PICTURES or (unnamed(path) and _is_dicom(path))
        ]

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        stems: dict[str, list[Path]] = {}
        for path in self.pictures:
            stems.setdefault(path.stem, []).append(path)
        return stems

    @cached_property
    def _by_folder(self) -> dict[str, list[Path]]:
        folders: dict[str, list[Path]] = {}
        for path in self.pictures:
            for folder in path.relative_to(self.root).parts[:-1]:
                folders.setdefault(folder, []).append(path)
        return folders

    def stem(self, *stems: str) -> Path | None:
        """The first picture by one of these names without ending."""
        return next((self._by_stem[stem][0] for stem in stems if stem in self._by_stem), None)

    def within(self, *folders: str) -> list[Path]:
        """The pictures anywhere below folders of the first of these names that has any."""
        return next((self._by_folder[folder] for folder in folders if folder in self._by_folder), [])

    def name(self, path: Path) -> str:
        """How a table names the file: from the folder on, with slashes."""
        return path.relative_to(self.root).as_posix()


def unnamed(path: Path) -> bool:
    """Whether a name has no ending that says what the file is: archives call DICOM files IM0001, by a number, or 1.2.840.10008.1."""
    return not path.suffix or path.suffix[1:].isdigit()


def _is_dicom(path: Path) -> bool:
    """By its mark (PS3.10, 7.1)."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return False


def is_mask(file: str) -> bool:
    """Whether a file's place says that it is the outline of a lesion and no picture: "A.LEFT_CC_Mask.png", "masks/1.png"."""
    return _MASK.search(file) is not None


def place_of(folders: Sequence[str]) -> str:
    """A folder as a user would name it: the first that is no official part, behind the parts around it."""
    parts = sum(1 for _ in takewhile(part_of_folder, folders))
    return "/".join(folders[: parts + 1]) or "the folder itself"
