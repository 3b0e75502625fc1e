"""What a DICOM file says of its picture, and what is believed of it."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from mammo_core.exam import Laterality, Mammogram, Refusal, Source, View, VoiFunction, VoiLut, Window
from mammo_core.intake import read_bytes
from tests.intake.phantoms import code, dataset, ramp, saved


def read(made: Dataset, **saving: Any) -> Mammogram:
    (mammogram,) = read_bytes("picture", saved(made, **saving))
    assert isinstance(mammogram, Mammogram), mammogram
    return mammogram


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


@pytest.mark.parametrize(
    ("syntax", "pack"),
    [
        (JPEGLosslessSV1, lambda p: imagecodecs.ljpeg_encode(p)),
        (JPEGLSLossless, lambda p: imagecodecs.jpegls_encode(p)),
        (JPEG2000Lossless, lambda p: imagecodecs.jpeg2k_encode(p, level=0, reversible=True, codecformat="J2K")),
    ],
)
def test_packed_pictures_come_back_exactly_and_cut_ones_are_refused(syntax: str, pack: Any) -> None:
    pixels = ramp()
    frame = pack(pixels)
    made = dataset(pixels, PixelData=encapsulate([frame]))
    made["PixelData"].is_undefined_length = True
    np.testing.assert_array_equal(read(made, syntax=syntax).pixels, pixels)
    cut = dataset(pixels, PixelData=encapsulate([frame[: len(frame) // 2]]))
    cut["PixelData"].is_undefined_length = True
    assert refused(cut, syntax=syntax).code == "truncated"


def test_a_packed_picture_of_another_size_is_refused_before_it_is_unpacked() -> None:
    made = dataset(ramp(), PixelData=encapsulate([imagecodecs.jpegls_encode(ramp(300, 300))]))
    made["PixelData"].is_undefined_length = True
    assert refused(made, syntax=JPEGLSLossless).code == "size_mismatch"


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
        WindowCenter=["100", "200", "300"],
        WindowWidth=["50", "0", "60"],
        WindowCenterWidthExplanation=["NORMAL", "BROKEN", "SOFTER"],
        VOILUTFunction="SIGMOID",
    )
    assert read(made).presets == (
        Window("NORMAL", 100.0, 50.0, VoiFunction.SIGMOID),
        Window("SOFTER", 300.0, 60.0, VoiFunction.SIGMOID),
    )


def test_luts_are_read_with_their_explanation() -> None:
    lut = Dataset()
    lut.LUTDescriptor = [4, 10, 12]
    lut.LUTExplanation = "HARDER"
    lut.LUTData = [0, 1000, 3000, 4095]
    lut["LUTData"].VR = "US"
    made = dataset(ramp(), VOILUTSequence=[lut], ModalityLUTSequence=[lut])
    mammogram = read(made)
    (preset,) = mammogram.presets
    assert isinstance(preset, VoiLut)
    assert (preset.name, preset.first, preset.bits, preset.values.tolist()) == ("HARDER", 10, 12, [0, 1000, 3000, 4095])
    assert mammogram.modality_lut is not None


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


@pytest.mark.parametrize(
    ("attributes", "laterality", "view", "view_code"),
    [
        ({"ImageLaterality": "L", "ViewPosition": "CC"}, Laterality.LEFT, View.CC, "CC"),
        ({"Laterality": "R", "ViewCodeSequence": [code("399368009")]}, Laterality.RIGHT, View.MLO, "MLO"),
        ({"ViewCodeSequence": [code("R-10242")]}, None, View.CC, "CC"),
        ({"ViewCodeSequence": [code("399260004")]}, None, None, "ML"),
        ({"ViewPosition": "XCCL"}, None, None, "XCCL"),
        ({"PatientOrientation": ["A", "R"]}, Laterality.LEFT, None, ""),
        ({"PatientOrientation": ["P", "FL"]}, Laterality.RIGHT, None, ""),
        ({"PatientOrientation": ["R", "P"]}, None, None, ""),
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
    ],
)
def test_other_images_are_refused_by_name(attributes: dict[str, Any], sentence: str) -> None:
    assert refused(dataset(ramp(), **attributes)).sentence == sentence


@pytest.mark.parametrize(
    ("attributes", "source"),
    [
        ({}, Source.DIGITAL),
        ({"Modality": None}, Source.DIGITAL),
        ({"Modality": None, "SOPClassUID": SecondaryCaptureImageStorage}, Source.UNKNOWN),
        ({"Modality": "RG", "SOPClassUID": SecondaryCaptureImageStorage, "BodyPartExamined": "BREAST"}, Source.FILM),
        ({"Modality": "CR", "SOPClassUID": SecondaryCaptureImageStorage, "ViewPosition": "MLO"}, Source.UNKNOWN),
    ],
)
def test_what_speaks_of_a_breast_is_read(attributes: dict[str, Any], source: Source) -> None:
    assert read(dataset(ramp(), **attributes)).source is source


def test_stacks_colour_and_empty_headers_are_refused() -> None:
    assert refused(dataset(ramp(), NumberOfFrames=2)).code == "several_frames"
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
