"""Files made to hurt, and the collected broken ones: an answer for each within seconds, and memory never taken."""

from __future__ import annotations

import csv
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless

from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake import Reader, Request, isolation
from mammo_core.intake.archive import files
from mammo_core.intake.refusals import MAX_BYTES, Refused
from tests.intake.phantoms import dataset, ramp, saved
from tests.intake.test_archive import zipped
from tests.shared import SHARED, needs_shared

DICOM = SHARED / "dicom"
HUGE = 60_000
BROKEN = {"damaged", "truncated", "crashed", "took_too_long", "too_much_memory"}
PEAK = 256 << 20
"""Bytes in memory at the most of a worker that refuses: its libraries take 100 MB."""


@pytest.fixture(scope="module")
def one_reader() -> Iterator[Reader]:
    with Reader() as reader:
        yield reader


@pytest.fixture
def reader(one_reader: Reader) -> Reader:
    """A reader whose worker is there: that one starts is not part of the time that a file takes."""
    list(one_reader.read("warm", b"x"))
    return one_reader


def peak(reader: Reader) -> int:
    """Most bytes of memory that the worker ever held."""
    process = reader._idle.queue[-1]._process
    assert process is not None
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory of another process is read from /proc")
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


@pytest.mark.slow
@needs_shared("dicom/broken")
@pytest.mark.parametrize(("folder", "count"), [("broken", 192), ("syntax", 118)])
def test_every_collected_file_has_one_answer_in_time_and_the_same_again(
    reader: Reader, folder: str, count: int, record_property
) -> None:
    with (DICOM / folder / "MANIFEST.csv").open(newline="") as rows:
        judged = {row["file"]: row for row in csv.DictReader(rows)}
    assert len(judged) >= count
    codes: dict[str, str] = {}
    slowest = (0.0, "")
    for again in (False, True):
        for name in judged:
            start = time.monotonic()
            (answer,) = reader.read(name, (DICOM / folder / name).read_bytes())
            slowest = max(slowest, (time.monotonic() - start, name))
            code = answer.code if isinstance(answer, Refusal) else "read"
            assert codes.setdefault(name, code) == code, (name, again)
    assert slowest[0] < 5.0, slowest
    assert peak(reader) < isolation.MEMORY
    record_property("codes", {code: list(codes.values()).count(code) for code in sorted(set(codes.values()))})
    record_property("slowest", slowest)
    record_property("peak", peak(reader))
    legal = [
        name
        for name, row in judged.items()
        if any(row[column].startswith("ok") for column in row if column.startswith(("pydicom", "dcmtk")))
    ]
    assert [(name, codes[name]) for name in legal if codes[name] in BROKEN] == []


def deflated_bomb() -> bytes:
    """A deflated DICOM file of a megabyte with a gigabyte of pixels."""
    whole = saved(dataset(ramp(300, 280)), DeflatedExplicitVRLittleEndian)
    start = 132 + 12 + struct.unpack("<I", whole[140:144])[0]
    header = zlib.decompress(whole[start:], -zlib.MAX_WBITS)
    header = header[: header.index(b"\xe0\x7f\x10\x00")] + b"\xe0\x7f\x10\x00OW\0\0" + struct.pack("<I", 1 << 30)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return whole[:start] + first + 1024 * block + packer.flush()


def dicom_that_says(rows: int, columns: int, **attributes) -> bytes:
    return saved(dataset(ramp(300, 280), Rows=rows, Columns=columns, **attributes))


def png_that_says(rows: int, columns: int, pixels: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", columns, rows, 16, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels, 1)) + chunk(b"IEND", b"")
    )


def tiff_that_says(rows: int, columns: int) -> bytes:
    """One strip of nothing, as wide and high as told."""
    tags = [(256, columns), (257, rows), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1), (278, rows), (279, 64)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 80) + bytes(72) + struct.pack("<H", len(tags)) + entries + bytes(4)


def packed(syntax: str, says: tuple[int, int], holds: tuple[int, int]) -> bytes:
    """A DICOM file whose frame is of another size than its header."""
    import imagecodecs
    from pydicom.encaps import encapsulate

    encode = imagecodecs.jpegls_encode if syntax == JPEGLSLossless else imagecodecs.jpeg2k_encode
    made = dataset(np.zeros((2, 2), np.uint16))
    made.Rows, made.Columns = says
    made.PixelData = encapsulate([encode(np.zeros(holds, np.uint8 if syntax != JPEGLSLossless else np.uint16))])
    made["PixelData"].VR = "OB"
    return saved(made, syntax)


