"""Fuzzing: nonsense in attributes, flipped bits and cuts at every place; an answer each time, soon, in little memory.

A short and repeatable run is part of the tests. `make fuzz MINUTES=30` runs the same on and on with new examples.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import given as given_examples
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary, tag_for_keyword
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake import Reader, isolation
from tests.intake.phantoms import dataset, encoded, ramp, saved
from tests.intake.test_archive import zipped
from tests.preprocessing.phantoms import breast
from tests.shared import SHARED

MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
SECONDS = 60 * MINUTES
FINDS = Path(".hypothesis/finds")
_SETTINGS = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("suite", max_examples=150, derandomize=True, **_SETTINGS)
settings.register_profile("fuzz", max_examples=500, phases=[Phase.generate], verbosity=Verbosity.quiet, **_SETTINGS)
PROFILE = settings.get_profile("fuzz" if MINUTES else "suite")


def packed(syntax: str, frame: bytes, bits: int = 16) -> bytes:
    made = dataset(ramp(280, 264, f"u{bits // 8}", 255), ImageLaterality="R", ViewPosition="CC")
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    return saved(made, syntax)


def rle() -> bytes:
    made = dataset(ramp(280, 264))
    made.file_meta = None
    saved(made)
    made.compress(RLELossless)
    return saved(made, RLELossless)


def good_files() -> dict[str, bytes]:
    """Small good files of every kind that is read."""
    deep = breast(280, 264)[0].astype("u2")
    grey = (deep >> 4).astype("u1")
    plain = dataset(
        deep,
        WindowCenter=["5", "6"],
        WindowWidth=["7", "8"],
        ViewPosition="CC",
        ImageLaterality="R",
        PatientAge="050Y",
        PixelPaddingValue=0,
    )
    return {
        "explicit": saved(plain),
        "implicit": saved(plain, ImplicitVRLittleEndian),
        "big endian": saved(dataset(deep.astype(">u2")), ExplicitVRBigEndian),
        "deflated": saved(plain, DeflatedExplicitVRLittleEndian),
        "rle": rle(),
        "jpeg": packed(JPEGBaseline8Bit, imagecodecs.jpeg8_encode(grey), 8),
        "lossless jpeg": packed(JPEGLosslessSV1, imagecodecs.ljpeg_encode(deep, bitspersample=16)),
        "jpeg-ls": packed(JPEGLSLossless, imagecodecs.jpegls_encode(deep)),
        "jpeg 2000": packed(JPEG2000Lossless, imagecodecs.jpeg2k_encode(deep, reversible=True)),
        "htj2k": packed(HTJ2KLossless, imagecodecs.htj2k_encode(deep)),
        **{ending: encoded(ending, deep) for ending in (".png", ".tiff", ".pgm")},
        **{ending: encoded(ending, grey) for ending in (".jpg", ".webp", ".bmp")},
        "zip": zipped(("x/R-CC.png", encoded(".png", grey)), ("x/Thumbs.db", b"x"), ("x/L-CC.dcm", saved(plain))),
    }


GOOD = good_files()


def collected(most: int = 60_000, count: int = 120) -> list[Path]:
    """Small real files, where they are at hand."""
    found = sorted(path for path in (SHARED / "dicom").rglob("*.dcm") if path.stat().st_size < most)
    return random.Random(0).sample(found, min(count, len(found)))


REAL = collected()


class Seen:
    """What came of all examples."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.slowest = 0.0
        self.exits: Counter[int] = Counter()


