"""The public sets, each from a fixture in its real layout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mammo_core.training.datasets import Lesion, Table, layouts_of, read_dataset
from tests.training.datasets import layouts
from tests.training.datasets.layouts import cbis, cmmd, ddsm, inbreast, mias, picture, rsna, vindr


def by_file(found: Table) -> dict[str, tuple[str, str, str, str]]:
    return {row.path.name: (row.patient_id, row.label, row.laterality, row.view) for row in found.rows}


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("layout", "make"),
    [
        ("rsna", rsna),
        ("mias", mias),
        ("cbis", lambda root: cbis(root, {"mass_train": [("P_00001", "LEFT", "CC", "MALIGNANT")]})),
        ("inbreast", lambda root: inbreast(root, [("22678622", "L", "CC", "2", "1")])),
        ("vindr", vindr),
        ("cmmd", cmmd),
        ("ddsm", ddsm),
        ("coco", layouts.coco),
        ("yolo", layouts.yolo),
    ],
)
def test_the_layout_is_recognised(tmp_path: Path, layout: str, make: object) -> None:
    assert callable(make)
    root = make(tmp_path)
    assert layouts_of(root) == {root: layout}


def test_rsna_in_kaggles_folders_has_a_row_for_every_file(tmp_path: Path) -> None:
    found = read_dataset(rsna(tmp_path))
    assert by_file(found) == {
        "462822612.dcm": ("RSNA_10006", "not_malignant", "L", "CC"),
        "1459541791.dcm": ("RSNA_10006", "benign", "L", "MLO"),
        "388811999.dcm": ("RSNA_10130", "malignant", "R", "CC"),
    }
    assert found.missing == ("train_images/10130/613462606.dcm",)
    assert [(row.age, row.machine, row.site, row.density) for row in found.rows[1:]] == [
        (61.0, "29", "2", "B"),
        (None, "49", "1", "C"),
    ]


def test_rsna_is_read_without_the_columns_that_nothing_needs(tmp_path: Path) -> None:
    path = rsna(tmp_path) / "train.csv"
    kept = [line.split(",")[1:-2] for line in path.read_text().splitlines()]
    path.write_text("\n".join(map(",".join, kept)))
    rows = read_dataset(tmp_path).rows
    assert [row.label for row in rows] == ["not_malignant", "benign", "malignant"]
    assert {(row.site, row.density, row.machine) for row in rows} == {("", "", "")}


@pytest.mark.parametrize("name", ["images/462822612.jpg", "10006_462822612.png"])
def test_rsna_converted_into_one_folder_is_found(tmp_path: Path, name: str) -> None:
    root = rsna(tmp_path)
    shutil.rmtree(root / "train_images")
    picture(root / name)
    assert [row.file for row in read_dataset(root).rows] == [name]


def test_a_wrong_cancer_label_of_rsna_is_named(tmp_path: Path) -> None:
    root = rsna(tmp_path)
    replaced(root / "train.csv", "61.0,0,1,0", "61.0,2,1,0")
    with pytest.raises(ValueError, match=r"train\.csv, row 3: cancer is '2'"):
        read_dataset(root)


def test_mini_mias_pairs_sides_and_labels_films_by_their_worst_lesion(tmp_path: Path) -> None:
    found = read_dataset(mias(tmp_path))
    assert by_file(found) == {
        "mdb001.pgm": ("MIAS_001", "benign", "L", "MLO"),
        "mdb002.pgm": ("MIAS_001", "benign", "R", "MLO"),
        "mdb003.pgm": ("MIAS_002", "normal", "L", "MLO"),
        "mdb005.pgm": ("MIAS_003", "malignant", "L", "MLO"),
        "mdb216.pgm": ("MIAS_108", "malignant", "R", "MLO"),
    }
    assert [row.density for row in found.rows] == ["G", "G", "D", "F", "D"]
    assert any("left" in note for note in found.notes)
    assert any("1 lesion" in note for note in found.notes)


def test_mini_mias_counts_rows_from_the_bottom(tmp_path: Path) -> None:
    found = read_dataset(mias(tmp_path, ["mdb010 F CIRC B 525 425 33"]))
    (lesion,) = found.rows[0].lesions
    # the picture of the test is a sixteenth of a film: centre at row (1024 - 425) / 16
    assert lesion == Lesion(((599 - 33) / 16, (525 - 33) / 16, (599 + 33) / 16, (525 + 33) / 16), "benign")


def test_mini_mias_circles_end_where_the_film_does_and_converted_films_are_found(tmp_path: Path) -> None:
    root = mias(tmp_path, ["mdb001 G CIRC B 20 10 64"], folder="all-mias")
    (root / "all-mias" / "mdb001.pgm").unlink()
    picture(root / "png" / "mdb001.png", size=(1024, 1024))
    (row,) = read_dataset(root).rows
    assert row.file == "png/mdb001.png"
    assert row.lesions == (Lesion((950, 0, 1024, 84), "benign"),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mdb007 X NORM", "the tissue is 'X'"),
        ("mdb007 G LUMP B 1 2 3", "the class is 'LUMP'"),
        ("mdb007 G CIRC Q 1 2 3", "the severity is 'Q'"),
        ("mdb007 G CIRC", "the severity is ''"),
        ("mdb007 G CIRC B 500 400", "x, y and a radius"),
        ("mdb007 G CIRC B 500 400 wide", "the radius is 'wide'"),
        ("mdb007 G CIRC B 500 9000 3", "outside its picture of 64 rows"),
        ("mdb7 G NORM", "no number of a film"),
    ],
)
def test_a_wrong_line_of_mini_mias_is_named(tmp_path: Path, line: str, said: str) -> None:
    root = mias(tmp_path, ["mdb001 G NORM", line])
    with pytest.raises(ValueError, match=rf"Info\.txt, row 6: .*{said}"):
        read_dataset(root)


def test_films_of_mini_mias_that_are_not_there_are_listed(tmp_path: Path) -> None:
    root = mias(tmp_path)
    (root / "mdb003.pgm").unlink()
    assert read_dataset(root).missing == ("mdb003.pgm",)


def test_a_byte_order_mark_costs_mini_mias_no_film(tmp_path: Path) -> None:
    path = mias(tmp_path, ["mdb001 G CIRC M 535 425 197", "mdb002 G NORM"]) / "Info.txt"
    lines = path.read_text().splitlines()[-2:]
    path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    assert [(row.file, row.label) for row in read_dataset(tmp_path).rows] == [
        ("mdb001.pgm", "malignant"),
        ("mdb002.pgm", "normal"),
    ]


def test_films_of_mini_mias_that_no_line_names_are_left_out_and_listed(tmp_path: Path) -> None:
    root = mias(tmp_path, ["mdb001 G NORM"])
    for name in ("more/mdb007.png", "MDB008.pgm", "mdb001_mask.png"):
        picture(root / name)
    found = read_dataset(root)
    assert [row.file for row in found.rows] == ["mdb001.pgm"]
    assert found.notes[-1] == (
        "Left out, since no line of Info.txt names them: 2 pictures: MDB008.pgm, more/mdb007.png."
    )


def test_films_of_mini_mias_are_found_whatever_their_capitals(tmp_path: Path) -> None:
    root = mias(tmp_path, ["mdb001 G CIRC M 535 425 197"])
    (root / "mdb001.pgm").unlink()
    picture(root / "MDB001.PNG")
    found = read_dataset(root)
    assert [(row.file, row.label, len(row.lesions)) for row in found.rows] == [("MDB001.PNG", "malignant", 1)]
    assert found.missing == ()


CBIS = {
    "mass_train": [
        ("P_00001", "LEFT", "CC", "BENIGN"),
        ("P_00001", "LEFT", "CC", "MALIGNANT"),
        ("P_00004", "RIGHT", "MLO", "BENIGN_WITHOUT_CALLBACK"),
        ("P_00099", "LEFT", "CC", "BENIGN"),
    ],
    "mass_test": [("P_00016", "LEFT", "CC", "MALIGNANT")],
    "calc_train": [("P_00004", "RIGHT", "MLO", "BENIGN"), ("P_00005", "LEFT", "CC", "BENIGN")],
    "calc_test": [("P_00099", "RIGHT", "CC", "MALIGNANT")],
}


def as_tcia(root: Path, lists: str = "") -> Path:
    """All of CBIS above, with files where TCIA's downloader puts them, masks and crops among them."""
    cbis(root, CBIS, lists)
    cases = [
        ("Mass-Training_P_00001_LEFT_CC", 1),
        ("Mass-Training_P_00004_RIGHT_MLO", 3),
        ("Mass-Training_P_00099_LEFT_CC", 4),
        ("Mass-Test_P_00016_LEFT_CC", 5),
        ("Calc-Training_P_00004_RIGHT_MLO", 6),
        ("Calc-Training_P_00005_LEFT_CC", 7),
        ("Calc-Test_P_00099_RIGHT_CC", 8),
    ]
    for case, seed in cases:
        folder = root / "CBIS-DDSM" / case / "07-20-2016-DDSM-NA-74994"
        picture(folder / "1.000000-full mammogram images-24515" / "1-1.png", seed)
        picture(root / "CBIS-DDSM" / f"{case}_1" / "x" / "1.000000-ROI mask images-1" / "1-1.png", seed + 100)
    return root


