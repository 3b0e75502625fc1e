"""One reader's desk: the exams she opened, what was refused, where she is, and what the models said.

It lives in `st.session_state` and nowhere else; closing an exam forgets it, and a session that ends takes the desk
along. It reads and groups through `mammo_core` and decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import streamlit as st

from mammo_core.exam import Exam, ExamResult, Laterality, Mammogram, Refusal, View
from mammo_core.hanging import Hanging, hang, name_of
from mammo_core.intake import Request, group, reassign, shared, sift
from mammo_core.reporting import Report
from pages.parts.shelf import Shelf
from pages.parts.written import Written

EXAMPLE = Path(__file__).parents[2] / "examples" / "exam"


class Desk:
    """Exams in the order they came; `at` is the one on the wall, `alone` a picture shown by itself."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.written = Written()
        self.printed: tuple[object, Report] | None = None
        self.exams: list[Exam] = []
        self.refusals: list[Refusal] = []
        self.passed_over = 0
        self.at = 0
        self.alone: str | None = None
        self.uploads = 0
        self.announce = False
        self._batches: dict[str, list[Mammogram]] = {}
        self._hangings: dict[str, Hanging] = {}
        self._results: dict[tuple[str, str], ExamResult] = {}

    @classmethod
    def of_session(cls) -> Desk:
        """Get this browser session's desk."""
        if "desk" not in st.session_state:
            shared().warm(2)  # the first files find their readers running
            st.session_state["desk"] = cls()
        desk = st.session_state["desk"]
        assert isinstance(desk, cls)
        return desk

    @property
    def exam(self) -> Exam:
        """The exam on the wall."""
        return self.exams[self.at]

    def hanging(self) -> Hanging:
        """How the exam on the wall hangs."""
        if self.exam.exam_id not in self._hangings:
            self._hangings[self.exam.exam_id] = hang(self.exam)
        return self._hangings[self.exam.exam_id]

    def take(self, files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str, bool]]:
        """Read files into exams; yields (name, outcome, whether it was read) as each one is done.

        All of them are one request, which holds 512 MB; what is beyond is not read, and says so.
        """
        self.uploads += 1
        request = Request()
        before = {exam.exam_id for exam in self.exams}
        found: list[Mammogram | Refusal] = []
        for answer in shared().read_all(files, request=request):
            found.append(answer)
            if isinstance(answer, Refusal):
                yield answer.name, f"not read. {answer.sentence}", False
            else:
                yield answer.name, f"read as {name_of(answer)}", True
        mammograms, refusals = sift(found)
        self.refusals += refusals
        for mammogram in mammograms:
            self._keep(mammogram)
        self.passed_over += request.passed_over
        self._regroup()
        new = [index for index, exam in enumerate(self.exams) if exam.exam_id not in before]
        if new:
            self._go(new[0])

    def step(self, by: int) -> None:
        """Go to the next or the previous exam."""
        self._go(min(max(self.at + by, 0), len(self.exams) - 1))

    def close(self) -> None:
        """Forget the exam on the wall, its pictures and what was said of it."""
        closed = {id(m) for m in self.exam.mammograms}
        self._batches = {
            name: kept for name, batch in self._batches.items() if (kept := [m for m in batch if id(m) not in closed])
        }
        self.written.forget(self.exam)
        self.printed = None
        self._forget(self.exam.exam_id)
        del self.exams[self.at]
        self.shelf.clear()
        if self.exams:
            self._go(min(self.at, len(self.exams) - 1))
        else:
            self.at, self.refusals, self.passed_over = 0, [], 0

    def reassign(self, mammogram: Mammogram, laterality: Laterality | None, view: View | None) -> None:
        """Say which breast and view a picture shows; its exam is grouped, hung and scored anew."""
        changed = reassign(mammogram, laterality, view)
        for batch in self._batches.values():
            batch[:] = [changed if m is mammogram else m for m in batch]
        self._regroup()
        self._hangings.clear()
        self._results.clear()
        places = [index for index, exam in enumerate(self.exams) if any(m is changed for m in exam.mammograms)]
        self.at, self.alone = places[0] if places else 0, None

    def result(self, model: str) -> ExamResult | None:
        """What a model said of the exam on the wall, if it was asked."""
        return self._results.get((self.exam.exam_id, model))

    def latest_result(self) -> ExamResult | None:
        """What was last said of the exam on the wall, by whichever model."""
        said = [result for (exam_id, _), result in self._results.items() if exam_id == self.exam.exam_id]
        return said[-1] if said else None

    def note(self, result: ExamResult, model: str) -> None:
        """Keep what a model said of the exam on the wall."""
        self._results.pop((self.exam.exam_id, model), None)
        self._results[self.exam.exam_id, model] = result

    def _keep(self, mammogram: Mammogram) -> None:
        """A study's pictures belong together whenever they came; other pictures only with those of their own upload."""
        batch = self._batches.setdefault("studies" if mammogram.study_uid else f"upload {self.uploads}", [])
        if not any(m.image_id == mammogram.image_id and m.name == mammogram.name for m in batch):
            batch.append(mammogram)

    def _regroup(self) -> None:
        exams = [exam for batch in self._batches.values() for exam in group(batch)]
        self.written.follow(self.exams, exams)
        order = {exam.exam_id: index for index, exam in enumerate(self.exams)}
        self.exams = sorted(exams, key=lambda exam: order.get(exam.exam_id, len(order)))

    def _go(self, index: int) -> None:
        self.announce = index != self.at or self.announce
        self.at, self.alone = index, None
        st.session_state["heat_on"] = False
        st.session_state.pop("window", None)  # the bar opens an exam at its file's first

    def _forget(self, exam_id: str) -> None:
        self._hangings.pop(exam_id, None)
        for key in [key for key in self._results if key[0] == exam_id]:
            del self._results[key]


def example_files() -> list[tuple[str, bytes]]:
    """Read the synthetic exam that ships with the app."""
    return [(path.name, path.read_bytes()) for path in sorted(EXAMPLE.glob("*.dcm"))]
