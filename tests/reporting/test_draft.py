"""Assessments as JSON: nothing is lost, and what is not ours is refused in a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.reporting import Assessment, read_draft, write_draft
from mammo_core.reporting.draft import as_json, from_json
from tests.reporting.strategies import assessments
from tests.reporting.test_assessment import COMPLETE, NOON, sign

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(assessments())
def test_an_assessment_comes_back_as_it_was(assessment: Assessment) -> None:
    assert from_json(json.loads(json.dumps(as_json(assessment)))) == assessment


@given(assessments(), st.text())
def test_a_draft_comes_back_with_its_exam(assessment: Assessment, exam_id: str) -> None:
    assert read_draft(write_draft(assessment, exam_id)) == (exam_id, assessment)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_a_foreign_file_is_no_draft(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a draft of this reading room"):
        read_draft(content)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, below in inner for place in places(below, (*path, key)))]


@given(st.data(), json_values)
def test_a_damaged_draft_is_read_right_or_refused(data: st.DataObject, wrong: Any) -> None:
    draft = json.loads(write_draft(sign(COMPLETE, NOON), "exam"))
    *above, last = data.draw(st.sampled_from([place for place in places(draft) if place]))
    where = draft
    for step in above:
        where = where[step]
    where[last] = wrong
    said = "."
    try:
        read_draft(json.dumps(draft).encode())
    except ValueError as error:
        said = str(error)
    assert said.endswith(".")


@pytest.mark.parametrize("size", ["1" + "0" * 400, "1e999", "NaN", "-1", "true"])
def test_a_size_beyond_reason_is_refused(size: str) -> None:
    draft = write_draft(COMPLETE, "exam").replace(b'"size_mm": 12.0', b'"size_mm": ' + size.encode())
    with pytest.raises(ValueError, match="size"):
        read_draft(draft)


def test_a_draft_cut_short_and_one_of_a_later_form_are_refused() -> None:
    draft = write_draft(COMPLETE, "exam")
    with pytest.raises(ValueError, match="not a draft"):
        read_draft(draft[:-20])
    with pytest.raises(ValueError, match="another version"):
        read_draft(draft.replace(b'"form": 1', b'"form": 2'))
    with pytest.raises(ValueError, match="not a draft"):
        read_draft(b" " * 2_000_000)