@pytest.fixture(scope="module")
def asked() -> Iterator[Callable[[bytes, bool], None]]:
    """Asks for an answer to some bytes and checks what is true of every one."""
    seen = Seen()

    class Exits(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.exits[record.args[0]] += 1

    logger = logging.getLogger(isolation.__name__)
    logger.addHandler(handler := Exits())
    with Reader() as reader:
        list(reader.read("warm", b"x"))

        def ask(data: bytes, lenient: bool) -> None:
            start, exits = time.monotonic(), seen.exits[1]
            answers = list(reader.read("R-CC", data, lenient=lenient))
            seen.slowest = max(seen.slowest, time.monotonic() - start)
            assert answers
            assert all(isinstance(answer, (Mammogram, Refusal)) for answer in answers)
            seen.codes.update("read" if isinstance(answer, Mammogram) else answer.code for answer in answers)
            if seen.exits[1] > exits or any(getattr(answer, "code", "") == "took_too_long" for answer in answers):
                FINDS.mkdir(parents=True, exist_ok=True)
                find = FINDS / hashlib.sha256(data).hexdigest()[:16]
                find.write_bytes(data)
                pytest.fail(f"an exception left intake, or it took too long: {find}, {lenient=}")

        yield ask
        process = reader._idle.queue[-1]._process
        peak = _peak(process.pid) if process else "unknown"
    logger.removeHandler(handler)
    print(
        f"\nfuzz: {seen.codes.total()} answers, slowest {seen.slowest:.2f} s, peak {peak}, "
        f"decoders that crashed {dict(seen.exits)}\n{dict(seen.codes.most_common())}"
    )


def _peak(pid: int) -> str:
    status = Path(f"/proc/{pid}/status")
    return (
        next(line[6:].strip() for line in status.open() if line.startswith("VmHWM")) if status.exists() else "unknown"
    )


def given(*strategies: st.SearchStrategy) -> Callable[[Callable], Callable[..., None]]:
    """`hypothesis.given` by the profile: once over in the tests, again and again until time is up in `make fuzz`."""

    def decorate(test: Callable) -> Callable[..., None]:
        def run(asked: Callable[[bytes, bool], None]) -> None:
            until = time.monotonic() + SECONDS / 4
            while True:
                examples = PROFILE if not MINUTES else settings(PROFILE, derandomize=False)
                examples(given_examples(st.tuples(*strategies))(lambda drawn: test(asked, *drawn)))()
                if time.monotonic() >= until:
                    return

        run.__name__ = test.__name__
        return run

    return decorate


bases = st.one_of(
    st.sampled_from(sorted(GOOD)).map(GOOD.__getitem__),
    *([st.sampled_from(REAL).map(Path.read_bytes)] if REAL else []),
)
places = st.one_of(st.integers(0, 2_000), st.integers(0, 1 << 30))


@given(bases, st.lists(st.tuples(places, st.integers(0, 7)), min_size=1, max_size=6), st.booleans())
def test_flipped_bits(asked, data: bytes, flips: list[tuple[int, int]], lenient: bool) -> None:
    changed = bytearray(data)
    for at, bit in flips:
        changed[at % len(changed)] ^= 1 << bit
    asked(bytes(changed), lenient)


@given(bases, places, st.binary(max_size=12), st.integers(0, 64), st.booleans(), st.booleans())
def test_cut_and_replaced_bytes(asked, data: bytes, at: int, new: bytes, gone: int, ends: bool, lenient: bool) -> None:
    at %= len(data)
    asked(data[:at] + new + (b"" if ends else data[at + gone :]), lenient)


_VRS = """
AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV XX
"""
VRS = _VRS.split()
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
_READ = """
Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel NumberOfFrames PixelData
PhotometricInterpretation PlanarConfiguration PixelPaddingValue PixelPaddingRangeLimit WindowCenter
WindowWidth WindowCenterWidthExplanation VOILUTFunction VOILUTSequence ModalityLUTSequence LUTDescriptor
LUTData RescaleSlope RescaleIntercept PresentationLUTShape ImagerPixelSpacing PixelSpacing
PixelSpacingCalibrationType ImageLaterality EstimatedRadiographicMagnificationFactor Laterality
FrameLaterality PatientOrientation ViewPosition ViewCodeSequence ViewModifierCodeSequence CodeValue
CodingSchemeDesignator ImageType Modality SOPClassUID PatientID PatientName PatientAge StudyInstanceUID
StudyDate AccessionNumber BodyPartExamined StudyDescription SeriesDescription PresentationIntentType
BreastImplantPresent ConversionType SpecificCharacterSet BurnedInAnnotation PaddleDescription SOPInstanceUID
LossyImageCompression DirectoryRecordSequence EncryptedAttributesSequence SharedFunctionalGroupsSequence
"""
READ = _READ.split()

tags = st.one_of(
    st.sampled_from([tag_for_keyword(keyword) for keyword in READ]),
    st.sampled_from(sorted(DicomDictionary)),
    st.integers(0x00080000, 0xFFFFFFFF),
)
texts = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1e400", "nan", "inf", "1\\2\\3", "\\" * 40, "CC\\MLO", "MONOCHROME2", "999999999"]
    ),
    st.text(max_size=40),
    st.floats().map(str),
    st.integers().map(str),
).map(lambda text: text.encode("utf-8", "surrogatepass"))
numbers = st.lists(
    st.one_of(
        st.integers(0, 0xFFFF).map(lambda n: struct.pack("<H", n)),
        st.integers(0, 0xFFFFFFFF).map(lambda n: struct.pack("<I", n)),
        st.floats().map(lambda x: struct.pack("<d", x)),
    ),
    max_size=6,
).map(b"".join)


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """One element in explicit VR, little endian; `length` is what it says of itself, if that is to be wrong."""
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    length = len(value) if length is None else length
    if vr in LONG:
        return head + b"\0\0" + struct.pack("<I", length & 0xFFFFFFFF) + value
    return head + struct.pack("<H", length & 0xFFFF) + value[:0xFFFF]


