"""A PNG, JPEG, TIFF, PGM, WebP or BMP to a `Mammogram`, with side and view from its name.

Grey of 8 or 16 bits is kept as stored; colour files whose channels agree are grey files in disguise; a rotation that the
file asks for (EXIF) is applied, and film scanned inverted is recognised. It refuses colour, stacks and floating-point
pictures, any size before it is unpacked, and what shows no breast.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from mammo_core.exam import Mammogram, View
from mammo_core.intake.identity import image_id
from mammo_core.intake.looks import looks_inverted, looks_like_a_breast
from mammo_core.intake.names import what_a_name_says
from mammo_core.intake.refusals import MAX_PIXELS, REMARKS, SMALL_SIDE, Refused

_FORMATS = ("PNG", "JPEG", "TIFF", "PPM", "WEBP", "BMP")
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"P2", b"P5", b"P3", b"P6", b"BM")
_COLOUR_SPREAD = 16
_COLOURED = 0.005
_PHOTOMETRIC, _SHORT, _WHITE_IS_ZERO = 262, 3, 0
_ORIENTATION = 274
_PGM = re.compile(
    rb"P(?P<kind>[25])"
    + rb"".join(rb"(?:\s|#[^\n]*\n)+(?P<%s>\d{1,9})" % part for part in (b"columns", b"rows", b"most"))
    + rb"\s"
)
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as one of the picture formats read here."""
    return data.startswith(_MAGIC) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read_picture(name: str, data: bytes, *, lenient: bool = False) -> Mammogram:
    """The one grey picture in a picture file, which came under `name`.

    `lenient` reads it even where it is too small for a mammogram or shows no breast.
    Raises Refused, or what the decoders raise on damage.
    """
    if _ends_early(data):
        raise Refused("truncated")
    try:
        stored = _portable_grey(data) if data[:2] in (b"P2", b"P5") else _grey(data)
    except Image.DecompressionBombError as error:  # Pillow's own cap, asked before ours
        raise Refused("too_large") from error
    pixels = stored.pixels
    pixels.setflags(write=False)
    if not lenient and min(pixels.shape) < SMALL_SIDE:
        raise Refused("too_small")
    turned = _shows_inverted(pixels, stored.white_is_zero)
    inverted = stored.white_is_zero != turned
    if not lenient and not looks_like_a_breast(pixels, inverted=inverted):
        raise Refused("no_breast")
    says = what_a_name_says(name)
    return Mammogram(
        image_id=image_id(pixels),
        name=name,
        pixels=pixels,
        inverted=inverted,
        bits_stored=stored.bits,
        laterality=says.laterality,
        view=View(says.view_code) if says.view_code in tuple(View) else None,
        view_code=says.view_code,
        remarks=(REMARKS["turned"],) if turned else (),
    )


def _shows_inverted(pixels: npt.NDArray[Any], white_is_zero: bool) -> bool:
    """Whether the picture is inverted for all that its file says: by its air, or since only so it shows a breast."""
    if looks_inverted(pixels, inverted=white_is_zero):
        return True
    as_it_is, turned = (looks_like_a_breast(pixels, inverted=white_is_zero != swap) for swap in (False, True))
    return turned and not as_it_is


@dataclass(frozen=True, eq=False)
class _Stored:
    """Stored values (rows, columns) of 8 or 16 bits, the bits in use, and whether the file says that 0 is white."""

    pixels: npt.NDArray[Any]
    bits: int
    white_is_zero: bool = False


def _ends_early(data: bytes) -> bool:
    """Whether a picture file is shorter than it says, for the formats that say it; decoders fill up some."""
    size = len(data)
    if data.startswith(b"\x89PNG"):
        return data.rfind(b"IEND") < 0
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") < 0
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > size
    if data.startswith(b"BM"):
        return int.from_bytes(data[2:6], "little") > size
    if data.startswith((b"II*", b"MM\x00*")):
        return int.from_bytes(data[4:8], "little" if data.startswith(b"II") else "big") + 2 > size
    return False


