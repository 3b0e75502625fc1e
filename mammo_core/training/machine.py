"""What the machine refuses, said in a sentence: memory and room on the disk, of which libraries speak in words of their own, and files.

No Keras here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

_RAISED = (
    "MemoryError",
    "_ArrayMemoryError",
    "ResourceExhaustedError",
    "XlaRuntimeError",
    "JaxRuntimeError",
    "OutOfMemoryError",
)
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def enough_memory() -> Iterator[None]:
    """What is done inside raises ValueError where the memory of this machine does not suffice for it."""
    try:
        yield
    except Exception as error:
        text = str(error).lower()
        if type(error).__name__ not in _RAISED or not (
            isinstance(error, MemoryError) or "memory" in text or "oom" in text
        ):
            raise
        raise ValueError(
            "this machine has not enough memory for it; a smaller size, training.batch or network takes less"
        ) from error


@contextmanager
def enough_room() -> Iterator[None]:
    """What is done inside raises OSError with a sentence where the disk has no room for it, whatever words libraries have for that."""
    try:
        yield
    except Exception as error:
        if getattr(error, "errno", None) not in _FULL and os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise OSError(errno.ENOSPC, "no space is left on the disk") from error


def in_words(error: Exception) -> str:
    """An error as a sentence: the operating system's names the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
