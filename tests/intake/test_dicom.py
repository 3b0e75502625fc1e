"""What a DICOM file says of its picture, and what is believed of it."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    BreastTomosynthesisImageStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from mammo_core.exam import Laterality, Mammogram, Refusal, Source, View, VoiFunction, VoiLut, Window
from mammo_core.intake import read_bytes
from mammo_core.intake.codecs import frame_header
from tests.intake.phantoms import code, dataset, ramp, saved
from tests.preprocessing.phantoms import breast

CR, DX = ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

PACKED = {
    JPEGLossless: lambda p: imagecodecs.ljpeg_encode(p),
    JPEGLosslessSV1: lambda p: imagecodecs.ljpeg_encode(p),
    JPEGLSLossless: lambda p: imagecodecs.jpegls_encode(p),
    JPEG2000Lossless: lambda p: imagecodecs.jpeg2k_encode(p, level=0, reversible=True, codecformat="J2K"),
    HTJ2KLossless: lambda p: imagecodecs.htj2k_encode(p, reversible=True),
    HTJ2KLosslessRPCL: lambda p: imagecodecs.htj2k_encode(p, reversible=True),
    HTJ2K: lambda p: imagecodecs.htj2k_encode(p, reversible=True),
}


def read(made: Dataset, name: str = "picture", lenient: bool = False, **saving: Any) -> Mammogram:
    (mammogram,) = read_bytes(name, saved(made, **saving), lenient=lenient)
    assert isinstance(mammogram, Mammogram), mammogram
    return mammogram


def packed(pixels: npt.NDArray[Any], frame: bytes, **attributes: Any) -> Dataset:
    made = dataset(pixels, PixelData=encapsulate([frame]), **attributes)
    made["PixelData"].is_undefined_length = True
    return made


def refused(made: Dataset, **saving: Any) -> Refusal:
    (refusal,) = read_bytes("picture", saved(made, **saving))
    assert isinstance(refusal, Refusal), refusal
    return refusal


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2"])
def test_stored_values_keep_their_type_and_are_read_only(dtype: str) -> None:
    pixels = ramp(dtype=dtype, top=120)
    mammogram = read(dataset(pixels, RescaleSlope="2", RescaleIntercept="-7"))
    assert mammogram.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(mammogram.pixels, pixels)
    assert not mammogram.pixels.flags.writeable
    assert (mammogram.slope, mammogram.intercept) == (2.0, -7.0)


def test_bits_outside_the_stored_ones_are_not_part_of_a_value() -> None:
    pixels = ramp(top=4095)
    dirty = dataset(pixels | 0xF000, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(read(dirty).pixels, pixels)
    high = dataset(pixels << 4 | 0xF, BitsStored=12, HighBit=15)
    np.testing.assert_array_equal(read(high).pixels, pixels)


def test_signed_values_of_twelve_bits_are_sign_extended() -> None:
    pixels = (ramp(top=4095).astype("i4") - 2048).astype("i2")
    mammogram = read(dataset(pixels & 0x0FFF, BitsStored=12, HighBit=11))
    np.testing.assert_array_equal(mammogram.pixels, pixels)


def test_big_endian_and_deflated_files_hold_the_same_picture() -> None:
    pixels = ramp()
    swapped = dataset(pixels)
    swapped.PixelData = pixels.astype(">u2").tobytes()
    big = read(swapped, syntax=ExplicitVRBigEndian)
    deflated = read(dataset(pixels), syntax=DeflatedExplicitVRLittleEndian)
    np.testing.assert_array_equal(big.pixels, pixels)
    assert big.image_id == deflated.image_id == read(dataset(pixels)).image_id


@pytest.mark.parametrize("syntax", PACKED)
def test_packed_pictures_come_back_exactly_and_cut_ones_are_refused(syntax: str) -> None:
    pixels = ramp()
    frame = PACKED[syntax](pixels)
    np.testing.assert_array_equal(read(packed(pixels, frame), syntax=syntax).pixels, pixels)
    assert refused(packed(pixels, frame[: len(frame) // 2]), syntax=syntax).code == "truncated"


def test_pictures_may_be_wrapped_without_being_packed() -> None:
    pixels = ramp()
    wrapped = packed(pixels, pixels.tobytes())
    np.testing.assert_array_equal(read(wrapped, syntax="1.2.840.10008.1.2.1.98").pixels, pixels)
    assert refused(packed(pixels, pixels.tobytes()[:-9]), syntax="1.2.840.10008.1.2.1.98").code == "truncated"


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(list(PACKED)), st.integers(8, 16), st.booleans(), st.integers(0, 2**32 - 1))
def test_every_depth_and_sign_comes_back_exactly_from_every_packing(
    syntax: str, bits: int, signed: bool, seed: int
) -> None:
    """Packers that know no sign are given the bits of the stored values, as DICOM has it (PS3.5 8.1.1)."""
    low = -(1 << bits - 1) if signed else 0
    dtype = np.dtype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")
    pixels = np.random.default_rng(seed).integers(low, low + (1 << bits), (17, 23)).astype(dtype)
    pixels[0, :2] = low, low + (1 << bits) - 1
    knows_signs = "J2K" in syntax.keyword or "2000" in syntax.keyword
    frame = PACKED[syntax](pixels if knows_signs else pixels.view(f"u{dtype.itemsize}"))
    made = packed(pixels, frame, BitsStored=bits, HighBit=bits - 1)
    again = read(made, syntax=syntax, lenient=True)
    assert again.pixels.dtype == dtype
    np.testing.assert_array_equal(again.pixels, pixels)


def test_high_throughput_jpeg2000_may_be_lossy() -> None:
    """Its syntax .203, of which there is no grey file: within 10 of 4096 at this quality."""
    pixels = ramp()
    frame = imagecodecs.htj2k_encode(pixels, level=1 / 4096, reversible=False)
    header = frame_header(frame)
    assert header is not None
    assert header.kind == "htj2k"
    again = read(packed(pixels, frame), syntax=HTJ2K).pixels
    difference = np.abs(again.astype(int) - pixels)
    assert 0 < difference.max() <= 10


def test_a_packed_picture_of_another_size_is_refused_before_it_is_unpacked() -> None:
    for syntax, pack in PACKED.items():
        assert refused(packed(ramp(), pack(ramp(300, 300))), syntax=syntax).code == "size_mismatch"


def test_run_length_packed_pictures_come_back_exactly() -> None:
    pixels = ramp()
    made = dataset(pixels)
    saved(made)
    made.compress(RLELossless, generate_instance_uid=False)
    np.testing.assert_array_equal(read(made, syntax=RLELossless).pixels, pixels)


def test_an_absurd_size_takes_no_memory() -> None:
    assert refused(dataset(ramp(), Rows=65535, Columns=65535)).code == "too_large"
    assert refused(dataset(ramp(), Rows=9000, Columns=9000)).code == "truncated"


@pytest.mark.parametrize("shape", ["IDENTITY", "INVERSE", None])
def test_monochrome1_is_inverted_once(shape: str | None) -> None:
    made = dataset(ramp(), PhotometricInterpretation="MONOCHROME1")
    if shape:
        made.PresentationLUTShape = shape
    assert read(made).inverted


def test_monochrome2_is_inverted_by_its_presentation_shape_only() -> None:
    assert read(dataset(ramp(), PresentationLUTShape="INVERSE")).inverted
    assert not read(dataset(ramp(), PresentationLUTShape="IDENTITY")).inverted


def test_windows_have_their_names_and_function_and_nonsense_is_left_out() -> None:
    made = dataset(
        ramp(),
        WindowCenter=["100", "200", "300", "400"],
        WindowWidth=["50", "0", "60", "70"],
        WindowCenterWidthExplanation=["NORMAL", "BROKEN", "SOFTER"],
        VOILUTFunction="SIGMOID",
    )
    assert read(made).presets == (
        Window("NORMAL", 100.0, 50.0, VoiFunction.SIGMOID, 1),
        Window("SOFTER", 300.0, 60.0, VoiFunction.SIGMOID, 3),
        Window("", 400.0, 70.0, VoiFunction.SIGMOID, 4),
    )


@pytest.mark.parametrize(
    ("spoken", "function", "narrowest"),
    [
        (None, VoiFunction.LINEAR, 1.0),
        ("LINEAR", VoiFunction.LINEAR, 1.0),
        ("LINEAR_EXACT", VoiFunction.LINEAR_EXACT, 0.5),
        ("SIGMOID", VoiFunction.SIGMOID, 0.5),
        ("CUBIC", VoiFunction.LINEAR, 1.0),
    ],
)
def test_a_window_has_the_function_that_the_file_says(
    spoken: str | None, function: VoiFunction, narrowest: float
) -> None:
    made = dataset(ramp(), WindowCenter=["7", "7"], WindowWidth=[str(narrowest), str(narrowest * 0.9)])
    if spoken:
        made.VOILUTFunction = spoken
    found = [preset for preset in read(made).presets if isinstance(preset, Window)]
    assert found[0] == Window("", 7.0, narrowest, function, 1)
    assert len(found) == (1 if function is VoiFunction.LINEAR else 2)


def table(values: Any, first: int = 10, bits: int = 12, vr: str = "US", **attributes: Any) -> Dataset:
    lut = Dataset()
    lut.LUTDescriptor = [256 if isinstance(values, bytes) else len(values), first, bits]
    lut["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    lut.LUTData = values
    lut["LUTData"].VR = vr
    for keyword, value in attributes.items():
        setattr(lut, keyword, value)
    return lut


def test_luts_are_read_with_their_explanation_and_number() -> None:
    good = table([0, 1000, 3000, 4095], LUTExplanation="HARDER")
    short = table([0, 1000])
    short.LUTDescriptor = [4, 0, 12]
    made = dataset(ramp(), VOILUTSequence=[short, good], ModalityLUTSequence=[good])
    mammogram = read(made)
    (preset,) = mammogram.presets
    assert isinstance(preset, VoiLut)
    assert (preset.name, preset.number, preset.first, preset.bits) == ("HARDER", 2, 10, 12)
    assert preset.values.tolist() == [0, 1000, 3000, 4095]
    assert mammogram.modality_lut is not None
    assert mammogram.modality_lut.values.tolist() == [0, 1000, 3000, 4095]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_luts_are_read_in_the_byte_order_of_the_file(syntax: str) -> None:
    values = np.arange(256) * 255
    order = ">u2" if syntax == ExplicitVRBigEndian else "<u2"
    made = dataset(ramp(), VOILUTSequence=[table(values.astype(order).tobytes(), bits=16, vr="OW")])
    (preset,) = read(made, syntax=syntax).presets
    assert isinstance(preset, VoiLut)
    assert preset.values.tolist() == values.tolist()
    packed_by_two = np.arange(256, dtype="u1").view("<u2").astype(order).tobytes()
    made = dataset(ramp(), VOILUTSequence=[table(packed_by_two, bits=8, vr="OW")])
    (preset,) = read(made, syntax=syntax).presets
    assert isinstance(preset, VoiLut)
    assert preset.values.tolist() == list(range(256))


def test_the_first_input_of_a_lut_may_be_negative_however_it_is_written() -> None:
    for first in (-100, 65436):
        made = dataset(ramp(dtype="i2"), VOILUTSequence=[table([0, 1, 2], first=first)])
        (preset,) = read(made).presets
        assert isinstance(preset, VoiLut)
        assert preset.first == -100


def test_padding_is_believed_at_the_dark_end_or_at_the_border_only() -> None:
    pixels = ramp() + 50
    pixels[:, :30] = 0
    assert read(dataset(pixels, PixelPaddingValue=0, PixelPaddingRangeLimit=30)).padding == (0, 30)
    assert read(dataset(pixels, PixelPaddingValue=0, PixelPaddingRangeLimit=3000)).padding is None
    bright = ramp() // 2
    bright[60:80, 60:80] = 4095
    assert read(dataset(bright, PixelPaddingValue=4095)).padding is None
    bright[:] = ramp() // 2
    bright[:, :30] = 4095
    assert read(dataset(bright, PixelPaddingValue=4095)).padding == (4095, 4095)


@pytest.mark.parametrize(
    ("magnification", "spacing"), [("1", 0.1), ("1.25", 0.08), ("0.1026", None), ("9", None), (None, None)]
)
def test_spacing_is_given_at_the_breast_or_not_at_all(magnification: str | None, spacing: float | None) -> None:
    made = dataset(ramp(), ImagerPixelSpacing=["0.1", "0.1"], PixelSpacing=["0.9", "0.9"])
    if magnification:
        made.EstimatedRadiographicMagnificationFactor = magnification
    assert read(made).spacing == (None if spacing is None else pytest.approx((spacing, spacing)))


def turned(region: str, side: str) -> Dataset:
    item = code(region)
    item.AnatomicRegionModifierSequence = [code(side)]
    return item


@pytest.mark.parametrize("scheme", ["SCT", "SRT", "SNM3", "99SDM"])
@pytest.mark.parametrize(
    ("new", "old", "view_code"),
    [
        ("399162004", "R-10242", "CC"),
        ("399368009", "R-10226", "MLO"),
        ("399260004", "R-10224", "ML"),
        ("399352003", "R-10228", "LM"),
        ("399099002", "R-10230", "LMO"),
        ("399196006", "R-10244", "FB"),
        ("399188001", "R-102D0", "SIO"),
        ("441555000", "R-40AAA", "ISO"),
        ("399192008", "R-1024A", "XCCL"),
        ("399101009", "R-1024B", "XCCM"),
    ],
)
def test_views_are_known_by_every_generation_of_codes(scheme: str, new: str, old: str, view_code: str) -> None:
    """PS3.16 CID 4014."""
    item = code(new if scheme == "SCT" else old)
    item.CodingSchemeDesignator = scheme
    assert read(dataset(ramp(), ViewCodeSequence=[item])).view_code == view_code


@pytest.mark.parametrize(
    ("attributes", "laterality", "view", "view_code"),
    [
        ({"ImageLaterality": "L", "ViewPosition": "CC"}, Laterality.LEFT, View.CC, "CC"),
        ({"Laterality": "R", "ViewCodeSequence": [code("399368009")]}, Laterality.RIGHT, View.MLO, "MLO"),
        ({"ViewCodeSequence": [code("R-10242")]}, None, View.CC, "CC"),
        ({"ViewCodeSequence": [code("399260004")]}, None, None, "ML"),
        ({"ViewPosition": "XCCL"}, None, None, "XCCL"),
        ({"ImageLaterality": "R", "ViewPosition": "RMLO"}, Laterality.RIGHT, View.MLO, "MLO"),
        ({"Laterality": "right", "ViewPosition": "UNKNOWN"}, Laterality.RIGHT, None, ""),
        ({"AnatomicRegionSequence": [code("80248007")]}, Laterality.LEFT, None, ""),
        ({"AnatomicRegionSequence": [code("T-04020")]}, Laterality.RIGHT, None, ""),
        ({"AnatomicRegionSequence": [turned("T-04000", "G-A101")]}, Laterality.LEFT, None, ""),
        ({"PatientOrientation": ["A", "R"]}, Laterality.LEFT, View.CC, "CC"),
        ({"PatientOrientation": ["P", "FL"]}, Laterality.RIGHT, View.MLO, "MLO"),
        ({"PatientOrientation": ["A", "F"]}, Laterality.LEFT, None, ""),
        ({"PatientOrientation": ["A", "L"]}, None, None, ""),
        ({"PatientOrientation": ["R", "P"]}, None, None, ""),
        ({"PatientOrientation": ["P", "L"], "ViewPosition": "XCCL"}, Laterality.RIGHT, None, "XCCL"),
        ({"PatientOrientation": "MLO", "Laterality": "R"}, Laterality.RIGHT, View.MLO, "MLO"),
        ({"ImageLaterality": "B"}, None, None, ""),
    ],
)
def test_side_and_view_come_from_wherever_the_file_says_them(
    attributes: dict[str, Any], laterality: Laterality | None, view: View | None, view_code: str
) -> None:
    mammogram = read(dataset(ramp(), **attributes))
    assert (mammogram.laterality, mammogram.view, mammogram.view_code) == (laterality, view, view_code)


@pytest.mark.parametrize(
    ("name", "attributes", "found"),
    [
        ("P_00001_LEFT_MLO.dcm", {}, (Laterality.LEFT, View.MLO)),
        ("a.zip!b/0_R-CC.dcm", {}, (Laterality.RIGHT, View.CC)),
        ("3cc9.dcm", {}, (None, None)),
        ("R-CC.dcm", {"ViewPosition": "MLO"}, (Laterality.RIGHT, View.MLO)),
        ("R-CC.dcm", {"PatientOrientation": ["A", "FR"]}, (Laterality.LEFT, View.MLO)),
        ("R-CC.dcm", {"ImageLaterality": "B"}, (None, View.CC)),
        ("R-CC.dcm", {"ViewPosition": "XCCL"}, (Laterality.RIGHT, None)),
    ],
)
def test_the_name_speaks_where_the_file_does_not(name: str, attributes: dict[str, Any], found: Any) -> None:
    mammogram = read(dataset(ramp(), **attributes), name)
    assert (mammogram.laterality, mammogram.view) == found


@pytest.mark.parametrize(
    ("name", "attributes", "remarks"),
    [
        ("L_CC", {"ImageLaterality": "L", "ViewPosition": "CC"}, ()),
        (
            "R_CC",
            {"ImageLaterality": "L", "ViewPosition": "CC"},
            ("The file says two sides: L by Image Laterality, but R by its name. The first is used.",),
        ),
        (
            "x",
            {"ImageLaterality": "L", "PatientOrientation": ["P", "FL"], "ViewPosition": "MLO"},
            ("The file says two sides: L by Image Laterality, but R by Patient Orientation. The first is used.",),
        ),
        ("x", {"ImageLaterality": "L", "PatientOrientation": ["P", "L"]}, ()),  # as if turned upside down
        (
            "x",
            {"ViewCodeSequence": [code("399162004")], "ViewPosition": "MLO"},
            ("The file says two views: CC by View Code Sequence, but MLO by View Position. The first is used.",),
        ),
        ("R_CC", {"ViewPosition": "XCCL"}, ()),
    ],
)
def test_contradictions_are_said_and_the_first_word_counts(
    name: str, attributes: dict[str, Any], remarks: tuple[str, ...]
) -> None:
    assert read(dataset(ramp(), **attributes), name).remarks == remarks


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"BreastImplantPresent": "YES"}, "implant"),
        ({"ViewCodeSequence": [code("399162004", ("399163009",))]}, "magnification"),
        ({"EstimatedRadiographicMagnificationFactor": "1.8"}, "magnification"),
        ({"ViewCodeSequence": [code("399162004", ("399055006",))]}, "spot"),
        ({"ViewCodeSequence": [code("127457009")]}, "specimen"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "STEREO_SCOUT"]}, "scout"),
        ({"SeriesDescription": "cropped images"}, "cropped"),
    ],
)
def test_pictures_that_no_network_was_made_for_are_shown_and_not_scored(
    attributes: dict[str, Any], reason: str
) -> None:
    mammogram = read(dataset(ramp(), **attributes))
    assert mammogram.unscored is not None
    assert mammogram.unscored[0] == reason


def test_an_ordinary_view_is_scored() -> None:
    made = dataset(
        ramp(), BreastImplantPresent="NO", ViewPosition="CC", EstimatedRadiographicMagnificationFactor="1.07"
    )
    assert read(made).unscored is None


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"Modality": "CT", "SOPClassUID": CTImageStorage}, "Not a mammogram: this is a CT image."),
        ({"Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "Not a mammogram: this is an MR image."),
        (
            {"Modality": "OT", "SOPClassUID": SecondaryCaptureImageStorage},
            "Not a mammogram: this is a picture of another kind.",
        ),
        (
            {"Modality": "CR", "SOPClassUID": CR, "ViewPosition": "ML", "BodyPartExamined": "ANKLE"},
            "Not a mammogram: this is a radiograph of another part of the body.",
        ),
        (
            {"Modality": "DX", "SOPClassUID": DX, "ViewPosition": "RL", "BodyPartExamined": "CHEST"},
            "Not a mammogram: this is a radiograph of another part of the body.",
        ),
    ],
)
def test_other_images_are_refused_by_name(attributes: dict[str, Any], sentence: str) -> None:
    assert refused(dataset(ramp(), **attributes)).sentence == sentence


@pytest.mark.parametrize(
    ("attributes", "source"),
    [
        ({}, Source.DIGITAL),
        ({"Modality": None}, Source.DIGITAL),
        ({"Modality": "RG", "SOPClassUID": SecondaryCaptureImageStorage, "BodyPartExamined": "BREAST"}, Source.FILM),
        ({"Modality": "CR", "SOPClassUID": SecondaryCaptureImageStorage, "ViewPosition": "MLO"}, Source.UNKNOWN),
        ({"Modality": "CR", "SOPClassUID": CR, "ViewCodeSequence": [code("R-10226")]}, Source.UNKNOWN),
        ({"Modality": "DX", "SOPClassUID": DX, "AnatomicRegionSequence": [code("T-04000")]}, Source.UNKNOWN),
        ({"Modality": "DX", "SOPClassUID": DX, "SeriesDescription": "Mammogram"}, Source.UNKNOWN),
        ({"Modality": None, "SOPClassUID": DX, "BodyPartExamined": "BREAST"}, Source.UNKNOWN),
    ],
)
def test_what_speaks_of_a_breast_is_read(attributes: dict[str, Any], source: Source) -> None:
    assert read(dataset(ramp(), **attributes)).source is source


SILENT = [
    {"Modality": None, "SOPClassUID": SecondaryCaptureImageStorage},
    {"Modality": "RG", "SOPClassUID": SecondaryCaptureImageStorage},
    {"Modality": "CR", "SOPClassUID": CR},
    {"Modality": None, "SOPClassUID": DX},
]


@pytest.mark.parametrize("attributes", SILENT)
def test_where_the_tags_are_silent_the_pixels_say_whether_it_is_a_breast(attributes: dict[str, Any]) -> None:
    grey = breast()[0].astype("u2")
    assert read(dataset(grey, **attributes)).pixels.shape == grey.shape
    negative = dataset(grey.max() - grey, PhotometricInterpretation="MONOCHROME1", **attributes)
    assert read(negative).inverted
    assert refused(dataset(ramp(), **attributes)).code == "not_mammogram"
    assert refused(dataset(grey, BodyPartExamined="HAND", **attributes)).code == "not_mammogram"


RAW = DigitalMammographyXRayImageStorageForProcessing


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, "for_processing"),
        ({"SOPClassUID": RAW}, "for_processing"),
        ({"Modality": "CT", "SOPClassUID": CTImageStorage}, "not_mammogram"),
        ({"SOPClassUID": BreastTomosynthesisImageStorage}, "tomosynthesis"),
        ({"Rows": 255}, "too_small"),
    ],
)
def test_what_is_no_mammogram_for_reading_is_refused_but_may_be_shown(attributes: dict[str, Any], reason: str) -> None:
    made = dataset(ramp(), **attributes)
    assert refused(made).code == reason
    assert read(made, lenient=True).pixels.shape == (made.Rows, 260)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_file_without_preamble_or_meta_information_is_read(implicit: bool) -> None:
    pixels = ramp()
    whole = saved(dataset(pixels), syntax=ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian)
    without_preamble = whole[132:]
    bare = whole[132 + 12 + int.from_bytes(whole[140:144], "little") :]
    for data in (without_preamble, bare):
        (mammogram,) = read_bytes("picture", data)
        assert isinstance(mammogram, Mammogram), mammogram
        np.testing.assert_array_equal(mammogram.pixels, pixels)


CUT = {
    ExplicitVRLittleEndian: saved(dataset(ramp())),
    DeflatedExplicitVRLittleEndian: saved(dataset(ramp()), DeflatedExplicitVRLittleEndian),
    JPEGLSLossless: saved(packed(ramp(), PACKED[JPEGLSLossless](ramp())), JPEGLSLossless),
    HTJ2KLossless: saved(packed(ramp(), PACKED[HTJ2KLossless](ramp())), HTJ2KLossless),
}


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(list(CUT)), st.floats(0.0, 1.0))
def test_a_file_that_is_cut_in_its_pixels_is_called_truncated(syntax: str, share: float) -> None:
    whole = CUT[syntax]
    header = whole.find(b"\xe0\x7f\x10\x00") + 12 if syntax != DeflatedExplicitVRLittleEndian else 400
    at = round(header + share * (len(whole) - 12 - header))
    (answer,) = read_bytes("cut", whole[:at])
    assert isinstance(answer, Refusal)
    assert answer.code == "truncated"


def test_what_is_wrong_behind_the_pixels_is_harmless() -> None:
    endless = b"\x09\x00\x01\x00UN\0\0\xff\xff\xff\xff"
    (answer,) = read_bytes("endless", saved(dataset(ramp())) + endless)
    assert isinstance(answer, Mammogram)


def test_a_wrong_element_before_the_transfer_syntax_does_not_hide_it() -> None:
    whole = bytearray(CUT[JPEGLSLossless])
    at = whole.find(b"\x02\x00\x02\x00UI")
    whole[at + 2 : at + 6] = b"\xff\xff\xff\xff"
    (answer,) = read_bytes("wrong", bytes(whole))
    assert isinstance(answer, Mammogram), answer


def test_stacks_colour_and_empty_headers_are_refused() -> None:
    assert refused(dataset(ramp(), NumberOfFrames=2)).code == "several_frames"
    stack = dataset(ramp(), NumberOfFrames=2, ImageType=["DERIVED", "PRIMARY", "TOMOSYNTHESIS"])
    assert refused(stack).code == "tomosynthesis"
    assert refused(dataset(ramp(), PhotometricInterpretation="RGB", SamplesPerPixel=3)).code == "colour"
    assert refused(dataset(ramp(), SOPClassUID=BreastTomosynthesisImageStorage)).code == "tomosynthesis"
    assert refused(dataset(ramp(), Rows=None)).code == "bad_header"
    assert refused(dataset(ramp(), PixelData=None)).code == "no_pixels"
    assert refused(dataset(ramp()), syntax="1.2.3.4.5").code == "unknown_syntax"


@pytest.mark.parametrize(
    ("spoken", "age"), [("061Y", 61), ("732.0m", 61), ("541M", 45), ("000Y", None), ("001D", None), ("old", None)]
)
def test_age_is_read_in_whole_years(spoken: str, age: int | None) -> None:
    assert read(dataset(ramp(), PatientAge=spoken)).age == age


def test_the_patient_is_an_id_and_never_a_name() -> None:
    mammogram = read(dataset(ramp(), StudyDate="20240102", AccessionNumber="A7"))
    assert (mammogram.patient, mammogram.study_date, mammogram.accession) == ("Anon-1", "2024-01-02", "A7")
    assert "Never" not in repr(mammogram)
    assert read(dataset(ramp(), StudyDate="00000000")).study_date == ""
