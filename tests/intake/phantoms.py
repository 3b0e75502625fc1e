"""Small DICOM and picture files made in memory, to be read back."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid


def ramp(rows: int = 320, columns: int = 260, dtype: str = "u2", top: int = 4095) -> npt.NDArray[Any]:
    """A picture of different values in every corner."""
    grid = np.add.outer(np.arange(rows), 2 * np.arange(columns))
    return (grid * (top / grid.max())).astype(dtype)


def dataset(pixels: npt.NDArray[Any], **attributes: Any) -> Dataset:
    """A digital mammogram; an attribute given as None is left out."""
    made = Dataset()
    made.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    made.SOPInstanceUID = generate_uid()
    made.StudyInstanceUID = "1.2.3"
    made.Modality = "MG"
    made.PatientID = "Anon-1"
    made.PatientName = "Never^Shown"
    made.PhotometricInterpretation = "MONOCHROME2"
    made.SamplesPerPixel = 1
    made.Rows, made.Columns = pixels.shape[:2]
    made.BitsAllocated = 8 * pixels.dtype.itemsize
    made.BitsStored = 8 * pixels.dtype.itemsize
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    made["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def saved(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The bytes of a DICOM file."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    stream = BytesIO()
    if made.file_meta.TransferSyntaxUID.is_transfer_syntax:
        made.save_as(stream, enforce_file_format=True)
    else:
        made.save_as(stream, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return stream.getvalue()


def code(value: str, modifiers: tuple[str, ...] = ()) -> Dataset:
    """One item of a view code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "as coded"
    if modifiers:
        item.ViewModifierCodeSequence = [code(modifier) for modifier in modifiers]
    return item


def encoded(ending: str, pixels: npt.NDArray[Any]) -> bytes:
    """The bytes of a picture file."""
    done, data = cv2.imencode(ending, pixels)
    assert done
    return data.tobytes()
