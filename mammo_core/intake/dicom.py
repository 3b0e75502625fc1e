"""A DICOM file to a `Mammogram`: stored pixels, and the attributes that give them meaning.

Values are checked before they are believed: sizes before memory is taken, padding and magnification
before they are used. It refuses what is not one grey picture of a breast, and names why; it applies
no rescale, window or colour conversion.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    UID,
    BreastTomosynthesisImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    SecondaryCaptureImageStorage,
)

from mammo_core.exam import Laterality, Mammogram, Preset, Source, View, VoiFunction, VoiLut, Window
from mammo_core.intake.codecs import unpack, with_sign
from mammo_core.intake.identity import image_id
from mammo_core.intake.refusals import MAX_BYTES, MAX_PIXELS, MODALITIES, SMALL_SIDE, Refused, unscored

_MAMMOGRAPHY = (DigitalMammographyXRayImageStorageForPresentation, DigitalMammographyXRayImageStorageForProcessing)
_RADIOGRAPHS = ("CR", "DX", "RG", "OT", "SC", "HC")

_PLAUSIBLE_MAGNIFICATION = (1.0, 2.5)
_WIDEST_PADDING = 0.1
_MOST_PADDED = 0.98

_VIEW_CODES = {
    # PS3.16 CID 4014, by SNOMED CT and by the older SNOMED-RT codes (SRT, SNM3)
    "399162004": "CC",
    "R-10242": "CC",
    "399368009": "MLO",
    "R-10226": "MLO",
    "399260004": "ML",
    "R-10224": "ML",
    "399352003": "LM",
    "R-10228": "LM",
    "399099002": "LMO",
    "R-10230": "LMO",
    "399196006": "FB",
    "R-10244": "FB",
    "399188001": "SIO",
    "R-102D0": "SIO",
    "441555000": "ISO",
    "R-40AAA": "ISO",
    "399192008": "XCCL",
    "R-1024A": "XCCL",
    "399101009": "XCCM",
    "R-1024B": "XCCM",
    "127457009": "SPECIMEN",
    "G-8310": "SPECIMEN",
}
_MODIFIERS = {
    # PS3.16 CID 4015: those that make another picture of the view than a screening exam has
    "399163009": "magnification",
    "R-102D6": "magnification",
    "399055006": "spot",
    "R-102D7": "spot",
}
_OTHER_VIEWS = {"ML", "LM", "LMO", "FB", "SIO", "ISO", "XCC", "XCCL", "XCCM", "RL", "RM", "RI", "RS", "AT", "CV", "TAN"}


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
    """The one grey picture in a DICOM file; `lenient` reads it even where it is no mammogram for reading.

    Raises Refused, or what pydicom raises on damage.
    """
    dataset, syntax = _parsed(data)
    if not lenient:
        _refuse_what_is_no_mammogram(dataset)
    pixels, bits_stored = stored_values(dataset, syntax)
    inverted = _inverted(dataset)
    laterality = _laterality(dataset)
    view_code = _view_code(dataset)
    return Mammogram(
        image_id=image_id(pixels),
        name=name,
        pixels=pixels,
        inverted=inverted,
        slope=_number(dataset, "RescaleSlope") or 1.0,
        intercept=_number(dataset, "RescaleIntercept") or 0.0,
        modality_lut=next(iter(_luts(dataset, "ModalityLUTSequence")), None),
        bits_stored=bits_stored,
        padding=_padding(dataset, pixels, inverted),
        presets=_presets(dataset),
        spacing=_spacing(dataset),
        laterality=laterality,
        view=View(view_code) if view_code in tuple(View) else None,
        view_code=view_code,
        unscored=None if lenient else _unscored(dataset, view_code, pixels),
        source=_source(dataset),
        patient=_text(dataset, "PatientID"),
        study_uid=_text(dataset, "StudyInstanceUID"),
        study_date=_date(_text(dataset, "StudyDate")),
        accession=_text(dataset, "AccessionNumber"),
        age=_age(_text(dataset, "PatientAge")),
    )


def stored_values(dataset: Dataset, syntax: UID) -> tuple[npt.NDArray[Any], int]:
    """Stored values (rows, columns), read-only, in the file's own integer type, and the bits in use.

    Raises Refused before any memory is taken where sizes are missing, absurd or not covered by the data.
    """
    if "PixelData" not in dataset:
        raise Refused("encrypted" if "EncryptedAttributesSequence" in dataset else "no_pixels")
    rows, columns = _whole(dataset, "Rows"), _whole(dataset, "Columns")
    if rows * columns > MAX_PIXELS:
        raise Refused("too_large")
    if (_number(dataset, "SamplesPerPixel") or 1) != 1 or not _photometric(dataset).startswith("MONOCHROME"):
        raise Refused("colour")
    if (_number(dataset, "NumberOfFrames") or 1) > 1:
        raise Refused("several_frames")
    allocated = _whole(dataset, "BitsAllocated")
    if allocated not in (8, 16):
        raise Refused("unsupported_pixels", f"{allocated} bits a pixel")
    stored = int(_number(dataset, "BitsStored") or allocated)
    if not 0 < stored <= allocated:
        raise Refused("bad_header", "Bits Stored is more than Bits Allocated")
    high = int(_number(dataset, "HighBit") or 0)
    if not stored <= high + 1 <= allocated:  # a slip of the writer: no known machine means anything but the low bits
        high = stored - 1
    dtype = np.dtype(f"{'i' if _number(dataset, 'PixelRepresentation') == 1 else 'u'}{allocated // 8}")
    if syntax.is_encapsulated:
        pixels = unpack(dataset, syntax, rows, columns, dtype)
    else:
        pixels = _native(dataset, syntax, rows, columns, dtype)
        pixels = with_sign(pixels.view(f"u{dtype.itemsize}") >> (high + 1 - stored), stored, dtype)
    pixels.setflags(write=False)
    return pixels, stored


def _parsed(data: bytes) -> tuple[Dataset, UID]:
    meta, start = _file_meta(data)
    syntax = UID(_text(meta, "TransferSyntaxUID"))
    if syntax and not syntax.is_transfer_syntax:
        raise Refused("unknown_syntax")
    if syntax == DeflatedExplicitVRLittleEndian:
        _refuse_a_bomb(data[start:])
    dataset = pydicom.dcmread(BytesIO(data), force=True)
    if not syntax:
        implicit, little = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return dataset, syntax


def _file_meta(data: bytes) -> tuple[Dataset, int]:
    """The file meta information (PS3.10 7.1) and where the data set begins, before that is unpacked."""
    stream = BytesIO(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    return meta, stream.tell()


def _refuse_a_bomb(deflated: bytes) -> None:
    """Inflate a deflated data set in small pieces and keep none, to learn its size."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    total, rest = 0, deflated
    while rest and not inflate.eof:
        total += len(inflate.decompress(rest, 1 << 20))
        rest = inflate.unconsumed_tail
        if total > MAX_BYTES:
            raise Refused("too_large")


