"""A CSV of features: bytes in, rows of numbers out, and a sentence for every row that cannot be used.

What is wrong with the table as a whole (no text, a column that is missing or there twice) is a `TableRefused`; what is
wrong with a row leaves out that row alone. Columns are known by their names, in any order; nothing is filled in.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_BYTES = 16_000_000
MOST_ROWS = 20_000
MOST_SHOWN = 24
"""Letters of a wrong value that a sentence repeats."""
DELIMITERS = ",;\t"
MOST = float(np.finfo(np.float32).max)
"""The largest number that a network takes."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WORD = re.compile(r"[a-z]+")
_SHORT = {"se": "error"}
"""How other copies of the set write a word of a column's name."""


class TableRefused(ValueError):
    """The table cannot be used as a whole; the message says why, and what would help."""


@dataclass(frozen=True)
class FeatureRow:
    """One row: its number as a spreadsheet counts (the heads are row 1), its features in order, its other cells."""

    number: int
    values: tuple[float, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class FeatureTable:
    """Rows that can be used, the names of the columns that are no features, and a sentence a row that cannot be used."""

    rows: tuple[FeatureRow, ...]
    others: tuple[str, ...]
    refused: tuple[str, ...]


def read_table(data: bytes, features: Sequence[str]) -> FeatureTable:
    """Read a CSV (comma, semicolon or tab; decimal point, or comma where no comma divides the cells).

    A column is a feature of `features` if its name has the same words in any order: "mean radius", "radius_mean".

    Raises:
        TableRefused: no text, no heads, a feature without a column or with two, too large.
    """
    lines = list(io.StringIO(_text(data), newline=None))
    heads_at = next((place for place, line in enumerate(lines) if line.strip()), None)
    if heads_at is None:
        raise TableRefused("The file is empty. Take the template and fill it in.")
    if len(lines) - heads_at - 1 > MOST_ROWS:
        raise TableRefused(f"The table has more than {MOST_ROWS:,} rows. Divide it.")
    if "\0" in lines[heads_at]:
        raise TableRefused("This is not a text file. Save the table as CSV.")
    known = {_words(name): name for name in features}
    delimiter = max(DELIMITERS, key=lambda mark: sum(_words(cell) in known for cell in _cells(lines[heads_at], mark)))
    heads = [cell.strip() for cell in _cells(lines[heads_at], delimiter)]
    places = _places(heads, features, known)
    others = [place for place in range(len(heads)) if place not in places.values()]
    rows, refused = [], []
    for number, line in enumerate(lines[heads_at + 1 :], start=heads_at + 2):
        cells = [cell.strip() for cell in _cells(line, delimiter)]
        if not any(cells):
            continue
        if len(cells) != len(heads):
            refused.append(f"Row {number} has {len(cells)} cells, the first line names {len(heads)} columns.")
            continue
        read = {name: _number(cells[place], delimiter) for name, place in places.items()}
        wrong = [f"{name} {said}" for name, said in read.items() if isinstance(said, str)]
        if wrong:
            refused.append(f"Row {number}: {'; '.join(wrong)}.")
        else:
            values = tuple(float(value) for value in read.values())
            rows.append(FeatureRow(number, values, tuple(cells[place] for place in others)))
    return FeatureTable(tuple(rows), tuple(heads[place] for place in others), tuple(refused))


def template(features: Sequence[str], examples: dict[str, Sequence[float]]) -> str:
    """A CSV to fill in: a column for whatever the rows are called, one a feature, and a row for each of `examples`."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerows([["case", *features], *([name, *values] for name, values in examples.items())])
    return stream.getvalue()


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise TableRefused(f"The file is larger than {MOST_BYTES // 1_000_000} MB. Divide it.")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")  # an old spreadsheet's accents; the columns' names and numbers have none


def _cells(line: str, delimiter: str) -> list[str]:
    """Cells of one line. A quote that is not closed stays within its line, so that the next rows are not lost."""
    try:
        return next(csv.reader([line.rstrip("\n")], delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 131,072 letters
        return [line[:MOST_SHOWN]]


def _words(head: str) -> frozenset[str]:
    return frozenset(_SHORT.get(word, word) for word in _WORD.findall(head.lower()))


def _places(heads: Sequence[str], features: Sequence[str], known: dict[frozenset[str], str]) -> dict[str, int]:
    """Column of every feature, in the features' order."""
    found: dict[str, int] = {}
    for place, head in enumerate(heads):
        name = known.get(_words(head))
        if name is None:
            continue
        if name in found:
            raise TableRefused(
                f'The columns "{heads[found[name]]}" and "{head}" are both {name}. Leave out one of them.'
            )
        found[name] = place
    absent = [name for name in features if name not in found]
    if len(absent) == len(features):
        raise TableRefused("No column is known. The first line must name the columns, as the template does.")
    if absent:
        raise TableRefused(f"{len(absent)} of {len(features)} columns are missing: {', '.join(absent)}.")
    return {name: found[name] for name in features}


def _number(cell: str, delimiter: str) -> float | str:
    """The number in a cell, or what is wrong with it."""
    if not cell:
        return "is empty"
    shown = f'"{cell}"' if len(cell) <= MOST_SHOWN else f'"{cell[:MOST_SHOWN]}…"'
    dotted = cell if delimiter == "," else cell.replace(",", ".")
    if not _NUMBER.fullmatch(dotted):
        return f"{shown} is not a number"
    value = float(dotted)
    if value < 0:
        return f"{shown} is below 0"
    return value if value <= MOST else f"{shown} is too large"
