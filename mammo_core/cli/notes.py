"""The notes that make a run resumable: one line for every file that is done, kept beside the results.

A note counts only while file, model and heat maps are still what they were. A line that was half written when the
power went is passed over, and its file done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from mammo_core.cli.picture import Note

NOTES = ".analysed.jsonl"
FORM = 3
"""Raised whenever the meaning of a note changes, so that older ones are not trusted."""


class Notes:
    """The notes of one output folder for one model (`digest`); `forget` starts without those of earlier runs."""

    def __init__(self, out: Path, digest: str, forget: bool = False) -> None:
        self._out = out
        self._digest = digest
        self._notes: dict[str, tuple[list[int], Note]] = {}
        path = out / NOTES
        if path.exists() and not forget:
            self._notes = _read(path, digest)
        write_whole(path, (self._line(name) for name in self._notes))
        self._file = path.open("a", encoding="utf-8")

    def is_current(self, path: Path) -> bool:
        """True if `path` was analysed by this model and has not changed since."""
        stamp, _ = self._notes.get(str(path), (None, None))
        return stamp is not None and stamp == _stamp(path)

    def has_heat_maps(self, path: Path, without: Container[str]) -> bool:
        """True if the heat maps of a noted file are still there; pictures named in `without` need none."""
        return all(
            (self._out / line["heatmap"]).is_file()
            for line in self.of(path)["lines"]
            if line["heatmap"] and line["file"] not in without
        )

    def of(self, path: Path) -> Note:
        """The note of a file that is done."""
        return self._notes[str(path)][1]

    def add(self, path: Path, note: Note) -> None:
        """Note that `path` is done; on disk before this returns."""
        self._notes[str(path)] = (_stamp(path), note)
        self._file.write(json.dumps(self._line(str(path))) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file of notes."""
        self._file.close()

    def _line(self, name: str) -> dict[str, Any]:
        stamp, note = self._notes[name]
        return {"form": FORM, "file": name, "stamp": stamp, "model": self._digest, "note": note}


def write_whole(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write JSON lines so that whoever reads finds the old file or the new one, never a part."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _read(path: Path, digest: str) -> dict[str, tuple[list[int], Note]]:
    notes: dict[str, tuple[list[int], Note]] = {}
    with path.open("rb") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict) and (line.get("form"), line.get("model")) == (FORM, digest):
                notes[line["file"]] = (line["stamp"], line["note"])
    return notes


def _stamp(path: Path) -> list[int]:
    """Size and time of change; of a file that is gone or barred, what no file has."""
    try:
        status = path.stat()
    except OSError:
        return [-1, -1]
    return [status.st_size, status.st_mtime_ns]
