"""ZIPs: exams inside folders inside, names in any encoding, debris passed over, every other member answered."""

from __future__ import annotations

import io
import zipfile

import pytest

from mammo_core.exam import Exam, Laterality, Mammogram, Refusal
from mammo_core.intake import Request, archive, group, read_bytes
from mammo_core.intake.archive import files
from mammo_core.intake.refusals import MAX_BYTES, Refused
from tests.intake.phantoms import encoded
from tests.preprocessing.phantoms import breast

PNG, OTHER = (encoded(".png", breast(300, columns)[0].astype("u2")) for columns in (280, 290))


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        for name, data in members:
            packed.writestr(name, data, compress_type=method)
    return stream.getvalue()


def answers(data: bytes, request: Request | None = None) -> dict[str, str | int]:
    """What every member gives: the code of its refusal, or its size."""
    found = files("a.zip", data, request or Request())
    return {name: content.code if isinstance(content, Refused) else len(content) for name, content in found}


def marked(data: bytes, flag: int) -> bytes:
    """The archive with a flag set in every header, the only bit of a password that zipfile can be made to write."""
    changed = bytearray(data)
    for header, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = changed.find(header)
        while start >= 0:
            changed[start + at] |= flag & 0xFF
            changed[start + at + 1] |= flag >> 8
            start = changed.find(header, start + 1)
    return bytes(changed)


def test_every_member_is_named_by_its_archive_and_its_folders() -> None:
    data = zipped(("two/inner/R-CC.png", PNG), ("one/notes.txt", b"no"), ("one/", b""))
    refusal, mammogram = read_bytes("a.zip", data)
    assert isinstance(refusal, Refusal)
    assert isinstance(mammogram, Mammogram)
    assert (refusal.name, refusal.code) == ("a.zip!one/notes.txt", "not_an_image")
    assert (mammogram.name, mammogram.laterality) == ("a.zip!two/inner/R-CC.png", Laterality.RIGHT)


def exams(*archives: tuple[str, bytes]) -> list[Exam]:
    request = Request()
    found = [
        item
        for name, data in archives
        for member, content in files(name, data, request)
        if isinstance(content, bytes)
        for item in read_bytes(member, content)
    ]
    return group(item for item in found if isinstance(item, Mammogram))


@pytest.mark.parametrize("folder", ["", "x/", "deep/er/"])
def test_pictures_of_one_folder_are_one_exam_and_two_archives_are_two(folder: str) -> None:
    one = zipped((f"{folder}0_R-CC.png", PNG), (f"{folder}0_L-CC.png", OTHER))
    assert [len(exam.mammograms) for exam in exams(("a.zip", one), ("b.zip", one))] == [2, 2]
    assert [len(exam.mammograms) for exam in exams(("a.zip", one), ("a.zip", one))] == [2, 2]


def test_pictures_of_two_folders_are_two_exams() -> None:
    data = zipped(("x/0_R-CC.png", PNG), ("y/0_L-CC.png", OTHER))
    assert [len(exam.mammograms) for exam in exams(("a.zip", data))] == [1, 1]


def test_side_files_are_passed_over_and_counted() -> None:
    debris = ["__MACOSX/x/._1.dcm", "x/._1.dcm", ".DS_Store", "x/Thumbs.db", "desktop.ini", "DICOMDIR", ".git/head"]
    request = Request()
    assert answers(zipped(("x/1.png", PNG), *((name, b"x") for name in debris)), request) == {"a.zip!x/1.png": len(PNG)}
    assert request.passed_over == len(debris)
    assert answers(zipped(("Thumbs.db", b"x"))) == {"a.zip": "archive_empty"}


def raw_name(name: bytes, utf8: bool) -> bytes:
    """An archive with one member whose name is these bytes."""
    data = zipped(("n" * len(name), PNG)).replace(b"n" * len(name), name)
    return marked(data, 0x800) if utf8 else data


