"""DDSM as the University of South Florida laid it out: a folder a case, with an `.ics` file and outlines in `.OVERLAY` files.

The pictures of the set are in a lossless JPEG that hardly anything reads; converted ones are found beside the `.ics` file
under the same name (`A_1141_1.LEFT_CC.png`), rescaled or not. Every abnormality was outlined, so a breast without any
outline is at least not malignant, and normal in a volume of normal cases. A view without outline of a breast that has one
in the other view is left out: nothing says that the lesion can be seen in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mammo_core.training.datasets.files import Files
from mammo_core.training.datasets.listing import age, clipped, counted, named, number, one_of, size, worst
from mammo_core.training.datasets.table import Lesion, Row, Table

_VIEW = re.compile(r"(LEFT|RIGHT)_(CC|MLO)")
_PATHOLOGIES = {"MALIGNANT": "malignant", "BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign", "UNPROVEN": ""}
_FILES = (".LJPEG", ".OVERLAY")
_VOLUME = re.compile(r"normal|benign|bwc|cancer", re.IGNORECASE)
"""How a folder of the archive begins: `cancers`, `cancer_05`, `benigns`, `benign_03`, `bwc_01` (without callback), `normal_02`."""
_STEPS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
"""Rows and columns that each direction of a chain code goes: 0 is up, on clockwise."""


@dataclass(frozen=True)
class _Outline:
    """One abnormality: its box on the scanner's grid, and benign, malignant, or "" where unproven."""

    row: str
    box: tuple[float, float, float, float]
    label: str


def recognises(root: Path) -> bool:
    """Whether a case lies anywhere below the folder, as deep as the archive goes."""
    return root.is_dir() and any(
        next(root.glob(depth + "*.ics"), None) for depth in ("", "*/", "*/*/", "*/*/*/", "*/*/*/*/")
    )


def read(root: Path) -> Table:
    """A picture has the label of its worst outline.

    Raises:
        ValueError: an `.ics` or `.OVERLAY` file is wrong; the message names the file and the row.
    """
    files = Files(root)
    rows: list[Row] = []
    missing: list[str] = []
    left_out: dict[str, int] = {}
    for ics in (path for path in files.all if path.suffix.lower() == ".ics"):
        for row in _case(files, ics):
            if isinstance(row, Row):
                rows.append(row)
            elif row.endswith(_FILES):
                missing.append(row)
            else:
                left_out[row] = left_out.get(row, 0) + 1
    notes = [f"{counted(count, 'picture')} {why}." for why, count in left_out.items()]
    if any(name.endswith(_FILES[0]) for name in missing):
        notes.append("The set's own LJPEG files are not read: convert them to PNG or TIFF of the same name first.")
    return Table(tuple(rows), tuple(missing), tuple(notes))


def _case(files: Files, ics: Path) -> Iterator[Row | str]:
    """The rows of one case; for a view without row the name of its missing file, or why it was left out."""
    told: dict[str, str] = {}
    grids: dict[str, tuple[float, float]] = {}
    announced: set[str] = set()
    for count, line in enumerate(ics.read_text(encoding="latin-1").splitlines(), start=1):
        word, _, rest = line.strip().partition(" ")
        told[word] = rest.strip()
        if _VIEW.fullmatch(word):
            with named(ics, f"row {count}"):
                grids[word] = _grid(rest.split())
            if "OVERLAY" in rest.split():
                announced.add(word)
    case = ics.stem.replace("-", "_")
    overlays = {view: ics.with_name(f"{case}.{view}.OVERLAY") for view in grids}
    outlines = {view: list(_outlines(overlay)) for view, overlay in overlays.items()}
    outlined = {view.partition("_")[0] for view, found in outlines.items() if found or view in announced}
    volume = _volume(ics)
    with named(ics, "PATIENT_AGE"):
        years = age(told.get("PATIENT_AGE", "")) or None
    for view, grid in grids.items():
        side, projection = view.split("_")
        labels = [outline.label for outline in outlines[view] if outline.label]
        if view in announced and not outlines[view]:
            yield files.name(overlays[view])
            continue
        if outlines[view] and not labels:
            yield "with unproven lesions alone were left out"
            continue
        if side in outlined and not labels:
            yield "without an outline, of breasts that have one in the other view, were left out"
            continue
        path = _picture(ics.parent, f"{case}.{view}")
        if path is None:
            yield files.name(ics.with_name(f"{case}.{view}.LJPEG"))
            continue
        yield Row(
            path=path,
            file=files.name(path),
            dataset="ddsm",
            patient_id=f"DDSM_{case[:6]}",
            label=worst(labels) if labels else "normal" if volume.lower().startswith("normal") else "not_malignant",
            laterality=side[0],
            view=projection,
            age=years,
            density=told.get("DENSITY", ""),
            machine=told.get("DIGITIZER", ""),
            site=f"DDSM_vol_{case[0].upper()}",
            volume=volume,
            lesions=tuple(_lesion(overlays[view], path, grid, outline) for outline in outlines[view] if outline.label),
        )


