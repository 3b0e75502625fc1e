"""An open mammography reading room: exams in, calibrated scores and heat maps out. Research use only.

The public verbs, and the nouns they take and give:

    exams, refusals = mammo_core.read_uploads([("0_R-CC.png", png_bytes), ("0_L-CC.dcm", dicom_bytes)])
    for exam in exams:
        result = mammo_core.analyse(exam)
        print(exam.label, result.suspicion, result.remarks)
        report = mammo_core.build_report(exam, result, now=datetime.now().astimezone())

Rooms are imported when a verb is first called, so `import mammo_core` costs nothing; none of them needs TensorFlow.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from mammo_core.exam import (
    CLASSES,
    BreastResult,
    Exam,
    ExamResult,
    Focus,
    ImageResult,
    Laterality,
    Mammogram,
    Presentation,
    Refusal,
    View,
)

# OpenVINO tells an analytics service on the internet of every import, as long as this package of it can be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from mammo_core.inference import Network
    from mammo_core.reporting import Assessment, Report

__version__ = "0.1.0"

__all__ = [
    "CLASSES",
    "BreastResult",
    "Exam",
    "ExamResult",
    "Focus",
    "ImageResult",
    "Laterality",
    "Mammogram",
    "Presentation",
    "Refusal",
    "View",
    "__version__",
    "analyse",
    "build_report",
    "read_uploads",
]


def read_uploads(uploads: Iterable[tuple[str, bytes]]) -> tuple[list[Exam], list[Refusal]]:
    """Read files and group their pictures into exams.

    `uploads` are (name, content) pairs; the type of a file is decided by its bytes, its name only helps to tell side,
    view and exam where the file does not. A ZIP gives every file in it, called "archive.zip!folder/name". Files are
    decoded in a worker process under a cap of time and memory. One call takes 512 MB, counted unpacked, and refuses
    the files beyond. A bad file, a copy of a picture and a study of two women give a `Refusal` with a sentence, never
    an exception.
    """
    from mammo_core.intake import group, shared, sift

    mammograms, refusals = sift(list(shared().read_all(uploads)))
    return group(mammograms), refusals


def analyse(exam: Exam, model: str | None = None) -> ExamResult:
    """Score an exam with `model` ("name-version", or a name for its newest version; None: the default model).

    Pictures that the network was not made for are in `not_scored` with code and sentence. Where there is no model, or
    its folder is not what its card says, every picture is, with the code "no_model", and the exam has no score.

    Raises:
        ValueError: there is no model of the name given.
    """
    from mammo_core.inference import ArtefactMismatch, combine, default_model, find_model

    folder = default_model() if model is None else find_model(model)
    if folder is None:
        reason = ("no_model", "There is no model; pictures are shown without scores.")
    else:
        try:
            return _network(folder).score_exam(exam)
        except ArtefactMismatch as mismatch:
            reason = ("no_model", f"The model cannot be used: {mismatch}")
    unscored = {m.image_id: m.unscored or reason for m in exam.mammograms}
    return combine(exam, "", {}, unscored)


def build_report(
    exam: Exam,
    result: ExamResult | None,
    assessment: Assessment | None = None,
    *,
    now: datetime,
    paper: str = "A4",
    card: Mapping[str, Any] | None = None,
) -> Report:
    """Make the report of an exam: a PDF of one or two pages on "A4" or "Letter", and its JSON (docs/report.schema.json).

    What the reader says (`mammo_core.reporting.Assessment`) and what a model says have a page each, where they are
    given. `now` is printed as the time of printing; the same input gives the same bytes. `card` is the model's card,
    found by the result's model where it is left out.

    Raises:
        ValueError: neither assessment nor result is given, the result is of another exam or of a model that is not
            here, `now` has no zone, or there is no such paper.
        ArtefactMismatch: the model's folder is not what its card says.
    """
    from mammo_core.reporting import report

    if card is None and result is not None and result.model:
        from mammo_core.inference import find_model

        card = _network(find_model(result.model)).artefact.card
    return report(exam, result, assessment, now=now, paper=paper, card=card)


_loading = threading.Lock()


def _network(folder: Path) -> Network:
    """The network of a folder, loaded once and anew when its card changes; one that was refused is tried again."""
    with _loading:
        return _load(folder, (folder / "card.json").stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _load(folder: Path, _changed: int) -> Network:
    from mammo_core.inference import Network, load_artefact

    return Network(load_artefact(folder))
