"""What the reader has written, exam by exam."""

from __future__ import annotations

from dataclasses import replace

from pages.parts.written import Written
from tests.reporting.cases import exam
from tests.reporting.test_assessment import COMPLETE

FIRST, SECOND = exam(2), exam(3, exam_id="e1")


def test_words_follow_their_pictures_into_an_exam_of_another_id() -> None:
    written = Written()
    written.keep(FIRST, COMPLETE)
    grown = exam(4, exam_id="grown")
    written.follow([FIRST], [grown])
    assert written.of(grown) == COMPLETE
    assert written.of(FIRST).empty


def test_words_of_an_exam_that_stays_are_not_moved_nor_written_over() -> None:
    written = Written()
    written.keep(FIRST, COMPLETE)
    other = replace(COMPLETE, comment="Another's.")
    written.keep(SECOND, other)
    written.follow([FIRST, SECOND], [FIRST, SECOND])
    assert (written.of(FIRST), written.of(SECOND)) == (COMPLETE, other)
    written.follow([FIRST, SECOND], [SECOND])
    assert written.of(SECOND) == other


def test_words_are_unsaved_until_they_are_taken_and_again_when_they_change() -> None:
    written = Written()
    assert written.unsaved([FIRST]) == []
    written.keep(FIRST, COMPLETE)
    assert written.unsaved([FIRST, SECOND]) == [FIRST]
    written.save(FIRST)
    assert written.unsaved([FIRST, SECOND]) == []
    written.keep(FIRST, replace(COMPLETE, comment="More."))
    assert written.unsaved([FIRST]) == [FIRST]
    written.forget(FIRST)
    assert written.unsaved([FIRST]) == []
