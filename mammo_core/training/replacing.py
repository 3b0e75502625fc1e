"""A file is written beside its place and put there when it is whole, so that nobody ever reads half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HALF = "half."
"""What the names of files begin with that are not whole."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write. It becomes `path` when the block ends well, and is gone when it does not: a full disk gets its room back."""
    half = path.with_name(f"{HALF}{os.getpid()}.{path.name}")
    try:
        yield half
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str) -> None:
    """Write a file by replacing it, so that a reader never sees half of it."""
    with replacing(path) as half:
        half.write_text(text, encoding="utf-8")


def clear(folder: Path) -> None:
    """Remove what processes that died left half written under `folder`; for whoever alone writes there."""
    for half in folder.rglob(f"{HALF}*"):
        half.unlink(missing_ok=True)