@pytest.mark.parametrize(
    ("raw", "utf8", "name"),
    [
        ("Röntgen_R-CC.png".encode(), True, "Röntgen_R-CC.png"),
        ("Röntgen_R-CC.png".encode(), False, "Röntgen_R-CC.png"),
        ("Röntgen_R-CC.png".encode("cp437"), False, "Röntgen_R-CC.png"),
        ("乳腺_R-CC.png".encode("gb18030"), False, None),
        ("乳腺_R-CC.png".encode("gb18030"), True, None),
        (b"\xff\xfe\x80_R-CC.png", True, None),
        (b"x\\y\\R-CC.png", False, "x/y/R-CC.png"),
        (b"./x/./R-CC.png", False, "x/R-CC.png"),
        (b"x\x1b[2Jy_R-CC.png", False, "x�[2Jy_R-CC.png"),
    ],
)
def test_a_name_in_any_encoding_is_read(raw: bytes, utf8: bool, name: str | None) -> None:
    (mammogram,) = read_bytes("a.zip", raw_name(raw, utf8))
    assert isinstance(mammogram, Mammogram)
    assert mammogram.laterality is Laterality.RIGHT
    assert name is None or mammogram.name == f"a.zip!{name}"


def damaged_member() -> bytes:
    data = bytearray(zipped(("bad.png", PNG), ("good.png", OTHER), method=zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "member", "code"),
    [
        (marked(zipped(("a.png", PNG)), 0x1), "!a.png", "archive_encrypted"),
        (zipped(("a.png", PNG), method=zipfile.ZIP_BZIP2), "!a.png", "archive_packing"),
        (zipped(("a.png", PNG), method=zipfile.ZIP_LZMA), "!a.png", "archive_packing"),
        (zipped(("a.zip", zipped(("b", b"1")))), "!a.zip", "archive_nested"),
        (zipped(("../a.png", PNG)), "!../a.png", "archive_climbing"),
        (zipped(("x/../../a.png", PNG)), "!x/../../a.png", "archive_climbing"),
        (zipped(("x\\..\\..\\a.png", PNG)), "!x/../../a.png", "archive_climbing"),
        (zipped(("/etc/a.png", PNG)), "!/etc/a.png", "archive_climbing"),
        (zipped(("C:\\a.png", PNG)), "!C:/a.png", "archive_climbing"),
        (damaged_member(), "!bad.png", "member_damaged"),
        (b"PK\x05\x06" + bytes(18), "", "archive_empty"),
        (b"PK\x03\x04" + bytes(40), "", "archive_damaged"),
        (zipped(("a.png", PNG))[:-30], "", "archive_damaged"),
        (zipped(("a", bytes(MAX_BYTES // 16))), "!a", "archive_bomb"),
    ],
)
def test_what_is_not_unpacked_has_its_own_code_and_sentence(data: bytes, member: str, code: str) -> None:
    refusal = read_bytes("a.zip", data)[0]
    assert isinstance(refusal, Refusal)
    assert (refusal.name, refusal.code) == (f"a.zip{member}", code)
    assert refusal.sentence.endswith(".")


def test_a_refused_member_does_not_keep_the_rest_from_being_read() -> None:
    bzip2 = zipfile.ZipInfo("bzip2.png")
    data = zipped(("../up.png", PNG), ("R-CC.png", PNG), ("z.zip", zipped(("b", b"1"))), (bzip2, PNG))
    assert [type(item) for item in read_bytes("a.zip", data)].count(Mammogram) == 2
    assert answers(damaged_member())["a.zip!good.png"] == len(OTHER)


def test_a_request_holds_so_much_and_the_rest_is_refused() -> None:
    request = Request(left=len(PNG) + 10)
    assert [content for _, content in files("1.png", PNG, request)] == [PNG]
    ((_, refused),) = files("2.png", PNG, request)
    assert isinstance(refused, Refused)
    assert refused.code == "request_too_large"
    data = zipped(("3.png", PNG), ("4.txt", b"small"), ("5.txt", b"also small"))
    assert answers(data, request) == {
        "a.zip!3.png": "archive_too_large",
        "a.zip!4.txt": 5,
        "a.zip!5.txt": "archive_too_large",
    }
    assert request.left == 5


def test_a_member_that_says_it_is_small_is_not_unpacked_beyond_that() -> None:
    data = bytearray(zipped(("a.png", bytes(50_000))))
    at = data.find(b"PK\x01\x02") + 24
    data[at : at + 4] = (100).to_bytes(4, "little")
    request = Request()
    assert answers(bytes(data), request) == {"a.zip!a.png": "member_damaged"}
    assert request.left == MAX_BYTES


def test_more_files_than_an_exam_can_have_are_not_even_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    assert answers(zipped(*((str(n), b"x") for n in range(4)))) == {"a.zip": "archive_too_many"}
