"""The windows and lookup tables of a DICOM file (PS3.3 C.11.1, C.11.2), those that can be used.

A window without a width and a table shorter than it says are left out, and keep their number: the third
window is the third even where the second is nonsense. It applies none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mammo_core.exam import Preset, VoiFunction, VoiLut, Window
from mammo_core.intake.attributes import as_number, number, several, text

_LEAST_WIDTH = {VoiFunction.LINEAR: 1.0, VoiFunction.LINEAR_EXACT: 1e-6, VoiFunction.SIGMOID: 1e-6}


def presets(dataset: Dataset, big_endian: bool = False) -> tuple[Preset, ...]:
    """Windows, then VOI LUTs, in the order of the file."""
    return (*_windows(dataset), *luts(dataset, "VOILUTSequence", big_endian))


def luts(dataset: Dataset, keyword: str, big_endian: bool = False) -> Iterator[VoiLut]:
    """The usable tables of a sequence (PS3.3 C.11.1.1, C.11.2.1.1). `big_endian` is the byte order of the file."""
    signed = number(dataset, "PixelRepresentation") == 1 or (number(dataset, "RescaleIntercept") or 0.0) < 0
    for place, item in enumerate(dataset.get(keyword) or [], start=1):
        descriptor = [as_number(value) for value in several(item, "LUTDescriptor")]
        if len(descriptor) != 3 or None in descriptor or item.get("LUTData") is None:
            continue
        entries, first, bits = (int(value) for value in descriptor if value is not None)
        entries = (entries & 0xFFFF) or 65536
        if signed and first > 32767:  # written as unsigned, meant as signed
            first -= 65536
        values = _entries(item.LUTData, entries, bits, big_endian)
        if values.size < entries:
            continue
        values = values[:entries]
        values.setflags(write=False)
        bits = max(min(bits, 16), int(values.max()).bit_length(), 1)
        yield VoiLut(text(item, "LUTExplanation"), first, values, bits, place)


def _windows(dataset: Dataset) -> Iterator[Window]:
    spoken = text(dataset, "VOILUTFunction").upper()
    function = VoiFunction(spoken) if spoken in tuple(VoiFunction) else VoiFunction.LINEAR
    names = several(dataset, "WindowCenterWidthExplanation")
    pairs = zip(several(dataset, "WindowCenter"), several(dataset, "WindowWidth"), strict=False)
    for place, (spoken_center, spoken_width) in enumerate(pairs, start=1):
        center, width = as_number(spoken_center), as_number(spoken_width)
        if center is None or width is None or width < _LEAST_WIDTH[function]:
            continue
        name = str(names[place - 1]).strip() if place <= len(names) else ""
        yield Window(name, center, width, function, place)


def _entries(raw: Any, entries: int, bits: int, big_endian: bool) -> npt.NDArray[np.uint16]:
    """LUT Data as unsigned numbers; tables of 8 bits may be packed two to a word."""
    if not isinstance(raw, bytes):
        return np.asarray(raw).reshape(-1).astype(np.uint16)
    words = np.frombuffer(raw[: len(raw) // 2 * 2], ">u2" if big_endian else "<u2")
    if bits <= 8 and entries <= len(raw) < 2 * entries:
        return np.frombuffer(words.astype("<u2").tobytes(), np.uint8).astype(np.uint16)
    return words.astype(np.uint16)
