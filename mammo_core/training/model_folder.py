"""Where a promoted model is made: aside, and put in its place when it is whole, so that nobody ever reads with half of one."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ASIDE = ".making-"
_LONG = 24 * 3600
"""Seconds after which nobody is making a model any more."""


@contextmanager
def new_model(models: Path, name: str) -> Iterator[Path]:
    """An empty folder to make the model `name` in. It becomes `models/name` when the block ends well, and is gone when it does not.

    Raises ValueError where there is a model of that name: no model is replaced.
    """
    place = models / name
    if place.exists():
        raise ValueError(f"{name} is there already, and no model is replaced; give the recipe another version")
    models.mkdir(parents=True, exist_ok=True)
    for left in models.glob(f"{_ASIDE}*"):  # by a process that was killed
        if time.time() - left.stat().st_mtime > _LONG:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=models, prefix=_ASIDE) as aside:
        folder = Path(aside) / name
        folder.mkdir()
        yield folder
        folder.replace(place)
