"""The nouns of the reading room: mammograms, exams, refusals and what a network says of them.

Frozen values that every other room passes on. They know nothing of files, networks or screens, and
they compute nothing beyond what a noun is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
PixelArray = npt.NDArray[Any]

CLASSES = ("normal", "benign", "malignant")
"""Order of every probability vector and map stack in the project."""


class Laterality(StrEnum):
    """The breast a view shows."""

    RIGHT = "R"
    LEFT = "L"


class View(StrEnum):
    """Projections that the four-view screening exam consists of."""

    CC = "CC"
    MLO = "MLO"


class Source(StrEnum):
    """How the picture came about, as far as the file says."""

    DIGITAL = "digital"
    FILM = "film"
    UNKNOWN = "unknown"


class VoiFunction(StrEnum):
    """DICOM VOI LUT Function (PS3.3 C.11.2.1.3)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True)
class Window:
    """One window on the modality (rescaled) scale of the file.

    `name` is the file's own explanation, "" if none; `number` its place among the file's windows, from 1.
    """

    name: str
    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR
    number: int = 1


@dataclass(frozen=True, eq=False)
class VoiLut:
    """One LUT: `values` (N,) unsigned of `bits` bits; input `first` maps to values[0].

    `name` is the file's own explanation, "" if none; `number` its place among the file's LUTs, from 1.
    """

    name: str
    first: int
    values: npt.NDArray[np.uint16]
    bits: int
    number: int = 1


Preset = Window | VoiLut


@dataclass(frozen=True)
class Presentation:
    """How one reader wants pixels shown: a preset, and her own changes on top of it.

    `preset` None shows the full range of the breast. `brightness` and `contrast` are in -1..1, 0 unchanged;
    `inverted` swaps black and white of what the file would show.
    """

    preset: Preset | None = None
    brightness: float = 0.0
    contrast: float = 0.0
    inverted: bool = False


@dataclass(frozen=True, eq=False)
class Mammogram:
    """One picture of one breast, pixels as stored and the numbers that give them meaning.

    Attributes:
        image_id: SHA-256 (hex) of pixels, dtype and geometry.
        name: the name the picture came under, for people; never used for logic after intake.
        pixels: (rows, columns) stored values in the file's own integer type, read-only.
        inverted: True where small stored values are to be shown bright (MONOCHROME1).
        slope, intercept: modality rescale; value = stored * slope + intercept.
        modality_lut: replaces slope/intercept where given (PS3.3 C.11.1).
        bits_stored: bits in use; the stored range is 2**bits_stored values.
        padding: inclusive range of stored values that are background filler, or None.
        presets: the file's windows and VOI LUTs, in file order, first is the default.
        spacing: (row, column) mm at the breast, or None, never a guess.
        laterality, view: None where the file does not say.
        view_code: the file's own word for the projection ("ML", "XCCL"...), "" if none.
        unscored: (code, sentence) why no network of ours applies, or None.
        remarks: sentences on where the file contradicts itself about side or view.
        source: digital, film or unknown.
        patient, study_uid, study_date (ISO), accession, age (years): "" / None where absent.
    """

    image_id: str
    name: str
    pixels: PixelArray
    inverted: bool = False
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: VoiLut | None = None
    bits_stored: int = 8
    padding: tuple[int, int] | None = None
    presets: tuple[Preset, ...] = ()
    spacing: tuple[float, float] | None = None
    laterality: Laterality | None = None
    view: View | None = None
    view_code: str = ""
    unscored: tuple[str, str] | None = None
    remarks: tuple[str, ...] = ()
    source: Source = Source.UNKNOWN
    patient: str = ""
    study_uid: str = ""
    study_date: str = ""
    accession: str = ""
    age: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A file that was not read: its name, a stable code, and a sentence for people."""

    name: str
    code: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Exam:
    """One woman, one study: every picture of it in reading order.

    `exam_id` is stable for the same pictures; `label` is what a header may show (pseudonym or
    patient id, else the common part of the names).
    """

    exam_id: str
    label: str
    mammograms: tuple[Mammogram, ...]
    study_date: str = ""
    accession: str = ""

    def hung(self) -> dict[tuple[Laterality, View], Mammogram]:
        """First picture of each standard view, in the order R-CC, L-CC, R-MLO, L-MLO."""
        places = {}
        for view in (View.CC, View.MLO):
            for side in (Laterality.RIGHT, Laterality.LEFT):
                for mammogram in self.mammograms:
                    if (mammogram.laterality, mammogram.view) == (side, view):
                        places[side, view] = mammogram
                        break
        return places

    def strip(self) -> tuple[Mammogram, ...]:
        """Pictures without a place among the four: repeats, other views, unknown ones."""
        placed = {id(m) for m in self.hung().values()}
        return tuple(m for m in self.mammograms if id(m) not in placed)


@dataclass(frozen=True)
class Focus:
    """One spot that a map marks, on the mammogram's own grid.

    `box` is (top, left, bottom, right) half open, `peak` (row, column), `share` the part of the
    map's mass inside it (0..1), `value` the map at its peak.
    """

    number: int
    box: tuple[int, int, int, int]
    peak: tuple[int, int]
    share: float
    value: float


@dataclass(frozen=True, eq=False)
class ImageResult:
    """What a network says of one picture.

    `probabilities` is (3,) float32 in the order of CLASSES, calibrated, sum 1. `maps` holds, on the
    canvas grid, (classes, rows, columns) float32 stacks by kind: "lesion", "gradcam", as far as the network makes them.
    `foci` are those of the malignant lesion map; empty means "no focus", or that there is no such map.
    """

    image_id: str
    probabilities: FloatArray
    suspicion: float
    maps: Mapping[str, FloatArray]
    foci: tuple[Focus, ...] = ()


@dataclass(frozen=True)
class BreastResult:
    """Both views of one breast combined; `spread` is the largest difference between its views."""

    laterality: Laterality | None
    malignant: float
    suspicion: float
    spread: float
    image_ids: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ExamResult:
    """Scores of an exam. `model` is name-version; `remarks` are sentences on missing or disagreeing views."""

    exam_id: str
    model: str
    malignant: float | None
    suspicion: float | None
    breasts: tuple[BreastResult, ...]
    images: Mapping[str, ImageResult]
    not_scored: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Its scores, breasts, what was not scored and why, and remarks, as JSON has them."""
        return {
            "malignant": self.malignant,
            "suspicion": self.suspicion,
            "breasts": [
                {
                    "laterality": None if breast.laterality is None else breast.laterality.value,
                    "malignant": breast.malignant,
                    "suspicion": breast.suspicion,
                    "spread": breast.spread,
                    "image_ids": list(breast.image_ids),
                }
                for breast in self.breasts
            ],
            "not_scored": [
                {"image_id": image_id, "code": code, "sentence": sentence}
                for image_id, (code, sentence) in self.not_scored.items()
            ],
            "remarks": list(self.remarks),
        }
