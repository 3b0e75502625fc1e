"""The reader's page: her assessment in the order a radiologist dictates it, and the views small below it.

Says only what the reader said; what she left open is printed as open. Nothing of a model is on this page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mammo_core.exam import Laterality
from mammo_core.hanging import Hanging
from mammo_core.reporting.assessment import Assessment, Breast, Finding, State
from mammo_core.reporting.birads import CATEGORIES, DENSITIES
from mammo_core.reporting.frame import FOOT, Frame, stamp, state_words
from mammo_core.reporting.rows import views
from mammo_core.reporting.sheet import PALE, QUIET, Sheet

TITLE = "Mammography report"

SIZES = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)
"""Points the body is tried in, until it fits."""

SMALL, LARGE = 46.0, 92.0
"""Least and most height of the views, in mm."""


_Column = Callable[[Sheet, float, float, float, Laterality, bool], float]
"""One breast's part of a section: sheet, x, y, width, side, and whether to draw; gives its end."""


@dataclass(frozen=True)
class _Limit:
    """How much of a report that fits in no size is printed: letters of a text, findings of a breast."""

    letters: int
    findings: int


_LIMITS = (
    _Limit(6000, 60),
    _Limit(1500, 12),
    _Limit(600, 10),
    _Limit(240, 8),
    _Limit(120, 6),
    _Limit(60, 5),
)


def reader_page(sheet: Sheet, frame: Frame, assessment: Assessment, hanging: Hanging, page: int) -> None:
    """Draw the page."""
    y = frame.draw(sheet, TITLE, state_words(assessment))
    end = sheet.paper_height - FOOT - 1
    signed = _signed_height(assessment)
    room = end - signed - SMALL - 4
    body = _fitting(sheet, assessment, y, room)
    y = body.draw(sheet, y)
    sheet.shortened |= body.shortened
    _signature(sheet, assessment, y + 1)
    height = min(LARGE, end - y - signed - 4)
    views(sheet, hanging, end - height, height)
    frame.close(sheet, page)


def _fitting(sheet: Sheet, assessment: Assessment, y: float, room: float) -> _Body:
    """The largest body that ends above `room`; the first limit is tried in all sizes, the others in the smallest."""
    tried = [(size, _LIMITS[0]) for size in SIZES] + [(SIZES[-1], limit) for limit in _LIMITS[1:]]
    smaller = 1.0
    for size, limit in tried:
        body = _Body(assessment, size, limit)
        if limit is _LIMITS[0] and size > SIZES[-1] and size / SIZES[0] > smaller:
            continue
        end = body.draw(sheet, y, draw=False)
        if end <= room:
            break
        # Text of half the size takes a quarter of the room: sizes that cannot fit are not tried.
        smaller = (size / SIZES[0]) * ((room - y) / (end - y)) ** 0.5 + 0.05
    return body


