"""One report, as PDF and as JSON, of one exam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from mammo_core import __version__
from mammo_core.exam import Exam, ExamResult
from mammo_core.hanging import Hanging, hang
from mammo_core.reporting.assessment import Assessment
from mammo_core.reporting.frame import Frame
from mammo_core.reporting.model_page import model_page
from mammo_core.reporting.reader_page import reader_page
from mammo_core.reporting.record import record
from mammo_core.reporting.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Report:
    """A report: the PDF's bytes, the JSON of the same content (docs/report.schema.json), and how many pages it has."""

    pdf: bytes
    json: dict[str, Any]
    pages: int


def report(
    exam: Exam,
    result: ExamResult | None,
    assessment: Assessment | None,
    *,
    now: datetime,
    card: Mapping[str, Any] | None = None,
    paper: str = "A4",
    hanging: Hanging | None = None,
) -> Report:
    """A page for the reader's assessment and a page for what a model says, each where there is one.

    `card` is that of the model whose result it is; `now` is printed as the time of printing, and is the only time
    there is: the same input gives the same bytes. `hanging` spares looking for the breasts again.

    Raises:
        ValueError: neither assessment nor result is given, a result with scores comes without its card or is of another
            exam, `now` has no zone, or there is no such paper.
    """
    if result is None and assessment is None:
        raise ValueError("A report needs an assessment, or what a model says.")
    if now.tzinfo is None:
        raise ValueError("The time of a report must state its zone.")
    if result is not None and result.exam_id != exam.exam_id:
        raise ValueError("The result is that of another exam.")
    if result is not None and result.images and card is None:
        raise ValueError("Scores are reported with the card of their model.")
    hanging = hanging or hang(exam)
    sheet = Sheet(paper, now, "Mammography report", f"fpdf2 {version('fpdf2')}")
    frame = Frame(exam, assessment, now, pages=(assessment is not None) + (result is not None))
    if assessment is not None:
        reader_page(sheet, frame, assessment, hanging, page=1)
    if result is not None:
        model_page(sheet, frame, result, card, f"mammo_core {__version__}.", hanging, page=frame.pages)
    versions = {"mammo_core": __version__, **({"model": result.model} if result and result.model else {})}
    pdf = sheet.finish(f"mammo_core {__version__}")
    return Report(pdf, record(exam, result, assessment, card, versions, now), frame.pages)
