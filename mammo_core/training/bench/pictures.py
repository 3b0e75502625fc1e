"""Pictures as a bench network sees them, decoded once: any format to 8-bit grey of one size, kept on disk and mapped into memory.

A store holds every picture ever decoded at one size and crop by one version of this making, whichever run asked. A file is known by its
path, size and time of change, so a changed file is decoded anew; a run that was stopped while decoding goes on where it was. A file that
cannot be read is named, never guessed at. Stores of older makings are removed once no process reads them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from filelock import FileLock, ReadWriteLock, Timeout

from mammo_core.exam import Mammogram, Presentation, Refusal
from mammo_core.intake import Reader
from mammo_core.preprocessing import prepare
from mammo_core.presentation import render
from mammo_core.training.keypoints import SECONDS, file_key
from mammo_core.training.lab.runs import Stopped

Crop = Literal["whole", "breast"]
Say = Callable[[str], None]
MAKING = 1
"""Counted up when the same file would give other pixels than before: by its reading, rendering, outline or canvas."""
CHUNK = 64
"""Pictures that are decoded between two looks at whether to go on."""
_STORE = re.compile(r"(?:whole|breast)-\d+x\d+-(?P<making>\d+)")
_LOCK, _READERS = "lock", "readers"
_read: dict[Path, ReadWriteLock] = {}
"""Held as long as this process lives: what is mapped must stay, and who maps it does not say when it is done."""
_CLOSED = ""
"""Key of every file that cannot be opened. It is never written down: tomorrow the file may be there."""

_DIED = ("crashed", "too_much_memory", "took_too_long")
"""Of a file that a process died over: it is asked once more, since the machine may have ended it, and what is refused stays so."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pictures on disk: `store` (m, rows, columns) uint8, `slot` (n,) where each of the n files lies in it, -1 where it was refused.

    `refused` says of each such file why, in a sentence.
    """

    store: npt.NDArray[np.uint8]
    slot: npt.NDArray[np.int64]
    refused: tuple[str, ...]


def canvas(mammogram: Mammogram, size: tuple[int, int], crop: Crop) -> npt.NDArray[np.uint8]:
    """One picture of (rows, columns) uint8, dense tissue bright: the whole stretched to `size`, or the breast's box, chest wall left."""
    if crop == "breast":
        return np.round(prepare(mammogram, size).canvas * 255).astype(np.uint8)
    grey = render(mammogram, Presentation())
    shrinks = grey.shape[0] >= size[0] and grey.shape[1] >= size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (size[1], size[0]), interpolation=how), dtype=np.uint8)


def decode(
    paths: Sequence[Path],
    size: tuple[int, int],
    crop: Crop,
    cache: Path,
    say: Say = lambda line: None,
    stop: Callable[[], bool] = lambda: False,
) -> Decoded:
    """Decode what the store under `cache` does not hold yet, and map it. `say` hears how far it is.

    Raises Stopped when `stop` says so; what was decoded by then stays.
    """
    store = _Store(cache / f"{crop}-{size[0]}x{size[1]}-{MAKING}", size)
    if removed := _removed(cache):
        say(f"removed what older versions decoded: {', '.join(removed)}")
    keys = [_key(path) for path in paths]
    with store.lock:
        known = store.known()
        known[_CLOSED] = "It cannot be opened."
        wanted = {key: path for key, path in zip(keys, paths, strict=True) if key not in known}
        done = 0
        for chunk in _decoded(wanted, size, crop):
            store.add(chunk, known)
            done += len(chunk)
            say(f"decoded {done} of {len(wanted)} pictures")
            if stop():
                raise Stopped
        found, mapped = [known[key] for key in keys], store.mapped()
    return Decoded(
        mapped,
        np.array([entry if isinstance(entry, int) else -1 for entry in found], dtype=np.int64),
        tuple(f"{path.name}: {entry}" for path, entry in zip(paths, found, strict=True) if isinstance(entry, str)),
    )


def _removed(cache: Path) -> list[str]:
    """Remove the stores of older makings, of whatever size, that no process reads or writes; their names."""
    removed = []
    for folder in sorted(cache.iterdir()):
        if (store := _STORE.fullmatch(folder.name)) and int(store["making"]) < MAKING:
            readers = ReadWriteLock(folder / _READERS, is_singleton=False)
            with (
                suppress(Timeout, OSError, sqlite3.Error),
                readers.write_lock(blocking=False),
                FileLock(folder / _LOCK, timeout=0),
            ):
                shutil.rmtree(folder)
                removed.append(folder.name)
    return removed


