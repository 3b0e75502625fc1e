"""The report as JSON, as docs/report.schema.json states it: the reader's part and the model's, apart from each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mammo_core.exam import CLASSES, Exam, ExamResult, ImageResult
from mammo_core.hanging import name_of
from mammo_core.reporting.assessment import Assessment, warnings
from mammo_core.reporting.draft import as_json
from mammo_core.reporting.frame import RESEARCH_ONLY
from mammo_core.reporting.model_page import APART

FORM = 1


def record(
    exam: Exam,
    result: ExamResult | None,
    assessment: Assessment | None,
    card: Mapping[str, Any] | None,
    versions: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Everything the PDF says, unshortened."""
    return {
        "kind": "mammography report",
        "form": FORM,
        "made": now.isoformat(),
        "programs": dict(versions),
        "research_only": RESEARCH_ONLY,
        "exam": {
            "exam_id": exam.exam_id,
            "patient": exam.label,
            "accession": exam.accession,
            "study_date": exam.study_date,
            "pictures": [{"image_id": m.image_id, "view": name_of(m)} for m in exam.mammograms],
        },
        "reader": None if assessment is None else _reader(assessment),
        "model": None if result is None else _model(result, card),
    }


def _reader(assessment: Assessment) -> dict[str, Any]:
    return {
        "state": assessment.state.value,
        "version": assessment.version,
        "assessment": as_json(assessment),
        "warnings": list(warnings(assessment)),
    }


def _model(result: ExamResult, card: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "notice": APART,
        "name": result.model or None,
        "title": card["title"] if card else None,
        **result.as_json(),
        "pictures": [_picture(said) for said in result.images.values()],
        "operating_points": [dict(point) for point in card["operating_points"]] if card else [],
        "limits": list(card["limits"]) if card else [],
    }


def _picture(said: ImageResult) -> dict[str, Any]:
    return {
        "image_id": said.image_id,
        "probabilities": {name: float(p) for name, p in zip(CLASSES, said.probabilities, strict=True)},
        "suspicion": said.suspicion,
        "foci": [
            {
                "number": focus.number,
                "box": list(focus.box),
                "peak": list(focus.peak),
                "share": focus.share,
                "value": focus.value,
            }
            for focus in said.foci
        ],
    }
