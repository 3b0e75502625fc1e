"""`python -m mammo_core analyse`: lines, heat maps, resuming, exit codes."""

import json
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import mammo_core.cli
from mammo_core.cli import main
from mammo_core.cli.notes import NOTES
from mammo_core.cli.picture import analyse_file
from mammo_core.inference import Network, load_artefact
from mammo_core.intake.refusals import MAX_BYTES
from tests.artefacts import make_artefact
from tests.intake.phantoms import dataset, ramp, saved

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = Path(mammo_core.cli.__file__).parent / "schemas"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    make_artefact(root, "tiny", "1")
    make_artefact(root, "tiny", "2")
    return root


@pytest.fixture(autouse=True)
def _use_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(models))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four views of one woman, a picture whose name says nothing, a letter."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(["0_L-CC", "0_L-MLO", "0_R-CC", "0_R-MLO", "scan"]):
        write(folder / f"{name}.png", number)
    (folder / "letter.txt").write_text("Dear colleague")
    return folder


def write(path: Path, seed: int) -> None:
    rows, columns = np.indices((480, 320))
    inside = ((rows - 240) / (200 + seed)) ** 2 + (columns / 220) ** 2 < 1
    spot = 40000 * np.exp(-((rows - 200) ** 2 + (columns - 90) ** 2) / 800)
    grey = np.where(inside, 12000 + 3000 * np.sin(rows / 15) + spot, 0)
    cv2.imwrite(str(path), grey.astype(np.uint16))


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def analyse(*arguments: object) -> int:
    return main(["analyse", *map(str, arguments)])


