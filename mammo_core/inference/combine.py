"""Image to breast to exam: one stated rule, and the sentences on views that are missing or disagree.

A breast's malignant log-odds are the mean of its views' log-odds; pictures that repeat a view count together as one
view. An exam's are the higher of its breasts'. A picture without a known side is a breast of its own, since it may
belong to either. Nothing is invented for a view that is missing: the rule works on what is there and says what is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mammo_core.exam import BreastResult, Exam, ExamResult, ImageResult, Laterality, Mammogram, View

DISAGREEMENT = 25.0
"""Points of suspicion between two views of one breast from which on it is said: a quarter of the scale."""

CLIP = 1e-6
"""Probabilities are kept this far from 0 and 1, so that one view alone can never outvote any number of others."""

SIDES = {Laterality.RIGHT: "right", Laterality.LEFT: "left"}


def combine(
    exam: Exam, model: str, images: Mapping[str, ImageResult], not_scored: Mapping[str, tuple[str, str]] | None = None
) -> ExamResult:
    """Scores of breasts and exam from those of the pictures.

    `images` and `not_scored` are keyed by image id. Pixels are not looked at. An exam of which no picture is scored
    has None for its score. Order and repetition of the very same picture make no difference.
    """
    breasts = tuple(_breast(mammograms, images) for mammograms in _by_breast(exam, images))
    malignant = max((breast.malignant for breast in breasts), default=None)
    return ExamResult(
        exam_id=exam.exam_id,
        model=model,
        malignant=malignant,
        suspicion=None if malignant is None else 100.0 * malignant,
        breasts=breasts,
        images=dict(images),
        not_scored=dict(not_scored or {}),
        remarks=(*_missing(exam), *_of_pictures(exam), *_disagreeing(breasts)),
    )


def mean_log_odds(probabilities: Sequence[float]) -> float:
    """Mean of the log-odds of `probabilities`, as log-odds."""
    clipped = np.clip(np.asarray(probabilities, np.float64), CLIP, 1 - CLIP)
    return float(np.mean(np.log(clipped) - np.log1p(-clipped)))


def _by_breast(exam: Exam, images: Mapping[str, ImageResult]) -> list[list[Mammogram]]:
    """Scored pictures breast by breast, right, left, then those of unknown side, each picture once."""
    scored = list({m.image_id: m for m in exam.mammograms if m.image_id in images}.values())
    sides = [[m for m in scored if m.laterality is side] for side in (Laterality.RIGHT, Laterality.LEFT)]
    return [breast for breast in (*sides, *([m] for m in scored if m.laterality is None)) if breast]


def _breast(mammograms: Sequence[Mammogram], images: Mapping[str, ImageResult]) -> BreastResult:
    """One breast; a picture of unknown view is a view of its own, since nothing says that it repeats another."""
    views: dict[str, list[float]] = {}
    for m in mammograms:
        view = m.view.value if m.view is not None else m.view_code or m.image_id
        views.setdefault(view, []).append(float(images[m.image_id].probabilities[2]))
    log_odds = [mean_log_odds(sorted(repeats)) for repeats in views.values()]
    suspicions = [100.0 * _probability(value) for value in log_odds]
    # Summed in order of size, the mean is the same whatever order the pictures came in.
    malignant = _probability(float(np.mean(sorted(log_odds))))
    return BreastResult(
        laterality=mammograms[0].laterality,
        malignant=malignant,
        suspicion=100.0 * malignant,
        spread=max(suspicions) - min(suspicions),
        image_ids=tuple(m.image_id for m in mammograms),
    )


def _probability(log_odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def _missing(exam: Exam) -> list[str]:
    """Sentences on standard views that are missing; a picture of unknown view may be the one, so that is said too."""
    hung = exam.hung()
    unknown = sum(m.laterality is None or (m.view is None and not m.view_code) for m in exam.mammograms)
    remarks = []
    wanted = [(side, view) for view in (View.CC, View.MLO) for side in (Laterality.RIGHT, Laterality.LEFT)]
    names = [f"{side}-{view}" for side, view in wanted if (side, view) not in hung]
    if hung and names:
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        remarks.append(f"{listed} {'is' if len(names) == 1 else 'are'} missing.")
    if unknown:
        remarks.append(f"Side or view of {unknown} picture{'' if unknown == 1 else 's'} is not known.")
    return remarks


def _of_pictures(exam: Exam) -> list[str]:
    """What was found odd in a picture or its file when it was read, with the picture's place on the wall."""
    remarks = set()
    for m in exam.mammograms:
        view = m.view.value if m.view is not None else m.view_code
        where = f"{m.laterality}-{view}" if m.laterality is not None and view else "A picture of unknown side or view"
        remarks |= {f"{where}: {remark}" for remark in m.remarks}
    return sorted(remarks)


def _disagreeing(breasts: Sequence[BreastResult]) -> list[str]:
    remarks = []
    for breast in breasts:
        if breast.laterality is not None and breast.spread >= DISAGREEMENT:
            which = "two views" if len(breast.image_ids) == 2 else "views"
            by = "" if len(breast.image_ids) == 2 else "up to "
            remarks.append(
                f"The {which} of the {SIDES[breast.laterality]} breast differ by {by}{breast.spread:.0f} points."
            )
    return remarks
