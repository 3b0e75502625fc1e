"""A model folder is taken whole and unchanged, or not at all."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mammo_core.exam import Source
from mammo_core.inference import (
    ArtefactMismatch,
    available,
    default_model,
    find_model,
    history,
    judged,
    load_artefact,
    models_root,
    seal,
)
from mammo_core.inference.artefact import OTHER_FILES, golden_canvas
from tests.artefacts import card, make_artefact

JUDGED = """set,unit,how,woman,malignant,suspicion,fold
"Made up, digital",image,held out,0,1,41.2,4
"Made up, digital",image,held out,0,1,60.0,4
"Made up, digital",image,held out,3,0,3.5,0
"Made up, digital",exam,held out,0,1,50.0,4
"""


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_artefact(tmp_path_factory.mktemp("models")).folder


@pytest.fixture
def folder(sealed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sealed, tmp_path / sealed.name)


def test_a_sealed_folder_loads(folder: Path) -> None:
    artefact = load_artefact(folder)
    assert artefact.name == "tiny-1"
    assert set(artefact.card["files"]) == set(OTHER_FILES)
    assert len(artefact.digest) == 64


@pytest.mark.parametrize("name", ["card.json", *OTHER_FILES])
@pytest.mark.parametrize("where", [0, 0.5, -1])
def test_a_wrong_byte_anywhere_is_refused(folder: Path, name: str, where: float) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-1 if where == -1 else int(len(content) * where)] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtefactMismatch, match=name):
        load_artefact(folder)


@pytest.mark.parametrize("name", ["card.json", *OTHER_FILES])
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtefactMismatch, match=name):
        load_artefact(folder)


def test_even_a_space_in_the_card_is_refused(folder: Path) -> None:
    (folder / "card.json").write_bytes((folder / "card.json").read_bytes() + b" ")
    with pytest.raises(ArtefactMismatch, match=r"card\.json"):
        load_artefact(folder)


def test_a_runtime_that_answers_differently_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammo_core.inference.artefact.golden_canvas", lambda *k: golden_canvas(*k) * 0.99)
    with pytest.raises(ArtefactMismatch, match="golden"):
        load_artefact(folder)


def test_a_folder_that_is_not_there_is_a_mismatch(tmp_path: Path) -> None:
    with pytest.raises(ArtefactMismatch):
        load_artefact(tmp_path / "nowhere-1")


def test_sealing_names_what_is_lacking(folder: Path) -> None:
    (folder / "recipe.toml").unlink()
    lacking = card()
    del lacking["title"]
    with pytest.raises(ValueError, match=r"recipe\.toml, title"):
        seal(folder, lacking)


def test_sealing_twice_gives_the_same_folder(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in ("card.json", "golden.json")}
    seal(folder, card())
    assert before == {name: (folder / name).read_bytes() for name in before}


def test_the_golden_input_is_the_documented_formula(folder: Path) -> None:
    assert json.loads((folder / "golden.json").read_text())["seed_formula"].startswith("0.5 + 0.5*sin(0.013*(k+1)*row)")
    canvas = golden_canvas(1)
    assert canvas.shape == (512, 320)
    assert canvas[70, 40] == pytest.approx(0.5 + 0.5 * np.sin(0.013 * 2 * 70) * np.cos(0.021 * 2 * 40))


def test_calibration_is_by_source_and_unknown_takes_the_default(folder: Path) -> None:
    artefact = load_artefact(folder)
    assert artefact.calibration(Source.FILM) == (0.5, -0.5)
    assert artefact.calibration(Source.DIGITAL) == (1.0, 0.0)
    assert artefact.calibration(Source.UNKNOWN) == (1.0, 0.0)


def test_models_are_found_by_name_newest_first(tmp_path: Path) -> None:
    for name in ("beta-1", "alpha-9", "alpha-10", "alpha-9.1", "no-card"):
        (tmp_path / name).mkdir()
        if name != "no-card":
            (tmp_path / name / "card.json").touch()
    assert [f.name for f in available(tmp_path)] == ["alpha-10", "alpha-9.1", "alpha-9", "beta-1"]
    assert default_model(tmp_path) == tmp_path / "alpha-10"
    assert find_model("beta", tmp_path) == tmp_path / "beta-1"
    (tmp_path / "default").write_text("beta-1\n")
    assert default_model(tmp_path) == tmp_path / "beta-1"
    with pytest.raises(ValueError, match="alpha-10"):
        find_model("gamma", tmp_path)


def test_the_models_folder_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "none"))
    assert models_root() == tmp_path / "none"
    assert available() == []
    assert default_model() is None


def test_evidence_is_sealed_with_the_rest_where_it_is_there(folder: Path) -> None:
    assert load_artefact(folder).evidence == {}
    (folder / "judged.csv").write_text(JUDGED, encoding="utf-8")
    artefact = seal(folder, card())
    assert artefact.evidence == {"judged.csv": JUDGED.encode()}
    assert "judged.csv" in artefact.card["files"]
    (folder / "judged.csv").write_text(JUDGED.replace("41.2", "71.2"), encoding="utf-8")
    with pytest.raises(ArtefactMismatch, match=r"judged\.csv"):
        load_artefact(folder)


def test_evidence_that_the_card_does_not_name_is_not_believed(folder: Path) -> None:
    (folder / "judged.csv").write_text(JUDGED, encoding="utf-8")
    assert judged(load_artefact(folder)) == ()


def test_judged_cases_come_back_by_set_and_unit(folder: Path) -> None:
    (folder / "judged.csv").write_text(JUDGED, encoding="utf-8")
    images, exams = judged(seal(folder, card()))
    assert (images.name, images.unit, images.how) == ("Made up, digital", "image", "held out")
    assert images.woman.tolist() == [0, 0, 3]
    assert images.malignant.tolist() == [True, True, False]
    assert images.suspicion.tolist() == [41.2, 60.0, 3.5]
    assert exams.fold.tolist() == [4]


def test_learning_curves_come_back_as_columns(folder: Path) -> None:
    assert history(load_artefact(folder)) == {}
    (folder / "history.csv").write_text("fold,round,epoch,loss\n0,1,1,0.9\n0,1,2,0.5\n", encoding="utf-8")
    columns = history(seal(folder, card()))
    assert {name: values.tolist() for name, values in columns.items()} == {
        "fold": [0, 0],
        "round": [1, 1],
        "epoch": [1, 2],
        "loss": [0.9, 0.5],
    }


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("judged.csv", "set,unit\nA,image\n", judged),
        ("judged.csv", JUDGED.replace("41.2", "high"), judged),
        ("history.csv", "round,epoch,loss\n1,1,0.9\n", history),
        ("history.csv", "fold,round,epoch,loss\n0,1,1\n", history),
    ],
)
def test_evidence_of_another_form_is_a_mismatch(folder: Path, name: str, content: str, read) -> None:
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(ArtefactMismatch, match=f"{name} is not of the documented form"):
        read(seal(folder, card()))
