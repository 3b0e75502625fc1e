"""Make the example exam: four views of a synthetic breast phantom, as DICOM MG For Presentation.

No woman was imaged. Outlines, glandular tissue, ligaments and vessels are drawn from filtered noise with a
fixed seed, and the left breast holds one spiculated mass. It lets a reader try the pages; it is no test of a
network and is never trained on. Run `python examples/make_phantom.py` to write `examples/exam/` anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, JPEG2000Lossless
from scipy import ndimage
from scipy.interpolate import PchipInterpolator

Field = npt.NDArray[np.float64]

SHAPE = (1200, 820)
SPACING = 0.2
"""Millimetres a pixel: a 24 x 16.4 cm field."""
SEED = 20240102
FULL_SCALE = 4095
WINDOWS = (("Normal", 1900, 2800), ("Softer", 2050, 3800), ("Harder", 1850, 1900))
VIEW_CODES = {"CC": ("R-10242", "cranio-caudal"), "MLO": ("R-10226", "medio-lateral oblique")}


def phantom(side: str, view: str, rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    """One view, (1200, 820) uint16 of 12 bits, chest wall left for L and right for R."""
    depth = _outline(view, rng)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float64)
    breast = columns < depth[:, None]
    inside = ndimage.distance_transform_edt(np.pad(breast, ((1, 1), (200, 1)), mode="edge"))[1:-1, 200:-1]
    nipple = (int(np.argmax(depth)), float(depth.max()))

    grey = _fat(inside, rng) + _glandular(rows, columns, nipple, inside, rng)
    grey += _vessels(breast, rng)
    if view == "MLO":
        grey = _with_pectoral(grey, rows, columns, rng)
    if side == "L":
        place = (nipple[0] - 95, nipple[1] * 0.52) if view == "CC" else (nipple[0] - 120, nipple[1] * 0.56)
        grey += _spiculated_mass(rows, columns, place, rng)
    grey += 0.16 * np.exp(-(((inside - 4) / 3.0) ** 2)) * breast  # skin
    grey += 0.22 * np.exp(-((rows - nipple[0]) ** 2 / 260 + (columns - nipple[1] + 6) ** 2 / 120))

    grey = ndimage.gaussian_filter(np.where(breast, grey, 0.0), 0.7)
    grain = ndimage.gaussian_filter(rng.standard_normal(SHAPE), 0.6) * 0.007
    pixels = np.clip(grey + grain * breast, 0, 1) * FULL_SCALE
    if side == "R":
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels).astype(np.uint16)


def _outline(view: str, rng: np.random.Generator) -> Field:
    """Breast depth in columns for every row."""
    scale = 520 * (1 + 0.02 * rng.standard_normal())
    if view == "CC":
        at = (0.0, 0.02, 0.06, 0.14, 0.28, 0.4, 0.52, 0.66, 0.8, 0.9, 0.96, 0.985, 1.0)
        to = (0.0, 0.2, 0.36, 0.58, 0.83, 0.95, 1.0, 0.94, 0.74, 0.5, 0.32, 0.18, 0.0)
        first, last = 95, 1105
    else:
        at = (0.0, 0.15, 0.35, 0.5, 0.62, 0.72, 0.82, 0.91, 0.96, 1.0)
        to = (0.6, 0.66, 0.88, 1.06, 1.13, 1.08, 0.88, 0.56, 0.36, 0.26)
        first, last = 0, 1199
    rows = np.arange(SHAPE[0])
    depth = PchipInterpolator(at, to)(np.clip((rows - first) / (last - first), 0, 1)) * scale
    depth *= 1 + 0.006 * ndimage.gaussian_filter1d(rng.standard_normal(SHAPE[0]), 40) * 8
    return np.where((rows >= first) & (rows <= last), np.minimum(depth, SHAPE[1] - 40), 0.0)


def _noise(rng: np.random.Generator, shape: tuple[int, int], slope: float, band: tuple[float, float]) -> Field:
    """Noise of a 1/f**slope amplitude spectrum between two wavelengths in pixels, unit variance."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.rfftfreq(shape[1]), indexing="ij"))
    frequency[0, 0] = 1.0
    shaped = frequency**-slope * (frequency > 1 / band[1]) * (frequency < 1 / band[0])
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * shaped, s=shape)
    return (field - field.mean()) / field.std()


