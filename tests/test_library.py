"""`import mammo_core`: the public verbs."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

import mammo_core
from mammo_core.intake.refusals import MAX_BYTES
from tests.artefacts import make_artefact


def png(seed: int) -> bytes:
    rows, columns = np.indices((500, 320))
    inside = ((rows - 250) / 220) ** 2 + (columns / (200 + seed)) ** 2 < 1
    return cv2.imencode(".png", (inside * (20000 + 5000 * np.sin(rows / 20))).astype(np.uint16))[1].tobytes()


UPLOADS = [("0_R-CC.png", png(0)), ("0_L-CC.png", png(1)), ("letter.txt", b"Dear colleague")]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    return tmp_path


def test_uploads_become_exams_and_refusals() -> None:
    exams, refusals = mammo_core.read_uploads(UPLOADS)
    assert [len(exam.mammograms) for exam in exams] == [2]
    assert [(refusal.name, refusal.code) for refusal in refusals] == [("letter.txt", "not_an_image")]


def test_a_zip_is_read_as_the_files_in_it() -> None:
    def packed(*files: tuple[str, bytes]) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in files:
                archive.writestr(f"folder/{name}", content)
        return stream.getvalue()

    others = [("0_R-CC.png", png(2)), ("0_L-CC.png", png(3)), UPLOADS[2]]
    exams, refusals = mammo_core.read_uploads([("a.zip", packed(*UPLOADS)), ("b.zip", packed(*others))])
    assert [len(exam.mammograms) for exam in exams] == [2, 2]
    assert exams[0].mammograms[0].name == "a.zip!folder/0_R-CC.png"
    assert [refusal.name for refusal in refusals] == ["a.zip!folder/letter.txt", "b.zip!folder/letter.txt"]


def test_one_call_takes_so_much_and_refuses_the_rest() -> None:
    half = bytes(MAX_BYTES // 2 + 1)
    _, refusals = mammo_core.read_uploads([("1", half), ("2", half), ("3", b"x")])
    assert [refusal.code for refusal in refusals] == ["not_an_image", "request_too_large", "not_an_image"]


def test_an_exam_is_analysed_with_the_default_or_a_named_model(models: Path) -> None:
    make_artefact(models, version="1")
    make_artefact(models, version="2")
    (exam,), _ = mammo_core.read_uploads(UPLOADS)
    assert mammo_core.analyse(exam).model == "tiny-2"
    result = mammo_core.analyse(exam, "tiny-1")
    assert result.model == "tiny-1"
    assert len(result.images) == 2
    assert 0 <= result.suspicion <= 100
    with pytest.raises(ValueError, match="tiny-3"):
        mammo_core.analyse(exam, "tiny-3")


def test_without_a_model_nothing_is_scored(models: Path) -> None:
    (exam,), _ = mammo_core.read_uploads(UPLOADS)
    result = mammo_core.analyse(exam)
    assert result.suspicion is None
    assert {code for code, _ in result.not_scored.values()} == {"no_model"}
    assert set(result.not_scored) == {m.image_id for m in exam.mammograms}


def test_with_a_model_that_was_tampered_with_nothing_is_scored(models: Path) -> None:
    artefact = make_artefact(models)
    (artefact.folder / "recipe.toml").write_text("tampered")
    (exam,), _ = mammo_core.read_uploads(UPLOADS)
    result = mammo_core.analyse(exam)
    assert result.malignant is None
    assert all(code == "no_model" and "recipe.toml" in text for code, text in result.not_scored.values())


def test_everything_public_is_there_and_documented() -> None:
    for name in mammo_core.__all__:
        assert getattr(mammo_core, name) is not None
    assert mammo_core.analyse.__doc__
    assert mammo_core.read_uploads.__doc__


def test_exams_are_read_and_scored_without_tensorflow(models: Path) -> None:
    make_artefact(models)
    script = (
        "import sys, mammo_core\n"
        "assert not {'cv2', 'openvino', 'pydicom', 'tensorflow', 'keras'} & set(sys.modules), 'import is not lazy'\n"
        "import tests.test_library as t\n"
        "exams, _ = mammo_core.read_uploads(t.UPLOADS)\n"
        "assert mammo_core.analyse(exams[0]).suspicion is not None\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules), 'TensorFlow was imported'\n"
    )
    root = Path(__file__).resolve().parents[1]
    subprocess.run([sys.executable, "-c", script], check=True, cwd=root)
