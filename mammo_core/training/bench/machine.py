"""What the machine refuses, said in a sentence: memory, of which backends speak in words of their own, and files. No Keras here."""

from __future__ import annotations

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


def in_words(error: Exception) -> str:
    """An error as a sentence: the operating system's names the file."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)
