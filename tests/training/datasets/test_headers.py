from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from mammo_core.training.datasets import read_dataset
from mammo_core.training.datasets.headers import ONE_WOMANS
from tests.training.datasets.layouts import dicom, picture


def _of(path: Path, patient: str, side: str = "L", **more: str) -> Path:
    made = pydicom.dcmread(dicom(path, side))
    made.PatientID = patient
    for keyword, value in more.items():
        setattr(made, keyword, value)
    made.save_as(path)
    return path


def test_dicom_files_in_class_folders_are_told_apart_by_woman(tmp_path: Path) -> None:
    root = tmp_path / "clinic"
    _of(root / "benign" / "1.dcm", "4711", "L", PatientAge="051Y", ManufacturerModelName="Lorad")
    _of(root / "benign" / "2.DCM", "4711", "R")
    _of(root / "malignant" / "3.dcm", "0815", "R")
    picture(root / "malignant" / "4.png", 4)
    table = read_dataset(root)
    rows = {row.path.name: row for row in table.rows}
    assert rows["1.dcm"].patient_id == rows["2.DCM"].patient_id != rows["3.dcm"].patient_id
    assert "4711" not in str([row.patient_id for row in table.rows])
    first = rows["1.dcm"]
    assert (first.laterality, first.view, first.age, first.machine) == ("L", "CC", 51.0, "Lorad")
    assert rows["2.DCM"].laterality == "R"
    assert any("No woman is named for 1 picture" in note for note in table.notes)


def test_dicom_files_without_an_ending_are_pictures_and_other_such_files_are_not(tmp_path: Path) -> None:
    _of(tmp_path / "set" / "benign" / "IM0001", "4711")
    _of(tmp_path / "set" / "malignant" / "1.2.840.10008.7", "0815")
    (tmp_path / "set" / "malignant" / "README").write_text("of no use" * 40)
    table = read_dataset(tmp_path / "set")
    assert sorted((row.path.name, row.view) for row in table.rows) == [("1.2.840.10008.7", "CC"), ("IM0001", "CC")]
    assert len({row.patient_id for row in table.rows}) == 2


def test_a_folder_named_after_a_woman_counts_more_than_a_header(tmp_path: Path) -> None:
    for woman in ("P1", "P2"):
        _of(tmp_path / "set" / "benign" / woman / "1.dcm", "same")
        _of(tmp_path / "set" / "malignant" / f"{woman}m" / "2.dcm", "same")
    assert len({row.patient_id for row in read_dataset(tmp_path / "set").rows}) == 4


@pytest.mark.parametrize(("pictures", "women"), [(ONE_WOMANS, 1), (ONE_WOMANS + 2, ONE_WOMANS + 2)])
def test_a_number_that_an_anonymiser_gave_to_everyone_names_nobody(tmp_path: Path, pictures: int, women: int) -> None:
    for number in range(pictures):
        _of(tmp_path / "set" / ("benign", "malignant")[number % 2] / f"{number}.dcm", "ANONYMOUS")
    table = read_dataset(tmp_path / "set")
    assert len({row.patient_id for row in table.rows}) == women
    assert any("No woman is named" in note for note in table.notes) == (women > 1)


def test_a_broken_header_costs_nothing_but_what_it_would_have_said(tmp_path: Path) -> None:
    _of(tmp_path / "set" / "benign" / "1.dcm", "4711")
    (tmp_path / "set" / "malignant").mkdir()
    (tmp_path / "set" / "malignant" / "2.dcm").write_bytes(np.arange(200, dtype=np.uint8).tobytes())
    table = read_dataset(tmp_path / "set")
    assert sorted(row.label for row in table.rows) == ["benign", "malignant"]
