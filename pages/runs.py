"""Runs: what was trained on this machine, side by side, and the way from a run to a model of the reading page."""

from pathlib import Path

import streamlit as st

from mammo_core.training.lab.runs import read_ledger
from pages.parts.evidence import UNITS
from pages.parts.lab import comparison, errors, learning, promotion, stated, subgroups, thresholds
from pages.parts.lab.frame import sheet
from pages.parts.lab.judged import PARTS, Judged, judged, places_of, reported
from pages.parts.lab.ledger import compared, ledger, left_out, readable
from pages.parts.lab.nuclei import nuclei
from pages.parts.lab.setting import runs_root
from pages.parts.look import write

TABS = (
    "Learning",
    "Separation",
    "Confusion",
    "Thresholds",
    "Calibration",
    "Subgroups",
    "Worst errors",
    "Stated",
    "Promote",
)
OF_PICTURES = ("Confusion", "Subgroups", "Worst errors")  # can be said where all cases are of one kind, too


def chosen(folders: list[Path], of_pictures: bool) -> list[Judged]:
    """Ask on whom figures are to be; runs that said nothing of them are left out, and named.

    Women of both kinds are offered first, those whom most of the runs have judged before others. Unless figures are `of_pictures`,
    they may be counted by breast or exam too, and runs whose cases are all of one kind are left out.
    """
    offered = list(dict.fromkeys(place for folder in folders for place in places_of(folder)))
    if not offered:
        write("amber", "None of these runs has been judged yet: figures come when its first fold has ended.")
        return []
    left, right = st.columns(2)
    part, dataset = left.selectbox(
        "Judged on",
        sorted(offered, key=lambda place: (list(PARTS).index(place[0]), -_told_apart(folders, place))),
        format_func=lambda place: f"{place[1]}, {PARTS[place[0]]}",
        key="judged_on",
        persist_state="page",
    )
    unit = right.selectbox(
        "Counted by",
        list(UNITS)[:1] if of_pictures else list(UNITS),
        format_func=UNITS.__getitem__,
        key="picture_unit" if of_pictures else "unit",
        persist_state="page",
    )
    found = [one for folder in folders if (one := judged(folder, part, dataset, unit))]
    with (waiting := st.empty()):
        for place, one in enumerate(found, start=1):
            write("quiet", f"Working out figures with their intervals: run {place} of {len(found)}.")
            reported(one.folder)
    waiting.empty()
    if part == "validation":
        write("amber", "Training was steered by these women: figures on them flatter.")
    one_kind = [] if of_pictures else [one.run for one in found if not one.both_kinds]
    if one_kind:
        write("amber", f"All cases are of one kind, so that nothing can be told apart: {', '.join(one_kind)}.")
    absent = [folder.name for folder in folders if folder.name not in {one.run for one in found}]
    if absent:
        write("quiet", f"Said nothing of these women: {', '.join(absent)}.")
    return [one for one in found if one.run not in one_kind]


def _told_apart(folders: list[Path], place: tuple[str, str]) -> int:
    """How many of the runs have cases of both kinds there."""
    return sum(one.both_kinds for folder in folders if (one := judged(folder, *place, "image")))


with sheet("runs.py", "Runs"):
    found_here = read_ledger(runs_root())
    networks, torn, unread = readable(found_here.networks)
    ledger(networks)
    selected = compared(networks)
    if selected:
        for name, tab in zip(TABS, st.tabs(list(TABS), key="lab_part", on_change="rerun"), strict=True):
            if not tab.open:  # Only what is looked at is worked out.
                continue
            with tab:
                if name == "Learning":
                    learning.learning(selected)
                elif name == "Promote":
                    promotion.promote(selected)
                elif name == "Stated":
                    stated.stated(selected)
                elif found := chosen([run.folder for run in selected], name in OF_PICTURES):
                    if name == "Separation":
                        comparison.separation(found)
                    elif name == "Confusion":
                        comparison.confusion(found)
                    elif name == "Thresholds":
                        thresholds.thresholds(found)
                    elif name == "Calibration":
                        comparison.calibration(found)
                    elif name == "Subgroups":
                        for one in found:
                            subgroups.subgroups(one)
                    else:
                        errors.worst(found)
    nuclei(found_here.features)
    left_out([*found_here.damaged, *torn], unread)
