"""What the paths of a command hold: the files in them, and what each holds, read one at a time.

What an earlier run wrote is none of them. No file is too bad to be answered for: that is a `Refusal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mammo_core.cli import UsageError
from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake import Request, find_files, shared
from mammo_core.intake.refusals import MAX_BYTES, REFUSALS


def files_in(paths: Sequence[Path], out: Path, ours: Iterable[str]) -> list[Path]:
    """Every file in the paths, each once, without `ours`: the names in `out` of files and folders that a command writes.

    Raises:
        UsageError: a path does not exist, or a folder cannot be read.
    """
    written = [out.resolve() / name for name in ours]
    try:
        absent = [str(path) for path in paths if not path.exists()]
        if absent:
            raise UsageError(f"there is no {', no '.join(absent)}.")
        # A file that is reached by two of the paths given is one file.
        found = [(path, path.resolve()) for path in dict.fromkeys(find_files(paths))]
    except OSError as error:
        raise UsageError(f"a folder cannot be read: {error}") from error
    return [path for path, place in found if not any(place.is_relative_to(result) for result in written)]


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