def test_cbis_has_a_row_for_each_mammogram_not_for_each_abnormality(tmp_path: Path) -> None:
    found = read_dataset(as_tcia(tmp_path))
    assert {(row.patient_id, row.laterality, row.view, row.label, row.part) for row in found.rows} == {
        ("CBIS_P_00001", "L", "CC", "malignant", "train"),
        ("CBIS_P_00004", "R", "MLO", "benign", "train"),
        ("CBIS_P_00005", "L", "CC", "benign", "train"),
        ("CBIS_P_00016", "L", "CC", "malignant", "test"),
    }
    assert all("_1/" not in row.file for row in found.rows)
    assert {row.density for row in found.rows} == {"3"}


def test_women_in_both_halves_of_cbis_are_named_and_kept_out(tmp_path: Path) -> None:
    found = read_dataset(as_tcia(tmp_path))
    assert "CBIS_P_00099" not in {row.patient_id for row in found.rows}
    (note,) = [note for note in found.notes if "both official halves" in note]
    assert note.startswith("1 woman stands")
    assert "2 pictures" in note
    assert note.endswith(": P_00099.")


def test_each_half_alone_keeps_its_women_and_the_absent_lists_are_noted(tmp_path: Path) -> None:
    root = as_tcia(tmp_path)
    for name in ("calc_case_description_train_set.csv", "calc_case_description_test_set.csv"):
        (root / name).unlink()
    found = read_dataset(root)
    assert "CBIS_P_00099" in {row.patient_id for row in found.rows}
    assert any("calc_case_description_test_set.csv" in note for note in found.notes)


