"""One file from disk to its note: the lines for images.jsonl, and the few header fields that group its pictures.

A ZIP is a file with many pictures. Writes the heat maps as it goes. Keeps no pixels and no name of a patient: that
becomes a hash, which still says which pictures belong together.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any, TypedDict

import cv2
import numpy as np

from mammo_core.cli.paths import read
from mammo_core.exam import CLASSES, FloatArray, ImageResult, Laterality, Mammogram, Refusal, Source, View
from mammo_core.inference import Network, heat_map
from mammo_core.intake import Request
from mammo_core.presentation import png


class Note(TypedDict):
    """What is kept of one file: lines of images.jsonl, headers of the pictures that were read, side files left out."""

    lines: list[dict[str, Any]]
    headers: list[dict[str, Any]]
    passed_over: int


def analyse_file(path: Path, network: Network, out: Path) -> Note:
    """Read one file, score its pictures and write their heat maps under `out`/heatmaps."""
    note = Note(lines=[], headers=[], passed_over=0)
    request = Request()
    for item in read(path, request=request):
        # Members of an archive go by the names that intake gave them, "a.zip!b.png".
        if isinstance(item, Refusal):
            note["lines"].append(refused_line(item))
            continue
        note["headers"].append(_header(item))
        if item.unscored is not None:
            note["lines"].append(_line(item.name, "not_scored", item, reason=item.unscored))
            continue
        result = network.score(item)
        heatmap = _write_heat_map(heat_map(item, result), item.image_id, out) if result.maps else None
        note["lines"].append(_line(item.name, "scored", item, result=result, model=network.name, heatmap=heatmap))
    note["passed_over"] = request.passed_over
    return note


def refused_line(refusal: Refusal) -> dict[str, Any]:
    """The line of a file, or of a member of an archive, that is refused."""
    return _line(refusal.name, "refused", reason=(refusal.code, refusal.sentence))


def light_mammogram(header: dict[str, Any]) -> Mammogram:
    """A mammogram without pixels, enough to be grouped into its exam."""
    return Mammogram(
        image_id=header["image_id"],
        name=header["name"],
        pixels=np.empty((0, 0), np.uint8),
        laterality=None if header["laterality"] is None else Laterality(header["laterality"]),
        view=None if header["view"] is None else View(header["view"]),
        view_code=header["view_code"],
        source=Source(header["source"]),
        patient=header["patient"],
        study_uid=header["study"],
        remarks=tuple(header["remarks"]),
    )


def _header(m: Mammogram) -> dict[str, Any]:
    return {
        "name": m.name,
        "image_id": m.image_id,
        "laterality": None if m.laterality is None else m.laterality.value,
        "view": None if m.view is None else m.view.value,
        "view_code": m.view_code,
        "source": m.source.value,
        "study": m.study_uid,
        "remarks": list(m.remarks),
        "patient": hashlib.sha256(m.patient.encode("utf-8", "surrogatepass")).hexdigest() if m.patient else "",
    }


def _line(
    file: str,
    status: str,
    m: Mammogram | None = None,
    *,
    reason: tuple[str, str] | None = None,
    result: ImageResult | None = None,
    model: str | None = None,
    heatmap: str | None = None,
) -> dict[str, Any]:
    """One line of images.jsonl, all fields in the order of its schema."""
    return {
        "file": file,
        "image_id": None if m is None else m.image_id,
        "status": status,
        "reason": None if reason is None else {"code": reason[0], "sentence": reason[1]},
        "laterality": None if m is None or m.laterality is None else m.laterality.value,
        "view": None if m is None or m.view is None else m.view.value,
        "probabilities": None
        if result is None
        else {name: float(p) for name, p in zip(CLASSES, result.probabilities, strict=True)},
        "suspicion": None if result is None else result.suspicion,
        "model": model,
        "heatmap": heatmap,
    }


def _write_heat_map(heat: FloatArray, image_id: str, out: Path) -> str | None:
    """Path, relative to `out`, of the map as a 16-bit grey PNG (65535 is 1); None where the map says nothing."""
    if not heat.any():
        return None
    grey = np.asarray(cv2.multiply(heat, 65535.0, dtype=cv2.CV_16U))  # rounds, and keeps to 0..65535
    relative = f"heatmaps/{image_id}.png"
    draft = out / f"heatmaps/.{image_id}.{os.getpid()}.{threading.get_ident()}.draft"
    draft.write_bytes(png(grey))
    os.replace(draft, out / relative)
    return relative
