"""The Report page, run without a browser: what is written stays, and nothing of it comes from the model."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.reporting import Assessment, State, read_draft, write_draft
from tests.artefacts import make_artefact
from tests.reporting.test_assessment import COMPLETE

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_artefact(tmp_path)
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    return tmp_path


def phantom(rows: int, columns: int) -> np.ndarray:
    """A breast from the left edge, 0..1."""
    down, across = np.indices((rows, columns))
    inside = ((down / rows - 0.5) / 0.4) ** 2 + (across / columns / 0.7) ** 2
    return np.where(inside < 1, 0.9 - 0.4 * inside + 0.1 * np.sin(down / 9), 0)


def opened() -> AppTest:
    """The example exam read and scored, and its Report page."""
    page = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=60).run()
    page.button(key="example").click().run()
    return page.switch_page("report.py").run()


def words(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def field(page: AppTest, kind: str, name: str):
    """The field whose key ends so."""
    return next(element for element in page.get(kind) if element.key and element.key.endswith(f"_{name}"))


def written(page: AppTest) -> Assessment:
    desk = page.session_state["desk"]
    return desk.written.of(desk.exam)


def fill(page: AppTest) -> AppTest:
    """Everything of a report, in the order of the form."""
    field(page, "button_group", "composition").set_value("c")
    page.button(key="add_R").click().run()
    field(page, "selectbox", "R_1_type").set_value("mass")
    field(page, "selectbox", "R_1_quadrant").set_value("upper outer")
    field(page, "selectbox", "R_1_clock").set_value(10)
    field(page, "number_input", "R_1_size").set_value(12.0)
    field(page, "text_input", "R_1_description").set_value("Irregular.")
    field(page, "button_group", "R_category").set_value("4C")
    field(page, "button_group", "L_category").set_value("1")
    field(page, "multiselect", "recommended").set_value(["Tissue diagnosis"])
    field(page, "text_area", "comment").set_value("Compared with 2021.")
    field(page, "text_input", "reader").set_value("Dr Anna Example")
    return page.run()


def test_the_form_is_empty_at_first_whatever_the_model_says() -> None:
    page = opened()
    assert not page.exception
    assert page.session_state["desk"].latest_result().suspicion is not None
    assert written(page).empty
    assert page.session_state["desk"].written.unsaved(page.session_state["desk"].exams) == []


def test_whose_exam_it_is_stands_in_the_header() -> None:
    said = words(opened())
    for about in ("PHANTOM", "2024-01-02", "EXAMPLE-1"):
        assert about in said


def test_what_is_filled_in_is_the_assessment_and_on_the_paper() -> None:
    page = fill(opened())
    assert not page.exception
    said = written(page)
    assert (said.composition, said.right.category, said.left.category) == ("c", "4C", "1")
    (finding,) = said.right.findings
    assert (finding.type, finding.clock, finding.size, finding.description) == ("mass", 10, 12.0, "Irregular.")
    assert said.recommended == ("Tissue diagnosis",)
    reader = page.session_state["desk"].printed[1].json["reader"]
    assert reader["assessment"]["breasts"]["R"]["findings"][0]["size_mm"] == 12.0


def test_what_is_half_written_survives_another_page() -> None:
    page = fill(opened())
    before = written(page)
    page.switch_page("read.py").run()
    page.switch_page("report.py").run()
    assert written(page) == before
    assert field(page, "text_input", "R_1_description").value == "Irregular."
    assert field(page, "button_group", "R_category").value == "4C"


def test_warnings_are_shown_and_forbid_nothing() -> None:
    page = opened()
    assert "Breast composition is not stated." in words(page)
    field(page, "text_input", "reader").set_value("Dr Anna Example").run()
    page.button(key="sign").click().run()
    assert written(page).state is State.SIGNED


def test_a_finding_that_is_removed_leaves_the_others_as_they_were() -> None:
    page = opened()
    for number in (1, 2, 3):
        page.button(key="add_L").click().run()
        field(page, "text_input", f"L_{number}_description").set_value(f"Number {number}").run()
    page.button(key="remove_L_2").click().run()
    assert [finding.description for finding in written(page).left.findings] == ["Number 1", "Number 3"]
    assert field(page, "text_input", "L_2_description").value == "Number 3"


def test_a_signed_report_is_changed_only_by_an_amendment() -> None:
    page = fill(opened())
    page.button(key="sign").click().run()
    assert field(page, "text_input", "reader").disabled
    assert "Signed by Dr Anna Example" in words(page)
    desk = page.session_state["desk"]
    reason = f"reason_{desk.exam.exam_id}_{desk.written.edition}"
    page.text_input(key=reason).set_value("Side corrected").run()
    page.button(key="amend").click().run()
    assert written(page).reopened == "Side corrected"
    field(page, "text_area", "comment").set_value("It is the left.").run()
    page.button(key="sign").click().run()
    assert (written(page).state, written(page).version) == (State.AMENDED, 2)
    assert not page.exception


def test_a_draft_is_loaded_again_after_a_reload() -> None:
    page = fill(opened())
    desk = page.session_state["desk"]
    draft = write_draft(written(page), desk.exam.exam_id)
    again = opened()
    again.get("file_uploader")[0].upload("draft.json", draft, "application/json").run()
    assert written(again) == read_draft(draft)[1]
    assert field(again, "text_input", "reader").value == "Dr Anna Example"


def test_a_draft_of_another_exam_and_one_over_words_ask_first() -> None:
    page = opened()
    page.get("file_uploader")[0].upload("draft.json", write_draft(COMPLETE, "other"), "application/json").run()
    assert "This draft is of another exam." in words(page)
    assert written(page).empty
    page.button(key="load_anyway").click().run()
    assert written(page) == COMPLETE


def test_a_damaged_draft_is_refused_in_a_sentence() -> None:
    page = opened()
    page.get("file_uploader")[0].upload("draft.json", b'{"kind": "letter"}', "application/json").run()
    assert not page.exception
    assert "not a draft of this reading room" in words(page)
    assert written(page).empty


def test_closing_an_exam_with_words_asks_first_and_then_forgets_them() -> None:
    page = fill(opened())
    exam = page.session_state["desk"].exam
    page.switch_page("read.py").run()
    assert page.button(key="close").label == "Close and lose it"
    assert "The report of this exam is not saved." in words(page)
    page.button(key="close").click().run()
    assert page.session_state["desk"].written.of(exam).empty


def test_words_that_were_downloaded_are_saved_until_they_change() -> None:
    page = fill(opened())
    desk = page.session_state["desk"]
    assert desk.written.unsaved(desk.exams) == [desk.exam]
    desk.written.save(desk.exam)
    assert desk.written.unsaved(desk.exams) == []
    field(page, "text_area", "comment").set_value("One more.").run()
    assert desk.written.unsaved(desk.exams) == [desk.exam]


def test_without_a_model_the_reader_has_her_page_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "none"))
    page = opened()
    assert not page.exception
    assert page.session_state["desk"].printed[1].pages == 1


def test_an_empty_room_leads_back_to_the_read_page() -> None:
    page = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=60).run()
    page.switch_page("report.py").run()
    assert not page.exception
    assert "No exam is open" in " ".join(element.value for element in page.markdown)


def test_a_model_that_goes_wrong_takes_its_page_along_and_nothing_else(models: Path) -> None:
    page = opened()
    weights = models / "tiny-1" / "weights.safetensors"
    weights.write_bytes(b"N" + weights.read_bytes()[1:])
    page.run()
    assert not page.exception
    assert page.session_state["desk"].printed[1].pages == 1


def test_each_exam_has_words_of_its_own_and_a_change_is_announced() -> None:
    page = fill(opened())
    desk = page.session_state["desk"]
    first = desk.exam
    _, picture = cv2.imencode(".png", (phantom(400, 300) * 200).astype(np.uint8))
    list(desk.take([("second_R-CC.png", picture.tobytes())]))
    page.run()
    assert desk.exam.exam_id != first.exam_id
    assert "now " in words(page)
    assert written(page).empty
    assert field(page, "text_input", "reader").value == ""
    page.button(key="previous").click().run()
    assert desk.exam.exam_id == first.exam_id
    assert field(page, "text_input", "reader").value == "Dr Anna Example"
