"""Which breast a DICOM file shows, and in which projection.

Attributes first, then Patient Orientation, then the file's name. Where two of them differ the first is believed,
and a sentence says so. It looks at no pixel, and guesses nothing that nothing says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from mammo_core.exam import Laterality, View
from mammo_core.intake.attributes import several, text
from mammo_core.intake.names import side_and_view
from mammo_core.intake.refusals import remark

_VIEW_CODES = {
    # PS3.16 CID 4014, by SNOMED CT and by the older SNOMED-RT codes, the same under SRT, SNM3 and 99SDM
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
_BREAST_CODES = {
    # PS3.16 CID 4013 and CID 6022: the breast, and which
    "76752008": None,
    "T-04000": None,
    "73056007": Laterality.RIGHT,
    "T-04020": Laterality.RIGHT,
    "80248007": Laterality.LEFT,
    "T-04030": Laterality.LEFT,
}
_SIDE_CODES = {
    # PS3.16 CID 244
    "24028007": Laterality.RIGHT,
    "G-A100": Laterality.RIGHT,
    "7771000": Laterality.LEFT,
    "G-A101": Laterality.LEFT,
}
_SIDE_WORDS = {
    "R": Laterality.RIGHT,
    "RIGHT": Laterality.RIGHT,
    "L": Laterality.LEFT,
    "LEFT": Laterality.LEFT,
}
_NO_SINGLE_SIDE = ("B", "U")

_OLD_ORIENTATIONS = {*View, "ML", "LM", "LMO", "FB", "SIO", "ISO", "XCC", "XCCL", "XCCM"}
_OF_BREASTS_ALONE = {*View, "LMO", "SIO", "XCC", "XCCL", "XCCM"}  # ML, LM and others are also said of limbs
_POSITIONS = {
    *_OLD_ORIENTATIONS,
    *(f"M{view}" for view in View),
    *(f"{view}ID" for view in View),  # implant displaced
    *("AT", "CV", "TAN", "RL", "RM", "RI", "RS", "SPECIMEN", "FLATFIELD", "TEST", "PHANTOM"),
}
OTHER = "OTHER"
"""View code of a projection that is named, but by no name known here."""
_SAYS_NOTHING = ("", "UNKNOWN", "UNK", "UNDEFINED", "NONE", "NA")


@dataclass(frozen=True)
class Projection:
    """Side and view of a file; `view_code` is "" where nothing says it, `remarks` say where the file differs."""

    laterality: Laterality | None
    view_code: str
    remarks: tuple[str, ...] = ()


def projection(dataset: Dataset, name: str) -> Projection:
    """Side and view that a data set, or the `name` it came under, speaks of."""
    hanging = _hanging(dataset)
    side_by_name, view_by_name, _ = side_and_view(name)
    if side_by_name is None or view_by_name is None:  # half a word in a long name is chance
        side_by_name = view_by_name = None
    sides = [*_sides(dataset), (hanging.laterality, "Patient Orientation"), (side_by_name, "its name")]
    views = [*_view_words(dataset), (hanging.view_code, "Patient Orientation"), (view_by_name or "", "its name")]
    if sides[0] == (None, "both"):
        sides = []
    said_sides = [(side, where) for side, where in sides if side is not None]
    said_views = [(view, where) for view, where in views if view]
    # A cranio-caudal picture turned upside down is oriented as one of the other breast: no contradiction.
    unsure = "Patient Orientation" if hanging.view_code == View.CC else ""
    sides_to_compare = [*said_sides[:1], *(one for one in said_sides[1:] if one[1] != unsure)]
    standard = [(view, where) for view, where in said_views if view in tuple(View)]
    if said_views[:1] != standard[:1]:  # a special view may well be called by its plain sister elsewhere
        standard = []
    return Projection(
        said_sides[0][0] if said_sides else None,
        str(said_views[0][0]) if said_views else "",
        (*_differing("sides", sides_to_compare), *_differing("views", standard)),
    )


def modifiers(dataset: Dataset) -> set[str]:
    """What the view is coded to be modified by, of "magnification" and "spot"."""
    found = set()
    for view in dataset.get("ViewCodeSequence") or []:
        for modifier in view.get("ViewModifierCodeSequence") or []:
            meaning = text(modifier, "CodeMeaning").lower()
            spoken = "magnification" if "magnif" in meaning else "spot" if "spot" in meaning else ""
            found.add(_MODIFIERS.get(text(modifier, "CodeValue"), spoken))
    return found - {""}


def speaks_of_a_breast(dataset: Dataset) -> bool:
    """Whether body part, anatomy code, view or a description says that this radiograph is of a breast."""
    if "BREAST" in text(dataset, "BodyPartExamined").upper() or _breasts(dataset):
        return True
    if any(view in _OF_BREASTS_ALONE for view, _ in _view_words(dataset)):
        return True
    described = " ".join(
        text(dataset, keyword)
        for keyword in (
            "StudyDescription",
            "SeriesDescription",
            "ProtocolName",
            "PerformedProcedureStepDescription",
            "RequestedProcedureDescription",
        )
    )
    return re.search(r"mammo|breast", described, re.IGNORECASE) is not None


def speaks_of_a_body_part(dataset: Dataset) -> bool:
    """Whether the file names a part of the body, whichever."""
    return bool(text(dataset, "BodyPartExamined") or dataset.get("AnatomicRegionSequence"))


def _differing(code: str, said: Sequence[tuple[str, str]]) -> Iterator[str]:
    """A sentence on the first that does not say what the first of all says."""
    for value, where in said[1:]:
        if value != said[0][0]:
            yield remark(code, f"{said[0][0]} by {said[0][1]}", f"{value} by {where}")
            return


def _sides(dataset: Dataset) -> Iterator[tuple[Laterality | None, str]]:
    for keyword, where in (
        ("ImageLaterality", "Image Laterality"),
        ("FrameLaterality", "Frame Laterality"),
        ("Laterality", "Laterality"),
    ):
        spoken = text(dataset, keyword).upper()
        if spoken in _SIDE_WORDS:
            yield _SIDE_WORDS[spoken], where
        elif spoken in _NO_SINGLE_SIDE:
            yield None, "both"
    for side in _breasts(dataset):
        yield side, "its anatomy code"


def _breasts(dataset: Dataset) -> list[Laterality | None]:
    """One entry for every code that says breast, with its side where it has one."""
    found = []
    for item in dataset.get("AnatomicRegionSequence") or []:
        code = text(item, "CodeValue")
        if code in _BREAST_CODES:
            turned = [text(one, "CodeValue") for one in item.get("AnatomicRegionModifierSequence") or []]
            side = next((_SIDE_CODES[one] for one in turned if one in _SIDE_CODES), None)
            found.append(_BREAST_CODES[code] or side)
    return found


def _view_words(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """The projection: View Code Sequence, View Position, or the old use of Patient Orientation for it."""
    for item in dataset.get("ViewCodeSequence") or []:
        code = _VIEW_CODES.get(text(item, "CodeValue"))
        if code:
            yield code, "View Code Sequence"
    position = re.sub(r"[^A-Z]", "", text(dataset, "ViewPosition").upper())
    if position[:1] in ("R", "L") and position[1:] in tuple(View):
        position = position[1:]
    if position not in _SAYS_NOTHING:
        # Free text of a writer's own may be anything, a name too: it counts as a view, and is not repeated.
        yield position if position in _POSITIONS else OTHER, "View Position"
    orientation = [str(value).upper() for value in several(dataset, "PatientOrientation")]
    if len(orientation) == 1 and orientation[0] in _OLD_ORIENTATIONS:
        yield orientation[0], "Patient Orientation"


def _hanging(dataset: Dataset) -> Projection:
    """What Patient Orientation says where the picture hangs as is usual (PS3.3 C.7.6.1.1.1).

    Rows run away from the chest wall, which is on the picture's left for a left breast. Columns run to the feet
    in an oblique or lateral view, and from the breast's outer to its inner side in a cranio-caudal one.
    """
    orientation = [str(value).upper() for value in several(dataset, "PatientOrientation")]
    if len(orientation) != 2 or orientation[0][:1] not in ("A", "P"):
        return Projection(None, "")
    left = orientation[0].startswith("A")
    side, column = (Laterality.LEFT if left else Laterality.RIGHT), set(orientation[1])
    if column == {"R" if left else "L"}:
        return Projection(side, View.CC)
    if column == {"F", "R" if left else "L"}:
        return Projection(side, View.MLO)
    return Projection(side if column == {"F"} else None, "")