def _key(path: Path) -> str:
    """What tells a file from every other, and from itself after a change; `_CLOSED` where it cannot be opened."""
    try:
        with path.open("rb"):
            return file_key(path)
    except OSError:
        return _CLOSED


def _decoded(
    wanted: dict[str, Path], size: tuple[int, int], crop: Crop
) -> Iterator[list[tuple[str, npt.NDArray[np.uint8] | str]]]:
    """Canvases by key, or why there is none, in chunks; files are decoded in worker processes, canvases made by threads."""
    if not wanted:
        return
    workers = os.cpu_count() or 1
    with Reader(workers, SECONDS) as reader, ThreadPoolExecutor(workers + 1) as pool:

        def made(item: tuple[str, Path]) -> tuple[str, npt.NDArray[np.uint8] | str]:
            key, path = item
            # What a researcher labels is a mammogram: small or odd ones are read too.
            data = path.read_bytes()
            found = next(iter(reader.read(path.name, data, lenient=True)), None)
            if isinstance(found, Refusal) and found.code in _DIED:
                found = next(iter(reader.read(path.name, data, lenient=True)), None)
            if isinstance(found, Mammogram):
                return key, canvas(found, size, crop)
            return key, found.sentence if isinstance(found, Refusal) else "The file holds no picture."

        items = list(wanted.items())
        for start in range(0, len(items), CHUNK):
            yield list(pool.map(made, items[start : start + CHUNK]))


class _Store:
    """`pixels` holds pictures one behind the other; `index.jsonl` says, a line a file, in which slot it lies or why it was refused.

    A line is written after the pixels it speaks of, so a torn write costs a slot and nothing else.
    """

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.size = size
        self.pixels, self.index = folder / "pixels", folder / "index.jsonl"
        self.lock = FileLock(folder / _LOCK)
        if folder not in _read:
            _read[folder] = ReadWriteLock(folder / _READERS)
            with suppress(sqlite3.Error):  # a file system without such locks gives none to remove the store either
                _read[folder].acquire_read()

    def known(self) -> dict[str, int | str]:
        """What is known of every file seen: its slot, or the sentence that refused it.

        An index that speaks of pictures which are not there is of other pixels: it is thrown away, and everything decoded anew.
        """
        if not self.index.exists():
            return {}
        entries: dict[str, int | str] = {}
        for line in self.index.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry: dict[str, Any] = json.loads(line)
                entries[entry["key"]] = entry["found"]
            except (ValueError, TypeError, KeyError):  # the machine stopped in the middle of a line
                continue
        if any(isinstance(found, int) and found >= len(self.mapped()) for found in entries.values()):
            self.index.unlink()
            self.pixels.unlink(missing_ok=True)
            return {}
        return entries

    def add(self, chunk: list[tuple[str, npt.NDArray[np.uint8] | str]], known: dict[str, int | str]) -> None:
        """Append pictures, then say where they are."""
        each = self.size[0] * self.size[1]
        slot = -(-self.pixels.stat().st_size // each) if self.pixels.exists() else 0
        lines = []
        with _or_as_it_was(self.pixels), _or_as_it_was(self.index):
            with self.pixels.open("r+b" if self.pixels.exists() else "wb") as stream:
                stream.seek(slot * each)
                for key, found in chunk:
                    if isinstance(found, str):
                        known[key] = found
                    else:
                        stream.write(np.ascontiguousarray(found).tobytes())
                        known[key] = slot
                        slot += 1
                    lines.append(json.dumps({"key": key, "found": known[key]}) + "\n")
            with self.index.open("a", encoding="utf-8") as stream_:
                stream_.writelines(["\n", *lines])  # ends a line that was torn

    def mapped(self) -> npt.NDArray[np.uint8]:
        """Every whole picture in the store, read-only."""
        count = self.pixels.stat().st_size // (self.size[0] * self.size[1]) if self.pixels.exists() else 0
        if not count:
            return np.zeros((0, *self.size), dtype=np.uint8)
        return np.memmap(self.pixels, dtype=np.uint8, mode="r", shape=(count, *self.size))


@contextmanager
def _or_as_it_was(path: Path) -> Iterator[None]:
    """Cut a file that grows inside back where that fails: on a full disk the run has to say so yet."""
    size = path.stat().st_size if path.exists() else 0
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.truncate(path, size)
        raise
