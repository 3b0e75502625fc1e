"""`data check`: what a data set holds, and what is wrong with it, before anything is trained on it.

It reads the lists, then the pictures, through the same readers as the app: unreadable files, copies, inverted pictures.
It changes nothing, decides nothing about who is trained on, and imports no Keras.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from mammo_core.exam import Refusal
from mammo_core.intake import Reader
from mammo_core.training.datasets import LABELS, NoLayout, Row, Table, read_sets
from mammo_core.training.datasets.listing import counted
from mammo_core.training.duplicates import near_duplicates
from mammo_core.training.lab.runs import CACHE
from mammo_core.training.machine import in_words
from mammo_core.training.progress import on_terminal

SHOWN = 20
"""Lines of a list that are printed, unless all are asked for."""
NOT_SAID = "not said"
SECONDS = 60.0
"""Processor time that one file may take: more than in the app, since other work may be under way and nobody waits."""


@dataclass(frozen=True)
class Looked:
    """What one picture turned out to be: its name by its pixels and whether it is inverted, or why it cannot be read."""

    image_id: str = ""
    inverted: bool = False
    refused: str = ""


def check(asked: argparse.Namespace) -> int:
    """Carry out `data check PATH... [--layout L] [--lists] [--all] [--runs DIR]`.

    Gives 0, or 1 where one of several sets cannot be read or no picture was found at all.

    Raises:
        ValueError: no set can be read; a line says what is wrong with each.
    """
    found = read_sets(asked.paths, asked.layout)
    if not found.tables:
        raise ValueError("\n".join(map(told, found.wrong.values())))
    for folder, error in found.wrong.items():
        print(f"{folder} is not read: {told(error)}", file=sys.stderr)
    shown = sys.maxsize if asked.all else SHOWN
    for path in asked.paths:
        if layouts := {name for folder, name in found.layouts.items() if path in (folder, folder.parent)}:
            print(f"{path}: layout {', '.join(sorted(layouts))}")
    table = found.together()
    for line in said_by_lists(table, shown):
        print(line)
    if not table.rows:
        print(
            f"No picture was found in {' or '.join(map(str, asked.paths))}: there is nothing to train on.",
            file=sys.stderr,
        )
        return 1
    if not asked.lists:
        for line in said_by_pixels(table.rows, look_at(table.rows), shown, _cache(asked.runs)):
            print(line)
    return 1 if found.wrong else 0


def told(error: Exception) -> str:
    """An error in words, as the command line has them: whose pictures are in no layout is shown where layouts are described."""
    said = in_words(error)
    return said.removesuffix(".") + "; see docs/datasets.md" if isinstance(error, NoLayout) else said


def said_by_lists(table: Table, shown: int = SHOWN) -> Iterator[str]:
    """Counts of pictures and women by set, class, view, machine, site and volume; missing files and notes."""
    rows = table.rows
    women = counted(len({row.patient_id for row in rows}), "woman", "women")
    lesions = counted(sum(len(row.lesions) for row in rows), "marked lesion")
    yield f"{counted(len(rows), 'picture')} of {women}, {lesions}"
    yield from _crossed("set", rows, lambda row: row.dataset)
    yield from _crossed("view", rows, lambda row: f"{row.laterality or '?'} {row.view or '?'}")
    said: tuple[tuple[str, Callable[[Row], str]], ...] = (
        ("machine", lambda row: row.machine),
        ("site", lambda row: row.site),
        ("volume", lambda row: row.volume),
        ("part", lambda row: row.part),
    )
    for title, of in said:
        groups = {row: f"{row.dataset}, {of(row) or NOT_SAID}" for row in rows}
        if any(of(row) for row in rows):
            yield from _crossed(f"set, {title}", rows, groups.__getitem__)
    yield from _listed("missing files", table.missing, shown)
    if table.notes:
        yield from ("", "notes")
        yield from (f"  {note}" for note in table.notes)


def look_at(rows: Sequence[Row]) -> list[Looked]:
    """Every picture decoded once, on all cores; progress goes to stderr where someone watches."""
    workers = os.cpu_count() or 1
    with Reader(workers, SECONDS) as reader, ThreadPoolExecutor(workers) as pool:
        looks = pool.map(lambda row: _look(reader, row), rows)
        return list(tqdm(looks, total=len(rows), unit="picture", disable=not sys.stderr.isatty()))


def _cache(runs: Path) -> Path | None:
    """Where trainings keep keypoints, too; None, so that none are kept, where nothing can be written."""
    cache = runs / CACHE
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    return cache if os.access(cache, os.W_OK) else None


def said_by_pixels(
    rows: Sequence[Row], looks: Sequence[Looked], shown: int = SHOWN, cache: Path | None = None
) -> Iterator[str]:
    """Files that cannot be read, identical pixels, copies under several women's names, pictures stored inverted.

    `cache` is a folder that keeps what the search for copies finds out.
    """
    both = list(zip(rows, looks, strict=True))
    unread = [f"{row.file}: {look.refused}" for row, look in both if look.refused]
    yield from _listed("files that cannot be read", unread, shown)
    same: dict[str, list[Row]] = defaultdict(list)
    for row, look in both:
        if not look.refused:
            same[look.image_id].append(row)
    copies = [group for group in same.values() if len(group) > 1]
    yield from _listed("pictures with identical pixels", [_copies(group) for group in copies], shown)
    by_pixels = {row: look.image_id for row, look in both}
    with on_terminal() as tell:
        alike = near_duplicates(rows, [row.patient_id for row in rows], cache, tell)
    changed = [str(pair) for pair in alike if by_pixels[pair.one] != by_pixels[pair.two]]
    yield from _listed("turned, mirrored, rescaled or newly encoded copies under another woman's name", changed, shown)
    inverted = [row.file for row, look in both if look.inverted]
    yield from _listed("pictures stored inverted, turned when they are read", inverted, shown)


def _look(reader: Reader, row: Row) -> Looked:
    try:
        data = row.path.read_bytes()
    except OSError as error:
        return Looked(refused=f"It cannot be opened ({error.strerror}).")
    found = list(reader.read(row.file, data, lenient=True))
    if len(found) != 1:
        return Looked(refused="It is an archive.")
    if isinstance(found[0], Refusal):
        return Looked(refused=found[0].sentence)
    return Looked(found[0].image_id, found[0].inverted)


def _copies(group: Sequence[Row]) -> str:
    """The copies of one picture, and in what they differ although they must not."""
    differ = [
        name
        for name, values in (
            ("women", {row.patient_id for row in group}),
            ("labels", {row.label for row in group}),
            ("parts", {row.part for row in group}),
        )
        if len(values) > 1
    ]
    return " = ".join(row.file for row in group) + (f" (different {' and '.join(differ)})" if differ else "")


def _crossed(title: str, rows: Sequence[Row], group_of: Callable[[Row], str]) -> Iterator[str]:
    """A table of pictures and women in each group, by class."""
    labels = [label for label in LABELS if any(row.label == label for row in rows)]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[group_of(row)].append(row)
    lines = [[title, "pictures", "women", *(label.replace("_", " ") for label in labels), "% malignant"]]
    for group, members in sorted(groups.items()):
        found = Counter(row.label for row in members)
        lines.append(
            [
                group,
                f"{len(members):,}",
                f"{len({row.patient_id for row in members}):,}",
                *(f"{found[label]:,}" for label in labels),
                f"{100 * found['malignant'] / len(members):.0f}",
            ]
        )
    yield ""
    yield from _columns(lines)


def _columns(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join([first, *others])


def _listed(title: str, found: Sequence[str], shown: int) -> Iterator[str]:
    yield ""
    yield f"{title}: {len(found):,}" if found else f"{title}: none"
    yield from (f"  {each}" for each in found[:shown])
    if len(found) > shown:
        yield f"  and {len(found) - shown:,} more; --all lists them"