@pytest.mark.parametrize(
    ("made", "codes"),
    [
        pytest.param(deflated_bomb, {"too_large", "took_too_long"}, id="deflated DICOM"),
        pytest.param(lambda: dicom_that_says(HUGE, HUGE), {"too_large"}, id="DICOM header"),
        pytest.param(lambda: dicom_that_says(10_000, 10_000), {"truncated"}, id="DICOM header within the limit"),
        pytest.param(lambda: png_that_says(HUGE, HUGE), {"too_large"}, id="PNG header"),
        pytest.param(lambda: tiff_that_says(HUGE, HUGE), {"too_large"}, id="TIFF header"),
        pytest.param(
            lambda: f"P5\n{HUGE} {HUGE}\n65535\n".encode() + bytes(64), {"too_large", "truncated"}, id="PGM header"
        ),
        pytest.param(
            lambda: packed(JPEGLSLossless, (300, 280), (4000, 4000)), {"size_mismatch"}, id="JPEG-LS of another size"
        ),
        pytest.param(
            lambda: packed(JPEG2000Lossless, (300, 280), (4000, 4000)), {"size_mismatch"}, id="JPEG 2000 likewise"
        ),
        pytest.param(lambda: png_that_says(300, 280, bytes(256 << 20)), None, id="PNG that holds more than it says"),
    ],
)
def test_what_would_take_memory_is_refused_before_it_does(
    reader: Reader, made: Callable[[], bytes], codes: set[str] | None
) -> None:
    data = made()
    assert len(data) < 2 << 20
    list(reader.read("first", b""))  # the worker's own start is not the file's time
    start = time.monotonic()
    (answer,) = reader.read("bomb", data)
    assert time.monotonic() - start < 5.0
    if codes is not None:
        assert isinstance(answer, Refusal)
        assert answer.code in codes
    assert peak(reader) < PEAK


def test_a_jp2_box_that_says_it_is_empty_is_not_walked_for_ever(reader: Reader) -> None:
    """Found by fuzzing: pydicom looks for the codestream box by box, and never gets past one of length 0."""
    import imagecodecs
    from pydicom.encaps import encapsulate

    frame = bytearray(imagecodecs.jpeg2k_encode(ramp(300, 280), codecformat="JP2", level=0))
    assert frame[4:8] == b"jP  "
    frame[12:16] = bytes(4)
    made = dataset(ramp(300, 280))
    made.PixelData = encapsulate([bytes(frame)])
    made["PixelData"].VR = "OB"
    (answer,) = reader.read("R-CC", saved(made, JPEG2000Lossless))
    assert isinstance(answer, Refusal)
    assert answer.code == "damaged"


def test_a_picture_of_more_memory_than_there_is_costs_one_refusal() -> None:
    """Room is left for the libraries and little else, so that a file that every size check lets pass is too much."""
    with Reader(memory=640 << 20) as small:
        (refusal,) = small.read("a.dcm", saved(dataset(np.zeros((9000, 9000), np.uint16))))
        assert isinstance(refusal, Refusal)
        assert refusal.code == "too_much_memory"
        (answer,) = small.read("b.dcm", saved(dataset(ramp(400, 300))))
        assert isinstance(answer, Mammogram)


def refused(data: bytes) -> tuple[list[str], int]:
    """The codes of what an archive gives, and the most memory that was taken while it was unpacked."""
    tracemalloc.start()
    codes = [content.code for _, content in files("bomb.zip", data, Request()) if isinstance(content, Refused)]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return codes, most


def test_a_zip_bomb_is_refused_by_what_it_says() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for number in range(3):
            with made.open(f"{number}.dcm", "w") as member:
                for _ in range(64):
                    member.write(bytes(1 << 20))
    codes, most = refused(stream.getvalue())
    assert codes == ["archive_bomb"] * 3
    assert most < 8 << 20


def directory(data: bytes) -> tuple[bytes, bytes, int]:
    """The members of an archive as packed, its central directory, and where that begins."""
    size, start = struct.unpack("<II", data[-10:-2])
    return data[:start], data[start : start + size], start


def test_members_that_overlap_are_counted_each() -> None:
    """One member, named a hundred times: what Fifield's bomb does."""
    body, entry, start = directory(zipped(("0", bytes(range(256)) * (32 << 10)), method=zipfile.ZIP_STORED))
    many = 100 * entry
    data = body + many + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 100, 100, len(many), start, 0)
    codes, most = refused(data)
    assert len(codes) >= 100 - MAX_BYTES // (8 << 20)
    assert set(codes) <= {"archive_too_large", "member_damaged"}  # newer Pythons tell that members overlap
    assert most < 64 << 20


def test_a_directory_of_a_million_members_is_not_read() -> None:
    body, entry, start = directory(zipped(("0", b"x")))
    many = 1_000_000 * entry
    data = body + many + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, len(many), start, 0)
    assert refused(data)[0] == ["archive_too_many"]
    assert refused(data)[1] < 1 << 20
