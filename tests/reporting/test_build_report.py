"""`mammo_core.build_report`: the verb, with the card of the result's model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mammo_core
from tests.artefacts import make_artefact
from tests.reporting.cases import NOW, POINTS, exam, pages
from tests.reporting.test_assessment import COMPLETE


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_artefact(tmp_path, operating_points=POINTS)
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))


def test_a_report_is_built_with_the_card_of_the_model_that_scored() -> None:
    of = exam()
    made = mammo_core.build_report(of, mammo_core.analyse(of), COMPLETE, now=NOW, paper="Letter")
    assert made.pages == len(pages(made.pdf)) == 2
    assert made.json["programs"]["model"] == "tiny-1"
    assert "US screening" in pages(made.pdf)[1]
    assert made.json["model"]["operating_points"][0]["name"] == "US screening"


def test_a_reader_needs_no_model() -> None:
    assert mammo_core.build_report(exam(), None, COMPLETE, now=NOW).pages == 1


def test_without_a_model_the_model_s_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "none"))
    of = exam()
    made = mammo_core.build_report(of, mammo_core.analyse(of), now=NOW)
    assert "There is no model" in " ".join(pages(made.pdf)[0].split())
    assert made.json["model"]["name"] is None


def test_a_report_is_made_without_a_screen_and_without_tensorflow() -> None:
    code = "import sys, mammo_core.reporting; print([m for m in ('streamlit', 'tensorflow', 'openvino') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
