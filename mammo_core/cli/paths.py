"""What the paths of a command hold, read one file at a time. No file is too bad to be answered for: that is a `Refusal`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake import Request, shared
from mammo_core.intake.refusals import MAX_BYTES, REFUSALS


def read(path: Path, *, lenient: bool = False, request: Request | None = None) -> Iterator[Mammogram | Refusal]:
    """What `Reader.read` says of a file on disk; one that is too large is refused before it is in memory."""
    try:
        code, content = ("file_too_large", b"") if path.stat().st_size > MAX_BYTES else ("", path.read_bytes())
    except OSError:
        code, content = "unreadable", b""
    if code:
        yield Refusal(str(path), code, REFUSALS[code])
    else:
        yield from shared().read(str(path), content, lenient=lenient, request=request)
