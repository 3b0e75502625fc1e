"""Every sentence that says why a file was not read, why a picture is not scored, or where a file contradicts itself.

Codes are stable and for programs; sentences are for people: what is wrong, and what would help.
Nothing here decides anything, and no sentence carries a value that could name a patient.
"""

from __future__ import annotations

MAX_PIXELS = 120_000_000
"""Largest picture that is read, in pixels (rows x columns)."""

MAX_BYTES = 512 << 20
"""Largest file that is read, and the most that one request may hold or unpack to, in bytes."""

SMALL_SIDE = 256
"""Pictures with a shorter side than this are refused."""

REFUSALS = {
    "empty": "The file is empty.",
    "too_large": "The picture is too large: more than 120 million pixels. Export it at the detector's resolution.",
    "file_too_large": "The file is too large: more than 512 MB.",
    "request_too_large": "More than 512 MB at once: this file was left out. Send it by itself.",
    "not_an_image": "Not a picture that can be read here. Send DICOM, PNG, JPEG, TIFF, PGM, WebP or BMP.",
    "apple_double": "A side file that macOS makes, with no picture in it. Send the file of the same name without '._'.",
    "dicomdir": "A DICOMDIR is only a table of contents. Send the image files that it lists.",
    "damaged": "The file is damaged and could not be read. Export it again.",
    "truncated": "The file ends in the middle of the picture. Export it again.",
    "no_pixels": "There is no picture in this DICOM file.",
    "not_mammogram": "Not a mammogram: this is {what}.",
    "colour": "A colour picture. Mammograms are grey: send the original image.",
    "several_frames": "Several pictures in one file (a stack or film). Send the single views.",
    "for_processing": "Raw detector data (FOR PROCESSING). Send the FOR PRESENTATION image of the same view.",
    "too_small": "The picture is too small to be a mammogram: less than 256 pixels a side. Send it at full size.",
    "no_breast": "No breast is to be seen in this picture. Send the whole mammogram, upright, without anything around it.",
    "duplicate": "The same picture as {what}, so it is not counted again. Leave it out.",
    "several_women": "The study has pictures of more than one woman (by patient ID): none was taken. Send a study for each.",
    "tomosynthesis": "Breast tomosynthesis is not read here. Send the 2D or synthetic 2D view.",
    "unknown_syntax": "The picture is packed in a way that is not read here. Export it uncompressed.",
    "encrypted": "The file is encrypted. Export it without encryption.",
    "bad_header": "The file does not say how its picture is stored: {what}. Export it again.",
    "unsupported_pixels": "The picture is stored in a way that is not read here: {what}.",
    "size_mismatch": "The packed picture has another size than the file says. Export it again.",
    "took_too_long": "Reading the picture took too long and was stopped. Export it uncompressed.",
    "too_much_memory": "Reading the picture takes more memory than is allowed. Export it again.",
    "crashed": "The file brought its reader to a halt, so it was left out. Export it again.",
    "archive_encrypted": "The archive is locked with a password. Send it without.",
    "archive_too_large": "The archive unpacks to more than 512 MB at once. Send this file in another.",
    "archive_too_many": "The archive holds more than 10,000 files. Send it in parts.",
    "archive_bomb": "This file in the archive unpacks to far more than pixels do. Send the original image.",
    "archive_climbing": "This file in the archive wants to lie outside of it. Pack it again.",
    "archive_packing": "The archive is packed in an unusual way. Pack it as a plain ZIP.",
    "member_damaged": "This file in the archive is damaged. Pack it again.",
    "archive_damaged": "The archive is damaged. Pack it again.",
    "archive_nested": "An archive inside an archive is not opened. Unpack it first.",
    "archive_empty": "There is no file in this archive.",
    "unreadable": "The file could not be opened.",
}

UNSCORED = {
    "implant": "Not scored: the breast has an implant, and the network was not made for it.",
    "magnification": "Not scored: a magnification view, and the network was made for whole breasts.",
    "spot": "Not scored: a spot compression view, and the network was made for whole breasts.",
    "specimen": "Not scored: a picture of a specimen, not of a breast.",
    "scout": "Not scored: a stereotactic or scout picture, and the network was made for screening views.",
    "cropped": "Not scored: a cropped picture, and the network was made for whole breasts.",
    "test_image": "Not scored: a test or calibration picture, not of a breast.",
}

REMARKS = {
    "sides": "The file says two sides: {first}, but {second}. The first is used.",
    "turned": "The background of this picture is white, as on inverted film: black and white are swapped here.",
    "views": "The file says two views: {first}, but {second}. The first is used.",
}

MODALITIES = {
    "CT": "a CT image",
    "MR": "an MR image",
    "US": "an ultrasound image",
    "PT": "a PET image",
    "NM": "a nuclear medicine image",
    "XA": "an angiography image",
    "RF": "a fluoroscopy image",
    "CR": "a radiograph of another part of the body",
    "DX": "a radiograph of another part of the body",
    "RG": "a radiograph of another part of the body",
    "IO": "a dental image",
    "PX": "a dental image",
    "OT": "a picture of another kind",
    "SC": "a picture of another kind",
    "ES": "an endoscopy picture",
    "GM": "a microscopy picture",
    "SM": "a slide microscopy picture",
    "XC": "a photograph",
    "OP": "an eye photograph",
    "OPT": "an eye scan",
    "IVUS": "an ultrasound image",
    "OCT": "a tomography scan",
    "BI": "an image of another kind",
    "SR": "a report, not a picture",
    "DOC": "a document, not a picture",
    "PR": "a presentation state, not a picture",
    "KO": "a list of images, not a picture",
    "SEG": "a segmentation, not a picture",
    "REG": "a registration, not a picture",
    "RTPLAN": "a radiotherapy plan, not a picture",
    "RTSTRUCT": "a radiotherapy structure set, not a picture",
    "RTDOSE": "a radiotherapy dose, not a picture",
    "RTIMAGE": "a radiotherapy image",
    "ECG": "an electrocardiogram, not a picture",
    "HC": "a hard copy sheet",
}


class Refused(Exception):
    """Raised inside intake where a file cannot be read; becomes a `Refusal` at its boundary."""

    def __init__(self, code: str, what: str = "") -> None:
        self.code = code
        self.sentence = REFUSALS[code].format(what=what)
        super().__init__(self.sentence)


def unscored(code: str) -> tuple[str, str]:
    """The pair (code, sentence) that a `Mammogram` carries where no network of ours applies."""
    return code, UNSCORED[code]


def remark(code: str, first: str, second: str) -> str:
    """What a file says twice and differently; `first` and `second` are such as "R by Image Laterality"."""
    return REMARKS[code].format(first=first, second=second)
