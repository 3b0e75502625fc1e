"""Commands of `python -m mammo_core` that a page sends off: each a process of its own, which no closed browser stops.

What they print is kept in a file. One errand of a name runs at a time; nothing here imports TensorFlow.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pages.parts.lab.setting import PRODUCT

_PROCESSES: dict[str, subprocess.Popen[bytes]] = {}
"""By what an errand writes to; of this server. One that a former server sent off is known by its file alone."""


@dataclass(frozen=True)
class Errand:
    """How an errand stands: `code` is its exit code, None while it runs or where a former server sent it off."""

    runs: bool
    code: int | None
    said: str

    @property
    def last(self) -> str:
        """Its last line, which says why where it failed: the libraries' own words come before."""
        line = (self.said.splitlines() or ["nothing."])[-1]
        speaker, _, words = line.partition(": ")
        return words if words and (speaker.startswith("mammo_core ") or " " not in speaker) else line


def send(arguments: list[str], log: Path) -> None:
    """Start a command whose words go to `log`; nothing happens where it is running."""
    if (known := _PROCESSES.get(str(log))) and known.poll() is None:
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as words:
        _PROCESSES[str(log)] = subprocess.Popen(
            [sys.executable, "-m", "mammo_core", *arguments],
            cwd=PRODUCT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the server may be restarted meanwhile
        )


def stands(log: Path) -> Errand | None:
    """How the errand that writes to `log` stands, or None where there was none."""
    process = _PROCESSES.get(str(log))
    code = process.poll() if process else None
    if not log.is_file():
        return None
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    return Errand(process is not None and code is None, code, said)
