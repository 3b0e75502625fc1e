"""The one table that every data set becomes, whatever its layout: a row a picture. It holds names and labels, never pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LABELS = ("normal", "benign", "malignant", "not_malignant")
"""What may be known of a picture; `not_malignant` leaves open which of the first two it is."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Lesion:
    """One marked lesion: its box (top, left, bottom, right), half open, in pixels of the file; malignant or benign.

    Raises:
        ValueError: a box without area, or another label.
    """

    box: Box
    label: str

    def __post_init__(self) -> None:
        top, left, bottom, right = self.box
        if not (top < bottom and left < right):
            raise ValueError(f"a box from ({top:g}, {left:g}) to ({bottom:g}, {right:g}) has no area")
        if self.label not in ("benign", "malignant"):
            raise ValueError(f"a lesion is benign or malignant, not {self.label!r}")


@dataclass(frozen=True)
class Row:
    """One picture of one woman.

    Attributes:
        path: where the file lies.
        file: its name as the data set gives it.
        dataset: the set's name.
        patient_id: the woman, unique across sets.
        label: one of LABELS.
        laterality: "L", "R", or "" where unknown.
        view: "CC", "MLO", another of the set's own words, or "" where unknown.
        age: in years, None where unknown.
        density: the set's own word, "" where unknown.
        machine, site, volume: the set's own words, "" where unknown; a volume is what the set was handed out in.
        part: the set's own official part ("train", "test"), "" where it has none.
        lesions: those that are marked; none says nothing about the picture.

    Raises:
        ValueError: a label or a laterality that is none.
    """

    path: Path
    file: str
    dataset: str
    patient_id: str
    label: str
    laterality: str = ""
    view: str = ""
    age: float | None = None
    density: str = ""
    machine: str = ""
    site: str = ""
    volume: str = ""
    part: str = ""
    lesions: tuple[Lesion, ...] = ()

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"a label is one of {', '.join(LABELS)}, not {self.label!r}")
        if self.laterality not in ("", "L", "R"):
            raise ValueError(f"a laterality is L, R or nothing, not {self.laterality!r}")
        if not self.patient_id:
            raise ValueError("the woman has no name")


@dataclass(frozen=True)
class Table:
    """The pictures of one or more sets.

    Attributes:
        rows: one a picture whose file is there.
        missing: files that the set names and that are not there.
        notes: plain sentences on what was found, left out or assumed.
    """

    rows: tuple[Row, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
