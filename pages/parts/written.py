"""What the reader has written of each exam on her desk, and whether a copy of it has left the session.

It is kept exam by exam while she goes between pages and exams, and forgotten with the exam. Nothing is written here
but by her.
"""

from __future__ import annotations

from collections.abc import Iterable

from mammo_core.exam import Exam
from mammo_core.reporting import Assessment


class Written:
    """Assessments by exam id. `edition` grows when one is replaced as a whole, so that the form shows it anew."""

    def __init__(self) -> None:
        self.edition = 0
        self._now: dict[str, Assessment] = {}
        self._saved: dict[str, Assessment] = {}

    def of(self, exam: Exam) -> Assessment:
        """What is written of an exam; an empty assessment at first."""
        return self._now.get(exam.exam_id, Assessment())

    def keep(self, exam: Exam, assessment: Assessment) -> None:
        """Keep what the form says."""
        self._now[exam.exam_id] = assessment

    def replace(self, exam: Exam, assessment: Assessment) -> None:
        """Put another assessment in the form's place: a draft, or one that was signed or reopened."""
        self.keep(exam, assessment)
        self.edition += 1

    def save(self, exam: Exam) -> None:
        """Note that a copy of what is written has been downloaded."""
        self._saved[exam.exam_id] = self.of(exam)

    def unsaved(self, exams: Iterable[Exam]) -> list[Exam]:
        """Those of the exams of which words would be lost."""
        return [e for e in exams if self.of(e) != self._saved.get(e.exam_id, Assessment())]

    def follow(self, before: Iterable[Exam], after: Iterable[Exam]) -> None:
        """Take words along where an exam has got another id, since pictures came to it."""
        after = list(after)
        here = {exam.exam_id for exam in after}
        for exam in before:
            if exam.exam_id in here or exam.exam_id not in self._now:
                continue
            pictures = {m.image_id for m in exam.mammograms}
            for other in after:
                if other.exam_id not in self._now and pictures & {m.image_id for m in other.mammograms}:
                    self._now[other.exam_id] = self._now.pop(exam.exam_id)
                    self._saved.pop(exam.exam_id, None)
                    break

    def forget(self, exam: Exam) -> None:
        """Forget what was written of an exam."""
        self._now.pop(exam.exam_id, None)
        self._saved.pop(exam.exam_id, None)
