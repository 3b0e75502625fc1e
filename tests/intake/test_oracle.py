"""Real files held against what others make of them: DCMTK's renderings, and other decoders' stored values.

`value_maps.npz` holds each of DCMTK's renderings whole, as the grey of every stored value that occurs.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from mammo_core.exam import Mammogram, Presentation, Preset, Refusal, VoiFunction, VoiLut, Window
from mammo_core.intake import read_bytes
from mammo_core.presentation import render
from tests.shared import SHARED, needs_shared

DICOM = SHARED / "dicom"
KINDS = {"window": None, "window_linear": VoiFunction.LINEAR, "window_sigmoid": VoiFunction.SIGMOID, "voilut": None}
LOSSY_JPEG = (".4.50", ".4.51", ".4.53", ".4.55")


def rows_of(path: str) -> list[dict[str, str]]:
    if not (DICOM / path).exists():
        return []
    with (DICOM / path).open(encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


@lru_cache(maxsize=2)
def answer(file: str) -> Mammogram | Refusal:
    (found,) = read_bytes(Path(file).name, (DICOM / file).read_bytes(), lenient=True)
    return found


def mammogram(file: str) -> Mammogram:
    found = answer(file)
    assert isinstance(found, Mammogram), found
    return found


def stored(name: str) -> npt.NDArray[np.int32]:
    return mammogram(f"syntax/{name}.dcm").pixels.astype(np.int32)


def preset_of(picture: Mammogram, row: dict[str, str]) -> Preset:
    family = VoiLut if row["kind"] == "voilut" else Window
    (preset,) = (p for p in picture.presets if isinstance(p, family) and p.number == int(row["index"]))
    function = KINDS[row["kind"]]
    return replace(preset, function=function) if function is not None and isinstance(preset, Window) else preset


def renders() -> list[dict[str, str]]:
    return [row for row in rows_of("oracle/manifest.csv") if row["kind"] in KINDS]


@lru_cache(maxsize=1)
def value_maps() -> Any:
    return np.load(DICOM / "oracle" / "value_maps.npz")


@needs_shared("dicom/oracle")
def test_the_oracle_is_there_to_be_asked() -> None:
    kinds = [row["kind"] for row in renders()]
    assert (kinds.count("window"), kinds.count("voilut")) == (24, 12)
    assert {row["file"] for row in rows_of("oracle/manifest.csv") if row["kind"] == "error"} == {
        "mammograms/headers/mg_hologic_propproj_sc_nopixels.dcm"  # a header alone
    }


@pytest.mark.parametrize("row", renders(), ids=lambda row: str(row["value_map_key"]))
def test_every_rendering_is_within_one_grey_of_dcmtk(row: dict[str, str]) -> None:
    picture = mammogram(row["file"])
    values, expected = (value_maps()[f"{row['value_map_key']}.{part}"] for part in ("stored", "out"))
    assert np.isin(picture.pixels[::16, ::16], values).all()
    every = replace(picture, pixels=values.astype(picture.pixels.dtype).reshape(1, -1))
    grey = render(every, Presentation(preset_of(picture, row)))[0]
    assert np.abs(grey.astype(int) - expected).max() <= 1


@needs_shared("dicom/oracle")
def test_whole_pictures_are_within_one_grey_of_dcmtks_own() -> None:
    compared = 0
    for row in renders():
        kept = DICOM / "oracle" / row["output_png"]
        if row["output_png"] and kept.exists():
            picture = mammogram(row["file"])
            step = 1 if row["png_is"] == "full resolution" else 4
            grey = render(picture, Presentation(preset_of(picture, row)))[::step, ::step]
            expected = cv2.imread(str(kept), cv2.IMREAD_UNCHANGED)
            assert expected is not None
            assert np.abs(grey.astype(int) - expected).max() <= 1, kept.name
            compared += 1
    assert compared >= 7


@pytest.mark.parametrize("row", rows_of("oracle/stored_pixels.csv"), ids=lambda row: Path(row["file"]).stem)
def test_stored_values_are_those_that_others_decode(row: dict[str, str]) -> None:
    pixels = mammogram(row["file"]).pixels
    assert pixels.dtype == np.dtype(row["dtype"])
    assert pixels.shape == (int(row["rows"]), int(row["cols"]))
    little = pixels.astype("<i4").tobytes()
    assert hashlib.sha256(little).hexdigest() == row["sha256_of_stored_values_as_little_endian_int32"]


@needs_shared("dicom/syntax")
def test_every_grey_single_frame_is_decoded_as_others_decode_it() -> None:
    """To the bit but for lossy JPEG; `MANIFEST.csv` holds the start of the SHA-256 of pydicom's pixels."""
    decoded, reasons = 0, set()
    for row in rows_of("syntax/MANIFEST.csv"):
        found = answer(f"syntax/{row['file']}")
        if isinstance(found, Refusal):
            reasons.add(found.code)
            continue
        decoded += 1
        pixels = found.pixels
        assert pixels.shape == (int(row["rows"]), int(row["cols"]))
        if not row["transfer_syntax"].endswith(LOSSY_JPEG):
            big = ">" if ">" in row["pydicom_3.0.2"] else "<"
            written = pixels.astype(pixels.dtype.newbyteorder(big)).tobytes()
            assert hashlib.sha256(written).hexdigest()[:16] in row["pydicom_3.0.2"], row["file"]
    assert decoded >= 66
    assert reasons == {"colour", "several_frames"}


