"""`render`: every picture under each of its windows and lookup tables, as 8-bit grey PNGs at full size.

It renders whatever decodes to one grey picture: raw data, other parts of the body and small pictures too. What does not
is named on stderr with its sentence, and the rest goes on. PNGs are numbered, so that no name of a patient is in theirs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from mammo_core import presentation
from mammo_core.cli import UsageError
from mammo_core.cli.paths import files_in, read
from mammo_core.exam import Mammogram, Presentation, Refusal, VoiLut

RENDERS, LINES = "renders", "renders.jsonl"


def render(asked: argparse.Namespace) -> int:
    """Carry out `render PATH… --out DIR`.

    Raises:
        UsageError: a path does not exist or cannot be read, or DIR cannot be written.
    """
    files = files_in(asked.paths, asked.out, (RENDERS, LINES))
    out: Path = asked.out
    try:
        (out / RENDERS).mkdir(parents=True, exist_ok=True)
        with (out / LINES).open("w", encoding="utf-8") as lines:
            _render_all(files, out, lines)
    except OSError as error:
        # Files that cannot be read are refusals by now: what is left is the output.
        raise UsageError(f"{out} cannot be written: {error}") from error
    return 0


def _render_all(files: list[Path], out: Path, lines: TextIO) -> None:
    number = 0
    for path in tqdm(files, unit="file", file=sys.stderr, desc="render"):
        for item in read(path, lenient=True):
            if isinstance(item, Refusal):
                tqdm.write(f"{item.name}: {item.sentence}", file=sys.stderr)
                continue
            number += 1
            for line in _rendered(item, number, out):
                lines.write(json.dumps(line) + "\n")
                lines.flush()


def _rendered(mammogram: Mammogram, number: int, out: Path) -> Iterator[dict[str, Any]]:
    """Write each rendering of one picture and give its line of renders.jsonl."""
    for preset in mammogram.presets or (None,):
        kind = "default" if preset is None else "voi_lut" if isinstance(preset, VoiLut) else "window"
        index = 0 if preset is None else preset.number
        png = f"{RENDERS}/{number:05d}-{kind}{index or ''}.png"
        grey = presentation.render(mammogram, Presentation(preset))
        (out / png).write_bytes(presentation.png(grey))
        yield {
            "file": mammogram.name,
            "png": png,
            "kind": kind,
            "index": index,
            "explanation": "" if preset is None else preset.name,
        }
