"""Whose pictures they are where no list and no folder says so: the headers of DICOM files know, and often the files' names.

`P07_L_CC.png` and `P07_R_MLO.png` differ in side and view alone, so they are one woman's; so do `left/P07.png` and
`right/P07.png`. Where that is wrong, two women
stay on one side of a split, which does no harm; two sides for one woman would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mammo_core.training.datasets.headers import with_headers
from mammo_core.training.datasets.listing import counted
from mammo_core.training.datasets.places import before_export, rest_of, with_folders, woman_of
from mammo_core.training.datasets.table import Row


def with_women(rows: Sequence[Row], nameless: Collection[Path]) -> tuple[list[Row], list[str]]:
    """The rows with what headers add, the `nameless` under their women as far as these can be told, and notes on it."""
    told, still = with_headers(rows, nameless)
    unknown = set(still)
    public = {row.path: name for row in told if row.path in unknown and (name := _in_public(row))}
    unknown -= public.keys()
    women = _by_names([row for row in told if row.path in unknown])
    notes = []
    if public:
        notes.append(
            "The woman is the one that names as of CBIS-DDSM, RSNA and VinDr-Mammo give: "
            f"{counted(len(public), 'picture')} of {counted(len(set(public.values())), 'woman', 'women')}."
        )
    if women:
        exported = any(row.path in women and before_export(row.file) != row.file for row in told)
        differ = "side, view and Roboflow's number of an export" if exported else "side and view"
        notes.append(
            f"Taken as one woman's, since their names differ in {differ} alone: "
            f"{counted(len(women), 'picture')} of {counted(len(set(women.values())), 'woman', 'women')}."
        )
    if alone := len(unknown) - len(women):
        notes.append(
            f"No woman is named for {counted(alone, 'picture')}: each file counts as a woman of its own. "
            "Pictures of one woman may therefore stand on both sides of a split."
        )
    women |= public
    return [replace(row, patient_id=women.get(row.path, row.patient_id)) for row in told], notes


def _in_public(row: Row) -> str:
    """The woman's name in the table where that of her picture is as in a public set, "" elsewhere."""
    woman = woman_of(PurePosixPath(before_export(row.file)).stem)
    return f"{row.dataset}_{woman}" if woman else ""


def _by_names(rows: Sequence[Row]) -> dict[Path, str]:
    """The woman of each picture that has a name like another's but for side and view, whatever class or part they lie in."""
    files = {row.path: before_export(row.file) for row in rows}
    places = {path: PurePosixPath(with_folders(file)) for path, file in files.items()}
    rests = {path: rest_of(place.name) for path, place in places.items()}
    stems = Counter(stem for stem, _ in {(places[row.path].stem, PurePosixPath(row.file).parent) for row in rows})
    # "1_L_CC" in two folders: names begin anew in each, and say nothing without it. Nor does "L_CC".
    anew = {rest for path, rest in rests.items() if stems[places[path].stem] > 1 or not any(map(str.isalnum, rest))}
    groups: dict[str, list[tuple[Row, str]]] = {}
    for row in rows:
        rest = rests[row.path]
        if rest in anew:
            rest = rest_of(str(places[row.path]))
        if "*" in rest or files[row.path] != row.file:
            groups.setdefault(rest.casefold(), []).append((row, rest))
    return {row.path: f"{row.dataset}_{group[0][1]}" for group in groups.values() if len(group) > 1 for row, _ in group}
