"""Whether this server has a lab, and which folders it may read: set by whoever runs it, never from a page.

MAMMO_LAB=0 takes the lab's pages away. MAMMO_DATA is the folder below which pictures to train on are looked for; without it
any folder may be named that the server can read. MAMMO_RUNS is where runs lie.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from mammo_core.inference import models_root

PRODUCT = Path(__file__).resolve().parents[3]


def lab_is_open() -> bool:
    """Whether the lab's pages are there: yes, unless MAMMO_LAB says 0."""
    return os.environ.get("MAMMO_LAB", "1").strip() != "0"


def can_train() -> bool:
    """Whether the libraries that train networks are installed. They are not imported."""
    return all(importlib.util.find_spec(name) for name in ("keras", "tensorflow"))


def data_root() -> Path | None:
    """The folder that MAMMO_DATA names, or None where it names none."""
    given = os.environ.get("MAMMO_DATA", "").strip()
    return Path(given).expanduser().resolve() if given else None


def folder_of(words: str) -> Path:
    """The folder that a reader named, below the root where there is one.

    Raises:
        ValueError: it is none, it lies outside the root, or it cannot be read; the message says which.
    """
    root = data_root()
    named = Path(words.strip().strip('"')).expanduser()
    if root is None and not named.is_absolute():
        raise ValueError("Write the whole path, from the root of this machine's files.")
    folder = ((root / named) if root else named).resolve()
    if root is not None and not folder.is_relative_to(root):
        raise ValueError(f"That folder is outside {root}, below which this server reads pictures (MAMMO_DATA).")
    if not folder.is_dir():
        raise ValueError("There is no such folder on the machine that runs this page.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ValueError("The server may not read that folder.")
    return folder


def folders_offered() -> list[str]:
    """The root, ".", and the folders in it by name, to choose from; none where there is no root."""
    root = data_root()
    if root is None or not root.is_dir():
        return []
    inside = sorted(folder.name for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    return [".", *inside]


def short_name(words: str) -> str:
    """A folder that a reader named, from the root on where it lies below one; else as it was written."""
    words, root = words.strip().strip('"'), data_root()
    return str(Path(words).relative_to(root)) if root and Path(words).is_relative_to(root) else words


def runs_root() -> Path:
    """The folder of run folders: MAMMO_RUNS where that is set, else `runs/` beside the app."""
    given = os.environ.get("MAMMO_RUNS", "").strip()
    return Path(given).expanduser().resolve() if given else PRODUCT / "runs"


def recipes_root() -> Path:
    """The folder of recipes: that of the models, else the product's own."""
    own = models_root() / "recipes"
    return own if own.is_dir() else PRODUCT / "models" / "recipes"