def _volume(ics: Path) -> str:
    """The volume that a case came in, by the nearest of the two folders around it that is called so; "" where neither is."""
    return next((folder for folder in reversed(ics.parts[-3:-1]) if _VOLUME.match(folder)), "")


def _grid(words: list[str]) -> tuple[float, float]:
    """LINES and PIXELS_PER_LINE of a view."""
    said = dict(zip(words[::2], words[1::2], strict=False))
    if not {"LINES", "PIXELS_PER_LINE"} <= set(said):
        raise ValueError("LINES and PIXELS_PER_LINE are wanted")
    rows, columns = number(said["LINES"], "LINES"), number(said["PIXELS_PER_LINE"], "PIXELS_PER_LINE")
    if min(rows, columns) < 1:
        raise ValueError(f"a view of {rows:g} LINES and {columns:g} PIXELS_PER_LINE holds nothing")
    return rows, columns


def _outlines(overlay: Path) -> Iterator[_Outline]:
    """The outlines of abnormalities; the cores inside them are passed over.

    Raises ValueError where fewer abnormalities are outlined than the file announces: what was torn off may be the cancer.
    """
    if not overlay.is_file():
        return
    label: str | None = None
    wanted, fresh, announced, seen = False, True, 1.0, 0
    lines = overlay.read_text(encoding="latin-1").splitlines()
    for count, line in enumerate(lines, start=1):
        row = f"row {count}"
        word, _, rest = line.strip().partition(" ")
        with named(overlay, row):
            if word == "TOTAL_ABNORMALITIES":
                announced = max(1.0, number(rest, "the number of abnormalities"))
            elif word == "ABNORMALITY":
                label, fresh = None, True
            elif word == "PATHOLOGY":
                label = one_of(rest.strip(), _PATHOLOGIES, "the pathology")
            elif wanted:
                if label is None:
                    raise ValueError("an outline has no pathology")
                yield _Outline(row, _box(line.split()), label)
                seen, fresh = seen + fresh, False
        wanted = word == "BOUNDARY"
    if seen < announced:
        raise ValueError(f"{overlay}, row {len(lines)}: it ends after {seen} of {announced:g} abnormalities")


def _box(chain: list[str]) -> tuple[float, float, float, float]:
    """The box around a chain code: column and row where it begins, then directions, then "#"."""
    numbers = [int(number(word, "a step of the chain code")) for word in chain if word != "#"]
    if len(numbers) < 2 or not all(0 <= step < 8 for step in numbers[2:]):
        raise ValueError("a chain code is a column, a row and directions from 0 to 7")
    column, row = numbers[:2]
    rows, columns = [row], [column]
    for step in numbers[2:]:
        down, across = _STEPS[step]
        rows.append(rows[-1] + down)
        columns.append(columns[-1] + across)
    return float(min(rows)), float(min(columns)), float(max(rows) + 1), float(max(columns) + 1)


def _lesion(overlay: Path, path: Path, grid: tuple[float, float], outline: _Outline) -> Lesion:
    rows, columns = size(path)
    down, across = rows / grid[0], columns / grid[1]
    top, left, bottom, right = outline.box
    with named(overlay, outline.row):
        return clipped((top * down, left * across, bottom * down, right * across), rows, columns, outline.label)


def _picture(folder: Path, name: str) -> Path | None:
    """The converted picture of a view: `A_1141_1.LEFT_CC.png`, or `A_1141_1.LEFT_CC.LJPEG.png`."""
    return next((path for path in Files(folder).pictures if path.name.startswith(f"{name}.")), None)