def items(inner: list[bytes]) -> bytes:
    return b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item for item in inner)


simple = st.builds(
    lambda tag, vr, value, length: (tag, element(tag, vr, value, length)),
    tags,
    st.sampled_from(VRS),
    st.one_of(texts, numbers, st.binary(max_size=40)),
    st.one_of(st.none(), st.none(), st.none(), st.integers(0, 0xFFFFFFFF), st.just(0xFFFFFFFF)),
)
nested = st.recursive(
    simple,
    lambda inner: st.builds(
        lambda tag, found: (tag, element(tag, "SQ", items([item for _, item in found]))),
        tags,
        st.lists(inner, max_size=4),
    ),
    max_leaves=6,
)


def elements() -> tuple[bytes, dict[int, bytes]]:
    """The start of the good file, and its elements by tag."""
    data = GOOD["explicit"]
    start = 132 + 12 + struct.unpack("<I", data[140:144])[0]
    found, at = {}, start
    while at < len(data):
        group, number, vr = *struct.unpack("<HH", data[at : at + 4]), data[at + 4 : at + 6].decode()
        size = (
            12 + struct.unpack("<I", data[at + 8 : at + 12])[0] if vr in LONG else 8 + data[at + 6] + 256 * data[at + 7]
        )
        found[Tag(group, number)] = data[at : at + size]
        at += size
    return data[:start], found


HEAD, ELEMENTS = elements()


@given(st.lists(nested, min_size=1, max_size=5), st.lists(st.sampled_from(sorted(ELEMENTS)), max_size=2), st.booleans())
def test_nonsense_attributes(asked, wrong: list[tuple[int, bytes]], absent: list[int], lenient: bool) -> None:
    found = {tag: data for tag, data in ELEMENTS.items() if tag not in absent} | dict(wrong)
    asked(HEAD + b"".join(data for _, data in sorted(found.items())), lenient)


@given(st.integers(0, 12), st.sampled_from(sorted(ELEMENTS)), st.one_of(texts, numbers), st.booleans())
def test_nonsense_in_what_is_there(asked, many: int, tag: int, value: bytes, lenient: bool) -> None:
    vr = ELEMENTS[tag][4:6].decode()
    found = ELEMENTS | {tag: element(tag, vr, b"\\".join([value] * many) if many else value)}
    asked(HEAD + b"".join(data for _, data in sorted(found.items())), lenient)


@pytest.mark.skipif(bool(MINUTES), reason="the same each time: part of the tests")
def test_a_cut_at_every_element(asked) -> None:
    at = len(HEAD)
    for data in ELEMENTS.values():
        for cut in (at, at + 3, at + 6, at + len(data) - 1):
            asked(GOOD["explicit"][:cut], False)
        at += len(data)
