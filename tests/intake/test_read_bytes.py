"""The boundary: whatever the bytes are, an answer comes back and no exception."""

from __future__ import annotations

import csv
import hashlib
import io
import time
import zipfile

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.exam import Mammogram, Refusal, Source
from mammo_core.intake import archive, read_bytes
from mammo_core.intake.dicom import stored_values
from mammo_core.intake.refusals import Refused
from tests.intake.phantoms import dataset, encoded, ramp, saved
from tests.shared import SHARED, needs_shared

DICOM = SHARED / "dicom"
GOOD = {
    "dicom": saved(dataset(ramp(40, 30), WindowCenter=["5", "6"], WindowWidth=["7", "8"], ViewPosition="CC")),
    "png": encoded(".png", ramp(40, 30)),
    "jpeg": encoded(".jpg", ramp(40, 30, "u1", 255)),
    "tiff": encoded(".tiff", ramp(40, 30)),
}


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello, this is no picture" * 10, "not_an_image"),
        (b"\x00\x05\x16\x07" + bytes(200), "apple_double"),
        (bytes(128) + b"DICM", "damaged"),
        (b"PK\x05\x06" + bytes(18), "archive_empty"),
        (b"PK\x03\x04" + bytes(40), "archive_damaged"),
        (zipped(inner=zipped(a=b"1")), "archive_nested"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_own_code(data: bytes, code: str) -> None:
    (refusal,) = read_bytes("a file", data)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.sentence.endswith(".")


def test_an_archive_gives_one_answer_for_every_file_in_it() -> None:
    data = zipped(**{"b/R-CC.png": GOOD["png"], "a.txt": b"no", "__MACOSX/._x": b"", ".hidden": b"x"})
    refusal, mammogram = read_bytes("upload.zip", data)
    assert isinstance(refusal, Refusal)
    assert isinstance(mammogram, Mammogram)
    assert (refusal.name, mammogram.name) == ("upload.zip/a.txt", "upload.zip/b/R-CC.png")


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1000)
    (refusal,) = read_bytes("bomb.zip", zipped(a=bytes(5000)))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "archive_too_large"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.booleans())
def test_wrong_bytes_anywhere_give_an_answer(kind: str, at: int, wrong: bytes, cut: bool) -> None:
    data = bytearray(GOOD[kind])
    at %= len(data)
    data[at : at + len(wrong)] = wrong
    (answer,) = read_bytes("wrong", bytes(data[: at + len(wrong)] if cut else data))
    assert isinstance(answer, (Mammogram, Refusal))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"", bytes(128) + b"DICM", b"\x89PNG\r\n\x1a\n", b"P5 ", b"P2 ", b"BM", b"II*\0"]), st.binary())
def test_any_bytes_give_an_answer(start: bytes, rest: bytes) -> None:
    (answer,) = read_bytes("any", start + rest)
    assert isinstance(answer, (Mammogram, Refusal))


@needs_shared("dicom/broken")
@pytest.mark.parametrize(("folder", "count"), [("broken", 192), ("syntax", 118)])
def test_every_collected_file_has_an_answer_within_seconds(folder: str, count: int) -> None:
    files = [path for path in sorted((DICOM / folder).iterdir()) if path.name != "MANIFEST.csv"]
    assert len(files) >= count
    for path in files:
        start = time.monotonic()
        assert len(read_bytes(path.name, path.read_bytes())) == 1
        assert time.monotonic() - start < 5.0, path.name


@needs_shared("dicom/mammograms")
def test_every_real_mammogram_is_read_with_the_stored_values_that_others_decode() -> None:
    with (DICOM / "oracle" / "stored_pixels.csv").open() as rows:
        for row in csv.DictReader(rows):
            (mammogram,) = read_bytes(row["file"], (DICOM / row["file"]).read_bytes())
            assert isinstance(mammogram, Mammogram)
            little = mammogram.pixels.astype("<i4")
            assert hashlib.sha256(little.tobytes()).hexdigest() == row["sha256_of_stored_values_as_little_endian_int32"]
            assert mammogram.pixels.dtype == np.dtype(row["dtype"])


@needs_shared("dicom/mammograms")
def test_real_mammograms_say_what_they_are() -> None:
    def read(name: str) -> Mammogram:
        (mammogram,) = read_bytes(name, (DICOM / "mammograms" / name).read_bytes())
        assert isinstance(mammogram, Mammogram)
        return mammogram

    scout = read("mg_hologic_dsm_stereoscout_l_mono1_jpegll.dcm")
    assert scout.unscored is not None
    assert (scout.unscored[0], scout.spacing, scout.inverted) == ("scout", None, True)
    film = read("mg_nema_mg1_mlo_l_sc_j2ki.dcm")
    assert (film.source, film.unscored, film.view_code) == (Source.FILM, None, "MLO")
    assert read("mg_cbisddsm_crop_mlo_r_sc_ivrle.dcm").view_code == "MLO"
    assert [preset.name for preset in read("mg_ge_voilut_sigmoid_jpegll.dcm").presets][:3] == [
        "NORMAL",
        "HARDER",
        "SOFTER",
    ]


@needs_shared("dicom/syntax")
def test_every_grey_single_frame_is_decoded_as_others_decode_it() -> None:
    """Lossless syntaxes to the bit; `MANIFEST.csv` holds the start of the SHA-256 of pydicom's pixels."""
    lossy = (".4.50", ".4.51", ".4.53", ".4.55")
    decoded, reasons = 0, set()
    with (DICOM / "syntax" / "MANIFEST.csv").open() as rows:
        for row in csv.DictReader(rows):
            dataset = pydicom.dcmread(DICOM / "syntax" / row["file"])
            try:
                pixels, _ = stored_values(dataset, dataset.file_meta.TransferSyntaxUID)
            except Refused as error:
                reasons.add(error.code)
                continue
            decoded += 1
            assert pixels.shape == (int(row["rows"]), int(row["cols"]))
            if not row["transfer_syntax"].endswith(lossy):
                big = ">" if ">" in row["pydicom_3.0.2"] else "<"
                stored = pixels.astype(pixels.dtype.newbyteorder(big)).tobytes()
                assert hashlib.sha256(stored).hexdigest()[:16] in row["pydicom_3.0.2"], row["file"]
    assert decoded >= 60
    assert reasons == {"colour", "several_frames"}
