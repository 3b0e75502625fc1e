"""Which pictures to train on: a folder of the machine that runs the page, read as a data set, and what is in it in words."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import streamlit as st

from mammo_core.training.datasets import LABELS, Sets, Table, read_sets
from pages.parts.lab.setting import data_root, folder_of, folders_offered, short_name
from pages.parts.look import write
from pages.parts.take_away import table

MARK = "▸ "
"""Before every folder in the box."""
MANY = 12
"""More notes than this are not shown."""
LISTS = (".csv", ".json", ".txt", ".yaml", ".yml")
"""What names of lists end in."""
BELOW = 2
"""Levels on which lists lie: a folder of sets, a set, a folder of lists in it."""
FEW = 200
"""Folders of lists in one place are fewer than these; more are of women, each with her pictures."""


def choose() -> tuple[Path, Table] | None:
    """Ask for a folder and say what is in it; None, with the reason, where nothing can be trained on it."""
    root = data_root()
    st.markdown("#### 1 · Pictures")
    offered = folders_offered()
    chosen = st.session_state.get("data_folder")
    named = st.selectbox(
        "Folder on the machine that runs this page",
        offered if chosen is None or chosen in offered else [chosen, *offered],
        index=None,
        format_func=_entry,
        accept_new_options=True,
        on_change=_shorten,
        placeholder="Choose a folder, or write its path and press Enter" if root else "Write its path and press Enter",
        key="data_folder",
        persist_state="page",
    )
    if root:
        write("small", f"A folder below {root}; that part of its path need not be written.")
    else:
        write("small", "Any folder that the server may read. MAMMO_DATA names a root, and limits the choice to it.")
    if not named:
        return None
    said = st.empty()
    with said.container():
        write("quiet", "Reading the folder's lists.")
    try:
        folder = folder_of(named)
        found, together = _read(folder)
    except (ValueError, OSError) as error:
        with said.container():
            write("amber", f"Not read. {_sentence(error)}")
        return None
    with said.container(gap="small"):
        for place, error in found.wrong.items():
            write("amber", f"Not read{'' if place == folder else f': {place.name}'}. {_sentence(error)}")
        if found.tables:
            _say(together)
        if found.tables and found.wrong:
            write(
                "amber",
                "Nothing can be trained on this folder while a set in it cannot be read: none is left out unasked.",
            )
    return (folder, together) if together.rows and not found.wrong else None


def _entry(name: str) -> str:
    """A folder as the box shows it. Streamlit cuts what is chosen off a longer text written over it; no path begins with this mark."""
    return f"{MARK}{data_root() if name == '.' else name}"


def _shorten() -> None:
    """Name a written folder as the offered ones are named."""
    if named := st.session_state["data_folder"]:
        st.session_state["data_folder"] = short_name(named.removeprefix(MARK))


def _read(folder: Path) -> tuple[Sets, Table]:
    """What a folder holds, kept as long as nothing changes in it; where something is wrong it is read anew every time."""
    changed = hash(tuple(sorted(_changes(folder, BELOW))))
    found, together = _kept(str(folder), changed)
    if found.wrong:
        _kept.clear(str(folder), changed)
    return found, together


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept(folder: str, changed: int) -> tuple[Sets, Table]:
    found = read_sets([Path(folder)])
    return found, found.together()


def _changes(folder: Path, below: int) -> Iterator[int]:
    """When a folder, the lists in it and those in its folders, so many levels `below`, last changed: a new picture changes its folder."""
    yield folder.stat().st_mtime_ns
    folders = []
    with os.scandir(folder) as inside:
        for each in inside:
            if each.is_dir():
                folders.append(Path(each))
            elif each.name.lower().endswith(LISTS):
                with suppress(FileNotFoundError):  # a link that leads nowhere
                    yield each.stat().st_mtime_ns
    for place in folders if below else []:
        if len(folders) <= FEW:
            yield from _changes(place, below - 1)
        else:
            yield place.stat().st_mtime_ns


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return "The folder cannot be read."
    said = str(error)
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")


def _say(found: Table) -> None:
    """How many pictures and women of which label, and what was noted."""
    if not found.rows:
        write("amber", "No picture was found.")
        return
    women = len({row.patient_id for row in found.rows})
    counts = Counter(row.label for row in found.rows)
    labels = ", ".join(f"{counts[label]:,} {label.replace('_', ' ')}" for label in LABELS[::-1] if counts[label])
    write("quiet", f"{len(found.rows):,} pictures of {women:,} women: {labels}.")
    sets = Counter(row.dataset for row in found.rows)
    there = [label for label in LABELS if counts[label]]
    if len(sets) > 1:
        own = {name: [row for row in found.rows if row.dataset == name] for name in sorted(sets)}
        table(
            [
                {"Set": name, "Women": len({row.patient_id for row in rows}), "Pictures": len(rows)}
                | {label.replace("_", " ").capitalize(): sum(row.label == label for row in rows) for label in there}
                for name, rows in own.items()
            ],
            "",
        )
    views = Counter(row.view or "not stated" for row in found.rows)
    write("quiet", f"Views: {', '.join(f'{n:,} {view}' for view, n in views.most_common(6))}.")
    if found.missing:
        write("amber", f"{len(found.missing):,} files that the lists name are not there. `data check` names them.")
    for note in found.notes[:MANY]:
        write("quiet", note)
    if len(found.notes) > MANY:
        write("quiet", f"And {len(found.notes) - MANY} more notes, which `data check` gives.")


def paths_of(folder: Path) -> dict[tuple[str, str], Path]:
    """Where each picture of a data folder lies, by set and the name that the set gives it."""
    _, together = _read(folder)
    return {(row.dataset, row.file): row.path for row in together.rows}
