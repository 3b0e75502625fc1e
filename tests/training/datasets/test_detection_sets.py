"""Sets made for finding lesions: boxes.csv alone, COCO and YOLO."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.training.datasets import Lesion, read_dataset
from mammo_core.training.datasets.classes import classes_said
from mammo_core.training.datasets.detection import class_of
from mammo_core.training.datasets.yolo import _lesion
from tests.training.datasets.layouts import coco, dicom, picture, table, yolo


def test_boxes_alone_give_the_pictures_that_have_one(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "other.png"):
        picture(tmp_path / "images" / name)
    columns = ("file", "x0", "y0", "x1", "y1", "label")
    boxes = [("images/a.png", 1, 2, 5, 7, "benign"), ("images/a.png", 9, 2, 12, 7, "malignant")]
    table(tmp_path / "boxes.csv", columns, [*boxes, ("images/gone.png", 1, 2, 5, 7, "benign")])
    found = read_dataset(tmp_path)
    assert [(row.file, row.label, len(row.lesions)) for row in found.rows] == [("images/a.png", "malignant", 2)]
    assert found.missing == ("images/gone.png",)
    assert any("woman of its own" in note for note in found.notes)
    assert any("2 pictures" in note for note in found.notes)


def test_a_box_beside_its_picture_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    dicom(tmp_path / "b.dcm")
    for file in ("a.png", "b.dcm"):
        boxes = [(file, -1, 60, 5, 70, "benign"), (file, 1, 64, 5, 70, "benign")]
        table(tmp_path / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "label"), boxes[:1])
        assert read_dataset(tmp_path).rows[0].lesions == (Lesion((60, 0, 64, 5), "benign"),)
        table(tmp_path / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "label"), boxes)
        with pytest.raises(ValueError, match=r"boxes\.csv, row 3: .* outside its picture of 64 rows and 32 columns"):
            read_dataset(tmp_path)


def test_a_picture_that_cannot_be_measured_keeps_no_other_back(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("torn")
    table(tmp_path / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "label"), [("a.png", 900, 1, 901, 2, "benign")])
    assert len(read_dataset(tmp_path).rows) == 1


def test_coco_boxes_become_lesions_and_empty_pictures_normal(tmp_path: Path) -> None:
    found = read_dataset(coco(tmp_path))
    assert [(row.file, row.label, row.part) for row in found.rows] == [
        ("valid/a_L_CC.png", "malignant", "validation"),
        ("valid/b.png", "normal", "validation"),
    ]
    assert found.rows[0].lesions == (Lesion((4, 3, 24, 13), "malignant"), Lesion((2, 1, 8, 6.5), "benign"))
    assert (found.rows[0].laterality, found.rows[0].view) == ("L", "CC")
    assert found.missing == ("c.png",)


def test_a_set_that_marks_cancers_alone_says_nothing_of_benign(tmp_path: Path) -> None:
    root = coco(tmp_path)
    path = root / "valid" / "_annotations.coco.json"
    content = json.loads(path.read_text())
    content["annotations"] = content["annotations"][:1]
    path.write_text(json.dumps(content))
    assert [row.label for row in read_dataset(root).rows] == ["malignant", "not_malignant"]


def test_coco_beside_a_folder_of_images_is_read(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "annotations").mkdir()
    (root / "valid" / "_annotations.coco.json").rename(root / "annotations" / "instances_train.json")
    (root / "valid").rename(root / "images")
    assert [(row.file, row.part) for row in read_dataset(root).rows] == [
        ("images/a_L_CC.png", "train"),
        ("images/b.png", "train"),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bbox": [1, 2, 3]}, "annotation 7: a box has four numbers"),
        ({"bbox": [1, 2, 0, 3]}, "annotation 7: .*no area"),
        ({"bbox": [1, 2, "x", 3]}, "annotation 7: .*'x'"),
        ({"image_id": 99}, "annotation 7: there is no image 99"),
        ({"bbox": [32, 4, 9, 9]}, "annotation 7: .* outside its picture of 64 rows and 32 columns"),
        ({"category_id": 0}, "categories: the class 'lesions' says neither"),
        ({"category_id": 5}, "annotation 7: there is no category 5"),
    ],
)
def test_a_wrong_annotation_of_coco_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = coco(tmp_path) / "valid" / "_annotations.coco.json"
    content = json.loads(path.read_text())
    content["annotations"][0].update(change)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"_annotations\.coco\.json, {said}"):
        read_dataset(tmp_path)


def test_boxes_of_coco_end_where_their_picture_does(tmp_path: Path) -> None:
    path = coco(tmp_path) / "valid" / "_annotations.coco.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["bbox"] = [-3, 60, 40, 9]
    path.write_text(json.dumps(content))
    assert read_dataset(tmp_path).rows[0].lesions[0] == Lesion((60, 0, 64, 32), "malignant")


def test_yolo_boxes_are_shares_of_the_picture(tmp_path: Path) -> None:
    found = read_dataset(yolo(tmp_path))
    assert [(row.file, row.label, row.part) for row in found.rows] == [
        ("images/train/a.jpg", "malignant", "train"),
        ("images/val/b.png", "not_malignant", "validation"),
    ]
    assert found.rows[0].lesions == (Lesion((8, 8, 24, 24), "malignant"),)  # of 64 rows and 32 columns


@pytest.mark.parametrize(
    "files",
    [
        ("val/P07_L_CC.png", "train/P07_R_MLO.png"),
        ("val/P07/L_CC.png", "val/P07/R_CC.png"),
        ("val/left/P07.png", "train/right/P07.png"),
    ],
)
def test_pictures_whose_names_differ_in_side_and_view_alone_are_one_womans(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    root = yolo(tmp_path / "set")
    for file in files:
        picture(root / "images" / file)
    found = read_dataset(root)
    assert len({row.patient_id for row in found.rows if "P07" in row.file}) == 1
    assert len({row.patient_id for row in found.rows}) == 3
    assert (
        "Taken as one woman's, since their names differ in side and view alone: 2 pictures of 1 woman." in found.notes
    )


@pytest.mark.parametrize("names", ["names:\n  0: benign\n  1: cancer", "names: [Benign mass, Malignant mass]"])
def test_yolo_classes_are_read_as_a_list_and_by_number(tmp_path: Path, names: str) -> None:
    assert read_dataset(yolo(tmp_path, names)).rows[0].label == "malignant"


def test_yolo_of_roboflow_with_parts_outside_and_plain_class_names_is_read(tmp_path: Path) -> None:
    picture(tmp_path / "test" / "images" / "a.png")
    (tmp_path / "test" / "labels").mkdir()
    (tmp_path / "test" / "labels" / "a.txt").write_text("0 0.5 0.5 1 1")
    (tmp_path / "classes.txt").write_text("benign\nmalignant\n")
    (row,) = read_dataset(tmp_path).rows
    assert (row.label, row.part) == ("benign", "test")


def test_yolo_with_its_classes_among_the_labels_is_read(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "data.yaml").unlink()
    (root / "labels" / "classes.txt").write_text("benign\nmalignant\n")
    found = read_dataset(root)
    assert [row.label for row in found.rows] == ["malignant", "not_malignant"]
    assert found.missing == ()


def test_a_class_of_yolo_that_no_box_has_need_say_nothing(tmp_path: Path) -> None:
    root = yolo(tmp_path, "names: [lesions, malignant]")
    assert [row.label for row in read_dataset(root).rows] == ["malignant", "not_malignant"]
    (root / "labels" / "val").mkdir()
    (root / "labels" / "val" / "b.txt").write_text("0 0.5 0.5 0.1 0.1")
    with pytest.raises(ValueError, match=r"b\.txt, row 1: the class 'lesions' says neither"):
        read_dataset(root)


def test_boxes_of_yolo_are_found_whatever_the_capitals_of_their_ending(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "labels" / "train" / "a.txt").rename(root / "labels" / "train" / "a.TXT")
    (root / "labels" / "train" / "gone.TXT").write_text("1 0.5 0.5 0.1 0.1")
    found = read_dataset(root)
    assert found.rows[0].label == "malignant"
    assert found.missing == ("the picture of labels/train/gone.TXT",)


def test_pictures_without_a_box_are_taken_alike_in_every_part(tmp_path: Path) -> None:
    root = yolo(tmp_path / "yolo")
    for file, line in (("train/c", ""), ("val/d", "0 0.5 0.5 0.1 0.1")):
        picture(root / "images" / f"{file}.png")
        boxes = root / "labels" / f"{file}.txt"
        boxes.parent.mkdir(exist_ok=True)
        boxes.write_text(line)
    assert {row.path.stem: row.label for row in read_dataset(root).rows if not row.lesions} == {
        "b": "normal",
        "c": "normal",
    }
    root = coco(tmp_path / "coco")
    content = json.loads((root / "valid" / "_annotations.coco.json").read_text())
    for image in content["images"]:
        picture(root / "train" / f"train_{image['file_name']}")
        image["file_name"] = f"train_{image['file_name']}"
    content["annotations"] = content["annotations"][:1]
    (root / "train" / "_annotations.coco.json").write_text(json.dumps(content))
    empty = [row for row in read_dataset(root).rows if not row.lesions]
    assert {row.part for row in empty} == {"train", "validation"}
    assert {row.label for row in empty} == {"normal"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2 0.5 0.5 0.1 0.1", "there is no class 2"),
        ("0 0.5 0.5 0.1", "a class and four numbers"),
        ("0 0.5 0.5 0.1 0.1 0.93", "a sixth number, .* predictions are not the truth"),
        ("0 0.5 0.5 40 0.1", "a share of the picture"),
        ("0 0.5 0.5 0 0.1", "no area"),
        ("0 0.5 here 0.1 0.1", "'here'"),
    ],
)
def test_a_wrong_line_of_yolo_is_named(tmp_path: Path, line: str, said: str) -> None:
    root = yolo(tmp_path)
    (root / "labels" / "train" / "a.txt").write_text(f"1 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(ValueError, match=rf"a\.txt, row 2: .*{said}"):
        read_dataset(root)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Benign Masses", {"benign"}),
        ("Malignant_Cases", {"malignant"}),
        ("MassMalignant", {"malignant"}),
        ("breast cancers", {"malignant"}),
        ("benign_without_callback", {"benign"}),
        ("Normals", {"normal"}),
        ("not malignant", {"not_malignant"}),
        ("NON-malignant", {"not_malignant"}),
        ("without_cancer", {"not_malignant"}),
        ("cancer-free", {"not_malignant"}),
        ("nicht maligne", {"not_malignant"}),
        *(
            (name, set())
            for name in ("no evidence of malignancy", "cancer negative", "not a cancer", "cancer_excluded")
        ),
        ("benign or malignant", {"benign", "malignant"}),
        *(
            (name, set())
            for name in ("abnormal", "not normal", "non-benign", "premalignant", "pre-cancer", "bengin", "")
        ),
    ],
)
def test_the_class_that_a_name_says(name: str, said: set[str]) -> None:
    assert classes_said(name) == said


@pytest.mark.parametrize("name", ["mass", "benign_or_malignant", "normal", "non-malignant", ""])
def test_a_class_that_is_neither_or_both_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="says neither"):
        class_of(name)


@given(
    st.tuples(st.integers(0, 400), st.integers(1, 99)),
    st.tuples(st.integers(0, 200), st.integers(1, 99)),
)
def test_a_box_written_as_shares_comes_back(down: tuple[int, int], across: tuple[int, int]) -> None:
    top, height = down
    left, width = across
    rows, columns = 500, 300
    shares = ((left + width / 2) / columns, (top + height / 2) / rows, width / columns, height / rows)
    lesion = _lesion(["0", *map(repr, shares)], rows, columns, ["benign"])
    assert lesion.box == pytest.approx((top, left, top + height, left + width))
