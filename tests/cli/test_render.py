"""`render`: files in, a grey picture for each of their windows out."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from mammo_core.cli import main
from tests.intake.phantoms import dataset, encoded, ramp, saved
from tests.shared import SHARED, needs_shared


def lines_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "renders.jsonl").read_text().splitlines()]


def grey(out: Path, line: dict[str, Any]) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(out / line["png"]), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert (picture.dtype, picture.ndim) == (np.uint8, 2)
    return picture.astype(np.uint8)


def windowed(**more: Any) -> Dataset:
    lut = Dataset()
    lut.LUTDescriptor = [4096, 0, 12]
    lut.LUTData = list(range(4096))
    lut["LUTData"].VR = "US"
    lut.LUTExplanation = "PLAIN"
    return dataset(
        ramp(),
        WindowCenter=["2048", "1", "1000"],
        WindowWidth=["4096", "0", "500"],
        WindowCenterWidthExplanation=["WIDE", "BROKEN"],
        VOILUTSequence=[lut],
        **more,
    )


def test_every_window_and_table_is_written_at_full_size(tmp_path: Path) -> None:
    (tmp_path / "Smith^Jane.dcm").write_bytes(saved(windowed()))
    out = tmp_path / "out"
    assert main(["render", str(tmp_path / "Smith^Jane.dcm"), "--out", str(out)]) == 0
    lines = lines_of(out)
    assert [(line["kind"], line["index"], line["explanation"]) for line in lines] == [
        ("window", 1, "WIDE"),
        ("window", 3, ""),
        ("voi_lut", 1, "PLAIN"),
    ]
    assert all(list(line) == ["file", "png", "kind", "index", "explanation"] for line in lines)
    assert {line["file"] for line in lines} == {str(tmp_path / "Smith^Jane.dcm")}
    wide, narrow, plain = (grey(out, line) for line in lines)
    expected = np.rint(ramp() * (255 / 4095)).astype(int)
    assert np.abs(wide - expected).max() <= 1
    assert np.abs(plain - expected).max() <= 1
    assert (narrow[ramp() < 700].max(), narrow[ramp() > 1300].min()) == (0, 255)
    assert not [path for path in out.rglob("*") if "Smith" in path.name or "Anon" in path.name]


def test_pictures_come_out_as_they_are_to_be_shown(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(saved(windowed()))
    (tmp_path / "b.dcm").write_bytes(saved(windowed(PhotometricInterpretation="MONOCHROME1")))
    out = tmp_path / "out"
    assert main(["render", str(tmp_path / "a.dcm"), str(tmp_path / "b.dcm"), "--out", str(out)]) == 0
    lines = lines_of(out)
    assert np.abs(255 - grey(out, lines[0]).astype(int) - grey(out, lines[3])).max() <= 1


def test_whatever_decodes_is_rendered_and_the_rest_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("b/raw.dcm", saved(dataset(ramp(), PresentationIntentType="FOR PROCESSING")))
        written.writestr("b/ct.dcm", saved(dataset(ramp(40, 30), Modality="CT", SOPClassUID=CTImageStorage)))
        written.writestr("b/notes.txt", b"no picture")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.zip").write_bytes(archive.getvalue())
    (folder / "c.png").write_bytes(encoded(".png", ramp(dtype="u1", top=255)))
    (folder / "d.dcm").write_bytes(b"")
    out = folder / "out"
    assert main(["render", str(folder), "--out", str(out)]) == 0
    assert [(line["file"], line["kind"], line["index"], line["explanation"]) for line in lines_of(out)] == [
        (f"{folder}/a.zip!b/ct.dcm", "default", 0, ""),
        (f"{folder}/a.zip!b/raw.dcm", "default", 0, ""),
        (f"{folder}/c.png", "default", 0, ""),
    ]
    said = capsys.readouterr().err
    assert f"{folder}/a.zip!b/notes.txt: Not a picture" in said
    assert f"{folder}/d.dcm: The file is empty." in said
    first = (out / "renders.jsonl").read_bytes()
    assert main(["render", str(folder), "--out", str(out)]) == 0
    assert (out / "renders.jsonl").read_bytes() == first  # what it wrote is not rendered again


def test_wrong_usage_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", str(tmp_path / "absent"), "--out", str(tmp_path / "out")]) == 2
    assert "absent" in capsys.readouterr().err
    (tmp_path / "file").write_bytes(b"")
    assert main(["render", str(tmp_path / "file"), "--out", str(tmp_path / "file")]) == 2
    for words in (["render"], ["render", str(tmp_path)], ["render", "--out", str(tmp_path)]):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 2


@needs_shared("dicom/oracle")
def test_a_real_mammogram_is_rendered_as_dcmtk_renders_it(tmp_path: Path) -> None:
    name = "mg_ge_voilut_sigmoid_jpegll"
    assert main(["render", str(SHARED / "dicom" / "mammograms" / f"{name}.dcm"), "--out", str(tmp_path)]) == 0
    lines = lines_of(tmp_path)
    assert [(line["kind"], line["index"], line["explanation"]) for line in lines] == [
        (kind, index, name)
        for kind in ("window", "voi_lut")
        for index, name in enumerate(("NORMAL", "HARDER", "SOFTER"), start=1)
    ]
    oracle = SHARED / "dicom" / "oracle"
    for line in lines:
        key = f"{name}__{line['kind'].replace('_', '')}{line['index']}"
        (kept,) = oracle.glob(f"{key}*.png")
        step = 4 if "every4th" in kept.name else 1
        expected = cv2.imread(str(kept), cv2.IMREAD_UNCHANGED)
        assert expected is not None
        assert np.abs(grey(tmp_path, line)[::step, ::step].astype(int) - expected).max() <= 1
    assert len({hashlib.sha256((tmp_path / line["png"]).read_bytes()).hexdigest() for line in lines}) == 6
