"""An assessment as JSON and back: the report's record of it, and the draft a reader saves and loads again.

Reading is strict. What is damaged, of another kind or of a later form gives a `ValueError` with a sentence for
people, and never half an assessment.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from mammo_core.exam import Laterality
from mammo_core.reporting.assessment import Assessment, Breast, Finding, Signature

KIND, FORM = "mammography assessment draft", 1
MOST = 1_000_000
"""Bytes; a file beyond is no draft of ours."""

_NO_DRAFT = "The file is not a draft of this reading room."
_DAMAGED = "The draft is damaged"
_FINDING = ("type", "quadrant", "clock", "depth", "size_mm", "description")


def as_json(assessment: Assessment) -> dict[str, Any]:
    """The assessment in JSON's own types, as docs/report.schema.json states them; what is open is null."""
    return {
        "composition": assessment.composition or None,
        "breasts": {side.value: _breast_as_json(assessment.breast(side)) for side in Laterality},
        "recommended": list(assessment.recommended),
        "recommendation": assessment.recommendation,
        "comment": assessment.comment,
        "reader": assessment.reader,
        "signatures": [{"name": s.name, "time": s.time.isoformat(), "reason": s.reason} for s in assessment.signatures],
        "reopened": assessment.reopened,
    }


def from_json(content: Any) -> Assessment:
    """The assessment of `as_json`.

    Raises:
        ValueError: `content` is not what `as_json` gives.
    """
    wanted = ("composition", "breasts", "recommended", "recommendation", "comment", "reader", "signatures", "reopened")
    given = _record(content, wanted)
    breasts = _record(given["breasts"], tuple(side.value for side in Laterality))
    return Assessment(
        composition=_text(given["composition"], none=True),
        right=_breast(breasts["R"]),
        left=_breast(breasts["L"]),
        recommended=tuple(_text(choice) for choice in _list(given["recommended"])),
        recommendation=_text(given["recommendation"]),
        comment=_text(given["comment"]),
        reader=_text(given["reader"]),
        signatures=tuple(_signature(signature) for signature in _list(given["signatures"])),
        reopened=_text(given["reopened"]),
    )


def write_draft(assessment: Assessment, exam_id: str) -> bytes:
    """A draft to download, UTF-8 JSON; names the exam by its id, and no patient."""
    content = {"kind": KIND, "form": FORM, "exam_id": exam_id, "assessment": as_json(assessment)}
    return json.dumps(content, indent=1, allow_nan=False).encode() + b"\n"


def read_draft(content: bytes) -> tuple[str, Assessment]:
    """The exam's id and the assessment of a draft.

    Raises:
        ValueError: the file is no draft, is damaged, or was written by a later version.
    """
    if len(content) > MOST:
        raise ValueError(_NO_DRAFT)
    try:
        read = json.loads(content.decode("utf-8"))
    except (
        ValueError,
        RecursionError,
    ) as error:  # bytes that are no UTF-8 and text that is no JSON are both ValueErrors
        raise ValueError(_NO_DRAFT) from error
    if not isinstance(read, dict) or read.get("kind") != KIND:
        raise ValueError(_NO_DRAFT)
    if read.get("form") != FORM:
        raise ValueError("The draft was written by another version of this reading room.")
    given = _record(read, ("kind", "form", "exam_id", "assessment"))
    return _text(given["exam_id"]), from_json(given["assessment"])


def _breast_as_json(breast: Breast) -> dict[str, Any]:
    return {
        "category": breast.category or None,
        "findings": [
            {
                "type": finding.type or None,
                "quadrant": finding.quadrant or None,
                "clock": finding.clock,
                "depth": finding.depth or None,
                "size_mm": finding.size,
                "description": finding.description,
            }
            for finding in breast.findings
        ],
    }


def _breast(content: Any) -> Breast:
    given = _record(content, ("category", "findings"))
    findings = tuple(_finding(finding) for finding in _list(given["findings"]))
    return Breast(findings, _text(given["category"], none=True))


def _finding(content: Any) -> Finding:
    given = _record(content, _FINDING)
    clock, size = given["clock"], given["size_mm"]
    if not (clock is None or type(clock) is int) or not (size is None or type(size) in (int, float)):
        raise ValueError(f"{_DAMAGED}: a clock position or a size is not a number.")
    return Finding(
        type=_text(given["type"], none=True),
        quadrant=_text(given["quadrant"], none=True),
        clock=clock,
        depth=_text(given["depth"], none=True),
        size=None if size is None else float(min(size, 10**9)),  # beyond the range of a float is too large all the same
        description=_text(given["description"]),
    )


def _signature(content: Any) -> Signature:
    given = _record(content, ("name", "time", "reason"))
    try:
        time = datetime.fromisoformat(_text(given["time"]))
    except ValueError as error:
        raise ValueError(f"{_DAMAGED}: the time of a signature cannot be read.") from error
    return Signature(_text(given["name"]), time, _text(given["reason"]))


def _record(content: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(content, dict) or set(content) != set(keys):
        raise ValueError(f"{_DAMAGED}: a part of it is not what it should be ({', '.join(keys)}).")
    return content


def _list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise ValueError(f"{_DAMAGED}: a list is missing.")
    return content


def _text(content: Any, none: bool = False) -> str:
    if none and content is None:
        return ""
    if not isinstance(content, str):
        raise ValueError(f"{_DAMAGED}: a text is missing.")
    return content
