"""The model's page: what a program says of the pictures, clearly apart from what the reader says.

The views as they are and with the model's map over them, the scores beside the operating points, and what those
numbers do not mean. It prints what it is given and computes no score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mammo_core.exam import BreastResult, Exam, ExamResult, FloatArray, ImageResult, Laterality
from mammo_core.hanging import Hanging, Pane, name_of
from mammo_core.inference import heat_map, meaning
from mammo_core.reporting.frame import FOOT, Frame, state_words
from mammo_core.reporting.rows import Overlay, views
from mammo_core.reporting.sheet import QUIET, Sheet

TITLE = "What a program says"
MARK = "NOT THE READER'S REPORT"
APART = "This page was written by a program. It is no part of the reader's report, and no reader has confirmed it."
NORMAL_BENIGN = "How the rest divides into normal and benign is not validated."
NO_REPORT = "No reader's report was printed with it."
NO_SCORES = "None of these pictures is scored."

BREASTS = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast", None: "Breast, side not stated"}
CLASSES = ("normal", "benign", "malignant")

SIZES = (8.0, 7.5, 7.0, 6.5, 6.0)
"""Points the text below the scores is tried in."""

ROWS = 16
"""Pictures with a line of their own; the rest is counted."""

PARTED = 0.6
"""Millimetres between two paragraphs."""

SMALL, LARGE = 46.0, 70.0
"""Least and most height of a row of views, in mm."""


def points(score: float) -> str:
    """A suspicion as it is spoken of: full points, never more than was reached."""
    return "<1" if score < 1 else str(int(score))


def model_page(
    sheet: Sheet,
    frame: Frame,
    result: ExamResult,
    card: Mapping[str, Any] | None,
    versions: str,
    hanging: Hanging,
    page: int,
) -> None:
    """Draw the page; `card` is the model's, None where there is no model, and `versions` a line on the programs."""
    y = frame.draw(sheet, TITLE, MARK, dark=True)
    sheet.box(sheet.left, y, sheet.width, 6.4, fill=225, edge=None)
    sheet.line(sheet.left + 2, y + 0.9, APART, 9, sheet.width - 4, bold=True)
    y += 8.4
    end = sheet.paper_height - FOOT - 1
    table = _Table(frame.exam, result, card)
    words = _fitting(sheet, _texts(frame, result, card, versions), end - y - table.height - 2 * SMALL - 14)
    text = words.draw(sheet, 0.0, draw=False)
    maps = {kind for said in result.images.values() for kind in said.maps}
    rows = 2 if maps else 1
    height = min(LARGE, (end - y - table.height - text - 4) / rows - 5)
    y = _labelled(sheet, hanging, y, height, "The pictures as their files say", None)
    if maps:
        overlay = Overlay(result.images, lambda pane: _heat(pane, result))
        title = f"With the map of the class malignant{', foci outlined' if 'lesion' in maps else ''}"
        y = _labelled(sheet, hanging, y, height, title, overlay)
    y = table.draw(sheet, y + 1)
    sheet.shortened |= words.shortened
    words.draw(sheet, y + 2)
    frame.close(sheet, page)


def _labelled(sheet: Sheet, hanging: Hanging, y: float, height: float, words: str, overlay: Overlay | None) -> float:
    sheet.line(sheet.left, y, words, 7.5, sheet.width, grey=QUIET)
    views(sheet, hanging, y + 3.8, height, overlay)
    return y + height + 5


def _heat(pane: Pane, result: ExamResult) -> FloatArray | None:
    said = result.images[pane.mammogram.image_id]
    return heat_map(pane.mammogram, said) if said.maps else None


