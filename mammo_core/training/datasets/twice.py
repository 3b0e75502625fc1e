"""Women who are listed under two names: each is one woman again, so that no split by name puts her on both sides.

Public sets have some, with the same films digitised twice; they were found by `training.duplicates` among all women of the sets, and looked
at. Lists typed by hand have others, whose names differ in nothing but capitals: taking two women for one does no harm to a split.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from mammo_core.training.datasets.table import Table

TWICE = {"DDSM_A_1252": "DDSM_A_1082", "CBIS_P_01545": "CBIS_P_00901"}
"""The second name of a woman, and her first; DDSM and CBIS-DDSM name the same one here."""


def known_twice(names: Iterable[str]) -> dict[str, str]:
    """The first name of every second name in `names` whose first name is there too."""
    there = set(names)
    return {second: first for second, first in TWICE.items() if {second, first} <= there}


def under_one_name(table: Table) -> Table:
    """The table with each such woman under her first name, and a note of it, where both names are there."""
    there = sorted({row.patient_id for row in table.rows})
    known = known_twice(there)
    spelled: dict[str, str] = {}
    for name in there:
        spelled.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
    alike = {name: spelled[unicodedata.normalize("NFKC", name).casefold()] for name in there}
    alike = {second: first for second, first in alike.items() if second != first}
    names = known | alike
    if not names:
        return table
    rows = tuple(replace(row, patient_id=names.get(row.patient_id, row.patient_id)) for row in table.rows)
    notes = [f"{second} is taken as {first}: the same films, digitised twice." for second, first in known.items()]
    notes += [f"{second} is taken as {first}: their names differ in capitals alone." for second, first in alike.items()]
    return replace(table, rows=rows, notes=(*table.notes, *notes))