class _Body:
    """All of the page between its head and the signature, in one size; measured and drawn by the same lines."""

    def __init__(self, assessment: Assessment, size: float, limit: _Limit) -> None:
        self.assessment, self.size, self.limit = assessment, size, limit
        self.shortened = False

    def draw(self, sheet: Sheet, y: float, draw: bool = True) -> float:
        """Draw (or only measure) from `y` on; gives the end."""
        said = self.assessment
        composition = f"{said.composition}. {DENSITIES[said.composition]}" if said.composition else "Not stated."
        y = self._head(sheet, y, "Breast composition", draw)
        y = self._text(sheet, sheet.left, y, composition, sheet.width, draw) + self.size * 0.22
        y = self._head(sheet, y, "Findings", draw)
        y = self._columns(sheet, y, self._findings, draw) + self.size * 0.22
        y = self._head(sheet, y, "Assessment", draw)
        y = self._columns(sheet, y, self._category, draw) + self.size * 0.22
        y = self._head(sheet, y, "Recommendation", draw)
        advice = [f"{choice}." for choice in said.recommended]
        advice += [said.recommendation] if said.recommendation.strip() else []
        y = self._text(sheet, sheet.left, y, "\n".join(advice) or "None stated.", sheet.width, draw) + self.size * 0.22
        if said.comment.strip():
            y = self._head(sheet, y, "Comment", draw)
            y = self._text(sheet, sheet.left, y, said.comment, sheet.width, draw) + self.size * 0.22
        return y

    def _head(self, sheet: Sheet, y: float, words: str, draw: bool) -> float:
        y = sheet.paragraph(sheet.left, y, words.upper(), self.size * 0.75, sheet.width, True, QUIET, draw)
        if draw:
            sheet.rule(y + 0.2, PALE)
        return y + 1

    def _columns(self, sheet: Sheet, y: float, column: _Column, draw: bool) -> float:
        """Right breast left, left breast right, as they hang."""
        half = (sheet.width - 6) / 2
        ends = [
            column(sheet, x, y, half, side, draw)
            for side, x in ((Laterality.RIGHT, sheet.left), (Laterality.LEFT, sheet.left + half + 6))
        ]
        return max(ends)

    def _findings(self, sheet: Sheet, x: float, y: float, width: float, side: Laterality, draw: bool) -> float:
        breast = self.assessment.breast(side)
        y = sheet.paragraph(x, y, f"{_name(side)} breast", self.size, width, True, draw=draw)
        for number, finding in enumerate(breast.findings[: self.limit.findings], start=1):
            y = self._text(sheet, x, y, f"{number}. {_sentence(finding)}", width, draw)
        more = len(breast.findings) - self.limit.findings
        if more > 0:
            self.shortened = True
            y = self._text(sheet, x, y, f"[… and {more} more]", width, draw)
        if not breast.findings:
            y = self._text(sheet, x, y, "No finding described.", width, draw)
        return y

    def _category(self, sheet: Sheet, x: float, y: float, width: float, side: Laterality, draw: bool) -> float:
        breast: Breast = self.assessment.breast(side)
        words = f"{_name(side)}: BI-RADS {breast.category}" if breast.category else f"{_name(side)}: not stated"
        y = sheet.paragraph(x, y, words, self.size * 1.2, width, True, draw=draw)
        return self._text(sheet, x, y, f"{CATEGORIES[breast.category]}." if breast.category else "", width, draw)

    def _text(self, sheet: Sheet, x: float, y: float, text: str, width: float, draw: bool) -> float:
        if len(text) > self.limit.letters:
            self.shortened = True
            text = f"{text[: self.limit.letters]} […]"
        return sheet.paragraph(x, y, text, self.size, width, draw=draw)


def _name(side: Laterality) -> str:
    return "Right" if side is Laterality.RIGHT else "Left"


def _sentence(finding: Finding) -> str:
    """One finding as it is dictated: "Mass, 12 mm, upper outer, 10 o'clock, middle depth: irregular"."""
    kind = finding.type.capitalize() or "Type not stated"
    size = f"{finding.size:.4g} mm" if finding.size is not None else ""
    stated = ", ".join(filter(None, [kind, size, finding.position]))
    return f"{stated}: {words}" if (words := finding.description.strip()) else f"{stated}."


def _signed_height(assessment: Assessment) -> float:
    return 10.5 + (4.5 if assessment.version > 1 else 0.0)


def _signature(sheet: Sheet, assessment: Assessment, y: float) -> None:
    """Whose report it is, and since when; what an amendment is for."""
    sheet.rule(y, PALE)
    y += 1.5
    if assessment.state is State.DRAFT:
        lines = [("Reader", assessment.reader.strip() or "not stated"), ("Signed", "Not signed. A draft is no report.")]
        reason = assessment.reopened
    else:
        last = assessment.signatures[-1]
        lines = [("Signed by", last.name), ("Signed on", stamp(last.time))]
        reason = last.reason
    if assessment.version > 1:
        before = assessment.signatures[assessment.version - 2]
        words = f"Version {assessment.version}, in place of version {assessment.version - 1} of {stamp(before.time)}, because:"
        lines.append(("Amended", words))
    for index, (name, words) in enumerate(lines):
        sheet.line(sheet.left, y, name, 8, 20, grey=QUIET)
        taken = sheet.line(sheet.left + 20, y - 0.3, words, 9, sheet.width - 20, bold=index == 0)
        if name == "Amended":  # the reader's words are set by themselves: they may run from right to left
            x = sheet.left + 21.5 + taken
            sheet.line(x, y - 0.3, reason, 9, sheet.right - x, bold=True)
        y += 4.5