def test_cbis_as_jpeg_from_kaggle_is_found_by_its_series(tmp_path: Path) -> None:
    root = cbis(tmp_path, CBIS, "csv")
    for number in range(1, 9):
        picture(root / "jpeg" / f"1.3.6.1.4.1.9590.100.1.3.{number}" / "1-001.jpg", number)
    found = read_dataset(root)
    assert len(found.rows) == 4
    assert found.missing == ()


def test_cbis_files_where_the_lists_say_are_found(tmp_path: Path) -> None:
    root = cbis(tmp_path, {"mass_train": [("P_00001", "LEFT", "CC", "BENIGN"), ("P_00002", "LEFT", "CC", "BENIGN")]})
    there = layouts.cbis_path("Mass", "Training", "P_00001", "LEFT", "CC", 1)
    layouts.dicom(root / there)
    found = read_dataset(root)
    assert [row.file for row in found.rows] == [there]
    assert found.missing == (layouts.cbis_path("Mass", "Training", "P_00002", "LEFT", "CC", 2),)


def test_a_wrong_pathology_of_cbis_is_named(tmp_path: Path) -> None:
    root = cbis(tmp_path, {"calc_test": [("P_1", "LEFT", "CC", "BENIGN"), ("P_2", "LEFT", "CC", "UNSURE")]})
    with pytest.raises(ValueError, match=r"calc_case_description_test_set\.csv, row 3: the pathology is 'UNSURE'"):
        read_dataset(root)


def test_inbreast_takes_the_woman_from_the_file_name(tmp_path: Path) -> None:
    rows = [
        ("22678622", "L", "CC", "2", "1"),
        ("22678646", "R", "MLO", "2", "3"),
        ("22678670", "L", "MLO", " ", "4a"),
        ("22678694", "R", "CC", "4", "6"),
    ]
    found = read_dataset(inbreast(tmp_path, rows))
    assert {row.patient_id for row in found.rows} == {"INBREAST_6c613a14b80a8591"}
    assert [row.label for row in found.rows] == ["normal", "benign", "malignant", "malignant"]
    assert [row.view for row in found.rows] == ["CC", "MLO", "MLO", "CC"]
    assert [row.density for row in found.rows] == ["2", "2", "", "4"]
    assert any("BI-RADS" in note for note in found.notes)


