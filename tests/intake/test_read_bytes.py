"""The boundary: whatever the bytes are, an answer comes back and no exception."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.exam import Mammogram, Refusal, Source
from mammo_core.intake import read_bytes
from tests.intake.phantoms import dataset, encoded, ramp, saved
from tests.shared import SHARED, needs_shared

DICOM = SHARED / "dicom"
GOOD = {
    "dicom": saved(dataset(ramp(40, 30), WindowCenter=["5", "6"], WindowWidth=["7", "8"], ViewPosition="CC")),
    "png": encoded(".png", ramp(40, 30)),
    "jpeg": encoded(".jpg", ramp(40, 30, "u1", 255)),
    "tiff": encoded(".tiff", ramp(40, 30)),
}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello, this is no picture" * 10, "not_an_image"),
        (b"\x00\x05\x16\x07" + bytes(200), "apple_double"),
        (bytes(128) + b"DICM", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_own_code(data: bytes, code: str) -> None:
    (refusal,) = read_bytes("a file", data)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.sentence.endswith(".")


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