def _native(dataset: Dataset, syntax: UID, rows: int, columns: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    data = dataset.PixelData
    if len(data) < rows * columns * dtype.itemsize:
        raise Refused("truncated")
    big = syntax == ExplicitVRBigEndian
    if big and dtype.itemsize == 1 and dataset["PixelData"].VR == "OW":  # words of two pixels each (PS3.5 annex A.3)
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    flat = np.frombuffer(data, dtype.newbyteorder(">" if big else "<"), count=rows * columns)
    return flat.astype(dtype).reshape(rows, columns)


def _refuse_what_is_no_mammogram(dataset: Dataset) -> None:
    sop_class = _text(dataset, "SOPClassUID")
    modality = _text(dataset, "Modality").upper()
    if not len(dataset):
        raise Refused("damaged")
    if sop_class == MediaStorageDirectoryStorage or "DirectoryRecordSequence" in dataset:
        raise Refused("dicomdir")
    if sop_class == BreastTomosynthesisImageStorage:
        raise Refused("tomosynthesis")
    if modality == "MG" or (sop_class in _MAMMOGRAPHY and modality in ("", *_RADIOGRAPHS)):
        return
    if not modality and sop_class in ("", SecondaryCaptureImageStorage):
        return
    if modality in _RADIOGRAPHS and _speaks_of_a_breast(dataset):
        return
    raise Refused("not_mammogram", MODALITIES.get(modality) or _of_class(sop_class, modality))


def _of_class(sop_class: str, modality: str) -> str:
    if re.fullmatch(r"[A-Z]{2,8}", modality):
        return f"an image of modality {modality}"
    title = UID(sop_class).name if sop_class else ""
    return f"{title} (by its SOP class)" if title and title != sop_class else "a DICOM file of another kind"


def _speaks_of_a_breast(dataset: Dataset) -> bool:
    if "BREAST" in _text(dataset, "BodyPartExamined").upper() or _view_code(dataset) in (*View, *_OTHER_VIEWS):
        return True
    described = f"{_text(dataset, 'StudyDescription')} {_text(dataset, 'SeriesDescription')}"
    return re.search(r"mammo|breast", described, re.IGNORECASE) is not None


def _photometric(dataset: Dataset) -> str:
    return _text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2"


def _inverted(dataset: Dataset) -> bool:
    """MONOCHROME1 is inverted, and says so again by Presentation LUT Shape INVERSE (PS3.3 C.11.6.1.2)."""
    return _photometric(dataset) == "MONOCHROME1" or _text(dataset, "PresentationLUTShape").upper() == "INVERSE"


def _padding(dataset: Dataset, pixels: npt.NDArray[Any], inverted: bool) -> tuple[int, int] | None:
    """Pixel Padding Value and Range Limit (PS3.3 C.7.5.1.1.2), where they mark background and nothing else.

    Believed only if the range is narrow, leaves a picture over, and lies at the dark end of the values
    or fills areas that reach the picture's border.
    """
    first = _integer(dataset, "PixelPaddingValue", pixels.dtype)
    if first is None:
        return None
    last = _integer(dataset, "PixelPaddingRangeLimit", pixels.dtype)
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


def _reaches_border(mask: npt.NDArray[np.bool_]) -> bool:
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    labels = np.asarray(labels)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return bool(np.isin(labels[mask], border[border > 0]).mean() > 0.99)


def _presets(dataset: Dataset) -> tuple[Preset, ...]:
    """Windows, then VOI LUTs (PS3.3 C.11.2), each with its explanation or a number as name."""
    spoken = _text(dataset, "VOILUTFunction").upper()
    function = VoiFunction(spoken) if spoken in tuple(VoiFunction) else VoiFunction.LINEAR
    names = _several(dataset, "WindowCenterWidthExplanation")
    presets: list[Preset] = []
    pairs = zip(_several(dataset, "WindowCenter"), _several(dataset, "WindowWidth"), strict=False)
    for number, (spoken_center, spoken_width) in enumerate(pairs):
        center, width = _as_number(spoken_center), _as_number(spoken_width)
        if center is None or width is None or width < (1.0 if function is VoiFunction.LINEAR else 1e-6):
            continue
        name = str(names[number]).strip() if number < len(names) else ""
        presets.append(Window(name or f"Window {number + 1}", center, width, function))
    taken = {preset.name for preset in presets}
    for lut in _luts(dataset, "VOILUTSequence"):
        name = f"{lut.name} (LUT)" if lut.name in taken else lut.name
        presets.append(VoiLut(name, lut.first, lut.values, lut.bits))
    return tuple(presets)


def _luts(dataset: Dataset, keyword: str) -> Iterable[VoiLut]:
    """The usable LUTs of a sequence (PS3.3 C.11.1.1, C.11.2.1.1)."""
    for number, item in enumerate(dataset.get(keyword) or []):
        descriptor = [_as_number(value) for value in _several(item, "LUTDescriptor")]
        if len(descriptor) != 3 or None in descriptor or "LUTData" not in item:
            continue
        entries, first, bits = (int(value) for value in descriptor if value is not None)
        entries = entries or 65536
        raw = item.LUTData
        values = np.frombuffer(raw, "<u2") if isinstance(raw, bytes) else np.asarray(raw).reshape(-1).astype(np.uint16)
        if _number(dataset, "PixelRepresentation") == 1 and first > 32767:
            first -= 65536
        if values.size < entries or values.size == 0:
            continue
        values = values[:entries].astype(np.uint16)
        values.setflags(write=False)
        bits = max(min(bits, 16), int(values.max()).bit_length(), 1)
        name = _text(item, "LUTExplanation") or f"LUT {number + 1}"
        yield VoiLut(name, first, values, bits)


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    """Spacing at the breast: at the detector, divided by the magnification; else a calibrated one.

    Without a believable magnification there is none (PS3.3 10.7.1.3): an uncorrected spacing would
    make a lesion larger than it is.
    """
    magnification = _number(dataset, "EstimatedRadiographicMagnificationFactor")
    low, high = _PLAUSIBLE_MAGNIFICATION
    detector = _pair(dataset, "ImagerPixelSpacing")
    if detector and magnification is not None and low <= magnification <= high:
        return detector[0] / magnification, detector[1] / magnification
    if _text(dataset, "PixelSpacingCalibrationType").upper() in ("GEOMETRY", "FIDUCIAL"):
        return _pair(dataset, "PixelSpacing")
    return None


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    values = [_as_number(value) for value in _several(dataset, keyword)]
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return (values[0], values[1]) if all(0.005 <= value <= 2.0 for value in (values[0], values[1])) else None


def _laterality(dataset: Dataset) -> Laterality | None:
    """Image Laterality, else Laterality, else Patient Orientation where both of its axes agree.

    Row and column towards anterior and right show a left breast, towards posterior and left a right one.
    """
    for keyword in ("ImageLaterality", "FrameLaterality", "Laterality"):
        side = _text(dataset, keyword).upper()
        if side in tuple(Laterality):
            return Laterality(side)
        if side:
            return None
    orientation = [str(value).upper() for value in _several(dataset, "PatientOrientation")]
    if len(orientation) == 2:
        row, column = orientation
        if row[:1] == "A" and column[-1:] == "R":
            return Laterality.LEFT
        if row[:1] == "P" and column[-1:] == "L":
            return Laterality.RIGHT
    return None


def _view_code(dataset: Dataset) -> str:
    """The projection: View Code Sequence, View Position, or the old use of Patient Orientation for it."""
    for item in dataset.get("ViewCodeSequence") or []:
        code = _VIEW_CODES.get(_text(item, "CodeValue"))
        if code:
            return code
    position = re.sub(r"[^A-Z]", "", _text(dataset, "ViewPosition").upper())
    if position:
        return position[:16]
    orientation = [str(value).upper() for value in _several(dataset, "PatientOrientation")]
    return orientation[0] if len(orientation) == 1 and orientation[0] in (*View, *_OTHER_VIEWS) else ""


def _unscored(dataset: Dataset, view_code: str, pixels: npt.NDArray[Any]) -> tuple[str, str] | None:
    kind = {str(value).upper() for value in _several(dataset, "ImageType")}
    words = " ".join(
        _text(dataset, keyword) for keyword in ("SeriesDescription", "PaddleDescription", "AcquisitionContext")
    ).lower()
    modifiers = _modifiers(dataset)
    if (
        _text(dataset, "PresentationIntentType").upper() == "FOR PROCESSING"
        or _text(dataset, "SOPClassUID") == DigitalMammographyXRayImageStorageForProcessing
    ):
        raise Refused("for_processing")
    if view_code == "SPECIMEN" or "SPECIMEN" in kind or re.search(r"\bspecimen\b", words):
        return unscored("specimen")
    if any(re.search(r"STEREO|SCOUT", value) for value in kind) or re.search(r"\b(stereo|scout)", words):
        return unscored("scout")
    if _text(dataset, "BreastImplantPresent").upper() == "YES":
        return unscored("implant")
    magnification = _number(dataset, "EstimatedRadiographicMagnificationFactor") or 1.0
    if "magnification" in modifiers or (view_code.startswith("M") and view_code[1:] in tuple(View)):
        return unscored("magnification")
    if 1.3 <= magnification <= _PLAUSIBLE_MAGNIFICATION[1] and dataset.get("Modality"):
        return unscored("magnification")
    if "spot" in modifiers or re.search(r"\bspot\b", words):
        return unscored("spot")
    if re.search(r"\bcropped\b|\broi mask\b", words):
        return unscored("cropped")
    if view_code in ("FLATFIELD", "TEST", "PHANTOM") or "flat field" in words:
        return unscored("test_image")
    if min(pixels.shape) < SMALL_SIDE:
        return unscored("too_small")
    return None


def _modifiers(dataset: Dataset) -> set[str]:
    found = set()
    for view in dataset.get("ViewCodeSequence") or []:
        for modifier in view.get("ViewModifierCodeSequence") or []:
            meaning = _text(modifier, "CodeMeaning").lower()
            spoken = "magnification" if "magnif" in meaning else "spot" if "spot" in meaning else ""
            found.add(_MODIFIERS.get(_text(modifier, "CodeValue"), spoken))
    return found - {""}


def _source(dataset: Dataset) -> Source:
    if _text(dataset, "Modality").upper() == "RG" or _text(dataset, "ConversionType").upper() == "DF":
        return Source.FILM
    if _text(dataset, "SOPClassUID") in _MAMMOGRAPHY:
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


def _text(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    return "" if value is None else str(value).replace("\x00", "").strip()


def _several(dataset: Dataset, keyword: str) -> list[Any]:
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple, pydicom.multival.MultiValue)) else [value]


def _as_number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of an attribute as a finite number, None where it is absent or is none."""
    values = _several(dataset, keyword)
    return _as_number(values[0]) if values else None


def _whole(dataset: Dataset, keyword: str) -> int:
    value = _number(dataset, keyword)
    if value is None or value < 1:
        raise Refused("bad_header", f"{keyword} is missing")
    return int(value)


def _integer(dataset: Dataset, keyword: str, dtype: np.dtype[Any]) -> int | None:
    value = dataset.get(keyword)
    if isinstance(value, bytes):  # an unresolved "US or SS"
        value = int.from_bytes(value[:2], "little", signed=dtype.kind == "i") if len(value) >= 2 else None
    number = _as_number(value)
    return None if number is None else int(number)
