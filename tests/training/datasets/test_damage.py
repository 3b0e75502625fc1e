"""Sets as they come: typed by hand, saved by a spreadsheet of another country, torn, listed twice, linked in circles."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mammo_core.training.datasets import LAYOUTS, read_dataset
from mammo_core.training.datasets.listing import age, view
from tests.training.datasets import layouts
from tests.training.datasets.layouts import class_folders, coco, dicom, picture, table, yolo

HEADING = "file,patient_id,label,remark\n"


def listed(root: Path, text: str, *files: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "manifest.csv").write_bytes(text.encode())
    for number, file in enumerate(files or ("a.png", "b.png")):
        picture(root / file, number)
    return root


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADING + "a.png,W1,benign\nb.png,W2,malignant\n",
        (HEADING + "a.png,W1,benign,\nb.png,W2,MALIGNANT,\n").replace(",", ";").replace("\n", "\r\n"),
        HEADING + ",,,\n\na.png,W1,Benign,\n   \n./b.png,W2,malignant,\n",
    ],
    ids=["byte order mark", "semicolons and Windows", "blank rows and detours"],
)
def test_a_manifest_of_any_spreadsheet_is_read(tmp_path: Path, text: str) -> None:
    found = read_dataset(listed(tmp_path, text))
    assert [(row.file, row.patient_id, row.label) for row in found.rows] == [
        ("a.png", "W1", "benign"),
        ("b.png", "W2", "malignant"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        'File, PATIENT_ID , Label,Laterality,View,AGE\na.png,W1,benign,left,cranio-caudal,"51,5"\n',
        "file\tpatient_id\tlabel\tlaterality\tview\tage\na.png\tW1\tbenign\tL\tCraniocaudal\t51,5\n",
        "file;patient_id;label;laterality;view;age\na.png;W1;benign;L;cc;51,5\n",
    ],
    ids=["other capitals and spaces", "tabs", "semicolons and decimal commas"],
)
def test_headings_separators_ages_and_views_of_other_spellings_are_read(tmp_path: Path, text: str) -> None:
    (row,) = read_dataset(listed(tmp_path, text)).rows
    assert (row.file, row.patient_id, row.laterality, row.view, row.age) == ("a.png", "W1", "L", "CC", 51.5)


def test_tables_of_public_sets_may_be_parted_by_tabs(tmp_path: Path) -> None:
    layouts.rsna(tmp_path)
    path = tmp_path / "train.csv"
    path.write_text(path.read_text().replace(",", "\t"))
    assert len(read_dataset(tmp_path).rows) == 3


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("mediolateral oblique", "MLO"),
        ("Medio-Lateral Oblique", "MLO"),
        ("cranio caudal", "CC"),
        ("xccl", "XCCL"),
        ("", ""),
    ],
)
def test_view_words_become_codes_and_others_stay(word: str, code: str) -> None:
    assert view(word) == code


def test_a_comma_of_thousands_is_no_age() -> None:
    with pytest.raises(ValueError, match="the age is '1,200'"):
        age("1,200")


COMPOSED, DECOMPOSED = "Gr\u00fcn", "Gru\u0308n"


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("images/A.PNG", "Images/a.png"),
        (f"{COMPOSED}.png", f"{DECOMPOSED}.png"),
        (f"{DECOMPOSED}.PNG", f"{COMPOSED}.png"),
    ],
)
def test_names_that_differ_in_capitals_or_composition_lead_to_the_file(tmp_path: Path, name: str, there: str) -> None:
    found = read_dataset(listed(tmp_path, HEADING + f"b.png,W2,benign,\n{name},W1,benign,\n", "b.png", there))
    assert [(row.file, row.path) for row in found.rows] == [("b.png", tmp_path / "b.png"), (name, tmp_path / there)]
    assert found.missing == ()
    assert found.notes == ("Found although manifest.csv spells their names otherwise (capitals, accents): 1 picture.",)


@pytest.mark.parametrize(
    ("names", "there", "missing"),
    [
        (("A.png",), ("a.png", "a.PNG"), ("A.png",)),
        (("A.png", "A.PNG"), ("a.png",), ("A.png", "A.PNG")),
        (("a.png", "A.png"), ("a.png",), ("A.png",)),
    ],
    ids=["two pictures", "two rows", "one of two rows is exact"],
)
def test_a_name_that_could_be_two_files_or_two_rows_stays_missing(
    tmp_path: Path, names: tuple[str, ...], there: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    found = read_dataset(listed(tmp_path, HEADING + "".join(f"{name},W1,benign,\n" for name in names), *there))
    assert (found.missing, found.notes) == (missing, ())


def test_slashes_of_windows_lead_to_the_file(tmp_path: Path) -> None:
    (row,) = read_dataset(listed(tmp_path, HEADING + "images\\a.png,W1,benign,\n", "images/a.png")).rows
    assert row.file == "images/a.png"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,patient_id,label,label\na.png,W1,benign,malignant\n", "more than one column label"),
        ("file,patient_id,label,age,age\na.png,W1,benign,50,60\n", "more than one column age"),
        (HEADING + "a.png,W1,benign,\n./a.png,W2,malignant,\n", r"row 3: a\.png stands in row 2 already"),
        (HEADING + "../a.png,W1,benign,\n", r"row 2: \.\./a\.png lies outside the folder"),
        (HEADING + "/srv/a.png,W1,benign,\n", r"row 2: /srv/a\.png lies outside the folder"),
        (HEADING + 'a.png,W1,benign,"note\nb.png,W2,malignant,\n', "after row 1: unexpected end of data"),
        ("file,patient_id,label,age\na.png,W1,benign,-4\n", "row 2: the age is '-4'"),
    ],
)
def test_what_would_give_a_wrong_label_or_lose_a_row_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=rf"manifest\.csv.*{said}"):
        read_dataset(listed(tmp_path, text))


def test_text_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes((HEADING + "a.png,Müller,benign,\n").encode("latin-1"))
    with pytest.raises(ValueError, match=r"manifest\.csv is no text in UTF-8"):
        read_dataset(tmp_path)


def test_names_that_no_file_can_have_are_missing_files(tmp_path: Path) -> None:
    names = ("a" * 300 + ".png", "b\0.png")
    found = read_dataset(listed(tmp_path, HEADING + "".join(f"{name},W1,benign,\n" for name in names)))
    assert found.missing == names


def test_a_malignant_box_in_a_benign_picture_is_an_error(tmp_path: Path) -> None:
    root = listed(tmp_path, HEADING + "a.png,W1,benign,\n")
    table(root / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "label"), [("a.png", 1, 1, 2, 2, "malignant")])
    with pytest.raises(ValueError, match=r"manifest\.csv, row 2: a\.png is benign, and boxes\.csv marks a malignant"):
        read_dataset(root)


def test_women_whose_names_differ_in_capitals_alone_are_one(tmp_path: Path) -> None:
    found = read_dataset(listed(tmp_path, HEADING + "a.png,w1,benign,\nb.png,W1,malignant,\n"))
    assert {row.patient_id for row in found.rows} == {"W1"}
    assert found.notes == ("w1 is taken as W1: their names differ in capitals alone.",)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_that_is_not_there_is_an_error(tmp_path: Path, layout: str) -> None:
    (tmp_path / "file.txt").write_text("text")
    for path in (tmp_path, tmp_path / "file.txt"):
        with pytest.raises(ValueError, match=str(path)):
            read_dataset(path, layout)


def test_a_link_back_to_a_folder_above_is_not_followed(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "set", ["benign/1.png", "malignant/2.png"])
    (root / "benign" / "again").symlink_to(root / "benign", target_is_directory=True)
    (root / "malignant" / "all").symlink_to(tmp_path, target_is_directory=True)
    assert [row.file for row in read_dataset(root).rows] == ["benign/1.png", "malignant/2.png"]


def test_a_class_folder_within_a_womans_does_not_lose_the_woman(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "set", ["benign/P7/benign/1.png", "benign/P7/2.png", "malignant/P8/3.png"])
    assert [row.patient_id for row in read_dataset(root).rows] == ["set_P7", "set_P7", "set_P8"]


@pytest.mark.parametrize(
    ("layout", "name", "row", "said"),
    [
        ("rsna", "train.csv", "1,77,388811999,R,CC,,0,0,1,0,0,C,49", "row 6: image_id 388811999 stands in row 4"),
        (
            "vindr",
            "breast-level_annotations.csv",
            "s3,e3,i1,L,CC,64,32,BI-RADS 5,DENSITY C,training",
            "row 4: image_id i1 stands in row 2",
        ),
    ],
)
def test_a_picture_listed_for_two_women_is_an_error(
    tmp_path: Path, layout: str, name: str, row: str, said: str
) -> None:
    getattr(layouts, layout)(tmp_path)
    with (tmp_path / name).open("a") as stream:
        stream.write(row + "\n")
    with pytest.raises(ValueError, match=rf"{name}, {said} already"):
        read_dataset(tmp_path)


def test_a_mammogram_of_cbis_that_two_women_share_is_an_error(tmp_path: Path) -> None:
    layouts.cbis(tmp_path, {"mass_train": [("P_1", "LEFT", "CC", "MALIGNANT"), ("P_2", "LEFT", "CC", "BENIGN")]})
    first, second = (layouts.cbis_path("Mass", "Training", f"P_{n}", "LEFT", "CC", n) for n in (1, 2))
    dicom(tmp_path / first)
    changed(tmp_path / "mass_case_description_train_set.csv", second, first)
    with pytest.raises(
        ValueError, match=r"000000\.dcm is listed twice: malignant, of CBIS_P_1, and benign, of CBIS_P_2"
    ):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:0],
        lambda data: data[:60],
        lambda data: data.replace(b"\x20\x00\x62\x00CS", b"\x20\x00\x62\x00Uj"),
    ],
    ids=["empty", "torn", "of no kind"],
)
def test_a_broken_dicom_file_of_cmmd_is_named(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    layouts.cmmd(tmp_path)
    path = next(tmp_path.rglob("1-1.dcm"))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=r"1-1\.dcm is no DICOM file that can be read"):
        read_dataset(tmp_path)


def _overlay(root: Path) -> Path:
    return next(layouts.ddsm(root).rglob("*.OVERLAY"))


def test_a_view_of_ddsm_whose_outlines_are_not_there_makes_no_row(tmp_path: Path) -> None:
    overlay = _overlay(tmp_path)
    overlay.unlink()
    found = read_dataset(tmp_path)
    assert found.missing == (overlay.relative_to(tmp_path).as_posix(),)
    assert [row.laterality for row in found.rows if row.patient_id == "DDSM_C_0001"] == ["L", "L"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "", "row 0: it ends after 0 of 1 abnormalities"),
        (lambda text: text[: text.index("BOUNDARY")], "row 7: it ends after 0 of 1"),
        (lambda text: text.replace("TOTAL_ABNORMALITIES 1", "TOTAL_ABNORMALITIES 2"), "row 11: it ends after 1 of 2"),
        (lambda text: text + "ABNORMALITY 2\nBOUNDARY\n10 20 2 #\n", "row 14: an outline has no pathology"),
    ],
)
def test_torn_outlines_of_ddsm_are_named(tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    overlay = _overlay(tmp_path)
    overlay.write_text(change(overlay.read_text()))
    with pytest.raises(ValueError, match=rf"\.OVERLAY, {said}"):
        read_dataset(tmp_path)


def test_a_view_of_ddsm_without_size_is_named(tmp_path: Path) -> None:
    changed(next(layouts.ddsm(tmp_path).rglob("C-*.ics")), "LINES 128", "LINES 0")
    with pytest.raises(ValueError, match=r"C-0001-1\.ics, row 9: a view of 0 LINES"):
        read_dataset(tmp_path)


def test_capitals_in_mini_mias_lose_no_film(tmp_path: Path) -> None:
    changed(layouts.mias(tmp_path) / "Info.txt", "mdb001", "MDB001")
    assert {row.file: row.label for row in read_dataset(tmp_path).rows}["mdb001.pgm"] == "benign"


def _coco(root: Path, change: Callable[[dict[str, list[dict[str, object]]]], object]) -> Path:
    path = coco(root) / "valid" / "_annotations.coco.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return root


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["images"][0].pop("id"), "images, entry 1: id is missing"),
        (lambda c: c["images"][0].update(file_name=None), "images, entry 1: file_name is missing"),
        (lambda c: c["images"][0].update(file_name="../../x.png"), "images, entry 1: .* lies outside the folder"),
        (lambda c: c["images"][1].update(id=1), "images, entry 2: another entry has the id 1"),
        (lambda c: c["categories"][1].update(id=2), "categories, entry 3: another entry has the id 2"),
        (lambda c: c["categories"][1].pop("name"), "categories, entry 2: name is missing"),
        (lambda c: c["annotations"][0].update(image_id=[1]), "annotation 7: image_id is missing"),
        (lambda c: c["annotations"][0].update(bbox=5), "annotation 7: a box has four numbers"),
        (lambda c: c["annotations"].append(3), "annotation number 3: image_id is missing"),
    ],
)
def test_a_wrong_entry_of_coco_is_named(tmp_path: Path, change: Callable[[object], object], said: str) -> None:
    with pytest.raises(ValueError, match=rf"_annotations\.coco\.json, {said}"):
        read_dataset(_coco(tmp_path, change))


def test_an_image_that_coco_lists_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a_L_CC\.png is listed twice"):
        read_dataset(_coco(tmp_path, lambda c: c["images"][1].update(file_name="a_L_CC.png")))


def test_a_torn_file_of_coco_is_named_and_a_byte_order_mark_read(tmp_path: Path) -> None:
    path = coco(tmp_path) / "valid" / "_annotations.coco.json"
    path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert len(read_dataset(tmp_path).rows) == 2
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    with pytest.raises(ValueError, match=r"_annotations\.coco\.json is no whole JSON"):
        read_dataset(tmp_path)


def test_a_picture_of_another_part_does_not_stand_in_for_one_that_is_not_there(tmp_path: Path) -> None:
    root = coco(tmp_path)
    (root / "test").mkdir()
    content = json.loads((root / "valid" / "_annotations.coco.json").read_text())
    content["annotations"] = content["annotations"][1:]
    (root / "test" / "_annotations.coco.json").write_text(json.dumps(content))
    found = read_dataset(root)
    assert {row.part for row in found.rows} == {"validation"}
    assert found.missing.count("a_L_CC.png") == 1


@pytest.mark.parametrize("names", ["names: {1: benign, 2: malignant}", "names: {0: benign, a: malignant}"])
def test_classes_of_yolo_that_are_not_numbered_from_nought_are_an_error(tmp_path: Path, names: str) -> None:
    with pytest.raises(ValueError, match=r"data\.yaml, names: classes are numbered 0, 1, not"):
        read_dataset(yolo(tmp_path, names))


def test_boxes_of_yolo_without_a_picture_are_listed(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    (root / "labels" / "train" / "gone.txt").write_text("1 0.5 0.5 0.1 0.1\n")
    (root / "labels" / "train" / "classes.txt").write_text("benign\nmalignant\n")
    assert read_dataset(root).missing == ("the picture of labels/train/gone.txt",)


def test_boxes_of_yolo_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = yolo(tmp_path) / "labels" / "train" / "a.txt"
    path.write_text("\ufeff1 0.5 0.25 0.5 0.25\n", encoding="utf-8")
    assert read_dataset(tmp_path).rows[0].label == "malignant"
    path.write_bytes(b"\xff\xfe1 0.5 0.25 0.5 0.25\n")
    with pytest.raises(ValueError, match=r"a\.txt, row 1: there is no class"):
        read_dataset(tmp_path)


def test_a_picture_of_yolo_that_says_it_is_enormous_is_named(tmp_path: Path) -> None:
    root = yolo(tmp_path)
    size = (60000).to_bytes(4, "big")
    header = b"P5 60000 60000 255\n" + size
    (root / "images" / "train" / "a.jpg").write_bytes(header)
    with pytest.raises(ValueError, match=r"a\.jpg is no picture that can be measured"):
        read_dataset(root)


def test_a_class_list_of_another_kind_does_not_keep_a_set_from_being_read(tmp_path: Path) -> None:
    root = class_folders(tmp_path, ["benign/1.png"])
    (root / "classes.txt").write_bytes(b"\xff\xfe\xfc")
    assert len(read_dataset(root).rows) == 1
