"""One packed grey frame to stored values: imagecodecs first, pylibjpeg (through pydicom) behind it.

The frame's own header is read before anything is allocated, and a size other than the one the file
promises is refused there. It refuses to repair: a frame without its end is not filled up. (Sequential JPEG
whose scan header names a wrong end of spectral selection, as some 12-bit files do, needs no repair: the scan
is the same whatever that byte says, and libjpeg-turbo reads it so.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import UID, RLELossless

from mammo_core.intake.refusals import Refused

_START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
_JPEG_LS = 0xF7
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CAPABILITIES = b"\xff\x50"
_HIGH_THROUGHPUT = 1 << 17
_END = b"\xff\xd9"
_SLACK = 1024

_DECODERS = {
    # in order of speed; OpenJPEG reads high-throughput streams too, in twice the time of OpenJPH
    "jpeg": (imagecodecs.jpeg8_decode,),
    "jpegls": (imagecodecs.jpegls_decode,),
    "jpeg2k": (imagecodecs.jpeg2k_decode,),
    "htj2k": (imagecodecs.htj2k_decode, imagecodecs.jpeg2k_decode),
}


@dataclass(frozen=True)
class FrameHeader:
    """What a packed frame says of itself; `kind` is "jpeg", "jpegls", "jpeg2k" or "htj2k"."""

    kind: str
    rows: int
    columns: int
    samples: int
    precision: int


def frame_header(frame: bytes) -> FrameHeader | None:
    """The header of a JPEG, JPEG-LS or (high-throughput) JPEG 2000 stream; None where it is none of them."""
    if frame[:4] == b"\xff\x4f\xff\x51":
        return _jpeg2000_header(frame, 0)
    if frame[:12] == _JP2:
        start = frame.find(b"\xff\x4f\xff\x51")
        return None if start < 0 else _jpeg2000_header(frame, start)
    if frame[:2] == b"\xff\xd8":
        return _jpeg_header(frame)
    return None


def unpack(dataset: Dataset, syntax: UID, rows: int, columns: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Stored values (rows, columns) of the first frame of an encapsulated data set, as `dtype`.

    Raises Refused where the frame ends early, has another size, or is packed in an unknown way.
    """
    if syntax == RLELossless:
        return _by_pydicom(dataset, syntax, rows, columns).astype(dtype)
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    header = frame_header(frame)
    if header is None:
        raise Refused("damaged" if _decoder(syntax) else "unknown_syntax")
    if (header.rows, header.columns) != (rows, columns):
        raise Refused("size_mismatch")
    if header.samples != 1:
        raise Refused("colour")
    if header.precision > 8 * dtype.itemsize:
        raise Refused("unsupported_pixels", f"{header.precision} bits in a frame of {8 * dtype.itemsize}")
    if _END not in frame[-_SLACK:]:
        raise Refused("truncated")
    values = _by_imagecodecs(frame, header)
    if values is None:  # pylibjpeg knows some streams that imagecodecs does not
        if frame[:12] == _JP2:  # pydicom walks for ever through boxes of which one says that it is empty
            raise Refused("damaged")
        values = _by_pydicom(dataset, syntax, rows, columns)
    if values.shape != (rows, columns):
        raise Refused("size_mismatch")
    return with_sign(values, header.precision, dtype)


def with_sign(values: npt.NDArray[Any], bits: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The low `bits` of each value as `dtype`, sign-extended where that is signed (PS3.5 8.1.1).

    Streams are often marked with another sign than the data set, and JPEG-LS has none.
    """
    unsigned = values.view(f"u{values.itemsize}").astype(f"u{dtype.itemsize}", copy=False)
    shift = 8 * dtype.itemsize - bits
    if shift == 0:
        return unsigned.view(dtype)
    if dtype.kind == "u":
        higher = int(unsigned.max(initial=0)) >> bits  # rarely any; looking takes a tenth of the time of masking
        return unsigned & unsigned.dtype.type((1 << bits) - 1) if higher else unsigned
    signed: npt.NDArray[Any] = np.right_shift(np.left_shift(unsigned, shift).view(dtype), shift)
    return signed


def _jpeg_header(frame: bytes) -> FrameHeader | None:
    at = 2
    while at + 9 < len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _START_OF_FRAME:
            rows = int.from_bytes(frame[at + 5 : at + 7])
            columns = int.from_bytes(frame[at + 7 : at + 9])
            return FrameHeader("jpegls" if marker == _JPEG_LS else "jpeg", rows, columns, frame[at + 9], frame[at + 4])
        at += 2 + int.from_bytes(frame[at + 2 : at + 4])
    return None


def _jpeg2000_header(frame: bytes, start: int) -> FrameHeader | None:
    """SIZ marker segment (ISO/IEC 15444-1 A.5.1), and bit 15 of the CAP segment behind it (15444-15 A.3)."""
    if len(frame) < start + 44:
        return None
    columns, rows, left, top = (int.from_bytes(frame[start + at : start + at + 4]) for at in (8, 12, 16, 20))
    samples = int.from_bytes(frame[start + 40 : start + 42])
    behind = start + 4 + int.from_bytes(frame[start + 4 : start + 6])
    capable = int.from_bytes(frame[behind + 4 : behind + 8]) if frame[behind : behind + 2] == _CAPABILITIES else 0
    kind = "htj2k" if capable & _HIGH_THROUGHPUT else "jpeg2k"
    return FrameHeader(kind, rows - top, columns - left, samples, (frame[start + 42] & 0x7F) + 1)


def _by_imagecodecs(frame: bytes, header: FrameHeader) -> npt.NDArray[Any] | None:
    """What the first decoder to understand the frame makes of it, or None."""
    for decode in _DECODERS[header.kind]:
        try:
            return np.asarray(decode(frame))
        except (RuntimeError, ValueError, ImportError):  # its own errors are RuntimeErrors; not every build has all
            continue
    return None


def _decoder(syntax: UID) -> Decoder | None:
    try:
        return get_decoder(syntax)
    except NotImplementedError:  # pydicom's word for a transfer syntax that it does not know
        return None


def _by_pydicom(dataset: Dataset, syntax: UID, rows: int, columns: int) -> npt.NDArray[Any]:
    decoder = _decoder(syntax)
    if decoder is None:
        raise Refused("unknown_syntax")
    values: npt.NDArray[Any] = decoder.as_array(dataset, raw=True, index=0)[0]
    if values.shape != (rows, columns):
        raise Refused("size_mismatch")
    return values
