"""Where a promoted model is made: aside, and put in its place when it is whole, so that nobody ever reads with half of one; its version."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ASIDE = ".making-"
_LONG = 24 * 3600
"""Seconds after which nobody is making a model any more."""
_VERSION = re.compile(r"[0-9A-Za-z]+(\.[0-9A-Za-z]+)*")


def wrong_version(version: str) -> str:
    """Why no model's folder can be called by this version, in a sentence without its point; "" where one can."""
    if _VERSION.fullmatch(version):
        return ""
    return f"“{version}” is no version: write numbers or letters with points between them, such as 1.1"


def free_version(models: Path, name: str, version: str) -> str:
    """The version, or where `models` has it of this name the next that it has not: after 1.0 comes 1.1, after 1 also."""
    while (models / f"{name}-{version}").exists():
        first, point, last = version.rpartition(".")
        version = f"{first}.{int(last) + 1}" if point and last.isdecimal() else f"{version}.1"
    return version


@contextmanager
def new_model(models: Path, name: str) -> Iterator[Path]:
    """An empty folder to make the model `name` in. It becomes `models/name` when the block ends well, and is gone when it does not.

    Raises ValueError where there is a model of that name: no model is replaced.
    """
    place = models / name
    if place.exists():
        raise ValueError(f"{name} is there already, and no model is replaced; choose another version")
    models.mkdir(parents=True, exist_ok=True)
    for left in models.glob(f"{_ASIDE}*"):  # by a process that was killed
        if time.time() - left.stat().st_mtime > _LONG:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=models, prefix=_ASIDE) as aside:
        folder = Path(aside) / name
        folder.mkdir()
        yield folder
        folder.replace(place)
