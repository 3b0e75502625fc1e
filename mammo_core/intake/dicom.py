"""A DICOM file to a `Mammogram`: stored pixels, and the attributes that give them meaning.

Values are checked before they are believed. It refuses what is not one grey picture of a breast, ready for
presentation, and names why; it applies no rescale, window or colour conversion.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    UID,
    BreastTomosynthesisImageStorage,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    SecondaryCaptureImageStorage,
)

from mammo_core.exam import Mammogram, Source, View
from mammo_core.intake.attributes import number, pair, several, text
from mammo_core.intake.identity import image_id
from mammo_core.intake.looks import looks_like_a_breast
from mammo_core.intake.pixels import padding, photometric, stored_values
from mammo_core.intake.presets import luts, presets
from mammo_core.intake.refusals import MAX_BYTES, MODALITIES, SMALL_SIDE, Refused, unscored
from mammo_core.intake.views import modifiers, projection, speaks_of_a_body_part, speaks_of_a_breast
from mammo_core.presentation import bright_is_dense

_MAMMOGRAPHY = (DigitalMammographyXRayImageStorageForPresentation, DigitalMammographyXRayImageStorageForProcessing)
_RADIOGRAPHS = ("CR", "DX", "RG", "OT", "SC", "HC")
_ANY_RADIOGRAPH = (
    "",
    SecondaryCaptureImageStorage,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
)

_PIXEL_DATA = Tag("PixelData")
_UNDEFINED_LENGTH = 0xFFFFFFFF
_SYNTAX = b"\x02\x00\x10\x00UI"

_CHUNK = 1 << 16
_PLAUSIBLE_MAGNIFICATION = (1.0, 2.5)
_PLAUSIBLE_SPACING = (0.005, 2.0)


def is_dicom(data: bytes) -> bool:
    """Whether the bytes are DICOM: a preamble, or the first elements of a file without one."""
    if data[128:132] == b"DICM":
        return True
    groups = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
    if data[:2] not in groups or len(data) < 16:
        return False
    explicit = data[4:6].isalpha() and data[4:6].isupper()
    return explicit or int.from_bytes(data[4:8], "little") < 1024


def read_dicom(name: str, data: bytes, *, lenient: bool = False) -> Mammogram:
    """The one grey picture in a DICOM file, which came under `name`.

    `lenient` reads it even where it is no mammogram for reading: raw, small, or of something else.
    Raises Refused, or what pydicom raises on damage.
    """
    dataset, syntax = _parsed(data)
    _refuse_what_is_no_picture(dataset)
    is_mammogram = True if lenient else _is_mammogram_by_its_tags(dataset)
    pixels, bits_stored = stored_values(dataset, syntax)
    if not lenient and min(pixels.shape) < SMALL_SIDE:
        raise Refused("too_small")
    inverted = _inverted(dataset)
    shown = projection(dataset, name)
    big_endian = syntax == ExplicitVRBigEndian
    mammogram = Mammogram(
        image_id=image_id(pixels),
        name=name,
        pixels=pixels,
        inverted=inverted,
        slope=number(dataset, "RescaleSlope") or 1.0,
        intercept=number(dataset, "RescaleIntercept") or 0.0,
        modality_lut=next(luts(dataset, "ModalityLUTSequence", big_endian), None),
        bits_stored=bits_stored,
        padding=padding(dataset, pixels, inverted),
        presets=presets(dataset, big_endian),
        spacing=_spacing(dataset),
        laterality=shown.laterality,
        view=View(shown.view_code) if shown.view_code in tuple(View) else None,
        view_code=shown.view_code,
        unscored=_unscored(dataset, shown.view_code),
        remarks=shown.remarks,
        source=_source(dataset),
        patient=text(dataset, "PatientID"),
        study_uid=text(dataset, "StudyInstanceUID"),
        study_date=_date(text(dataset, "StudyDate")),
        accession=text(dataset, "AccessionNumber"),
        age=_age(text(dataset, "PatientAge")),
    )
    if is_mammogram is None and not looks_like_a_breast(bright_is_dense(mammogram)):
        raise _not_a_mammogram(dataset)
    return mammogram


def _parsed(data: bytes) -> tuple[Dataset, UID]:
    syntax, start = _file_meta(data)
    if not syntax and data[128:132] == b"DICM":
        syntax, start = _damaged_file_meta(data)
        if syntax:
            data = data[:132] + _SYNTAX + len(syntax).to_bytes(2, "little") + syntax.encode() + data[start:]
    if syntax and not UID(syntax).is_transfer_syntax:
        raise Refused("unknown_syntax")
    if syntax == DeflatedExplicitVRLittleEndian:
        _refuse_a_bomb(data[start:])
    dataset = _data_set(data)
    if not syntax:
        implicit, little = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return dataset, UID(syntax)


def _file_meta(data: bytes) -> tuple[str, int]:
    """Transfer syntax by the file meta information (PS3.10 7.1), and where the data set begins, not yet unpacked."""
    stream = BytesIO(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    return text(meta, "TransferSyntaxUID"), stream.tell()


def _damaged_file_meta(data: bytes) -> tuple[str, int]:
    """The same where an element before the transfer syntax has no type that there is: taken as one of short length."""
    syntax, at = "", 132
    while data[at : at + 2] == b"\x02\x00":
        long = data[at + 4 : at + 6] in (b"OB", b"UN")
        length = int.from_bytes(data[at + 8 : at + 12] if long else data[at + 6 : at + 8], "little")
        value = at + (12 if long else 8)
        if data[at + 2 : at + 4] == b"\x10\x00":
            syntax = data[value : value + length].decode("ascii", "replace").strip("\0 ")
        at = value + length
    return syntax, at


def _data_set(data: bytes) -> Dataset:
    """Everything, or where that runs beyond the end of the file, all up to the pixels: what is wrong behind is harmless."""
    for stop in (None, _behind_the_pixels()):
        with suppress(OSError):  # pydicom raises it at the end, or gives nothing
            dataset = read_partial(BytesIO(data), stop, force=True)
            if len(dataset) and ("PixelData" in dataset or not _ends_in_a_value(dataset)):
                return dataset
    header = read_partial(BytesIO(data), lambda tag, vr, length: bool(tag == _PIXEL_DATA), force=True)
    raise Refused("truncated" if "Rows" in header or _ends_in_a_value(header) else "damaged")


def _behind_the_pixels() -> Callable[[BaseTag, str | None, int], bool]:
    seen = False

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal seen
        behind, seen = seen, seen or tag == _PIXEL_DATA
        return behind

    return stop


def _ends_in_a_value(dataset: Dataset) -> bool:
    """Whether a value is shorter than it says, as the last of a file is that was cut off."""
    return any(
        isinstance(one, RawDataElement) and one.value is not None and len(one.value) < one.length != _UNDEFINED_LENGTH
        for one in dataset.values()
    )


def _refuse_a_bomb(deflated: bytes) -> None:
    """Inflate a deflated data set in small pieces and keep none, to learn its size."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    for start in range(0, len(deflated), _CHUNK):
        rest = deflated[start : start + _CHUNK]  # what is left over is copied at every step, so it is to be little
        while rest and not inflate.eof:
            total += len(inflate.decompress(rest, 16 * _CHUNK))
            rest = inflate.unconsumed_tail
            if total > MAX_BYTES:
                raise Refused("too_large")
    if not inflate.eof:
        raise Refused("truncated")


