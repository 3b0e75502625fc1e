"""The desk takes an upload in: archives, side files, and no more than one request may hold."""

from __future__ import annotations

import io
import zipfile

import pytest

from mammo_core.intake import Request
from pages.parts import desk as parts
from pages.parts.desk import Desk, example_files


def packed(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for (name, content), member in zip(example_files(), names, strict=False):
            archive.writestr(member or name, content)
        archive.writestr("exam/.DS_Store", b"x")
        archive.writestr("exam/Thumbs.db", b"x")
        archive.writestr("exam/letter.txt", b"Dear colleague")
    return stream.getvalue()


def test_an_archive_is_read_member_by_member_and_its_side_files_are_counted() -> None:
    desk = Desk()
    said = list(desk.take([("a.zip", packed("exam/1.dcm", "exam/2.dcm", "exam/3.dcm", "exam/4.dcm"))]))
    assert [name for name, _, _ in said] == [
        f"a.zip!exam/{n}" for n in ("1.dcm", "2.dcm", "3.dcm", "4.dcm", "letter.txt")
    ]
    assert [read for _, _, read in said] == [True] * 4 + [False]
    assert desk.passed_over == 2
    assert len(desk.exams) == 1


def test_a_copy_is_refused_and_hangs_once() -> None:
    files = example_files()
    desk = Desk()
    list(desk.take([*files, ("copy.dcm", files[0][1])]))
    assert [(refusal.name, refusal.code) for refusal in desk.refusals] == [("copy.dcm", "duplicate")]
    assert [len(exam.mammograms) for exam in desk.exams] == [4]


def test_files_beyond_what_one_upload_may_hold_are_refused_and_the_rest_read(monkeypatch: pytest.MonkeyPatch) -> None:
    files = example_files()
    monkeypatch.setattr(parts, "Request", lambda: Request(left=len(files[0][1]) + 100))
    desk = Desk()
    list(desk.take([files[0], files[1], ("letter.txt", b"Dear colleague")]))
    assert [(refusal.name, refusal.code) for refusal in desk.refusals] == [
        (files[1][0], "request_too_large"),
        ("letter.txt", "not_an_image"),
    ]
    assert len(desk.exams) == 1