def _portable_grey(data: bytes) -> _Stored:
    """PGM as stored, also with a maximum such as 4095, to which common decoders stretch or which they cut."""
    header = _PGM.match(data)
    if header is None:
        raise Refused("bad_header", "its size is missing")
    columns, rows, most = (int(header[part]) for part in ("columns", "rows", "most"))
    if rows * columns > MAX_PIXELS:
        raise Refused("too_large")
    if not (rows and columns and 0 < most < 1 << 16):
        raise Refused("bad_header", "its size is missing")
    dtype = np.dtype(">u2" if most > 255 else "u1")
    body = data[header.end() :]
    if header["kind"] == b"2":
        values = np.fromstring(body, dtype=np.int64, sep=" ")[: rows * columns]  # a count would invent what is missing
    else:
        values = np.frombuffer(
            body[: min(len(body), rows * columns * dtype.itemsize) // dtype.itemsize * dtype.itemsize], dtype
        )
    if values.size < rows * columns:
        raise Refused("truncated")
    if values.min() < 0 or values.max() > most:
        raise Refused("damaged")
    return _Stored(values.astype(dtype.newbyteorder("=")).reshape(rows, columns), most.bit_length())


def _grey(data: bytes) -> _Stored:
    data, white_is_zero = _with_black_as_zero(data)
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused("too_large")
        if image.mode in ("CMYK", "LAB", "HSV"):
            raise Refused("colour")
        depth = _depth(image, data)
        if image.format == "PPM" and data[:2] == b"P6" and _packed_size(image, depth) > len(data):
            raise Refused("truncated")
        if getattr(image, "n_frames", 1) > 1 and image.format != "JPEG":
            raise Refused("several_frames")
        # Pillow turns TIFF by itself; the others keep how they want to be turned until they are asked.
        orientation = 1 if image.format == "TIFF" else int(image.getexif().get(_ORIENTATION, 1))
        if image.mode in _SIXTEEN_BITS:
            pixels = np.asarray(image).astype(np.uint16)
        elif depth > 8:
            pixels = _by_cv2(data)
        elif image.mode in ("L", "LA"):
            pixels = np.array(image.getchannel(0))
        elif image.mode in ("1", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"):
            pixels = _one_channel(np.asarray(image.convert("RGB")))
        else:
            raise Refused("unsupported_pixels", f"pixel type {image.mode}")
    return _Stored(_upright(pixels, orientation), 8 * pixels.dtype.itemsize, white_is_zero)


def _with_black_as_zero(data: bytes) -> tuple[bytes, bool]:
    """A TIFF that says white is zero as one that says black is, so that its values stay as stored; and whether it did.

    Pillow swaps such values itself, or cannot read them, by depth and byte order.
    """
    if not data.startswith((b"II*\0", b"MM\0*")):
        return data, False
    order = "<" if data.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for entry in range(start + 2, min(start + 2 + 12 * count, len(data) - 11), 12):
        tag, kind, values, value = struct.unpack_from(f"{order}HHIH", data, entry)
        if (tag, kind, values) == (_PHOTOMETRIC, _SHORT, 1):
            black = data[: entry + 8] + struct.pack(f"{order}H", _WHITE_IS_ZERO + 1) + data[entry + 10 :]
            return (black, True) if value == _WHITE_IS_ZERO else (data, False)
    return data, False


def _upright(pixels: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn and mirror as EXIF's Orientation wants it, 1 to 8 (CIPA DC-008, 4.6.4): which way row 0 and column 0 lie."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.T
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _depth(image: Image.Image, data: bytes) -> int:
    """Bits a channel, which Pillow hides where it reduces them."""
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(258, (1,))))  # type: ignore[attr-defined]
    return 16 if image.mode.startswith("I") else 8


def _packed_size(image: Image.Image, depth: int) -> int:
    return image.width * image.height * len(image.getbands()) * (2 if depth > 8 else 1)


def _by_cv2(data: bytes) -> npt.NDArray[Any]:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise Refused("damaged")
    pixels = np.asarray(decoded)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise Refused("unsupported_pixels", f"pixel type {pixels.dtype}")
    return pixels if pixels.ndim == 2 else _one_channel(pixels[..., :3])


def _one_channel(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The common grey of three channels; slightly tinted (JPEG) ones are averaged, colour is refused."""
    spread = pixels.max(axis=2) - pixels.min(axis=2)
    if not spread.any():
        return np.ascontiguousarray(pixels[..., 0])
    if np.mean(spread > _COLOUR_SPREAD * (np.iinfo(pixels.dtype).max // 255)) > _COLOURED:
        raise Refused("colour")
    return np.asarray(np.rint(pixels.mean(axis=2, dtype=np.float32)), dtype=pixels.dtype)
