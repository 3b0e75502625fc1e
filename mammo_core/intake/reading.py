"""One file's bytes to mammograms, or to a refusal: what a worker process does, and `read_bytes` in this one.

The type of a file is decided by its bytes, never by its name. No exception leaves `read_bytes`: a bad
file is a `Refusal`.
"""

from __future__ import annotations

import struct
import zlib

import cv2
import pydicom.config
from PIL import Image
from pydicom.errors import BytesLengthException, InvalidDicomError

from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake.archive import Request, files
from mammo_core.intake.dicom import is_dicom, read_dicom
from mammo_core.intake.picture import is_picture, read_picture
from mammo_core.intake.refusals import Refused

# Values outside a VR's rules are common and harmless; pydicom's warnings would quote them, names included.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

BAD_BYTES = (
    # What the decoders raise on damaged bytes, found by feeding them damaged files. Parsers trip over a
    # wrong byte wherever they happen to be (a missing attribute, a short tuple, a bad enum), so families
    # are named and not cases; a fault of the machine (MemoryError aside, which a lying header can cause)
    # or an interrupt is not among them and passes.
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,  # RecursionError and imagecodecs' errors too
    SyntaxError,  # Pillow on broken PNG chunks
    TypeError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    cv2.error,
    BytesLengthException,
    InvalidDicomError,
    Image.DecompressionBombError,
)

_APPLE = (b"\x00\x05\x16\x07", b"\x00\x05\x16\x00")


def read_bytes(name: str, data: bytes, *, lenient: bool = False) -> list[Mammogram | Refusal]:
    """Everything that a file holds: one entry, or one for every file in a ZIP.

    `name` is for people, and for pictures tells side and view; it may hold a folder ("a/b/0_R-CC.png").
    `lenient` reads whatever decodes to one grey picture, mammogram or not, for showing alone.
    """
    return [
        Refusal(member, content.code, content.sentence)
        if isinstance(content, Refused)
        else _read_one(member, content, lenient)
        for member, content in files(name, data, Request())
    ]


def _read_one(name: str, data: bytes, lenient: bool) -> Mammogram | Refusal:
    """The boundary: whatever the readers raise on bad bytes becomes a refusal here, and only here."""
    try:
        return _read(name, data, lenient)
    except Refused as refused:
        return Refusal(name, refused.code, refused.sentence)
    except MemoryError:
        return _refusal(name, "too_much_memory")
    except BAD_BYTES:
        return _refusal(name, "damaged")
    except BaseException as error:
        # pylibjpeg's RLE decoder is written in Rust, whose panics are no `Exception` and cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        return _refusal(name, "damaged")


def _read(name: str, data: bytes, lenient: bool) -> Mammogram:
    if not data:
        raise Refused("empty")
    if data.startswith(_APPLE):
        raise Refused("apple_double")
    if is_dicom(data):
        return read_dicom(name, data, lenient=lenient)
    if is_picture(data):
        return read_picture(name, data, lenient=lenient)
    raise Refused("not_an_image")


def _refusal(name: str, code: str) -> Refusal:
    refused = Refused(code)
    return Refusal(name, refused.code, refused.sentence)