class _Table:
    """Scores of exam, breasts and pictures as bars, with the operating points as ticks."""

    def __init__(self, exam: Exam, result: ExamResult, card: Mapping[str, Any] | None) -> None:
        ordered = (*exam.hung().values(), *exam.strip())
        self.pictures = [(name_of(m), m.image_id) for m in ordered[:ROWS]]
        self.more = len(ordered) - len(self.pictures)
        self.result = result
        points = card["operating_points"] if card and result.images else []
        self.ticks = [(point["name"], float(point["suspicion"])) for point in points]
        lines = len(self.pictures) + len(result.breasts) + (1 if result.suspicion is not None else 0)
        self.step = min(5.0, 42.0 / max(1, lines))
        self.height = 5.0 + lines * self.step + (4.0 if self.more else 0.0)

    def draw(self, sheet: Sheet, y: float) -> float:
        """Draw from `y` on; gives the end."""
        self.bar = sheet.left + 38, 58.0
        x, width = self.bar
        sheet.line(sheet.left, y, "Suspicion, 0–100" if self.result.images else "Pictures", 7.5, 37, grey=QUIET)
        for index, (name, at) in enumerate(sorted(self.ticks, key=lambda tick: tick[1])):
            # The lower tick's name stands left of it, the others' right: ticks may lie close together.
            place = x + at / 100 * width
            if index == 0 and len(self.ticks) > 1:
                sheet.line(x - 20, y, f"{name} {at:.1f}", 7, place - x + 20, grey=QUIET, align="R")
            else:
                sheet.line(place, y, f" {name} {at:.1f}", 7, 45, grey=QUIET)
        y += 4.5
        if self.result.suspicion is not None:
            y = self._score(sheet, y, "Exam", self.result.suspicion, "", bold=True)
        for breast in self.result.breasts:
            y = self._breast(sheet, y, breast)
        for name, image_id in self.pictures:
            y = self._picture(sheet, y, name, image_id)
        if self.more:
            sheet.line(
                sheet.left, y, f"and {self.more} more pictures, in the report's JSON", 7, sheet.width, grey=QUIET
            )
            y += 4
        return y

    def _breast(self, sheet: Sheet, y: float, breast: BreastResult) -> float:
        return self._score(sheet, y, BREASTS[breast.laterality], breast.suspicion, "")

    def _picture(self, sheet: Sheet, y: float, name: str, image_id: str) -> float:
        said = self.result.images.get(image_id)
        if said is None:
            _, sentence = self.result.not_scored.get(image_id, ("", "Not scored."))
            sheet.line(sheet.left, y, name, 8, 36)
            sheet.line(self.bar[0], y, sentence, 8, sheet.right - self.bar[0], grey=QUIET)
            return y + self.step
        shares = " · ".join(
            f"{name} {points(100 * float(p)) if name == 'malignant' else f'{100 * float(p):.0f}'}"
            for name, p in zip(CLASSES, said.probabilities, strict=True)
        )
        return self._score(sheet, y, name, said.suspicion, f"{shares} %", _foci(said))

    def _score(
        self, sheet: Sheet, y: float, name: str, suspicion: float, shares: str, foci: str = "", bold: bool = False
    ) -> float:
        x, width = self.bar
        sheet.line(sheet.left, y, name, 8, 36, bold=bold)
        middle = y + 1.9
        sheet.box(x, middle - 0.9, width, 1.8, fill=235, edge=None)
        sheet.box(x, middle - 0.9, width * suspicion / 100, 1.8, fill=40 if bold else 110, edge=None)
        for _, at in self.ticks:
            sheet.stroke(x + at / 100 * width, middle - 1.6, x + at / 100 * width, middle + 1.6, thick=0.3)
        sheet.line(x + width + 1, y, points(suspicion), 8, 9, bold=True, align="R")
        sheet.line(x + width + 13, y, shares, 7.5, 50, grey=QUIET)
        sheet.line(sheet.right - 20, y, foci, 8, 20, align="R")
        return y + self.step


def _foci(said: ImageResult) -> str:
    if "lesion" not in said.maps:
        return ""
    if not said.foci:
        return "no focus"
    return "focus 1" if len(said.foci) == 1 else f"foci 1–{len(said.foci)}"


@dataclass(frozen=True)
class _Words:
    """What stands under the scores, in two columns of about one height."""

    texts: list[str]
    size: float
    shortened: bool = False

    def draw(self, sheet: Sheet, y: float, draw: bool = True) -> float:
        """Draw (or only measure) from `y` on; gives the end."""
        half = (sheet.width - 6) / 2
        heights = [sheet.paragraph(0, 0, text, self.size, half, draw=False) + PARTED for text in self.texts]
        split = min(range(len(heights) + 1), key=lambda n: max(sum(heights[:n]), sum(heights[n:])))
        if draw:
            at = [y, y]
            for index, (text, height) in enumerate(zip(self.texts, heights, strict=True)):
                column = int(index >= split)
                sheet.paragraph(sheet.left + column * (half + 6), at[column], text, self.size, half)
                at[column] += height
        return y + max(sum(heights[:split]), sum(heights[split:]))


def _fitting(sheet: Sheet, texts: list[str], room: float) -> _Words:
    """The words in the largest size that fits; where none does, their tail is left to the JSON."""
    for size in SIZES:
        words = _Words(texts, size)
        if words.draw(sheet, 0.0, draw=False) <= room:
            return words
    while len(words.texts) > 1 and words.draw(sheet, 0.0, draw=False) > room:
        words = _Words(words.texts[:-1], words.size, shortened=True)
    return words


def _texts(frame: Frame, result: ExamResult, card: Mapping[str, Any] | None, versions: str) -> list[str]:
    """What stands under the scores, the most telling first."""
    beside = f"Printed with a report: {state_words(frame.assessment).lower()}." if frame.assessment else NO_REPORT
    if card is None:
        return [NO_SCORES, *result.remarks, versions, beside]
    said = [NO_SCORES if result.suspicion is None else meaning(card, result.suspicion), *result.remarks]
    if result.images:
        said += [_operating_point(point) for point in card["operating_points"]]
        said += [] if card["normal_benign"]["validated"] else [NORMAL_BENIGN]
    said.append(f"Model: {card['title']} ({card['name']}-{card['version']}). {versions} {beside}")
    return [*said, *card["limits"]]


def _operating_point(point: Mapping[str, Any]) -> str:
    rates = [
        f"{rate} {100 * value:.1f} % ({100 * low:.1f}–{100 * high:.1f})"
        for rate in ("specificity", "sensitivity")
        for value, low, high in [point[rate]]
    ]
    return (
        f"{point['name']}: suspicion from {point['suspicion']:.1f}; {', '.join(rates)}, "
        f"on {point['n']} {point['unit']}s, {point['n_cancer']} with cancer."
    )
