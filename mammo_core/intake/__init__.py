"""Bytes to mammograms, or to a refusal with its sentence; mammograms to exams.

It knows no networks and no screens, and changes no pixel. The decoders are imported by whoever decodes: by worker
processes, and here when `read_bytes` is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mammo_core.intake.archive import Request, say_passed_over
from mammo_core.intake.grouping import find_files, group, reassign, sift
from mammo_core.intake.isolation import Reader, ReaderFailed, shared

if TYPE_CHECKING:
    from mammo_core.intake.reading import read_bytes

__all__ = [
    "Reader",
    "ReaderFailed",
    "Request",
    "find_files",
    "group",
    "read_bytes",
    "reassign",
    "say_passed_over",
    "shared",
    "sift",
]


def __getattr__(name: str) -> Any:
    if name != "read_bytes":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mammo_core.intake.reading import read_bytes

    return read_bytes
