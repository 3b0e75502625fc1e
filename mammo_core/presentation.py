"""Stored pixels to grey, and maps to colours: what screens, reports and the command line share.

Every step of the DICOM grayscale pipeline (PS3.3 C.11: modality, VOI, presentation) is worked out
once per stored value, as a table, and looked up for the picture. It refuses to choose: the preset
and the reader's own changes come as a `Presentation`. It knows no files, networks or screens.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import FloatArray, Mammogram, Presentation, Preset, VoiFunction, VoiLut, Window

GREY_RANGE = (0.5, 99.8)
"""Percentiles that the full range runs between where no preset is chosen."""

SAMPLE = 1_000_000
"""About how many pixels the percentiles are taken from."""

_AMBER = np.array(
    [[0, 0, 0], [66, 14, 60], [130, 32, 62], [190, 62, 38], [228, 110, 20], [245, 170, 50], [255, 235, 160]],
    dtype=np.float32,
)
_SILENT, _FULL = 0.25, 0.6
"""Of a map: a quarter of the patches that lesion maps are learned from are malignant, so one that is no higher says nothing."""

_Values = npt.NDArray[np.float64]


def bright_is_dense(mammogram: Mammogram) -> FloatArray:
    """Modality values as (rows, columns) float32, turned so that dense tissue is bright.

    MONOCHROME1 values are mirrored between their own smallest and largest, so their range stays.
    Padding takes the darkest value of the rest.
    """
    pixels = mammogram.pixels
    padding = _padding_mask(mammogram, pixels)
    values = _modality(mammogram, _every_stored_value(pixels)).astype(np.float32)
    out: FloatArray = _from_table(values, pixels)
    used = out if padding is None else out[~padding]
    if used.size == 0:
        return out
    low, high = np.float32(used.min()), np.float32(used.max())
    if mammogram.inverted:
        out = (low + high) - out
    if padding is not None:
        out[padding] = low
    return out


def render(mammogram: Mammogram, presentation: Presentation, size: int | None = None) -> npt.NDArray[np.uint8]:
    """Grey picture (rows, columns) uint8, as the preset and the reader want it.

    `size` is the longest side in pixels that the result may have; larger pictures are averaged down.
    Padding that the file's polarity would show bright is shown black.
    """
    stored = _every_stored_value(mammogram.pixels)
    values = _modality(mammogram, stored)
    grey = _voi(presentation.preset or _full_range(mammogram), values)
    if mammogram.inverted:
        grey = 1.0 - grey
    padding = _padding_mask(mammogram, stored)
    if padding is not None:
        grey[padding & (grey > 0.5)] = 0.0
    grey = _adjust(grey, presentation)
    table = np.rint(255.0 * grey).astype(np.uint8)
    picture: npt.NDArray[np.uint8] = _from_table(table, mammogram.pixels)
    if size is not None and max(picture.shape) > size:
        picture = _shrunk(picture, size)
    return picture


def colour_map(map: npt.NDArray[np.floating[Any]], opacity: float) -> npt.NDArray[np.uint8]:
    """Colours for a map of values 0..1: (rows, columns, 4) uint8 RGBA, from dark red to pale amber.

    Values up to 0.25 are fully transparent; from 0.6 on the colour has the given `opacity` (0..1).
    """
    if not 0.0 <= opacity <= 1.0:
        raise ValueError(f"opacity is {opacity}, wanted 0..1")
    levels = np.linspace(0.0, 1.0, 256, dtype=np.float32)
    table = np.empty((256, 4), np.uint8)
    for channel in range(3):
        table[:, channel] = np.rint(np.interp(levels, np.linspace(0, 1, len(_AMBER)), _AMBER[:, channel]))
    ramp = np.clip((levels - _SILENT) / (_FULL - _SILENT), 0.0, 1.0)
    table[:, 3] = np.rint(255.0 * opacity * ramp * ramp * (3.0 - 2.0 * ramp))
    index = np.rint(255.0 * np.clip(np.nan_to_num(map), 0.0, 1.0)).astype(np.uint8)
    coloured: npt.NDArray[np.uint8] = table[index]
    return coloured


def png(picture: npt.NDArray[Any]) -> bytes:
    """A (rows, columns) grey or (rows, columns, 3 or 4) BGR or BGRA picture of 8 or 16 bits as PNG.

    Lightly packed, each pixel by its difference from the one before: half the time of OpenCV's own choice, and smaller.

    Raises:
        ValueError: no PNG can be made of the array.
    """
    how = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(picture), how)
    if not done:
        raise ValueError(f"no PNG can be made of an array of the shape {picture.shape}")
    return bytes(encoded.tobytes())


def _every_stored_value(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """All values that the pixels' type can hold, in the order of their unsigned bit pattern."""
    if pixels.dtype.kind not in "iu" or pixels.dtype.itemsize > 2:
        raise ValueError(f"pixels are {pixels.dtype}, wanted integers of 8 or 16 bits")
    unsigned = np.dtype(f"u{pixels.dtype.itemsize}")
    return np.arange(2 ** (8 * pixels.dtype.itemsize), dtype=np.uint32).astype(unsigned).view(pixels.dtype)


