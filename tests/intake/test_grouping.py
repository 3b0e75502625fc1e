"""Which pictures make one exam, and which files are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mammo_core.exam import Laterality, Mammogram, Refusal, View
from mammo_core.intake import find_files, group, read_bytes, reassign
from mammo_core.intake.grouping import sift
from mammo_core.intake.names import side_and_view
from mammo_core.intake.refusals import unscored
from tests.shared import SHARED, needs_shared


def picture(name: str, **more: str) -> Mammogram:
    side, view, _ = side_and_view(name)
    return Mammogram(f"id of {name}", name, np.zeros((2, 2), np.uint8), laterality=side, view=view, **more)  # type: ignore[arg-type]


def exams(*names: str) -> list[list[str]]:
    return [[mammogram.name for mammogram in exam.mammograms] for exam in group(map(picture, names))]


def test_names_that_differ_in_side_and_view_only_are_one_exam_in_reading_order() -> None:
    assert exams("0_L-MLO.png", "0_R-CC.png", "0_L-CC.png", "0_R-MLO.png") == [
        ["0_R-CC.png", "0_L-CC.png", "0_R-MLO.png", "0_L-MLO.png"]
    ]


def test_other_names_and_other_folders_are_other_exams() -> None:
    assert len(exams("Smith_LCC.png", "Jones_RCC.png")) == 2
    assert len(exams("a/R-CC.png", "b/L-CC.png")) == 2
    assert len(exams("mdb001.pgm", "mdb002.pgm")) == 1
    assert len(exams("mdb002.pgm", "mdb003.pgm")) == 2
    assert len(exams("L-CC.png", "R-CC.png")) == 1


def test_sides_and_views_in_folders_make_one_exam() -> None:
    names = [f"patient7/{side}/{view}.png" for side in ("LEFT", "RIGHT") for view in ("CC", "MLO")]
    (exam,) = group(map(picture, [*names, "patient8/LEFT/CC.png"]))[:1]
    assert len(exam.hung()) == 4
    assert exam.label == "patient7"


def test_a_repeated_view_goes_to_the_strip_and_the_same_picture_counts_once() -> None:
    first = picture("0_R-CC.png")
    again = replace(first, image_id="another")
    (exam,) = group([first, again, first])
    assert len(exam.mammograms) == 2
    assert exam.strip() == (again,)


def test_dicom_is_grouped_by_study_and_labelled_by_patient_id() -> None:
    names = ("x", "y", "z")
    studies = ("1.2", "1.2", "1.3")
    made = [picture(n, study_uid=u, patient="P7", study_date="2024-01-02") for n, u in zip(names, studies, strict=True)]
    both, single = group(made)
    assert (len(both.mammograms), len(single.mammograms)) == (2, 1)
    assert (both.label, both.study_date) == ("P7", "2024-01-02")


def test_the_same_picture_twice_is_refused_with_the_name_of_the_first() -> None:
    first = picture("0_R-CC.png")
    copy = replace(first, name="copy of it.png")
    broken = Refusal("x", "damaged", "The file is damaged.")
    mammograms, refusals = sift([first, broken, copy, picture("0_L-CC.png")])
    assert [m.name for m in mammograms] == ["0_R-CC.png", "0_L-CC.png"]
    assert [(r.name, r.code) for r in refusals] == [("x", "damaged"), ("copy of it.png", "duplicate")]
    assert "0_R-CC.png" in refusals[1].sentence


def test_a_study_of_two_women_is_never_one_exam_and_is_refused_whole() -> None:
    one, other = picture("a", study_uid="1.2", patient="P7"), picture("b", study_uid="1.2", patient="P8")
    alone = picture("c", study_uid="1.3", patient="P9")
    assert [len(exam.mammograms) for exam in group([one, other, alone])] == [1, 1, 1]
    mammograms, refusals = sift([one, other, alone])
    assert mammograms == [alone]
    assert [(r.name, r.code) for r in refusals] == [("a", "several_women"), ("b", "several_women")]
    assert not any("P7" in r.sentence or "P8" in r.sentence for r in refusals)


def test_a_picture_without_a_patient_id_belongs_to_its_study() -> None:
    pictures = [picture("a", study_uid="1.2", patient="P7"), picture("b", study_uid="1.2")]
    assert len(group(pictures)) == 1
    assert sift(pictures) == (pictures, [])


def test_an_exam_has_the_same_id_in_any_order_and_a_label_without_the_view() -> None:
    pictures = [picture("Smith_LCC.png"), picture("Smith_RCC.png")]
    (one,), (other,) = group(pictures), group(pictures[::-1])
    assert one.exam_id == other.exam_id
    assert one.label == "Smith"
    assert group([picture("a/R-CC.png")])[0].label == "a"


def test_reassigning_changes_side_and_view_and_nothing_else() -> None:
    implant = replace(picture("0_R-CC.png"), unscored=unscored("implant"))
    moved = reassign(implant, Laterality.LEFT, View.MLO)
    assert (moved.laterality, moved.view, moved.view_code) == (Laterality.LEFT, View.MLO, "MLO")
    assert moved.unscored == implant.unscored
    assert moved.pixels is implant.pixels


def test_files_are_found_in_order_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("b.png", "a/z.dcm", ".hidden", ".git/x.png", "a/._z.dcm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in find_files([tmp_path])]
    assert found == ["a/z.dcm", "b.png"]
    assert list(find_files([tmp_path / "none"])) == [tmp_path / "none"]


@needs_shared("exam")
def test_the_four_pictures_of_a_real_exam_are_one_exam() -> None:
    files = [path for path in find_files([SHARED / "exam"]) if path.suffix == ".png"]
    mammograms = [m for path in files for m in read_bytes(path.name, path.read_bytes()) if isinstance(m, Mammogram)]
    (exam,) = group(mammograms)
    assert len(exam.hung()) == 4
    assert exam.strip() == ()
