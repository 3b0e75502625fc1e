"""Manifests, boxes beside them, and a folder for each class."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mammo_core.training.datasets import LABELS, Lesion, NoLayout, Table, layouts_of, read_dataset, read_sets
from tests.shared import SHARED, needs_shared
from tests.training.datasets.layouts import class_folders, picture, table

COLUMNS = ("file", "dataset", "patient_id", "laterality", "view", "label", "age", "machine", "site", "split_official")


def manifest(root: Path, *rows: tuple[str, ...]) -> Path:
    table(root / "manifest.csv", COLUMNS, rows)
    for row in rows:
        picture(root / row[0])
    return root


def labels(found: Table) -> dict[str, str]:
    return {row.file: row.label for row in found.rows}


def test_a_manifest_becomes_a_table_row_by_row(tmp_path: Path) -> None:
    root = manifest(tmp_path, ("images/a.png", "mine", "W1", "l", "mlo", "Malignant", "61.5", "M7", "2", "train"))
    (row,) = read_dataset(root).rows
    assert row.path == root / "images/a.png"
    assert (row.file, row.dataset, row.patient_id) == ("images/a.png", "mine", "W1")
    assert (row.label, row.laterality, row.view, row.age) == ("malignant", "L", "MLO", 61.5)
    assert (row.machine, row.site, row.part) == ("M7", "2", "train")


def test_three_columns_are_enough_and_the_folder_names_the_set(tmp_path: Path) -> None:
    table(tmp_path / "clinic" / "manifest.csv", ("file", "patient_id", "label"), [("a.png", "W1", "normal")])
    picture(tmp_path / "clinic" / "a.png")
    (row,) = read_dataset(tmp_path / "clinic" / "manifest.csv").rows
    assert (row.dataset, row.laterality, row.age, row.part) == ("clinic", "", None, "")


@pytest.mark.parametrize("column", ["volume", "DDSM_volume"])
def test_the_volume_of_a_manifest_is_read(tmp_path: Path, column: str) -> None:
    table(tmp_path / "manifest.csv", ("file", "patient_id", "label", column), [("a.png", "W1", "normal", "cancers")])
    picture(tmp_path / "a.png")
    (row,) = read_dataset(tmp_path).rows
    assert row.volume == "cancers"


def test_a_density_is_the_same_group_however_a_table_program_writes_it(tmp_path: Path) -> None:
    rows = [(f"{place}.png", f"W{place}", "normal", said) for place, said in enumerate(("3", "3.0", "B", ""))]
    table(tmp_path / "manifest.csv", ("file", "patient_id", "label", "density"), rows)
    for file, *_ in rows:
        picture(tmp_path / file)
    assert [row.density for row in read_dataset(tmp_path).rows] == ["3", "3", "B", ""]


def test_files_that_are_named_and_not_there_are_listed(tmp_path: Path) -> None:
    root = manifest(tmp_path, ("a.png", "", "W1", "", "", "benign", "", "", "", ""))
    (root / "a.png").unlink()
    found = read_dataset(root)
    assert (found.rows, found.missing) == ((), ("a.png",))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("b.png", "", "W2", "", "", "cancer", "", "", "", ""), "'cancer'"),
        (("b.png", "", "W2", "", "", "", "", "", "", ""), "label is empty"),
        (("b.png", "", "", "", "", "benign", "", "", "", ""), "patient_id is empty"),
        (("b.png", "", "W2", "up", "", "benign", "", "", "", ""), "laterality is 'up'"),
        (("b.png", "", "W2", "", "", "benign", "old", "", "", ""), "age is 'old'"),
        (("b.png", "", "W2", "", "", "benign", "nan", "", "", ""), "age is 'nan'"),
        (("a.png", "", "W2", "", "", "benign", "", "", "", ""), "stands in row 2 already"),
        (("b.png", "", "W2", "", "", "benign", "", "", "", "", "more"), "more cells"),
    ],
)
def test_a_wrong_row_of_a_manifest_is_named(tmp_path: Path, row: tuple[str, ...], said: str) -> None:
    root = manifest(tmp_path, ("a.png", "", "W1", "", "", "benign", "", "", "", ""), row)
    with pytest.raises(ValueError, match=r"manifest\.csv, row 3: .*" + said):
        read_dataset(root)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    table(tmp_path / "manifest.csv", ("file", "label"), [("a.png", "benign")])
    with pytest.raises(ValueError, match=r"manifest\.csv has no column patient_id"):
        read_dataset(tmp_path)


def test_boxes_stand_with_their_pictures_top_and_left_first(tmp_path: Path) -> None:
    root = manifest(tmp_path, ("a.png", "", "W1", "", "", "malignant", "", "", "", ""))
    table(
        root / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "kind", "label"), [("a.png", 1, 2, 5, 7, "mass", "benign")]
    )
    assert read_dataset(root).rows[0].lesions == (Lesion((2, 1, 7, 5), "benign"),)


@pytest.mark.parametrize(
    ("box", "said"),
    [
        (("a.png", 5, 2, 5, 7, "benign"), "no area"),
        (("a.png", 1, 2, 5, "?", "benign"), "y1 is '\\?'"),
        (("a.png", 1, 2, 5, 7, "normal"), "'normal'"),
        (("z.png", 1, 2, 5, 7, "benign"), "lists no z.png"),
    ],
)
def test_a_wrong_box_is_named(tmp_path: Path, box: tuple[object, ...], said: str) -> None:
    root = manifest(tmp_path, ("a.png", "", "W1", "", "", "malignant", "", "", "", ""))
    table(root / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "label"), [box])
    with pytest.raises(ValueError, match=rf"boxes\.csv, row 2: .*{said}"):
        read_dataset(root)


def test_boxes_of_a_manifest_end_where_their_picture_does(tmp_path: Path) -> None:
    root = manifest(tmp_path, ("images/a.png", "", "W1", "", "", "malignant", "", "", "", ""))
    (root / "images").rename(root / "Images")  # found all the same
    columns, boxes = ("file", "x0", "y0", "x1", "y1", "label"), [("images/a.png", -2, 60, 5, 67, "benign")]
    table(root / "boxes.csv", columns, boxes)
    assert read_dataset(root).rows[0].lesions == (Lesion((60, 0, 64, 5), "benign"),)
    table(root / "boxes.csv", columns, [*boxes, ("images/a.png", 40, 2, 45, 7, "benign")])
    with pytest.raises(ValueError, match=r"boxes\.csv, row 3: .* outside its picture of 64 rows and 32 columns"):
        read_dataset(root)


@needs_shared("data/cbis_ddsm_mass/boxes.csv")
def test_the_collected_sets_are_read_with_all_their_rows_and_boxes() -> None:
    found = read_dataset(SHARED / "data")
    sets = Counter(row.dataset for row in found.rows)
    assert sets == {"rsna": 2686, "cbis_ddsm_mass": 1231, "ddsm": 532, "mini_mias": 258}
    assert found.missing == ()
    marked = Counter(row.dataset for row in found.rows for _ in row.lesions)
    assert marked == {"cbis_ddsm_mass": 1318, "ddsm": 514, "mini_mias": 94}
    assert len({row.patient_id for row in found.rows if row.dataset == "rsna"}) == 771
    assert Counter(row.label for row in found.rows if row.dataset == "mini_mias")["malignant"] == 42


@needs_shared("data/mini_mias/boxes.csv")
def test_boxes_of_the_collected_sets_lie_in_their_pictures() -> None:
    for row in read_dataset(SHARED / "data" / "mini_mias").rows:
        for lesion in row.lesions:
            top, left, bottom, right = lesion.box
            assert 0 <= top < bottom <= 1024
            assert 0 <= left < right <= 1024


@pytest.mark.parametrize(
    ("files", "part"),
    [(("benign/1.png", "malignant/2.png"), ""), (("train/benign/1.png", "test/malignant/2.png"), "train")],
)
def test_class_folders_are_read_within_parts_and_without(tmp_path: Path, files: tuple[str, ...], part: str) -> None:
    found = read_dataset(class_folders(tmp_path, files))
    assert sorted(row.label for row in found.rows) == ["benign", "malignant"]
    assert next(row.part for row in found.rows if row.label == "benign") == part


def test_parts_may_lie_below_the_classes_and_capitals_make_no_difference(tmp_path: Path) -> None:
    found = read_dataset(class_folders(tmp_path, ["Benign/Train/1.png", "Malignant/Val/2.png"]))
    assert {(row.label, row.part) for row in found.rows} == {("benign", "train"), ("malignant", "validation")}


def test_without_women_every_file_is_a_woman_of_its_own_and_a_note_says_so(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "set", ["benign/1.png", "malignant/1.png", "normal/LEFT_CC_7.png"])
    found = read_dataset(root)
    assert {row.patient_id for row in found.rows} == {"set_benign/1", "set_malignant/1", "set_LEFT_CC_7"}
    assert [(row.laterality, row.view) for row in found.rows if row.label == "normal"] == [("L", "CC")]
    assert "3 pictures" in found.notes[0]
    assert "woman of its own" in found.notes[0]


def women_of(found: Table) -> list[list[str]]:
    """The files of each woman."""
    groups: dict[str, list[str]] = {}
    for row in found.rows:
        groups.setdefault(row.patient_id, []).append(row.file)
    return sorted(groups.values())


def test_files_whose_names_differ_in_side_and_view_alone_are_one_womans(tmp_path: Path) -> None:
    files = [
        "test/benign/P07_L_CC.png",
        "test/benign/P08_L_CC.png",
        "test/benign/other.png",
        "train/malignant/P07_R_MLO.png",
        "train/malignant/p07-right-cc.jpg",
        "train/malignant/p07_R_CC.png",
    ]
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert women_of(found) == [[files[0], files[3], files[5]], [files[1]], [files[2]], [files[4]]]
    assert found.notes == (
        "Taken as one woman's, since their names differ in side and view alone: 3 pictures of 1 woman.",
        "No woman is named for 3 pictures: each file counts as a woman of its own. "
        "Pictures of one woman may therefore stand on both sides of a split.",
        "1 woman stands in more than one official part: set_P07_*.",
    )


def test_names_that_begin_anew_in_each_folder_join_nobody_across_folders(tmp_path: Path) -> None:
    files = ["benign/1_L_CC.png", "benign/1_R_CC.png", "malignant/1_L_CC.png", "malignant/1_L_MLO.png"]
    assert women_of(read_dataset(class_folders(tmp_path, files))) == [files[:2], files[2:]]


def test_a_folder_below_the_class_is_the_womans(tmp_path: Path) -> None:
    found = read_dataset(
        class_folders(tmp_path / "set", ["benign/P7/a.png", "malignant/P7/b.png", "benign/images/c.png"])
    )
    women = {row.file: row.patient_id for row in found.rows}
    assert women["benign/P7/a.png"] == women["malignant/P7/b.png"] == "set_P7"
    assert women["benign/images/c.png"] == "set_c"
    assert "1 picture:" in found.notes[0]


@pytest.mark.parametrize(
    ("folder", "side", "view"),
    [
        ("left", "L", ""),
        ("R", "R", ""),
        ("Right breast", "R", ""),
        ("CC", "", "CC"),
        ("MLO view", "", "MLO"),
        ("cranio-caudal", "", "CC"),
        ("LMLO", "L", "MLO"),
        ("R_CC", "R", "CC"),
        ("L/mlo", "L", "MLO"),
        ("CC/right", "R", "CC"),
    ],
)
def test_a_folder_that_names_a_side_or_a_view_is_no_womans_and_says_so(
    tmp_path: Path, folder: str, side: str, view: str
) -> None:
    found = read_dataset(class_folders(tmp_path / "set", [f"benign/{folder}/{name}.png" for name in ("P07", "P08")]))
    assert [(row.laterality, row.view) for row in found.rows] == [(side, view)] * 2
    assert women_of(found) == [[row.file] for row in found.rows]
    assert found.notes[0].startswith("No woman is named for 2 pictures")


def test_side_and_view_stand_in_folders_below_the_womans_too(tmp_path: Path) -> None:
    files = ["benign/P7/left/a.png", "benign/P7/right/CC/a.png", "train/right/benign/P8/MLO/1.png"]
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert [(row.patient_id, row.laterality, row.view) for row in found.rows] == [
        ("set_P7", "L", ""),
        ("set_P7", "R", "CC"),
        ("set_P8", "R", "MLO"),
    ]


@pytest.mark.parametrize(
    "files",
    [
        ("benign/left/P07.png", "malignant/right/P07.png"),
        ("benign/L/P07.png", "benign/R/P07.png"),
        ("benign/left/P07_L_CC.png", "benign/right/P07_R_CC.png"),
        ("benign/left/P07_CC.png", "benign/right/P07_MLO.png"),
        ("benign/CC/P07_L.png", "benign/MLO/P07_R.png"),
        ("benign/CC/P07_L.png", "benign/MLO/P07_L.png"),
        ("benign/left/CC/P07_L.png", "benign/right/MLO/P07_R.png"),
        ("benign/CC/left/P07.png", "malignant/MLO/left/P07.png"),
        ("benign/P07_L.png", "malignant/P07_R.png"),
        ("benign/left/P07_L.png", "benign/right/P07_R.png"),
        ("left/benign/P07.png", "right/malignant/P07.png"),
    ],
)
def test_pictures_that_differ_in_side_and_view_alone_are_one_womans_in_folders_too(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    root = class_folders(tmp_path / "set", [*files, "benign/left/P08.png", "benign/MLO/P09_R.png"])
    found = read_dataset(root)
    assert {row.dataset for row in found.rows} == {"set"}
    assert women_of(found) == sorted([["benign/MLO/P09_R.png"], ["benign/left/P08.png"], sorted(files)])


def test_class_folders_within_folders_of_sides_and_views_are_one_set(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "set", [f"{view}/{label}/1.png" for view in ("CC", "MLO") for label in LABELS[:3]])
    assert layouts_of(root) == {root: "folders"}
    assert {(row.label, row.view) for row in read_dataset(root).rows} == {
        (a, b) for a in LABELS[:3] for b in ("CC", "MLO")
    }


def test_pictures_that_are_numbered_anew_in_each_class_join_the_two_sides_of_it_alone(tmp_path: Path) -> None:
    files = [f"{label}/{side}/{n}.png" for label in ("benign", "malignant") for side in ("L", "R") for n in (1, 2)]
    found = women_of(read_dataset(class_folders(tmp_path / "set", files)))
    assert found == [[f"{label}/{side}/{n}.png" for side in "LR"] for label in ("benign", "malignant") for n in (1, 2)]


@pytest.mark.parametrize(
    "folders",
    [
        ("Calc-Test_P_00038_LEFT_CC", "Calc-Test_P_00038_LEFT_MLO"),
        ("P07_L", "P07_R"),
        ("P07 left breast", "P07 right breast"),
    ],
)
def test_folders_that_differ_in_side_and_view_alone_are_one_womans(tmp_path: Path, folders: tuple[str, str]) -> None:
    files = [f"benign/{folder}/1-1.png" for folder in (*folders, "P_00039", "P. Jones", "P. Miller")]
    assert len({row.patient_id for row in read_dataset(class_folders(tmp_path, files)).rows}) == 4


@pytest.mark.parametrize(
    "folder",
    ["mass", "Calcifications", "PNG images", "BI-RADS 4a", "birads_3", "Density 2", "microcalcification_mammograms"],
)
def test_a_folder_that_says_what_is_shown_is_no_womans(tmp_path: Path, folder: str) -> None:
    files = [f"benign/{folder}/{name}" for name in ("1.png", "2.png", "P7/3.png", "test_01/4.png", "mass 5/5.png")]
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert sorted(row.patient_id for row in found.rows) == ["set_1", "set_2", "set_P7", "set_mass 5", "set_test_01"]


@pytest.mark.parametrize(
    ("train", "test"), [("train_set", "test_set"), ("Training Set", "Testing Set"), ("train data", "val-images")]
)
def test_parts_of_longer_names_are_parts_of_one_set(tmp_path: Path, train: str, test: str) -> None:
    root = class_folders(tmp_path / "set", [f"{train}/benign/P7_L_CC.png", f"{test}/malignant/P7_R_CC.png"])
    found = read_dataset(root)
    assert layouts_of(root) == {root: "folders"}
    assert {row.part for row in found.rows} == {"train", "validation" if test.startswith("val") else "test"}
    assert women_of(found) == [sorted(row.file for row in found.rows)]


def test_masks_among_the_pictures_are_left_out_and_counted(tmp_path: Path) -> None:
    files = [
        "benign/0029/A.LEFT_CC.png",
        "benign/0029/A.LEFT_CC_Mask.png",
        "benign/masks/1.png",
        "normal/Maskell/2.png",
    ]
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert [row.file for row in found.rows] == [files[0], files[3]]
    assert "Left out, since their names say that they are masks: 2 pictures." in found.notes


HASHES = [f"{k:032x}" for k in range(4)]


@pytest.mark.parametrize(
    "files",
    [
        (
            "train/cancer/10006_462822612.png",
            "train/no cancer/10006_1459541791_L_CC.png",
            "train/cancer/10011_1031443799.png",
        ),
        (
            f"cancer/{HASHES[0]}_{HASHES[1]}.png",
            f"no cancer/{HASHES[0]}_{HASHES[2]}.png",
            f"cancer/{HASHES[3]}_{HASHES[1]}.png",
        ),
        (
            "BENIGN/Mass-Training_P_00001_LEFT_CC.png",
            "MALIGNANT/Calc-Test_P_00001_RIGHT_MLO_1.png",
            "BENIGN/Mass-Training_P_00002_LEFT_CC.png",
        ),
        (
            "benign/Mass-Training_P_00001_LEFT_CC/1.png",
            "malignant/Calc-Test_P_00001_RIGHT_MLO/1.png",
            "benign/Mass-Training_P_00002_LEFT_CC/1.png",
        ),
    ],
    ids=["RSNA", "VinDr-Mammo", "CBIS-DDSM", "CBIS-DDSM, folders"],
)
def test_pictures_of_public_sets_sorted_into_classes_keep_the_women_of_their_names(
    tmp_path: Path, files: tuple[str, str, str]
) -> None:
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert women_of(found) == sorted([sorted(files[:2]), [files[2]]])
    assert not any("woman of its own" in note for note in found.notes)
    said = "The woman is the one that names as of CBIS-DDSM, RSNA and VinDr-Mammo give: 3 pictures of 2 women."
    assert (said in found.notes) == (not files[0].endswith("/1.png")), "a folder of hers needs no note"


ROBOFLOW = "{}.rf.{:032x}.png"


def test_exports_of_roboflow_of_one_picture_are_one_womans(tmp_path: Path) -> None:
    names = [
        *(f"train/benign/{ROBOFLOW.format('20586908_png', k)}" for k in range(3)),
        *(f"train/benign/{ROBOFLOW.format('P07_L_CC_jpg', k)}" for k in (3, 4)),
        f"valid/malignant/{ROBOFLOW.format('P07_R_MLO_jpg', 5)}",
        f"valid/malignant/{ROBOFLOW.format('22678622_png', 6)}",
    ]
    found = read_dataset(class_folders(tmp_path / "set", names))
    assert women_of(found) == [names[:3], names[3:6], names[6:]]
    said = {row.file: (row.laterality, row.view) for row in found.rows}
    assert [said[name] for name in names[3:6]] == [("L", "CC"), ("L", "CC"), ("R", "MLO")]


def test_pictures_outside_the_class_folders_are_counted_and_their_folders_named(tmp_path: Path) -> None:
    files = [
        "valid/benign/1.png",
        "valid/unsure/P1/2.png",
        "valid/unsure/P2/3.png",
        "4.png",
        "valid/benign/.hidden.png",
    ]
    found = read_dataset(class_folders(tmp_path, files))
    assert labels(found) == {"valid/benign/1.png": "benign"}
    assert (
        "Left out, since they lie outside the class folders: 3 pictures, in the folder itself, valid/unsure."
        in found.notes
    )


def test_a_class_folder_may_say_more_than_its_class_and_a_note_says_what_it_was_taken_for(tmp_path: Path) -> None:
    files = [
        "train/Benign Masses/1.png",
        "train/Malignant_Cases/P7/2.png",
        "train/non-malignant/3.png",
        "train/abnormal/4.png",
    ]
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert labels(found) == dict(zip(files[:3], ("benign", "malignant", "not_malignant"), strict=True))
    assert found.rows[1].patient_id == "set_P7"
    assert any("Benign Masses as benign, Malignant_Cases as malignant, non-malignant as not" in n for n in found.notes)
    assert any(note.endswith("1 picture, in train/abnormal.") for note in found.notes)


@pytest.mark.parametrize(
    "names", [("Benign cohort", "other"), ("Benign cohort", "rsna-breast-cancer"), ("benign and malignant", "other")]
)
def test_folders_that_speak_of_one_class_do_not_swallow_the_sets_in_them(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        class_folders(tmp_path / name, ["benign/1.png"])
    assert set(layouts_of(tmp_path)) == {tmp_path / name for name in names}


def test_a_womans_folder_may_speak_of_the_class_too(tmp_path: Path) -> None:
    files = ["benign/benign_P07/1.png", "malignant/case_cancer_3/2.png"]
    found = read_dataset(class_folders(tmp_path / "set", files))
    assert {row.patient_id for row in found.rows} == {"set_benign_P07", "set_case_cancer_3"}


def test_a_folder_whose_name_says_two_classes_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'benign or malignant' says two classes: benign and malignant"):
        read_dataset(class_folders(tmp_path, ["benign/1.png", "benign or malignant/2.png"]))


def test_a_file_of_two_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1\.png lies in folders of two classes: benign and malignant"):
        read_dataset(class_folders(tmp_path, ["benign/malignant/1.png"]))


def test_a_woman_in_two_official_parts_is_noted(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "set", ["train/benign/P7/a.png", "test/benign/P7/b.png", "test/benign/P8/c.png"])
    assert "1 woman stands in more than one official part: set_P7." in read_dataset(root).notes


def test_a_woman_whom_two_sets_put_into_different_halves_is_noted(tmp_path: Path) -> None:
    masses = [("a.png", "cbis", "W1", *[""] * 2, "benign", *[""] * 3, "train")]
    films = [
        ("b.png", "ddsm", "W1", *[""] * 2, "benign", *[""] * 3, "calc-test"),
        ("c.png", "ddsm", "W2", *[""] * 2, "benign", *[""] * 3, "mass-test"),
        ("d.png", "ddsm", "W2", *[""] * 2, "benign", *[""] * 3, "calc-test"),
        ("e.png", "ddsm", "W3", *[""] * 2, "benign", *[""] * 3, "calc-train"),
        ("f.png", "ddsm", "W3", *[""] * 2, "benign", *[""] * 3, ""),
    ]
    manifest(tmp_path / "one", *masses)
    manifest(tmp_path / "two", *films)
    found = read_dataset(tmp_path)
    assert found.notes == ("1 woman stands in more than one official part: W1.",)
    assert [row.part for row in found.rows] == ["train", "test", "test", "test", "train", ""]


@needs_shared("data/ddsm/manifest.csv")
def test_the_woman_in_both_halves_of_the_collected_sets_is_noted() -> None:
    assert "1 woman stands in more than one official part: DDSM_B_3011." in read_dataset(SHARED / "data").notes


def test_sets_side_by_side_are_read_together(tmp_path: Path) -> None:
    class_folders(tmp_path / "one", ["benign/1.png"])
    manifest(
        tmp_path / "two",
        ("a.png", "", "W1", "", "", "benign", "", "", "", ""),
        ("b.png",) + ("",) * 1 + ("W1", "", "", "normal", "", "", "", ""),
    )
    (tmp_path / "two" / "b.png").unlink()
    (tmp_path / "papers").mkdir()
    found = read_dataset(tmp_path)
    assert {row.dataset for row in found.rows} == {"one", "two"}
    assert found.missing == ("two/b.png",)
    assert found.notes[0].startswith("one: No woman is named")


@pytest.mark.parametrize("sets", [("one",), ("one", "two")])
def test_a_folder_beside_sets_that_is_none_is_named_if_it_holds_pictures(tmp_path: Path, sets: tuple[str, ...]) -> None:
    for name in sets:
        class_folders(tmp_path / name, ["benign/1.png"])
    class_folders(tmp_path, ["plural/train/0/2.png", "plural/train/1/3.png", "4.png"])
    (tmp_path / "papers").mkdir()
    assert read_dataset(tmp_path).notes[0] == (
        "Left out, since they are in none of the layouts read here: 3 pictures, in plural, the folder itself."
    )


def test_folders_of_an_unknown_layout_are_named_and_what_was_expected(tmp_path: Path) -> None:
    class_folders(tmp_path, ["train/0/1.png", "train/1/2.png", *(f"woman {number:02}/3.png" for number in range(12))])
    with pytest.raises(
        ValueError, match=r"pictures in: train/0, train/1, woman 00, .* and 4 more\. Wanted is .*benign"
    ):
        read_dataset(tmp_path)


def side_by_side(root: Path) -> Path:
    """A set of three pictures, one whose list has a wrong row, and one of two pictures."""
    class_folders(root / "first", ["benign/1.png", "benign/2.png", "malignant/3.png"])
    table(root / "second" / "manifest.csv", ("file", "patient_id", "label"), [("a.png", "W1", "odd")])
    class_folders(root / "third", ["benign/1.png", "malignant/2.png"])
    return root


def test_of_several_sets_the_wrong_one_is_named_and_none_is_left_out_silently(tmp_path: Path) -> None:
    root = side_by_side(tmp_path)
    with pytest.raises(ValueError, match=r"^the set second cannot be read: .*manifest\.csv, row 2: a label is one of"):
        read_dataset(root)


def test_a_wrong_set_keeps_back_no_other(tmp_path: Path) -> None:
    root = side_by_side(tmp_path)
    found = read_sets([root, tmp_path / "nowhere"])
    assert set(found.wrong) == {root / "second", tmp_path / "nowhere"}
    assert found.layouts == {root / "first": "folders", root / "second": "manifest", root / "third": "folders"}
    assert Counter(row.dataset for row in found.together().rows) == {"first": 3, "third": 2}
    assert [note.partition(":")[0] for note in found.together().notes] == ["first", "third"]


def test_sets_of_several_places_are_read_together(tmp_path: Path) -> None:
    root = side_by_side(tmp_path)
    found = read_sets([root / "third", root / "first", root / "third"])
    assert not found.wrong
    assert Counter(row.dataset for row in found.together().rows) == {"first": 3, "third": 2}


def test_no_refusal_speaks_of_a_file_that_its_reader_may_not_have(tmp_path: Path) -> None:
    for layout in (None, "rsna", "folders"):
        with pytest.raises(NoLayout) as refused:
            read_dataset(tmp_path, layout)
        assert "docs" not in str(refused.value)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in none of the layouts"):
        read_dataset(tmp_path)
    with pytest.raises(ValueError, match="'zip' is no layout"):
        read_dataset(tmp_path, "zip")
    with pytest.raises(ValueError, match=r"not in the layout rsna: .*train\.csv is not there"):
        read_dataset(tmp_path, "rsna")
    with pytest.raises(FileNotFoundError):
        read_dataset(tmp_path / "nowhere")