def _fat(inside: Field, rng: np.random.Generator) -> Field:
    thickness = np.sqrt(1 - (1 - np.clip(inside / 90, 0, 1)) ** 2)
    lobules = np.abs(_noise(rng, SHAPE, 1.2, (18, 120)))
    ligaments = np.exp(-((lobules / 0.16) ** 2))
    texture = 0.022 * _noise(rng, SHAPE, 1.6, (4, 400)) + 0.085 * ndimage.gaussian_filter(ligaments, 1.2)
    return (0.24 + texture + 0.05 * _noise(rng, SHAPE, 1.5, (150, 900)) * 0.5) * thickness


def _glandular(
    rows: Field, columns: Field, nipple: tuple[int, float], inside: Field, rng: np.random.Generator
) -> Field:
    """Dense tissue: a cone behind the nipple, streaked towards it as ducts run."""
    radius = np.hypot(rows - nipple[0], columns - nipple[1]) + 1
    angle = np.arctan2(rows - nipple[0], nipple[1] - columns)
    polar = np.stack([(angle + np.pi) / (2 * np.pi) * 1199, np.clip(radius * 0.42, 0, 599)])
    streaks = ndimage.map_coordinates(_noise(rng, (1200, 600), 1.7, (5, 260)), polar, order=1, mode="wrap")
    clouds = _noise(rng, SHAPE, 2.0, (10, 500))
    cone = 1.5 * np.exp(-((angle / 0.62) ** 2)) * np.exp(-(((radius - 210) / 190) ** 2)) - 0.62
    amount = 1 / (1 + np.exp(-5.0 * (cone + 0.3 * clouds + 0.17 * streaks)))
    fibres = 0.27 + 0.035 * streaks + 0.04 * _noise(rng, SHAPE, 1.7, (3, 160))
    return amount * fibres * np.clip((inside - 14) / 60, 0, 1)


def _vessels(breast: npt.NDArray[np.bool_], rng: np.random.Generator) -> Field:
    path = np.zeros(SHAPE)
    for _ in range(4):
        row, column = float(rng.uniform(200, 1000)), 5.0
        heading = float(rng.uniform(-0.5, 0.5))
        for _step in range(int(rng.uniform(250, 480))):
            heading = 0.985 * heading + 0.06 * float(rng.standard_normal())
            row, column = row + np.sin(heading), column + np.cos(heading)
            if not (0 <= row < SHAPE[0] and 0 <= column < SHAPE[1]):
                break
            path[int(row), int(column)] = 1
    return 0.32 * ndimage.gaussian_filter(path, 1.8) * breast


def _with_pectoral(grey: Field, rows: Field, columns: Field, rng: np.random.Generator) -> Field:
    """The muscle: a bright triangle from the axilla down along the chest wall."""
    edge = 290 * (1 - (rows / 790) ** 1.35) + 8 * np.sin(rows / 130) + 14 * rng.standard_normal()
    muscle = 1 / (1 + np.exp(-(edge - columns) / 7)) * (rows < 790)
    strands = ndimage.rotate(_noise(rng, (1800, 1800), 1.2, (6, 200)), 25, reshape=False, order=1)[300:1500, 400:1220]
    strands = ndimage.gaussian_filter(strands, (6, 1))
    return grey * (1 - 0.62 * muscle) + muscle * (0.37 + 0.014 * strands + 0.06 * (1 - rows / 900))