def command(*arguments: object, **options) -> subprocess.Popen:
    words = [sys.executable, "-m", "mammo_core", *map(str, arguments)]
    return subprocess.Popen(
        words,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Where the tests run in the background Ctrl-C is ignored, and a child would ignore it too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def test_a_study_of_two_women_is_refused_and_the_rest_scored(folder: Path, tmp_path: Path) -> None:
    for patient in ("A", "B"):
        made = dataset(ramp(400, 300, top=4000 + ord(patient)), PatientID=patient, StudyInstanceUID="1.2.9")
        (folder / f"{patient}.dcm").write_bytes(saved(made))
    out = tmp_path / "out"
    assert analyse(folder, "--out", out) == 0
    told = {Path(line["file"]).name: line for line in lines(out / "images.jsonl")}
    assert {name: told[name]["reason"]["code"] for name in ("A.dcm", "B.dcm")} == dict.fromkeys(
        ("A.dcm", "B.dcm"), "several_women"
    )
    assert {told[name]["status"] for name in ("A.dcm", "B.dcm")} == {"refused"}
    assert told["0_L-CC.png"]["status"] == "scored"
    assert not any(file.endswith(".dcm") for exam in lines(out / "exams.jsonl") for file in exam["files"])


def test_heat_maps_of_two_women_in_a_study_are_deleted_and_not_made_again(folder: Path, tmp_path: Path) -> None:
    for patient in ("A", "B"):
        dicom(folder / f"{patient}.dcm", patient, seed=ord(patient) - 50)
    out = tmp_path / "out"
    assert analyse(folder, "--out", out) == 0
    first, before = lines(out / "images.jsonl"), times(out)
    assert {f"heatmaps/{name}" for name in before} == {line["heatmap"] for line in first} - {None}
    noted = (out / NOTES).read_text()
    assert analyse(folder, "--out", out) == 0
    assert lines(out / "images.jsonl") == first
    assert times(out) == before
    assert (out / NOTES).read_text() == noted  # nothing was scored anew
    (folder / "B.dcm").rename(tmp_path / "B.dcm")
    assert analyse(folder, "--out", out) == 0
    told = {Path(line["file"]).name: line for line in lines(out / "images.jsonl")}
    assert told["A.dcm"]["status"] == "scored"
    assert (out / told["A.dcm"]["heatmap"]).is_file()
    (tmp_path / "B.dcm").rename(folder / "B.dcm")
    assert analyse(folder, "--out", out) == 0
    assert lines(out / "images.jsonl") == first
    assert times(out) == before


def test_a_heat_map_that_another_picture_shares_stays(folder: Path, tmp_path: Path) -> None:
    for patient in ("A", "B"):
        dicom(folder / f"{patient}.dcm", patient)  # with the pixels of 0_L-CC.png
    out = tmp_path / "out"
    assert analyse(folder, "--out", out) == 0
    told = {Path(line["file"]).name: line for line in lines(out / "images.jsonl")}
    assert told["A.dcm"]["heatmap"] is None
    assert told["0_L-CC.png"]["status"] == "scored"
    assert (out / told["0_L-CC.png"]["heatmap"]).is_file()


def test_every_file_gets_its_line_in_order_and_the_lines_keep_to_their_schema(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert analyse(folder, "--out", out) == 0
    images, exams = lines(out / "images.jsonl"), lines(out / "exams.jsonl")
    assert [Path(line["file"]).name for line in images] == sorted(path.name for path in folder.iterdir())
    assert [line["file"] for line in images] == [str(path) for path in sorted(folder.iterdir())]
    for name, found in (("images", images), ("exams", exams)):
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        for line in found:
            Draft202012Validator(schema).validate(line)
    assert [line["status"] for line in images] == ["scored"] * 4 + ["refused", "scored"]
    assert [len(exam["files"]) for exam in exams] == [4, 1]
    assert [breast["laterality"] for breast in exams[0]["breasts"]] == ["R", "L"]
    assert exams[0]["model"] == "tiny-2"


def test_heat_maps_are_16_bit_on_the_mammograms_grid(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(folder / "0_L-CC.png", "--out", out)
    (line,) = lines(out / "images.jsonl")
    assert line["heatmap"] == f"heatmaps/{line['image_id']}.png"
    heat = cv2.imread(str(out / line["heatmap"]), cv2.IMREAD_UNCHANGED)
    assert (heat.dtype, heat.shape) == (np.uint16, (480, 320))
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert abs(row - 200) < 20
    assert abs(column - 90) < 20


def test_exams_equal_those_of_the_library(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(folder, "--out", out)
    exams, _ = mammo_core.read_uploads((str(path), path.read_bytes()) for path in sorted(folder.iterdir()))
    for exam, line in zip(exams, lines(out / "exams.jsonl"), strict=True):
        result = mammo_core.analyse(exam)
        assert line["exam_id"] == exam.exam_id
        assert line["suspicion"] == pytest.approx(result.suspicion, abs=1e-4)
        assert line["remarks"] == list(result.remarks)


def test_a_zip_is_a_file_with_many_pictures(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed, out = tmp_path / "a.zip", tmp_path / "out"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"one/{path.name}")
        write(tmp_path / "other.png", 9)
        archive.write(tmp_path / "other.png", "two/0_R-CC.png")
        archive.writestr("one/Thumbs.db", b"x")
        archive.writestr("__MACOSX/one/._0_R-CC.png", b"x")
    assert analyse(packed, "--out", out) == 0
    assert "2 side files of macOS or Windows were passed over" in capsys.readouterr().err
    images, exams = lines(out / "images.jsonl"), lines(out / "exams.jsonl")
    names = [f"one/{path.name}" for path in sorted(folder.iterdir())] + ["two/0_R-CC.png"]
    assert [line["file"] for line in images] == [f"{packed}!{name}" for name in names]
    assert [[file.split("!")[1] for file in exam["files"]] for exam in exams] == [names[:4], names[5:6], names[6:]]
    before = times(out)
    assert analyse(packed, "--out", out) == 0
    assert "2 side files" in capsys.readouterr().err
    assert times(out) == before
    of_library, _ = mammo_core.read_uploads([(str(packed), packed.read_bytes())])
    assert [exam.exam_id for exam in of_library] == [line["exam_id"] for line in exams]


def test_a_file_over_the_limit_is_refused_before_it_is_in_memory(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "huge.dcm").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    network = Network(load_artefact(models / "tiny-1"))
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("it was read"))
    (line,) = analyse_file(tmp_path / "huge.dcm", network, tmp_path)["lines"]
    assert line["reason"]["code"] == "file_too_large"


def test_workers_change_nothing(folder: Path, tmp_path: Path) -> None:
    analyse(folder, "--out", tmp_path / "one")
    with command("analyse", folder, "--out", tmp_path / "two", "--workers", 2) as process:
        assert process.wait(120) == 0, process.stderr.read()
    for name in ("images.jsonl", "exams.jsonl"):
        one, two = lines(tmp_path / "one" / name), lines(tmp_path / "two" / name)
        assert [(line.get("file"), line.get("files")) for line in one] == [
            (line.get("file"), line.get("files")) for line in two
        ]
        for a, b in zip(one, two, strict=True):
            assert a["suspicion"] == pytest.approx(b["suspicion"], abs=1e-3)
            assert a.get("heatmap") == b.get("heatmap")


def test_the_same_picture_at_two_paths_gives_two_lines(folder: Path, tmp_path: Path) -> None:
    (folder / "0_R-CC copy").mkdir()
    (folder / "0_R-CC copy" / "0_R-CC.png").write_bytes((folder / "0_R-CC.png").read_bytes())
    (folder / "0_RCC.png").write_bytes((folder / "0_R-CC.png").read_bytes())
    out = tmp_path / "out"
    assert analyse(folder, folder / "scan.png", "--out", out) == 0
    images = lines(out / "images.jsonl")
    ids = [line["image_id"] for line in images if "R-CC.png" in line["file"] or "RCC" in line["file"]]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    files = [line["file"] for line in images]
    assert len(files) == len(set(files))  # a file given twice is one file
    named = [file for exam in lines(out / "exams.jsonl") for file in exam["files"]]
    assert sorted(named) == sorted(line["file"] for line in images if line["status"] == "scored")


def test_what_is_done_is_not_done_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(folder, "--out", out)
    before = times(out)
    texts = {name: (out / name).read_text() for name in ("images.jsonl", "exams.jsonl")}
    assert analyse(folder, "--out", out) == 0
    assert times(out) == before
    assert texts == {name: (out / name).read_text() for name in texts}
    assert analyse(folder, "--out", out, "--force") == 0
    assert not set(times(out).items()) & set(before.items())


def times(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (out / "heatmaps").iterdir()}


def test_another_model_does_everything_anew(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(folder, "--out", out)
    before = times(out)
    analyse(folder, "--out", out, "--model", "tiny-1")
    assert {line["model"] for line in lines(out / "images.jsonl")} == {"tiny-1", None}
    assert not set(times(out).items()) & set(before.items())


def test_a_file_that_changed_or_lost_its_map_is_done_anew(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(folder, "--out", out)
    first = lines(out / "images.jsonl")
    write(folder / "0_L-CC.png", 9)
    (out / first[1]["heatmap"]).unlink()
    before = times(out)
    analyse(folder, "--out", out)
    second = lines(out / "images.jsonl")
    assert [a == b for a, b in zip(first, second, strict=True)] == [False] + [True] * 5
    assert len([name for name in times(out) if name not in before]) == 2


def test_a_half_written_note_costs_only_its_own_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    analyse(folder, "--out", out)
    whole, before = lines(out / "images.jsonl"), times(out)
    (out / NOTES).write_bytes((out / NOTES).read_bytes()[:-40])
    (out / "images.jsonl").write_bytes((out / "images.jsonl").read_bytes()[:-40])
    assert analyse(folder, "--out", out) == 0
    assert lines(out / "images.jsonl") == whole
    assert len(set(before.items()) - set(times(out).items())) == 1  # scan.png, the last one


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, how: signal.Signals, workers: int) -> None:
    folder, out = tmp_path / "many", tmp_path / "out"
    folder.mkdir()
    write(folder / "000.png", 0)
    for number in range(1, 120):
        (folder / f"{number:03}.png").write_bytes((folder / "000.png").read_bytes() + bytes(number))
    process = command("analyse", folder, "--out", out, "--workers", workers)
    with process:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            if (out / "images.jsonl").exists() and (out / "images.jsonl").read_bytes().count(b"\n") >= 3:
                break
            time.sleep(0.01)
        process.send_signal(how)
        assert process.wait(60) == (130 if how is signal.SIGINT else -signal.SIGKILL)
    noted = (out / NOTES).read_bytes().count(b"\n")
    assert 3 <= noted < 120
    assert not (out / "exams.jsonl").exists()
    kept = [json.loads(line)["file"] for line in (out / NOTES).read_text().splitlines()[:noted]]
    process = command("analyse", folder, "--out", out)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert f"{len(kept)}/120" in said  # the progress bar starts from what is done
    assert [line["file"] for line in lines(out / "images.jsonl")] == [str(f) for f in sorted(folder.iterdir())]


def test_heat_maps_of_an_earlier_run_are_not_pictures_to_score(folder: Path) -> None:
    assert analyse(folder, "--out", folder) == 0
    count = len(lines(folder / "images.jsonl"))
    assert analyse(folder, "--out", folder) == 0
    assert len(lines(folder / "images.jsonl")) == count == 6


def test_no_patients_name_is_written(tmp_path: Path) -> None:
    dicom(tmp_path / "in" / "1.dcm")
    out = tmp_path / "out"
    assert analyse(tmp_path / "in", "--out", out) == 0
    assert lines(out / "images.jsonl")[0]["status"] == "scored"
    for path in (out / "images.jsonl", out / "exams.jsonl", out / NOTES):
        assert "Doe" not in path.read_text()
        assert "PID77" not in path.read_text()


def dicom(path: Path, patient: str = "PID77", seed: int = 0) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian

    path.parent.mkdir(exist_ok=True)
    write(path.with_suffix(".png"), seed)
    pixels = cv2.imread(str(path.with_suffix(".png")), cv2.IMREAD_UNCHANGED)
    path.with_suffix(".png").unlink()
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    header.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    header.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    header.SOPInstanceUID = "1.2.3.4"
    header.StudyInstanceUID = "1.2.3"
    header.PatientName, header.PatientID = "Doe^Jane", patient
    header.Modality, header.PresentationIntentType = "MG", "FOR PRESENTATION"
    header.ImageLaterality, header.ViewPosition = "L", "CC"
    header.ImageType = ["ORIGINAL", "PRIMARY"]
    header.Rows, header.Columns = pixels.shape
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit, header.PixelRepresentation = 15, 0
    header.PixelData = pixels.tobytes()
    header.save_as(path, enforce_file_format=True)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, models: Path) -> None:
    network = Network(load_artefact(models / "tiny-1"))
    (line,) = analyse_file(tmp_path / "gone.png", network, tmp_path)["lines"]
    assert (line["status"], line["reason"]["code"]) == ("refused", "unreadable")


def test_an_empty_folder_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    assert analyse(tmp_path / "in", "--out", tmp_path / "out") == 0
    assert lines(tmp_path / "out" / "images.jsonl") == []
    assert "no file" in capsys.readouterr().err


def test_wrong_usage_is_2_with_the_reason_on_stderr(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert analyse(tmp_path / "nowhere", "--out", out) == 2
    assert "nowhere" in capsys.readouterr().err
    assert analyse(folder, "--out", out, "--model", "big-1") == 2
    assert "tiny-2" in capsys.readouterr().err
    (tmp_path / "taken").write_text("a file")
    assert analyse(folder, "--out", tmp_path / "taken") == 2
    assert "taken" in capsys.readouterr().err
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "none"))
    assert analyse(folder, "--out", out) == 2
    assert "no model" in capsys.readouterr().err
    assert not out.exists()
