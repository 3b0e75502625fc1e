"""Exams and results made up for reports, without files and without a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pypdfium2

from mammo_core.exam import Exam, ExamResult, Focus, ImageResult, Laterality, Mammogram, View
from mammo_core.inference import combine
from tests.artefacts import card

NOW = datetime(2024, 1, 3, 9, 30, tzinfo=UTC)
POINTS = [
    {"name": name, "suspicion": at, "unit": "exam", "n": 300, "n_cancer": 100}
    | {"specificity": [0.889, 0.86, 0.91], "sensitivity": [0.4, 0.3, 0.5]}
    for name, at in (("US screening", 41.2), ("European screening", 47.5))
]
CARD: dict[str, Any] = card() | {"operating_points": POINTS}
PLACES = [(side, view) for view in View for side in Laterality]


def mammogram(side: Laterality, view: View, seed: int = 0) -> Mammogram:
    rows, columns = np.mgrid[:300, :200]
    breast = ((rows - 150) / 120) ** 2 + (columns / (140 + seed)) ** 2 < 1
    pixels = np.where(breast, 2000 + 300 * np.sin(rows / 9), 0).astype(np.uint16)
    if side is Laterality.RIGHT:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    return Mammogram(f"{side}{view}{seed}", f"{side}-{view}.dcm", pixels, bits_stored=12, laterality=side, view=view)


def exam(count: int = 4, **changes: Any) -> Exam:
    """So many views: the four, then others."""
    pictures = [mammogram(*PLACES[index % 4], seed=index // 4) for index in range(count)]
    others = [replace(m, view=None, view_code="ML") for m in pictures[4:]]
    made = Exam("e0", "ID-4711", (*pictures[:4], *others), "2024-01-02", "ACC-17")
    return replace(made, **changes)


def scored(exam: Exam) -> ExamResult:
    heat = np.full((3, 32, 20), 0.05, np.float32)
    heat[2, 12:16, 4:8] = 0.9
    images = {}
    for index, m in enumerate(exam.mammograms):
        malignant = 0.3 + 0.08 * index
        probabilities = np.array([0.6 * (1 - malignant), 0.4 * (1 - malignant), malignant], np.float32)
        foci = (Focus(1, (100, 40, 150, 80), (120, 60), 0.5, 0.9),) if index == 1 else ()
        images[m.image_id] = ImageResult(m.image_id, probabilities, 100 * malignant, {"lesion": heat}, foci)
    return combine(exam, "tiny-1", images)


def unscored(exam: Exam) -> ExamResult:
    reason = ("implant", "The breast holds an implant; the network was not made for it.")
    return combine(exam, "tiny-1", {}, {m.image_id: reason for m in exam.mammograms})


def pages(pdf: bytes) -> list[str]:
    """The text that can be selected on each page."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded() for page in document]
