"""Women whom public sets list under two names, with the same films digitised twice: each is one woman again.

Found by `training.duplicates` among all women of the sets, and looked at. A split by the names as given would put a woman on both sides.
"""

from __future__ import annotations

from dataclasses import replace

from mammo_core.training.datasets.table import Table

TWICE = {"DDSM_A_1252": "DDSM_A_1082", "CBIS_P_01545": "CBIS_P_00901"}
"""The second name of a woman, and her first; DDSM and CBIS-DDSM name the same one here."""


def under_one_name(table: Table) -> Table:
    """The table with each such woman under her first name, and a note of it, where both names are there."""
    there = {row.patient_id for row in table.rows}
    names = {second: first for second, first in TWICE.items() if {second, first} <= there}
    if not names:
        return table
    rows = tuple(replace(row, patient_id=names.get(row.patient_id, row.patient_id)) for row in table.rows)
    notes = (f"{second} is taken as {first}: the same films, digitised twice." for second, first in names.items())
    return replace(table, rows=rows, notes=(*table.notes, *notes))