def _refuse_what_is_no_picture(dataset: Dataset) -> None:
    if text(dataset, "SOPClassUID") == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in dataset:
        raise Refused("dicomdir")


def _is_mammogram_by_its_tags(dataset: Dataset) -> bool | None:
    """True, or None where the tags say nothing either way and the pixels have to. Raises Refused otherwise."""
    sop_class = text(dataset, "SOPClassUID")
    modality = text(dataset, "Modality").upper()
    if sop_class == BreastTomosynthesisImageStorage:
        raise Refused("tomosynthesis")
    radiograph = modality in ("", *_RADIOGRAPHS)
    sure = modality == "MG" or (radiograph and (sop_class in _MAMMOGRAPHY or speaks_of_a_breast(dataset)))
    silent = radiograph and (modality or sop_class in _ANY_RADIOGRAPH) and not speaks_of_a_body_part(dataset)
    if not sure and not silent:
        raise _not_a_mammogram(dataset)
    intent = text(dataset, "PresentationIntentType").upper()
    if intent == "FOR PROCESSING" or sop_class == DigitalMammographyXRayImageStorageForProcessing:
        raise Refused("for_processing")
    return sure or None


def _not_a_mammogram(dataset: Dataset) -> Refused:
    sop_class, modality = text(dataset, "SOPClassUID"), text(dataset, "Modality").upper()
    return Refused("not_mammogram", MODALITIES.get(modality) or _of_class(sop_class))


