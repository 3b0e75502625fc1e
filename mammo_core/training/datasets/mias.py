"""mini-MIAS: `Info.txt` and `mdb001.pgm` to `mdb322.pgm` (Suckling et al. 1994), or the same pictures converted.

Its traps: a line is a lesion, not a film; the origin of coordinates is the bottom left corner; films stand in pairs of
one woman, the odd number her left breast (the names of the full set say so, `mdb001ll`; its README says the opposite);
calcifications spread through a breast have no coordinates.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import clipped, counted, named, number, one_of, size, some, worst
from mammo_core.training.datasets.table import Lesion, Row, Table

SIDE = 1024
"""Rows and columns of every film; coordinates are on this grid."""
_FILM = re.compile(r"mdb\d{3}")
_TISSUES = {tissue: tissue for tissue in "FGD"}
_CLASSES = {name: name for name in ("CALC", "CIRC", "SPIC", "MISC", "ARCH", "ASYM")}
_SEVERITIES = {"B": "benign", "M": "malignant"}


@dataclass(frozen=True)
class _Line:
    """One line of Info.txt: a film, or a lesion of it with the circle (x, y, radius) around it where that is known."""

    row: str
    film: str
    tissue: str
    label: str
    circle: tuple[float, float, float] | None = None


def recognises(root: Path) -> bool:
    """Whether the folder holds the set's list."""
    path = _info(root)
    return path is not None and re.search(r"^mdb\d{3}", _text(path), re.MULTILINE | re.IGNORECASE) is not None


def read(root: Path) -> Table:
    """A picture is malignant if one of its lesions is, else benign if it has any, else normal.

    Raises:
        ValueError: a line is wrong; the message names it.
    """
    info = _info(root)
    if info is None:
        raise ValueError(f"{root} holds no Info.txt")
    films: dict[str, list[_Line]] = {}
    for line in _lines(info):
        films.setdefault(line.film, []).append(line)
    files = Files(root)
    pictures: dict[str, Path] = {}
    for picture in files.pictures:
        if _FILM.fullmatch(stem := picture.stem.lower()):
            pictures.setdefault(stem, picture)
    rows: list[Row] = []
    missing: list[str] = []
    for film, lines in films.items():
        path = pictures.get(film)
        if path is None:
            missing.append(f"{film}.pgm")
            continue
        count = int(film[3:])
        rows.append(
            Row(
                path=path,
                file=files.name(path),
                dataset="mini_mias",
                patient_id=f"MIAS_{(count + 1) // 2:03d}",
                label=worst(line.label for line in lines),
                laterality="L" if count % 2 else "R",
                view="MLO",
                density=lines[0].tissue,
                lesions=tuple(_lesion(info, path, line) for line in lines if line.circle),
            )
        )
    notes = ["Odd numbers are taken as left breasts, as the full set's file names say; its README says the opposite."]
    unplaced = sum(line.label != "normal" and line.circle is None for lines in films.values() for line in lines)
    if unplaced:
        notes.append(f"No coordinates are given for {counted(unplaced, 'lesion')}.")
    if unnamed := [files.name(picture) for film, picture in pictures.items() if film not in films]:
        notes.append(
            f"Left out, since no line of {info.name} names them: {counted(len(unnamed), 'picture')}: {some(unnamed)}."
        )
    return Table(tuple(rows), tuple(missing), tuple(notes))


def _lines(info: Path) -> Iterator[_Line]:
    for count, line in enumerate(_text(info).splitlines(), start=1):
        words = line.split()
        if not words or not words[0].lower().startswith("mdb"):
            continue  # the README that stands before the table in some copies
        with named(info, f"row {count}"):
            yield _line(f"row {count}", [words[0].lower(), *words[1:]])


def _line(row: str, words: list[str]) -> _Line:
    film, tissue, kind, severity, *place = [*words, *[""] * (4 - len(words))]
    if _FILM.fullmatch(film) is None:
        raise ValueError(f"{film!r} is no number of a film")
    one_of(tissue, _TISSUES, "the tissue")
    if kind == "NORM":
        return _Line(row, film, tissue, "normal")
    one_of(kind, _CLASSES, "the class")
    label = one_of(severity, _SEVERITIES, "the severity")
    if not place or place[0].startswith("*NOTE"):
        return _Line(row, film, tissue, label)
    if len(place) != 3:
        raise ValueError(f"x, y and a radius are wanted, not {' '.join(place)!r}")
    x, y, radius = (number(word, what) for word, what in zip(place, ("x", "y", "the radius"), strict=True))
    return _Line(row, film, tissue, label, (x, y, radius))


def _lesion(info: Path, path: Path, line: _Line) -> Lesion:
    """The square around a circle whose y counts from the bottom, in pixels of the file, converted or not."""
    assert line.circle is not None
    x, y, radius = line.circle
    rows, columns = size(path)
    down, across = rows / SIDE, columns / SIDE
    top, bottom = (SIDE - y - radius) * down, (SIDE - y + radius) * down
    with named(info, line.row):
        return clipped((top, (x - radius) * across, bottom, (x + radius) * across), rows, columns, line.label)


def _info(root: Path) -> Path | None:
    for folder in (root, root / "all-mias"):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.name.lower() == "info.txt":
                    return path
    return None


def _text(path: Path) -> str:
    """The list's text. Its films are named in ASCII, so whatever encoding the README before them has makes no difference."""
    return path.read_text(encoding="latin-1").removeprefix(codecs.BOM_UTF8.decode("latin-1"))
