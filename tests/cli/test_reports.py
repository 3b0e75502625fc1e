"""`analyse --pdf`: a report for every exam, named by its id, from files that are read again."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import jsonschema
import pytest

from mammo_core.cli import main
from tests.artefacts import make_artefact
from tests.cli.test_analyse import lines, write
from tests.intake.phantoms import dataset, ramp, saved
from tests.reporting.cases import pages

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_artefact(tmp_path / "models")
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "models"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two exams, one of them in a ZIP."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(["0_L-CC", "0_R-CC"]):
        write(folder / f"{name}.png", number)
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        for number, name in enumerate(["1_L-CC", "1_R-CC"], start=5):
            write(tmp_path / f"{name}.png", number)
            archive.write(tmp_path / f"{name}.png", f"{name}.png")
    return folder


def analyse(folder: Path, out: Path, *more: str) -> dict[str, Path]:
    """Run; the PDFs by the id in their names."""
    assert main(["analyse", str(folder), "--out", str(out), "--pdf", *more]) == 0
    return {path.stem: path for path in (out / "reports").glob("*.pdf")}


def test_every_exam_has_its_report(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    reports = analyse(folder, out)
    exams = lines(out / "exams.jsonl")
    assert set(reports) == {exam["exam_id"] for exam in exams}
    assert len(reports) == 2
    for exam in exams:
        (page,) = [" ".join(page.split()) for page in pages(reports[exam["exam_id"]].read_bytes())]
        assert "no part of the reader's report" in page
        assert "No reader's report was printed with it." in page
        content = json.loads(reports[exam["exam_id"]].with_suffix(".json").read_text())
        jsonschema.validate(content, SCHEMA)
        assert content["reader"] is None
        assert content["model"]["suspicion"] == pytest.approx(exam["suspicion"])
        assert content["exam"]["exam_id"] == exam["exam_id"]


def test_a_patient_is_on_the_report_and_in_no_file_s_name(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(saved(dataset(ramp(), PatientID="MIRABELLA-9", AccessionNumber="ACC9")))
    reports = analyse(folder, out)
    (said,) = pages(next(iter(reports.values())).read_bytes())
    assert "MIRABELLA-9" in said
    assert "ACC9" in said
    assert not any("MIRABELLA" in str(path) for path in out.rglob("*"))


def test_reports_that_are_there_are_not_written_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = {path: path.read_bytes() for path in analyse(folder, out).values()}
    lost = next(iter(before))
    lost.unlink()
    for path in set(before) - {lost}:
        path.write_bytes(b"kept")
    assert set(analyse(folder, out).values()) == set(before)
    assert all(path.read_bytes() == b"kept" for path in set(before) - {lost})
    analyse(folder, out, "--force")
    assert all(path.read_bytes().startswith(b"%PDF-") for path in before)


def test_reports_in_the_folder_are_no_files_to_analyse(folder: Path) -> None:
    analyse(folder, folder)
    files = {line["file"] for line in lines(folder / "images.jsonl")}
    analyse(folder, folder)
    assert {line["file"] for line in lines(folder / "images.jsonl")} == files


def test_without_pdf_there_is_no_report(folder: Path, tmp_path: Path) -> None:
    assert main(["analyse", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert not (tmp_path / "out" / "reports").exists()
