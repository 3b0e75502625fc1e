"""What a reader decides, signs and amends, and what she is warned of."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from mammo_core.exam import Laterality
from mammo_core.reporting import Assessment, Breast, Finding, State, amend, sign, warnings

NOON = datetime(2024, 1, 2, 12, 0, tzinfo=UTC)
MASS = Finding("mass", "upper outer", 10, "middle", 12.0, "irregular, spiculated")
COMPLETE = Assessment(
    composition="c",
    right=Breast((MASS,), "4C"),
    left=Breast((), "1"),
    recommended=("Tissue diagnosis",),
    reader="Dr Anna Example",
)


def warned(**changes: object) -> str:
    return " ".join(warnings(replace(COMPLETE, **changes)))  # type: ignore[arg-type]


def test_a_new_assessment_says_nothing() -> None:
    assessment = Assessment()
    assert assessment.empty
    assert not any(getattr(assessment, field.name) for field in fields(Assessment) if field.type == "str")
    assert assessment.right == assessment.left == Breast()


def test_a_complete_assessment_has_no_warning() -> None:
    assert warnings(COMPLETE) == ()


def test_what_was_forgotten_is_said() -> None:
    said = " ".join(warnings(Assessment()))
    for words in ("composition", "right breast has no BI-RADS", "left breast has no BI-RADS", "recommendation", "name"):
        assert words in said


@pytest.mark.parametrize("category", ["2", "3", "4A", "4B", "4C", "5", "6"])
def test_a_category_that_speaks_of_a_finding_wants_one(category: str) -> None:
    assert f"left breast has category {category} without a finding" in warned(left=Breast((), category))


def test_a_finding_and_category_1_contradict_each_other() -> None:
    assert "category 1, and a finding" in warned(left=Breast((MASS,), "1"))


def test_a_mass_or_calcifications_want_a_size_and_a_lymph_node_does_not() -> None:
    for kind in ("mass", "calcifications"):
        assert f"{kind} without a size" in warned(right=Breast((replace(MASS, type=kind, size=None),), "4A"))
    node = replace(MASS, type="intramammary lymph node", size=None)
    assert "size" not in warned(right=Breast((node,), "2"))


def test_a_finding_wants_type_and_position() -> None:
    said = warned(right=Breast((MASS, Finding(size=3.0)), "4A"))
    assert "Finding 2 of the right breast has no type." in said
    assert "Finding 2 of the right breast has no position." in said


def test_category_0_wants_to_know_what_is_needed() -> None:
    assert "Category 0 without a recommendation" in warned(right=Breast((), "0"), recommended=())


def test_advice_that_contradicts_the_category_is_said() -> None:
    assert "Routine screening alone" in warned(recommended=("Routine mammography screening",))
    assert "Tissue diagnosis is recommended" in warned(right=Breast((), "1"))


def test_words_that_are_not_the_atlas_s_are_refused() -> None:
    for wrong in (
        lambda: Assessment(composition="e"),
        lambda: Breast(category="7"),
        lambda: Finding("blob"),
        lambda: Finding(clock=13),
        lambda: Finding(size=0.0),
        lambda: Finding(size=float("nan")),
        lambda: Assessment(recommended=("Prayer",)),
    ):
        with pytest.raises(ValueError, match=r"There is no|A size is"):
            wrong()


def test_a_position_reads_as_in_a_report() -> None:
    assert MASS.position == "upper outer, 10 o'clock, middle depth"
    assert Finding().position == ""


def test_a_report_is_a_draft_then_signed_then_amended() -> None:
    assert (COMPLETE.state, COMPLETE.version) == (State.DRAFT, 1)
    signed = sign(COMPLETE, NOON)
    assert (signed.state, signed.version, signed.signatures[0].name) == (State.SIGNED, 1, "Dr Anna Example")
    reopened = amend(signed, "Side corrected")
    assert (reopened.state, reopened.version) == (State.DRAFT, 2)
    amended = sign(replace(reopened, comment="The other side."), NOON.replace(hour=13))
    assert (amended.state, amended.version) == (State.AMENDED, 2)
    assert [s.reason for s in amended.signatures] == ["", "Side corrected"]


def test_signing_wants_a_name_and_a_time_with_its_zone() -> None:
    with pytest.raises(ValueError, match="name"):
        sign(replace(COMPLETE, reader="  "), NOON)
    with pytest.raises(ValueError, match="zone"):
        sign(COMPLETE, NOON.replace(tzinfo=None))


def test_what_is_signed_is_amended_for_a_reason_and_not_signed_twice() -> None:
    signed = sign(COMPLETE, NOON)
    with pytest.raises(ValueError, match="signed already"):
        sign(signed, NOON)
    with pytest.raises(ValueError, match="what the amendment is for"):
        amend(signed, " ")
    with pytest.raises(ValueError, match="Only a signed report"):
        amend(COMPLETE, "Late thought")


def test_a_breast_is_found_by_its_side() -> None:
    assert COMPLETE.breast(Laterality.RIGHT).category == "4C"
    assert COMPLETE.breast(Laterality.LEFT).category == "1"
