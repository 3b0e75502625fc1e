"""A PNG, JPEG, TIFF, PGM, WebP or BMP to a `Mammogram`, with side and view from its name.

Grey of 8 or 16 bits is kept as stored; colour files whose channels agree are grey files in disguise.
It refuses colour, stacks and floating-point pictures, and any size before it is unpacked.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from mammo_core.exam import Laterality, Mammogram, View
from mammo_core.intake.identity import image_id
from mammo_core.intake.refusals import MAX_PIXELS, SMALL_SIDE, Refused, unscored

_FORMATS = ("PNG", "JPEG", "TIFF", "PPM", "WEBP", "BMP")
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"P2", b"P5", b"P3", b"P6", b"BM")
_COLOUR_SPREAD = 16
_COLOURED = 0.005
_WHITE_IS_ZERO = 0
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")

Image.MAX_IMAGE_PIXELS = MAX_PIXELS

_SIDE = {"R": Laterality.RIGHT, "L": Laterality.LEFT, "RIGHT": Laterality.RIGHT, "LEFT": Laterality.LEFT}
_BOTH = re.compile(
    r"(?<![A-Z])(?:(RIGHT|LEFT|[RL])[-_ .]*(CC|MLO)|(CC|MLO)[-_ .]*(RIGHT|LEFT|[RL]))(?![A-Z])", re.IGNORECASE
)
_ONLY_VIEW = re.compile(r"(?<![A-Z])(CC|MLO)(?![A-Z])", re.IGNORECASE)
_ONLY_SIDE = re.compile(r"(?<![A-Z])(RIGHT|LEFT)(?![A-Z])", re.IGNORECASE)


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as one of the picture formats read here."""
    return data.startswith(_MAGIC) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read_picture(name: str, data: bytes) -> Mammogram:
    """The one grey picture in a picture file. Raises Refused, or what the decoders raise on damage."""
    if _ends_early(data):
        raise Refused("truncated")
    try:
        pixels, inverted = _grey(data)
    except Image.DecompressionBombError as error:  # Pillow's own cap, asked before ours
        raise Refused("too_large") from error
    pixels.setflags(write=False)
    laterality, view, _ = side_and_view(name)
    return Mammogram(
        image_id=image_id(pixels),
        name=name,
        pixels=pixels,
        inverted=inverted,
        bits_stored=8 * pixels.dtype.itemsize,
        laterality=laterality,
        view=view,
        view_code=view.value if view else "",
        unscored=unscored("too_small") if min(pixels.shape) < SMALL_SIDE else None,
    )


def side_and_view(name: str) -> tuple[Laterality | None, View | None, str]:
    """Side and view that a file name speaks of, and the name without them ("" folder, no ending).

    The last pair in the name counts, and only whole words: `0_R-CC`, `Smith_LCC`, `P_00001_LEFT_MLO`,
    `L MLO`; not the letters inside `success`. A lone R or L says nothing, `right` and `left` do.
    """
    stem = PurePosixPath(name.replace("\\", "/")).name
    stem = stem[: stem.rindex(".")] if "." in stem[1:] else stem
    if matches := list(_BOTH.finditer(stem)):
        match = matches[-1]
        side = _SIDE[(match[1] or match[4]).upper()]
        view = View((match[2] or match[3]).upper())
        return side, view, stem[: match.start()] + "*" + stem[match.end() :]
    only_view, only_side = _ONLY_VIEW.search(stem), _ONLY_SIDE.search(stem)
    rest = _ONLY_SIDE.sub("*", _ONLY_VIEW.sub("*", stem, count=1), count=1)
    return (
        _SIDE[only_side[1].upper()] if only_side else None,
        View(only_view[1].upper()) if only_view else None,
        rest,
    )


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


def _grey(data: bytes) -> tuple[npt.NDArray[Any], bool]:
    with Image.open(BytesIO(data), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Refused("too_large")
        depth = _depth(image, data)
        if image.format == "PPM" and data[:2] in (b"P5", b"P6") and _packed_size(image, depth) > len(data):
            raise Refused("truncated")
        if getattr(image, "n_frames", 1) > 1 and image.format != "JPEG":
            raise Refused("several_frames")
        if depth > 8 and image.mode not in _SIXTEEN_BITS:
            return _by_cv2(data), False
        if image.mode in _SIXTEEN_BITS:
            white_is_zero = image.format == "TIFF" and image.tag_v2.get(262) == _WHITE_IS_ZERO  # type: ignore[attr-defined]
            return np.asarray(image).astype(np.uint16), white_is_zero
        if image.mode in ("L", "LA"):
            return np.array(image.getchannel(0)), False
        if image.mode in ("1", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"):
            return _one_channel(np.asarray(image.convert("RGB"))), False
        if image.mode in ("CMYK", "LAB", "HSV"):
            raise Refused("colour")
        raise Refused("unsupported_pixels", f"pixel type {image.mode}")


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
