"""The stored values of a DICOM file's one grey picture, and which of them are filler.

Sizes are checked before memory is taken, and padding before it is believed. It refuses colour, stacks and whatever
the data do not cover; it applies no rescale, window or inversion.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import UID, ExplicitVRBigEndian

from mammo_core.intake.attributes import number, several, stored_value, text, whole
from mammo_core.intake.codecs import unpack, with_sign
from mammo_core.intake.refusals import MAX_PIXELS, Refused

_WRAPPED = UID("1.2.840.10008.1.2.1.98")  # Encapsulated Uncompressed Explicit VR Little Endian
_WIDEST_PADDING = 0.1
_MOST_PADDED = 0.98


def stored_values(dataset: Dataset, syntax: UID) -> tuple[npt.NDArray[Any], int]:
    """Stored values (rows, columns), read-only, in the file's own integer type, and the bits in use.

    Raises Refused before any memory is taken where sizes are missing, absurd or not covered by the data.
    """
    if "PixelData" not in dataset:
        raise Refused("encrypted" if "EncryptedAttributesSequence" in dataset else "no_pixels")
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    if rows * columns > MAX_PIXELS:
        raise Refused("too_large")
    if (number(dataset, "SamplesPerPixel") or 1) != 1 or not photometric(dataset).startswith("MONOCHROME"):
        raise Refused("colour")
    if (number(dataset, "NumberOfFrames") or 1) > 1:
        tomosynthesis = any("TOMO" in str(value).upper() for value in several(dataset, "ImageType"))
        raise Refused("tomosynthesis" if tomosynthesis else "several_frames")
    allocated = whole(dataset, "BitsAllocated")
    if allocated not in (8, 16):
        raise Refused("unsupported_pixels", f"{allocated} bits a pixel")
    stored = int(number(dataset, "BitsStored") or allocated)
    if not 0 < stored <= allocated:
        raise Refused("bad_header", "Bits Stored is more than Bits Allocated")
    high = int(number(dataset, "HighBit") or 0)
    if not stored <= high + 1 <= allocated:  # a slip of the writer: no known machine means anything but the low bits
        high = stored - 1
    dtype = np.dtype(f"{'i' if number(dataset, 'PixelRepresentation') == 1 else 'u'}{allocated // 8}")
    if syntax.is_encapsulated and syntax != _WRAPPED:
        pixels = unpack(dataset, syntax, rows, columns, dtype)
    else:
        pixels = _native(dataset, syntax, rows, columns, dtype)
        unused = high + 1 - stored
        words = pixels.view(f"u{dtype.itemsize}")
        pixels = with_sign(words >> unused if unused else words, stored, dtype)
    pixels.setflags(write=False)
    return pixels, stored


def photometric(dataset: Dataset) -> str:
    """Photometric Interpretation, MONOCHROME2 where it is left out."""
    return text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2"


def padding(dataset: Dataset, pixels: npt.NDArray[Any], inverted: bool) -> tuple[int, int] | None:
    """Pixel Padding Value and Range Limit (PS3.3 C.7.5.1.1.2), where they mark background and nothing else.

    Believed only if the range is narrow, leaves a picture over, and lies at the dark end of the values
    or fills areas that reach the picture's border.
    """
    first = stored_value(dataset, "PixelPaddingValue", pixels.dtype)
    if first is None:
        return None
    last = stored_value(dataset, "PixelPaddingRangeLimit", pixels.dtype)
    low, high = sorted((first, first if last is None else last))
    least, most = int(pixels.min()), int(pixels.max())
    if high - low > _WIDEST_PADDING * (most - least):
        return None
    mask = (pixels >= low) & (pixels <= high)
    if not mask.any() or mask.mean() > _MOST_PADDED:
        return None
    darkest = most if inverted else least
    if low <= darkest <= high or _reaches_border(mask):
        return low, high
    return None


def _native(dataset: Dataset, syntax: UID, rows: int, columns: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    data = get_frame(dataset.PixelData, 0, number_of_frames=1) if syntax == _WRAPPED else dataset.PixelData
    if len(data) < rows * columns * dtype.itemsize:
        raise Refused("truncated")
    big = syntax == ExplicitVRBigEndian
    if big and dtype.itemsize == 1 and dataset["PixelData"].VR == "OW":  # words of two pixels each (PS3.5 annex A.3)
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    flat = np.frombuffer(data, dtype.newbyteorder(">" if big else "<"), count=rows * columns)
    return flat.astype(dtype).reshape(rows, columns)


def _reaches_border(mask: npt.NDArray[np.bool_]) -> bool:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    labels = np.asarray(labels)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return bool(np.isin(labels[mask], border[border > 0]).mean() > 0.99)
