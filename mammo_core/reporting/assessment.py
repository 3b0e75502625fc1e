"""What one reader decided of one exam, and whether she put her name to it.

Frozen values, made by the reader alone: nothing here comes from a model, and nothing is filled in. What looks
unlikely or forgotten is said by `warnings` and refused by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from mammo_core.exam import Laterality
from mammo_core.reporting.birads import (
    CALCIFICATIONS,
    CATEGORIES,
    CLOCK,
    DENSITIES,
    DEPTHS,
    FINDINGS,
    MASS,
    QUADRANTS,
    RECOMMENDATIONS,
    ROUTINE,
    TISSUE,
)

SIDES = {Laterality.RIGHT: "right", Laterality.LEFT: "left"}

LARGEST = 300.0
"""Millimetres; no finding in a breast is larger."""


class State(StrEnum):
    """How far a report is."""

    DRAFT = "draft"
    SIGNED = "signed"
    AMENDED = "amended"


@dataclass(frozen=True)
class Finding:
    """One finding, as far as the reader described it.

    Attributes:
        type: one of `birads.FINDINGS`, "" while it is open.
        quadrant, depth: of `birads.QUADRANTS` and `birads.DEPTHS`, "" where not said.
        clock: hour 1..12, None where not said.
        size: longest diameter or extent in mm, None where not said.
        description: in the reader's own words.

    Raises:
        ValueError: a term is not one of the atlas's, or the size is not more than 0 and at most 300 mm.
    """

    type: str = ""
    quadrant: str = ""
    clock: int | None = None
    depth: str = ""
    size: float | None = None
    description: str = ""

    def __post_init__(self) -> None:
        _one_of("type of finding", self.type, ("", *FINDINGS))
        _one_of("quadrant", self.quadrant, ("", *QUADRANTS))
        _one_of("depth", self.depth, ("", *DEPTHS))
        _one_of("clock position", self.clock, (None, *CLOCK))
        if self.size is not None and not 0 < self.size <= LARGEST:
            raise ValueError(f"A size is more than 0 and at most {LARGEST:.0f} mm, not {self.size:g}.")

    @property
    def position(self) -> str:
        """Where it is, as a report says it: "upper outer, 10 o'clock, middle depth"."""
        clock = f"{self.clock} o'clock" if self.clock else ""
        return ", ".join(filter(None, [self.quadrant, clock, f"{self.depth} depth" if self.depth else ""]))


@dataclass(frozen=True)
class Breast:
    """Findings of one breast, and its category: a key of `birads.CATEGORIES`, "" while it is open."""

    findings: tuple[Finding, ...] = ()
    category: str = ""

    def __post_init__(self) -> None:
        _one_of("BI-RADS category", self.category, ("", *CATEGORIES))


@dataclass(frozen=True)
class Signature:
    """A name under one version of a report; `time` knows its zone, `reason` says what an amendment is for."""

    name: str
    time: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("A report is signed with a name.")
        if self.time.tzinfo is None:
            raise ValueError("The time of a signature must state its zone.")


@dataclass(frozen=True)
class Assessment:
    """One reader's report of an exam.

    Attributes:
        composition: breast density "a" to "d", "" while it is open.
        right, left: the breasts.
        recommended: usual recommendations that she chose, in her order; `recommendation`: her own words.
        comment: anything else.
        reader: her name, as she wants it printed.
        signatures: one for each version; none while the report is a draft.
        reopened: why a signed report is being changed; "" where it is not. Until it is signed again it is a draft.
    """

    composition: str = ""
    right: Breast = field(default_factory=Breast)
    left: Breast = field(default_factory=Breast)
    recommended: tuple[str, ...] = ()
    recommendation: str = ""
    comment: str = ""
    reader: str = ""
    signatures: tuple[Signature, ...] = ()
    reopened: str = ""

    def __post_init__(self) -> None:
        _one_of("breast composition", self.composition, ("", *DENSITIES))
        for choice in self.recommended:
            _one_of("usual recommendation", choice, RECOMMENDATIONS)
        if self.reopened and not self.signatures:
            raise ValueError("Only a signed report can be amended.")
        if any(not signature.reason.strip() for signature in self.signatures[1:]):
            raise ValueError("An amendment says what it is for.")

    @property
    def state(self) -> State:
        """Draft, signed, or amended."""
        if self.reopened or not self.signatures:
            return State.DRAFT
        return State.SIGNED if len(self.signatures) == 1 else State.AMENDED

    @property
    def version(self) -> int:
        """The version this is, or will be once signed; from 1."""
        return len(self.signatures) + (1 if self.state is State.DRAFT else 0)

    def breast(self, side: Laterality) -> Breast:
        """The breast of a side."""
        return self.right if side is Laterality.RIGHT else self.left

    @property
    def empty(self) -> bool:
        """True while nothing has been said."""
        return self == Assessment()


def sign(assessment: Assessment, time: datetime) -> Assessment:
    """The report with its reader's name under it.

    Raises:
        ValueError: it has no name, is signed already, or `time` has no zone.
    """
    if assessment.state is not State.DRAFT:
        raise ValueError("The report is signed already. To change it, amend it.")
    signature = Signature(assessment.reader.strip(), time, assessment.reopened)
    return replace(assessment, signatures=(*assessment.signatures, signature), reopened="")


def amend(assessment: Assessment, reason: str) -> Assessment:
    """The signed report, open to be changed for `reason`; what was signed stays on record.

    Raises:
        ValueError: it is not signed, or no reason is given.
    """
    if assessment.state is State.DRAFT:
        raise ValueError("Only a signed report can be amended.")
    if not reason.strip():
        raise ValueError("Say what the amendment is for.")
    return replace(assessment, reopened=reason.strip())


def warnings(assessment: Assessment) -> tuple[str, ...]:
    """Sentences on what looks forgotten or contradicts itself, in the order of the form; none of them forbids anything."""
    said = [] if assessment.composition else ["Breast composition is not stated."]
    for side, name in SIDES.items():
        said += _of_breast(assessment.breast(side), name)
    categories = {assessment.right.category, assessment.left.category}
    advice = [*assessment.recommended, assessment.recommendation.strip()]
    if not any(advice):
        said.append(
            "Category 0 without a recommendation: say what is needed."
            if "0" in categories
            else "There is no recommendation."
        )
    routine = assessment.recommended[:1] == (ROUTINE,) and len(list(filter(None, advice))) == 1
    if routine and any(category[:1] in ("0", "4", "5", "6") for category in categories):
        said.append("Routine screening alone is recommended with a category of 0 or of 4 and more.")
    if TISSUE in assessment.recommended and all(c in ("1", "2") for c in categories):
        said.append("Tissue diagnosis is recommended, and both breasts have category 1 or 2.")
    if not assessment.reader.strip():
        said.append("The reader's name is missing.")
    return tuple(said)


def _of_breast(breast: Breast, name: str) -> list[str]:
    said = []
    for number, finding in enumerate(breast.findings, start=1):
        which = f"Finding {number} of the {name} breast"
        if not finding.type:
            said.append(f"{which} has no type.")
        if not finding.position:
            said.append(f"{which} has no position.")
        if finding.type in (MASS, CALCIFICATIONS) and finding.size is None:
            said.append(f"{which}: {finding.type} without a size.")
    if not breast.category:
        said.append(f"The {name} breast has no BI-RADS category.")
    elif breast.category == "1" and breast.findings:
        said.append(f"The {name} breast has category 1, and a finding. Benign findings are category 2.")
    elif breast.category[0] in "23456" and not breast.findings:
        said.append(f"The {name} breast has category {breast.category} without a finding.")
    if breast.category == "4":
        said.append(f"The {name} breast has category 4 without A, B or C.")
    return said


def _one_of(what: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known or isinstance(value, bool):
        raise ValueError(f"There is no {what} {value!r}.")