def test_inbreast_renamed_to_numbers_has_no_women_and_a_note_says_so(tmp_path: Path) -> None:
    root = inbreast(tmp_path, [("22678622", "L", "CC", "2", "5"), ("22678646", "R", "CC", "2", "1")])
    shutil.rmtree(root / "AllDICOMs")
    picture(root / "png" / "22678622.png")
    found = read_dataset(root)
    assert [row.patient_id for row in found.rows] == ["INBREAST_22678622"]
    assert found.missing == ("AllDICOMs/22678646",)
    assert any("1 picture:" in note for note in found.notes)


@pytest.mark.parametrize("name", ["R_CC", "1", "png"])
def test_another_word_behind_a_number_of_inbreast_is_no_woman(tmp_path: Path, name: str) -> None:
    rows = [("22678622", "R", "CC", "2", "5"), ("22678646", "R", "CC", "2", "1"), ("22678670", "R", "CC", "2", "1")]
    root = inbreast(tmp_path, rows)
    shutil.rmtree(root / "AllDICOMs")
    for number, *_ in rows[:2]:
        picture(root / "png" / f"{number}_{name}.png")
    picture(root / "png" / "22678670_6c613a14b80a8591_MG_R_CC_ANON.png")
    found = read_dataset(root)
    women = ["INBREAST_22678622", "INBREAST_22678646", "INBREAST_6c613a14b80a8591"]
    assert [row.patient_id for row in found.rows] == women
    assert any("2 pictures:" in note for note in found.notes)


def test_a_wrong_category_of_inbreast_is_named(tmp_path: Path) -> None:
    root = inbreast(tmp_path, [("22678622", "L", "CC", "2", "9")])
    with pytest.raises(ValueError, match=r"INbreast\.csv, row 2: the BI-RADS category is '9'"):
        read_dataset(root)


def test_vindr_maps_categories_and_takes_age_and_machine_from_its_metadata(tmp_path: Path) -> None:
    found = read_dataset(vindr(tmp_path))
    assert by_file(found) == {
        "i1.dicom": ("VINDR_s1", "normal", "L", "CC"),
        "i2.dicom": ("VINDR_s2", "malignant", "R", "MLO"),
    }
    assert [(row.age, row.machine, row.density, row.part) for row in found.rows] == [
        (53.0, "Planmed Nuance", "C", "train"),
        (None, "Mammomat Inspiration", "B", "test"),
    ]
    assert any("4 and 5 as malignant" in note for note in found.notes)


def test_findings_of_vindr_are_cut_at_the_edge_and_need_a_category(tmp_path: Path) -> None:
    found = read_dataset(vindr(tmp_path))
    assert [row.lesions for row in found.rows] == [(), (Lesion((10, 0, 30.25, 20), "malignant"),)]


def test_findings_of_vindr_lie_on_a_converted_picture_of_another_size(tmp_path: Path) -> None:
    root = vindr(tmp_path)
    (whole,) = read_dataset(root).rows[1].lesions
    shutil.rmtree(root / "images")
    picture(root / "png" / "s2" / "i2.png", size=(32, 64))  # stretched: half as high as the original, twice as wide
    (lesion,) = read_dataset(root).rows[0].lesions
    top, left, bottom, right = whole.box
    assert lesion.box == (top / 2, left * 2, bottom / 2, right * 2)
    (root / "png" / "s2" / "i2.png").write_text("torn")
    assert read_dataset(root).rows[0].lesions == (whole,)


def test_vindr_names_a_wrong_row_of_either_list(tmp_path: Path) -> None:
    root = vindr(tmp_path)
    replaced(root / "finding_annotations.csv", "30.25", "5")
    with pytest.raises(ValueError, match=r"finding_annotations\.csv, row 3: .*no area"):
        read_dataset(root)
    replaced(root / "breast-level_annotations.csv", "BI-RADS 4", "BI-RADS 0")
    (root / "finding_annotations.csv").unlink()
    with pytest.raises(ValueError, match=r"breast-level_annotations\.csv, row 3: .*'BI-RADS 0'"):
        read_dataset(root)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_cmmd_takes_side_and_view_from_the_header_and_leaves_out_breasts_without_diagnosis(
    tmp_path: Path, delimiter: str
) -> None:
    found = read_dataset(cmmd(tmp_path, delimiter))
    assert by_file(found) == {
        "1-1.dcm": ("CMMD_D2-0001", "malignant", "L", "CC"),
        "1-2.dcm": ("CMMD_D2-0001", "malignant", "L", "MLO"),
    }
    assert {(row.age, row.site) for row in found.rows} == {(44.0, "D2")}
    assert found.missing == ("D1-0007: R breast",)
    assert found.notes == ("1 picture of breasts without a diagnosis in the sheet were left out.",)


