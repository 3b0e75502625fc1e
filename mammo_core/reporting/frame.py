"""What every page of a report carries: whose exam it is, how far the report is, which page of how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mammo_core.exam import Exam
from mammo_core.reporting.assessment import Assessment, State
from mammo_core.reporting.sheet import BLACK, PALE, QUIET, SHORTENED, Sheet

RESEARCH_ONLY = "Research use only, not for clinical use."

TOP, FOOT = 12.0, 16.0
"""Millimetres above the title, and below the last line of a page's body."""


@dataclass(frozen=True)
class Frame:
    """The same on every page of one report."""

    exam: Exam
    assessment: Assessment | None
    now: datetime
    pages: int

    def draw(self, sheet: Sheet, title: str, mark: str, dark: bool = False) -> float:
        """Begin a page with its head and, in a box, its mark; gives the `y` its body starts at."""
        sheet.page()
        half = sheet.width / 2
        sheet.line(sheet.left, TOP, title, 15, half, bold=True)
        sheet.box(sheet.right - 72, TOP, 72, 7.4, fill=BLACK if dark else None)
        sheet.line(sheet.right - 70, TOP + 1.3, mark, 10, 68, bold=True, grey=255 if dark else BLACK, align="C")
        y = TOP + 10
        exam = self.exam
        count = len(exam.mammograms)
        cells = [
            ("Patient", exam.label, 0.42),
            ("Accession number", exam.accession or "not stated", 0.26),
            ("Study date", exam.study_date or "not stated", 0.18),
            ("Pictures", str(count), 0.14),
        ]
        sheet.box(sheet.left, y, sheet.width, 11)
        x = sheet.left
        for index, (name, value, share) in enumerate(cells):
            width = sheet.width * share
            if index:
                sheet.stroke(x, y, x, y + 11, PALE)
            sheet.line(x + 2, y + 1, name, 7, width - 4, grey=QUIET)
            sheet.name(x + 2, y + 4.6, value, 11, width - 4, bold=index == 0)
            x += width
        return y + 15

    def close(self, sheet: Sheet, page: int) -> None:
        """The foot of a page: what had to be changed to print it, what it is for, which page it is."""
        bottom = sheet.paper_height - FOOT
        said = [SHORTENED] if sheet.shortened else []
        if sheet.absent:
            said.append(f"No font for {_listed(list(sheet.absent))}: printed by number.")
        sheet.line(sheet.left, bottom, " ".join(said), 7.5, sheet.width, bold=True)
        sheet.rule(bottom + 4, PALE)
        sheet.line(sheet.left, bottom + 5, RESEARCH_ONLY, 8, sheet.width * 0.45, bold=True)
        made = f"Printed {stamp(self.now)} · page {page} of {self.pages}"
        sheet.line(sheet.left + sheet.width / 2, bottom + 5, made, 8, sheet.width / 2, grey=QUIET, align="R")


def state_words(assessment: Assessment) -> str:
    """How far a report is, in capitals."""
    version = f"VERSION {assessment.version}"
    if assessment.state is State.DRAFT:
        return "DRAFT, NOT SIGNED" if assessment.version == 1 else f"DRAFT OF {version}, NOT SIGNED"
    return "SIGNED" if assessment.state is State.SIGNED else f"AMENDED, {version}"


def stamp(time: datetime) -> str:
    """A time with its zone, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} {time.tzname() or ''}".strip()


def _listed(codes: list[str]) -> str:
    return ", ".join(codes) if len(codes) <= 6 else f"{', '.join(codes[:6])} and {len(codes) - 6} more"
