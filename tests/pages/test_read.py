"""The Read page, run without a browser."""

from __future__ import annotations

import gc
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.exam import Laterality, View
from pages.parts.shelf import _SHELVES
from pages.parts.viewer import FULL_RANGE
from tests.artefacts import make_artefact
from tests.intake.phantoms import dataset, ramp, saved
from tests.preprocessing.phantoms import breast

ROOT = Path(__file__).parents[2]
POINTS = [
    {"name": "US screening", "suspicion": 41.2, "unit": "exam", "n": 300, "n_cancer": 100}
    | {"specificity": [0.889, 0.86, 0.91], "sensitivity": [0.4, 0.3, 0.5]}
]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_artefact(tmp_path, operating_points=POINTS)
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    return tmp_path


def opened() -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=60).run()
    return page.button(key="example").click().run()


def words(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def test_an_empty_room_offers_the_example_and_says_what_it_is_for(models: Path) -> None:
    page = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=60).run()
    assert not page.exception
    assert page.button(key="example").label == "Open the example exam"
    assert "Research use only, not for clinical use." in words(page)


def test_the_example_exam_hangs_and_is_scored(models: Path) -> None:
    page = opened()
    assert not page.exception
    said = words(page)
    assert "suspicion, 0–100" in said
    assert "In screening about 1 woman in 160 has." in said
    assert "not validated" in said
    assert "PHANTOM" in said
    assert "EXAMPLE-1" in said
    assert page.toggle(key="heat_on").value is False


def test_without_a_model_the_pictures_stay_and_the_rail_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    page = opened()
    assert not page.exception
    assert "No scores: there is no model" in words(page)
    assert len(page.session_state["desk"].hanging().panes) == 4


def test_a_wrong_byte_in_the_model_leaves_pictures_without_scores(models: Path) -> None:
    weights = models / "tiny-1" / "weights.safetensors"
    weights.write_bytes(b"N" + weights.read_bytes()[1:])
    page = opened()
    assert not page.exception
    assert "could not be verified" in words(page)
    assert "suspicion, 0–100" not in words(page)


def test_a_view_set_by_hand_is_hung_and_scored_anew(models: Path) -> None:
    page = opened()
    desk = page.session_state["desk"]
    picture = desk.hanging().panes[Laterality.LEFT, View.CC].mammogram
    desk.reassign(picture, Laterality.LEFT, View.MLO)
    page.run()
    assert not page.exception
    assert (Laterality.LEFT, View.CC) not in page.session_state["desk"].hanging().panes
    assert len(page.session_state["desk"].hanging().others) == 1


def test_closing_the_exam_forgets_it_and_its_pixels(models: Path) -> None:
    page = opened()
    shelf = page.session_state["desk"].shelf
    assert shelf._pictures
    page.button(key="close").click().run()
    assert not page.exception
    assert not shelf._pictures
    assert page.session_state["desk"].exams == []


def test_every_exam_opens_at_its_files_first_window(models: Path) -> None:
    scan = cv2.imencode(".png", breast()[0].astype(np.uint16))[1].tobytes()
    windowed = saved(dataset(ramp(400, 300), WindowCenter=[2000, 2100], WindowWidth=[3000, 4000]))
    page = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=60).run()
    page.file_uploader(key="first_0").upload("scan.png", scan).run()
    assert page.selectbox(key="window").value == FULL_RANGE
    page.file_uploader(key="more_1").upload("windowed.dcm", windowed).run()  # after the window's widget is made
    assert page.session_state["desk"].at == 1
    assert page.selectbox(key="window").value == "Window 1"
    page.button(key="previous").click().run()
    assert page.selectbox(key="window").value == FULL_RANGE
    page.button(key="next").click().run()  # by callback, before any widget is made
    assert page.selectbox(key="window").value == "Window 1"
    assert not page.exception


def test_two_sessions_have_two_shelves_and_an_ended_session_leaves_none(models: Path) -> None:
    first, second = opened(), opened()
    tokens = {page.session_state["desk"].shelf.token for page in (first, second)}
    assert len(tokens) == 2
    assert tokens <= set(_SHELVES)
    token = first.session_state["desk"].shelf.token
    del first
    gc.collect()
    assert token not in _SHELVES


def test_refused_files_are_listed_with_their_sentence(models: Path) -> None:
    page = opened()
    desk = page.session_state["desk"]
    list(desk.take([("notes.txt", b"no picture")]))
    page.run()
    assert "notes.txt" in words(page)


def test_a_model_without_lesion_maps_offers_its_class_activation_map_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_artefact(tmp_path, maps=["gradcam"])
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    page = opened()
    page.toggle(key="heat_on").set_value(True).run()
    assert not page.exception
    assert page.selectbox(key="heat_kind").options == ["Grad-CAM"]
    assert "no focus" not in words(page)


def test_a_model_without_maps_says_so_and_has_no_switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_artefact(tmp_path, maps=[])
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    page = opened()
    assert not page.exception
    assert "This model makes no heat map." in words(page)
    assert not [switch for switch in page.toggle if switch.key == "heat_on"]
    assert "suspicion, 0–100" in words(page)


def test_under_the_lesion_map_stands_how_much_it_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [{"set": "made-up", "how": "outside", "head": "maps", "auc": [0.55, 0.51, 0.58]}]
    make_artefact(tmp_path, operating_points=POINTS, heads_alone=alone)
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    page = opened()
    sentence = "Map alone, AUC: 0.55 made-up."
    assert sentence not in words(page)
    page.toggle(key="heat_on").set_value(True).run()
    assert sentence in words(page)
    page.selectbox(key="heat_kind").select("gradcam").run()
    assert not page.exception
    assert sentence not in words(page)
