"""The Cytology page, run without a browser: a table in, probabilities out, and a sentence for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.artefacts import make_artefact
from tests.cytology import FEATURES, make_feature_model
from tests.pages.showing import shown, words

TABLE = f"case,{','.join(FEATURES)}\nA-1,15,0.3,0.1\nB-2,15,zero,0.1\nC-3,400,0.3,0.1\n".encode()


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    make_artefact(tmp_path)
    make_feature_model(tmp_path)
    return shown("cytology.py")


def dropped(page: AppTest, data: bytes, name: str = "table.csv") -> str:
    page.get("file_uploader")[0].upload(name, data, "text/csv").run()
    assert not page.exception
    return words(page)


def test_it_says_what_it_reads_and_that_it_is_for_research(page: AppTest) -> None:
    assert "it reads no mammogram" in words(page)
    assert "Research use only, not for clinical use." in words(page)


def test_rows_are_answered_one_by_one_and_a_wrong_one_is_named(page: AppTest) -> None:
    said = dropped(page, TABLE)
    assert "2 ROWS ANSWERED, 1 NOT" in said
    assert "Row 3: radius error &quot;zero&quot; is not a number." in said
    assert "<td>A-1</td><td>50.0 %</td><td>none</td>" in said
    assert "<td>C-3</td><td>&gt;99.9 %</td><td>mean radius</td>" in said
    assert any("cytology-probabilities" in button.proto.id for button in page.get("download_button"))


def test_a_table_without_a_column_is_refused_by_its_name_and_the_next_one_is_read(page: AppTest) -> None:
    assert "2 of 3 columns are missing: radius error, worst concave points." in dropped(page, b"mean radius\n15\n")
    said = dropped(page, TABLE)
    assert "missing" not in said
    assert "2 ROWS ANSWERED" in said


def test_the_name_of_the_file_stands_beside_what_was_said_of_it(page: AppTest) -> None:
    assert "table.csv: 2 of 3 columns are missing" in dropped(page, b"mean radius\n15\n")
    assert "From the file &lt;b&gt;nuclei.csv." in dropped(page, TABLE, "<b>nuclei.csv")


def test_an_answer_stays_while_another_page_is_looked_at(page: AppTest) -> None:
    dropped(page, TABLE)
    page.switch_page("model.py").run()
    page.switch_page("cytology.py").run()
    assert "2 ROWS ANSWERED" in words(page)


@pytest.mark.parametrize("part", ["How good it is", "What it is not for"])
def test_its_other_parts_show_figures_with_intervals_and_limits(page: AppTest, part: str) -> None:
    page.session_state["cytology_part"] = part
    page.run()
    assert not page.exception
    assert ("90.0 % (85.0–95.0)" if part == "How good it is" else "It is made up.") in words(page)


def test_it_is_not_offered_as_a_model_of_mammograms(page: AppTest) -> None:
    page.switch_page("model.py").run()
    assert not page.get("selectbox")
    assert "Tiny test network" in words(page)


def test_without_a_model_or_with_a_damaged_one_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    assert "there is no model of cell nuclei" in words(shown("cytology.py"))
    folder = make_feature_model(tmp_path).folder
    (folder / "history.csv").write_text("other")
    assert "history.csv is not the file that the card names" in words(shown("cytology.py"))
