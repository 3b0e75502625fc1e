"""A marked name in every text of a file is found nowhere afterwards but in the fields that hold it."""

from __future__ import annotations

import io
import json
import logging
import tempfile
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from mammo_core.cli import main
from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake import Reader, group
from tests.artefacts import make_artefact
from tests.intake.phantoms import dataset, ramp, saved
from tests.intake.test_archive import zipped

MARKS = ("ZYXMARK", "ZYX^MARK", "zyxmark")
TEXTS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
NEEDED = {"Modality", "PhotometricInterpretation", "ImageLaterality", "ViewPosition", "SpecificCharacterSet"}
JUDGED = ("SOPClassUID", "BodyPartExamined", "PatientOrientation", "PresentationIntentType", "SeriesDescription")
"""What a file is judged by, and sentences might quote."""


def marks_in(text: str | bytes) -> list[str]:
    found = (text if isinstance(text, str) else text.decode("latin-1")).lower().replace("^", "")
    return [mark for mark in MARKS if mark.lower().replace("^", "") in found]


def texts(made: Dataset, mark: str, but: set[str]) -> Dataset:
    """The data set with the mark in every text attribute that the standard knows."""
    for tag, (vr, *_, keyword) in DicomDictionary.items():
        if vr in TEXTS and keyword and keyword not in but and Tag(tag).group > 2:
            setattr(made, keyword, mark)
    item = Dataset()
    item.CodeMeaning = item.CodeValue = item.LUTExplanation = mark
    made.ViewCodeSequence = [item]
    made.add_new(Tag(0x0011, 0x0010), "LO", mark)
    made.add_new(Tag(0x0011, 0x1001), "PN", mark)
    return made


def png() -> bytes:
    notes, stream = PngImagePlugin.PngInfo(), io.BytesIO()
    for key in ("Author", "Comment", "Patient"):
        notes.add_text(key, MARKS[0])
    Image.fromarray(ramp(300, 280)).save(stream, "png", pnginfo=notes)
    return stream.getvalue()


def marked_files() -> list[tuple[str, bytes]]:
    """Mammograms, refused files of many kinds and a ZIP of them all, under names that say nothing."""
    made = []
    for mark in MARKS:
        made += [texts(dataset(ramp(300, 280), ViewPosition="CC"), mark, NEEDED)]
        made += [dataset(ramp(300, 280), PatientName=mark, **{keyword: mark}) for keyword in (*NEEDED, *JUDGED)]
        made += [texts(dataset(ramp(300, 280)), mark, NEEDED)]
        del made[-1].PixelData
    files = [(f"{number}.dcm", saved(one)) for number, one in enumerate(made)]
    cut = files[0][1][: len(files[0][1]) // 2]
    files += [("cut.dcm", cut), ("0_R-CC.png", png()), ("letter.txt", MARKS[0].encode())]
    return [*files, ("a.zip", zipped(*files))]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, of this process and of those that it starts."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_nothing_of_a_patient_is_said_logged_or_left(
    temporary: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    files = marked_files()
    caplog.clear()
    capfd.readouterr()
    with caplog.at_level(logging.DEBUG), Reader() as reader:
        found = [answer for name, data in files for answer in reader.read(name, data)]
    refusals = [answer for answer in found if isinstance(answer, Refusal)]
    mammograms = [answer for answer in found if isinstance(answer, Mammogram)]
    assert len(refusals) >= 10
    assert len(mammograms) >= 10
    assert [answer for answer in refusals if marks_in(answer.sentence + answer.code + answer.name)] == []
    assert [m.name for m in mammograms if marks_in(" ".join([m.image_id, m.name, *(m.unscored or ())]))] == []
    assert [exam.exam_id for exam in group(mammograms) if marks_in(exam.exam_id)] == []
    assert not marks_in(caplog.text)
    assert not marks_in("".join(capfd.readouterr()))
    assert list(temporary.rglob("*")) == []


def test_nothing_of_a_patient_is_written_by_the_command_line(
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make_artefact(tmp_path / "models")
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "models"))
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.zip").write_bytes(marked_files()[-1][1])
    caplog.clear()
    capfd.readouterr()
    with caplog.at_level(logging.DEBUG):
        assert main(["analyse", str(folder), "--out", str(out)]) == 0
    assert json.loads((out / "images.jsonl").read_text().splitlines()[0])["file"].startswith(f"{folder}/a.zip!")
    written = [path for path in out.rglob("*") if path.is_file()]
    assert written
    assert [path.name for path in written if marks_in(path.name) or marks_in(path.read_bytes())] == []
    assert not marks_in(caplog.text)
    assert not marks_in("".join(capfd.readouterr()))
    assert list(temporary.rglob("*")) == []