def _of_class(sop_class: str) -> str:
    """What the file is by its class; the word of an unknown modality is not said, as it might be anything."""
    title = UID(sop_class).name if sop_class else ""
    return f"{title} (by its SOP class)" if title and title != sop_class else "a DICOM file of another kind"


def _inverted(dataset: Dataset) -> bool:
    """MONOCHROME1 is inverted, and says so again by Presentation LUT Shape INVERSE (PS3.3 C.11.6.1.2)."""
    return photometric(dataset) == "MONOCHROME1" or text(dataset, "PresentationLUTShape").upper() == "INVERSE"


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    """Spacing at the breast: at the detector, divided by the magnification; else a calibrated one.

    Without a believable magnification there is none (PS3.3 10.7.1.3): an uncorrected spacing would
    make a lesion larger than it is.
    """
    magnification = number(dataset, "EstimatedRadiographicMagnificationFactor")
    low, high = _PLAUSIBLE_MAGNIFICATION
    detector = pair(dataset, "ImagerPixelSpacing", *_PLAUSIBLE_SPACING)
    if detector and magnification is not None and low <= magnification <= high:
        return detector[0] / magnification, detector[1] / magnification
    if text(dataset, "PixelSpacingCalibrationType").upper() in ("GEOMETRY", "FIDUCIAL"):
        return pair(dataset, "PixelSpacing", *_PLAUSIBLE_SPACING)
    return None


def _unscored(dataset: Dataset, view_code: str) -> tuple[str, str] | None:
    kind = {str(value).upper() for value in several(dataset, "ImageType")}
    words = " ".join(
        text(dataset, keyword) for keyword in ("SeriesDescription", "PaddleDescription", "AcquisitionContext")
    ).lower()
    modified = modifiers(dataset)
    if view_code == "SPECIMEN" or "SPECIMEN" in kind or re.search(r"\bspecimen\b", words):
        return unscored("specimen")
    if any(re.search(r"STEREO|SCOUT", value) for value in kind) or re.search(r"\b(stereo|scout)", words):
        return unscored("scout")
    if text(dataset, "BreastImplantPresent").upper() == "YES":
        return unscored("implant")
    magnification = number(dataset, "EstimatedRadiographicMagnificationFactor") or 1.0
    if "magnification" in modified or (view_code.startswith("M") and view_code[1:] in tuple(View)):
        return unscored("magnification")
    if 1.3 <= magnification <= _PLAUSIBLE_MAGNIFICATION[1] and dataset.get("Modality"):
        return unscored("magnification")
    if "spot" in modified or re.search(r"\bspot\b", words):
        return unscored("spot")
    if re.search(r"\bcropped\b|\broi mask\b", words):
        return unscored("cropped")
    if view_code in ("FLATFIELD", "TEST", "PHANTOM") or "flat field" in words:
        return unscored("test_image")
    return None


def _source(dataset: Dataset) -> Source:
    if text(dataset, "Modality").upper() == "RG" or text(dataset, "ConversionType").upper() == "DF":
        return Source.FILM
    if text(dataset, "SOPClassUID") in _MAMMOGRAPHY:
        return Source.DIGITAL
    return Source.UNKNOWN


def _date(spoken: str) -> str:
    match = re.fullmatch(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})", spoken)
    if not match or not (match[1] >= "1900" and "01" <= match[2] <= "12" and "01" <= match[3] <= "31"):
        return ""
    return "-".join(match.groups())


def _age(spoken: str) -> int | None:
    """Whole years of an Age String (PS3.5 6.2), of letter case and length as found."""
    match = re.fullmatch(r"(\d{1,4}(?:\.\d+)?)\s*([DWMY]?)", spoken.upper())
    if not match:
        return None
    years = float(match[1]) / {"D": 365.25, "W": 52.18, "M": 12.0}.get(match[2], 1.0)
    return int(years) if 1 <= years <= 130 else None