def _spiculated_mass(rows: Field, columns: Field, place: tuple[float, float], rng: np.random.Generator) -> Field:
    """A dense irregular core of about 11 mm with thin spicules that fade outwards."""
    down, across = rows - place[0], columns - place[1]
    radius, angle = np.hypot(down, across), np.arctan2(down, across)
    lobed = 27 + sum(float(rng.uniform(1, 3.5)) * np.cos(k * angle + float(rng.uniform(0, 6.28))) for k in (2, 3, 5))
    mass = 0.34 / (1 + np.exp((radius - lobed) / 3.2))
    for _ in range(26):
        towards, length = float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(55, 115))
        away = np.abs((angle - towards + np.pi + 0.12 * np.sin(radius / 22)) % (2 * np.pi) - np.pi) * radius
        fade = np.clip(1 - radius / length, 0, 1) * (np.abs(angle - towards) < np.pi)
        mass = np.maximum(mass, float(rng.uniform(0.12, 0.24)) * np.exp(-((away / 1.9) ** 2)) * fade)
    return mass


def as_dicom(pixels: npt.NDArray[np.uint16], side: str, view: str) -> Dataset:
    """A whole file: losslessly compressed, three named windows, nobody's name."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    made.file_meta.MediaStorageSOPInstanceUID = _uid(f"{side}-{view}")
    made.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    made.SOPInstanceUID = _uid(f"{side}-{view}")
    made.StudyInstanceUID, made.SeriesInstanceUID = _uid("study"), _uid("series")
    made.PatientName, made.PatientID, made.PatientSex, made.PatientAge = "Phantom^Synthetic", "PHANTOM", "F", "055Y"
    made.PatientBirthDate, made.PatientIdentityRemoved = "", "YES"
    made.DeidentificationMethod = "Synthetic: no patient"
    made.StudyDate, made.StudyTime, made.AccessionNumber, made.StudyID = "20240102", "090000", "EXAMPLE-1", "1"
    made.ReferringPhysicianName, made.Manufacturer, made.ManufacturerModelName = "", "make_phantom.py", "Phantom"
    made.Modality, made.PresentationIntentType, made.ImageType = "MG", "FOR PRESENTATION", ["DERIVED", "PRIMARY"]
    made.SeriesNumber, made.InstanceNumber = 1, list("RL").index(side) + 2 * list(VIEW_CODES).index(view) + 1
    made.BodyPartExamined, made.ImageLaterality, made.ViewPosition = "BREAST", side, view
    made.BreastImplantPresent, made.BurnedInAnnotation, made.LossyImageCompression = "NO", "NO", "00"
    across = "P" if side == "R" else "A"
    downwards = {"CC": {"R": "L", "L": "R"}, "MLO": {"R": "FL", "L": "FR"}}[view][side]
    made.PatientOrientation = [across, downwards]
    made.ViewCodeSequence = Sequence([_code(*VIEW_CODES[view])])
    made.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence()
    made.ImagerPixelSpacing = [SPACING, SPACING]
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelIntensityRelationship, made.PixelIntensityRelationshipSign = "LOG", 1
    made.RescaleIntercept, made.RescaleSlope, made.RescaleType = 0, 1, "US"
    made.PresentationLUTShape = "IDENTITY"
    made.WindowCenterWidthExplanation = [name for name, _, _ in WINDOWS]
    made.WindowCenter = [center for _, center, _ in WINDOWS]
    made.WindowWidth = [width for _, _, width in WINDOWS]
    made.PixelData = pixels.astype("<u2").tobytes()
    made.compress(JPEG2000Lossless, generate_instance_uid=False)
    return made


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SRT", meaning
    return code


def _uid(of: str) -> str:
    return f"2.25.{int.from_bytes(hashlib.sha256(f'phantom {SEED} {of}'.encode()).digest()[:15], 'big')}"


def main() -> None:
    """Write the four files anew."""
    folder = Path(__file__).parent / "exam"
    folder.mkdir(exist_ok=True)
    for number, (side, view) in enumerate((side, view) for view in VIEW_CODES for side in "RL"):
        rng = np.random.default_rng([SEED, number])
        as_dicom(phantom(side, view, rng), side, view).save_as(
            folder / f"phantom_{side}-{view}.dcm", enforce_file_format=True
        )


if __name__ == "__main__":
    main()