def test_cmmd_names_a_wrong_row_and_a_file_that_is_no_dicom(tmp_path: Path) -> None:
    root = cmmd(tmp_path)
    picture(root / "CMMD" / "D1-0007" / "1-1.png")
    with pytest.raises(ValueError, match=r"D1-0007.1-1\.png is no DICOM file"):
        read_dataset(root)
    replaced(root / "CMMD_clinicaldata_revision.csv", "Benign", "Perhaps")
    with pytest.raises(ValueError, match=r"revision\.csv, row 3: the classification is 'Perhaps'"):
        read_dataset(root)


def test_ddsm_labels_outlined_views_and_leaves_out_what_nothing_says(tmp_path: Path) -> None:
    found = read_dataset(ddsm(tmp_path))
    assert by_file(found) == {
        "C_0001_1.LEFT_CC.png": ("DDSM_C_0001", "not_malignant", "L", "CC"),
        "C_0001_1.LEFT_MLO.png": ("DDSM_C_0001", "not_malignant", "L", "MLO"),
        "C_0001_1.RIGHT_MLO.png": ("DDSM_C_0001", "malignant", "R", "MLO"),
        "A_0200_1.LEFT_CC.LJPEG.png": ("DDSM_A_0200", "normal", "L", "CC"),
    }
    assert any("1 picture without an outline" in note for note in found.notes)
    row = next(row for row in found.rows if row.label == "malignant")
    assert (row.age, row.density, row.machine, row.site) == (65.0, "2", "LUMISYS LASER", "DDSM_vol_C")


@pytest.mark.parametrize(
    ("folder", "volume", "label"),
    [
        ("normals/normal_02", "normal_02", "normal"),
        ("normals", "normals", "normal"),
        ("normal_02", "normal_02", "normal"),
        ("cancers/cancer_05", "cancer_05", "not_malignant"),
        ("cancer_05", "cancer_05", "not_malignant"),
        ("benigns/benign_03", "benign_03", "not_malignant"),
        ("benign_without_callbacks/bwc_01", "bwc_01", "not_malignant"),
        ("cases", "", "not_malignant"),
    ],
)
def test_the_volume_of_a_case_of_ddsm_is_the_folder_it_came_in(
    tmp_path: Path, folder: str, volume: str, label: str
) -> None:
    root = tmp_path / "archive"
    (ddsm(tmp_path / "made") / "normals" / "normal_01").rename(tmp_path / "cases")
    (root / folder).parent.mkdir(parents=True)
    (tmp_path / "cases").rename(root / folder)
    (row,) = read_dataset(root).rows
    assert (row.volume, row.label) == (volume, label)


def test_outlines_of_ddsm_follow_their_chain_code_onto_the_grid_of_the_file(tmp_path: Path) -> None:
    row = next(row for row in read_dataset(ddsm(tmp_path)).rows if row.label == "malignant")
    # from column 10, row 20: three to the right, two down, back; the file is half as large as the scan
    assert row.lesions == (Lesion((10, 5, 11.5, 7), "malignant"),)


def test_ddsm_pictures_that_were_not_converted_are_listed(tmp_path: Path) -> None:
    root = ddsm(tmp_path)
    case = root / "cancers" / "cancer_01" / "case0001"
    (case / "C_0001_1.RIGHT_MLO.png").rename(case / "C_0001_1.RIGHT_MLO.LJPEG")
    found = read_dataset(root)
    assert found.missing == ("cancers/cancer_01/case0001/C_0001_1.RIGHT_MLO.LJPEG",)
    assert any("convert" in note for note in found.notes)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("PATHOLOGY MALIGNANT", "PATHOLOGY ODD", r"row 6: the pathology is 'ODD'"),
        ("10 20 2 2", "10 20 2 9", r"row 9: a chain code"),
        ("10 20 2 2", "900 20 2 2", r"row 9: .*outside its picture"),
    ],
)
def test_a_wrong_outline_of_ddsm_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    root = ddsm(tmp_path)
    replaced(root / "cancers" / "cancer_01" / "case0001" / "C_0001_1.RIGHT_MLO.OVERLAY", old, new)
    with pytest.raises(ValueError, match=rf"C_0001_1\.RIGHT_MLO\.OVERLAY, {said}"):
        read_dataset(root)
