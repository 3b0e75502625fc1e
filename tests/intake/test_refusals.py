"""Every code that intake raises has a sentence, and every sentence is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mammo_core import intake
from mammo_core.intake.refusals import REFUSALS, REMARKS, UNSCORED

SOURCES = {path.name: path.read_text() for path in Path(intake.__file__).parent.glob("*.py")}
RAISED = re.compile(r"""(?:Refused|_refusal\(name,|unscored)\(?\s*["'](\w+)["']""")


def test_every_code_that_is_raised_has_its_sentence() -> None:
    raised = {code for source in SOURCES.values() for code in RAISED.findall(source)}
    assert {"damaged", "no_breast", "duplicate", "several_women", "too_small"} <= raised
    assert raised <= set(REFUSALS) | set(UNSCORED), raised - set(REFUSALS) - set(UNSCORED)


def test_no_sentence_is_left_that_nothing_says() -> None:
    others = "\n".join(source for name, source in SOURCES.items() if name != "refusals.py")
    elsewhere = {"unreadable"}  # the command line says it
    assert {code for code in [*REFUSALS, *UNSCORED] if f'"{code}"' not in others} <= elsewhere


@pytest.mark.parametrize("code", [*REFUSALS, *UNSCORED, *REMARKS])
def test_sentences_are_sentences(code: str) -> None:
    sentence = ({**REFUSALS, **UNSCORED, **REMARKS})[code]
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert len(sentence) < 150
    assert not re.search(r"[{}]", re.sub(r"\{(what|first|second)\}", "", sentence))