@needs_shared("dicom/syntax")
def test_one_picture_in_several_packings_is_one_picture() -> None:
    """The lossless ones to the bit; of 1024 greys, JPEG 2000 differs by 9 at most, 12-bit JPEG by 48, 2 on average."""
    exact = stored("rg3_mono1_j2kr")
    np.testing.assert_array_equal(stored("rg3_mono1_jlsl"), exact)
    for name, most, mean in (
        ("rg3_mono1_j2ki", 9, 0.8),
        ("rg3_mono1_jply", 48, 2.0),
        ("jlsnear_monochrome1_16-10-u", 4, 1.6),
    ):
        difference = np.abs(stored(name) - exact)
        assert difference.max() <= most, name
        assert difference.mean() <= mean, name


@needs_shared("dicom/syntax")
@pytest.mark.parametrize(
    ("name", "same", "mean"),
    [
        ("rg3_mono1_jply", "rg3_mono1_j2kr", 2.0),
        ("jpgext_monochrome2_16-10-u", "j2k_monochrome2_16-10-u", 2.1),
        ("jpgext_monochrome2_16-12-u", "jlsnear_monochrome2_16-16-s", 2.7),
    ],
)
def test_a_wrong_end_of_spectral_selection_does_not_stop_a_sequential_picture(
    name: str, same: str, mean: float
) -> None:
    """Their scan header says 0, not 63. The same picture in another packing shows that it is read right."""
    picture, other = stored(name), stored(same)
    assert np.abs(picture - other).mean() <= mean
    assert np.corrcoef(picture.ravel(), other.ravel())[0, 1] > 0.93


@needs_shared("dicom/broken")
@pytest.mark.parametrize(("folder", "legal"), [("broken", 127), ("syntax", 118)])
def test_what_others_can_read_is_not_called_broken(folder: str, legal: int) -> None:
    """Files that pydicom or DCMTK read may be refused for what they are, never as damage."""
    seen = 0
    for row in rows_of(f"{folder}/MANIFEST.csv"):
        if row["pydicom_3.0.2"].startswith("ok") or row["dcmtk_3.6.7_dcmj2pnm"].startswith("ok"):
            seen += 1
            (found,) = read_bytes(row["file"], (DICOM / folder / row["file"]).read_bytes())
            if isinstance(found, Refusal):
                assert found.code not in {"damaged", "truncated", "not_an_image", "bad_header", "size_mismatch"}
    assert seen >= legal