def _from_table(table: npt.NDArray[Any], pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The table's value for each stored value: as NumPy's `take`, in a quarter of its time."""
    if not pixels.size:
        return np.empty(pixels.shape, table.dtype)
    return np.asarray(cv2.LUT(np.ascontiguousarray(pixels).view(f"u{pixels.dtype.itemsize}"), table))


def _modality(mammogram: Mammogram, stored: npt.NDArray[Any]) -> _Values:
    """Modality LUT or rescale (PS3.3 C.11.1)."""
    if mammogram.modality_lut is not None:
        return _looked_up(mammogram.modality_lut, stored.astype(np.float64))
    rescaled: _Values = stored.astype(np.float64) * mammogram.slope + mammogram.intercept
    return rescaled


def _looked_up(lut: VoiLut, values: _Values) -> _Values:
    index = np.clip(np.rint(values) - lut.first, 0, len(lut.values) - 1).astype(np.int64)
    outputs: _Values = lut.values[index].astype(np.float64)
    return outputs


def _voi(preset: Preset, values: _Values) -> _Values:
    """VOI LUT or window (PS3.3 C.11.2.1.2, C.11.2.1.3): values to 0..1."""
    if isinstance(preset, VoiLut):
        return _looked_up(preset, values) / (2.0**preset.bits - 1.0)
    center, width = preset.center, preset.width
    if preset.function is VoiFunction.SIGMOID:
        exponent = np.clip(-4.0 * (values - center) / max(width, 1e-9), -700.0, 700.0)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)))
    if preset.function is VoiFunction.LINEAR:
        center, width = center - 0.5, width - 1.0
    if width <= 0.0:
        return (values > center).astype(np.float64)
    ramp: _Values = np.clip((values - center) / width + 0.5, 0.0, 1.0)
    return ramp


def _full_range(mammogram: Mammogram) -> Window:
    """The window from percentile to percentile of what is not padding."""
    step = max(1, int((mammogram.pixels.size / SAMPLE) ** 0.5))
    sample = mammogram.pixels[::step, ::step]
    padding = _padding_mask(mammogram, sample)
    if padding is not None and not padding.all():
        sample = sample[~padding]
    low, high = np.percentile(_modality(mammogram, sample), GREY_RANGE)
    return Window("", float(low + high) / 2.0, float(high - low), VoiFunction.LINEAR_EXACT)


def _padding_mask(mammogram: Mammogram, stored: npt.NDArray[Any]) -> npt.NDArray[np.bool_] | None:
    if mammogram.padding is None:
        return None
    first, last = mammogram.padding
    return np.asarray((stored >= first) & (stored <= last))


def _adjust(grey: _Values, presentation: Presentation) -> _Values:
    """The reader's brightness, contrast (a quarter to four times) and inversion, on 0..1."""
    if presentation.brightness or presentation.contrast:
        grey = np.clip((grey - 0.5) * 4.0**presentation.contrast + 0.5 + presentation.brightness / 2.0, 0.0, 1.0)
    return 1.0 - grey if presentation.inverted else grey


def _shrunk(picture: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    rows, columns = picture.shape
    factor = size / max(rows, columns)
    target = (max(1, round(columns * factor)), max(1, round(rows * factor)))
    return np.asarray(cv2.resize(picture, target, interpolation=cv2.INTER_AREA), dtype=np.uint8)
