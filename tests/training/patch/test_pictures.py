"""Pictures as training sees them: read, packed and divided by woman."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.cli import main
from mammo_core.preprocessing import CANVAS
from mammo_core.training.datasets import Row
from mammo_core.training.lab.runs import list_runs
from mammo_core.training.patch.pictures import Pictures, fold_of, pack, prepared, read_pictures, sides, unpack
from mammo_core.training.recipes.patch import FOLDS
from tests.training.patch.synthetic import OF_TWO, pictures, write_set


def test_packed_pictures_come_back(tmp_path: Path) -> None:
    made = pictures(n=9, canvas=(64, 40))
    pack(made, tmp_path / "packed", quality=100)
    back = unpack(tmp_path / "packed")
    np.testing.assert_array_equal(back.breasts, made.breasts)
    np.testing.assert_array_equal(back.boxes, made.boxes)
    np.testing.assert_array_equal(back.box_picture, made.box_picture)
    np.testing.assert_array_equal(back.box_malignant, made.box_malignant)
    assert back.columns.keys() == made.columns.keys()
    for key in made.columns:
        np.testing.assert_array_equal(back.columns[key], made.columns[key])
    assert back.canvases.dtype == np.uint8
    assert np.abs(back.canvases.astype(int) - made.canvases.astype(int)).mean() < 4


def test_a_data_folder_is_read_with_its_boxes_on_the_canvas(tmp_path: Path) -> None:
    write_set(tmp_path, "film", mirrored=(False, True, False))
    write_set(tmp_path, "more_film", mirrored=(True,))
    read = read_pictures(tmp_path, ("film", "more_film"))
    assert read.canvases.shape == read.breasts.shape == (4, *CANVAS)
    assert read.columns["dataset"].tolist() == ["film"] * 3 + ["more_film"]
    assert read.columns["age"].tolist() == [""] * 4
    assert read.box_picture.tolist() == [0, 1, 2, 3]
    assert read.malignant.all()
    assert read.box_malignant.all()
    for picture, (top, left, bottom, right) in zip(read.box_picture, read.boxes, strict=True):
        bright = read.canvases[picture] >= 250
        rows, columns = np.flatnonzero(bright.sum(axis=1) > 10), np.flatnonzero(bright.sum(axis=0) > 10)
        np.testing.assert_allclose(
            (top, left, bottom, right), (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1), atol=4
        )


def test_the_volume_of_a_manifest_is_kept(tmp_path: Path) -> None:
    write_set(tmp_path, "film", mirrored=(False, True))
    path = tmp_path / "film" / "manifest.csv"
    heading, first, second = path.read_text(encoding="utf-8").split()
    path.write_text(f"{heading},ddsm_volume\n{first},cancers\n{second},\n", encoding="utf-8")
    assert read_pictures(tmp_path, ("film",)).columns["volume"].tolist() == ["cancers", ""]


def test_sets_of_any_layout_are_read_and_what_cannot_be_is_left_out_and_told(tmp_path: Path) -> None:
    write_set(tmp_path, "film", mirrored=(False, True))
    manifest = tmp_path / "film" / "manifest.csv"
    text = manifest.read_text(encoding="utf-8").replace(",malignant", ",Malignant", 1)
    manifest.write_text(text + "images/gone.png,film,film_9,R,CC,benign\n", encoding="utf-8-sig")
    (tmp_path / "film" / "images" / "1.png").write_bytes(b"no picture")
    shown = tmp_path / "clinic" / "normal" / "P1_L_CC.png"
    shown.parent.mkdir(parents=True)
    shown.write_bytes((tmp_path / "film" / "images" / "0.png").read_bytes())
    said: list[str] = []
    read = read_pictures(tmp_path, ("film", "clinic"), say=said.append)
    assert read.columns["dataset"].tolist() == ["film", "clinic"]
    assert read.columns["label"].tolist() == ["malignant", "normal"]
    assert any("images/gone.png" in line for line in said)
    assert any(line.startswith("left out: images/1.png of film: ") for line in said)
    (tmp_path / "film" / "images" / "0.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="can be read"):
        read_pictures(tmp_path, ("film",))


def test_copies_on_two_sides_are_found_before_anything_is_fitted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(OF_TWO, encoding="utf-8")
    (tmp_path / "backbone.npz").touch()
    write_set(tmp_path, "film", mirrored=(False, True))
    write_set(tmp_path, "far", mirrored=(False,))
    picture = cv2.imread(str(tmp_path / "film" / "images" / "1.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "far" / "images" / "0.png"), cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE))
    asked = ["train", str(recipe), "--data", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "runs")]
    assert main(asked) == 2
    said = capsys.readouterr().err
    assert "Copies of one picture stand on different sides of the split: 1 pair" in said
    assert "(outside)" in said
    (run,) = list_runs(tmp_path / "runs")
    assert run.leaks
    assert not run.fold_folders


def test_sides_are_fifths_outside_sets_and_women_of_whom_none_is_judged() -> None:
    rows = [
        Row(Path("a"), "a", name, woman, "benign")
        for name, woman in (("film", "one"), ("far", "two"), ("more", "one"), ("more", "three"))
    ]
    fifth = f"fifth {fold_of('one')}"
    assert sides(rows, ["film"], ["far"]) == [fifth, "outside", fifth, "not judged"]


def test_a_set_may_come_without_boxes(tmp_path: Path) -> None:
    write_set(tmp_path, "screening", mirrored=(False,))
    (tmp_path / "screening" / "boxes.csv").unlink()
    read = read_pictures(tmp_path, ("screening",))
    assert read.boxes.shape == (0, 4)
    assert read.box_picture.shape == (0,)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the set elsewhere"):
        read_pictures(tmp_path, ("elsewhere",))


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=40))
def test_folds_never_split_a_woman(women: list[str]) -> None:
    n = 2 * len(women)
    made = Pictures(
        np.zeros((n, 1, 1), np.uint8),
        np.ones((n, 1, 1), bool),
        {"patient_id": np.array([*women, *reversed(women)])},
        np.zeros((0, 4)),
        np.zeros(0, np.int64),
        np.zeros(0, bool),
    )
    folds = made.folds()
    assert set(folds) <= set(range(FOLDS))
    for woman in made.women:
        assert len(set(folds[made.women == woman])) == 1


def test_prepared_pictures_of_another_canvas_or_torn_are_refused(tmp_path: Path) -> None:
    pack(pictures(n=3, canvas=(64, 32)), tmp_path / "packed")
    assert len(prepared(tmp_path / "packed", (64, 32), pictures).canvases) == 3
    with pytest.raises(ValueError, match=r"on a canvas of \(64, 32\), wanted \(128, 96\)"):
        prepared(tmp_path / "packed", (128, 96), pictures)
    (tmp_path / "packed").write_bytes((tmp_path / "packed").read_bytes()[:-100])
    with pytest.raises(ValueError, match="damaged"):
        prepared(tmp_path / "packed", (64, 32), pictures)


OUTLINING = """
import time
from pathlib import Path
from mammo_core.training.datasets import Row
from mammo_core.training.patch import pictures

def slowly(canvas, row):
    print("begun", end="", flush=True)
    time.sleep(60)

pictures._outlined = slowly
pictures.outlined([Row(Path("a.png"), "a.png", "film", "w", "normal")] * 40)
"""


def test_who_outlines_breasts_ends_with_the_process_that_asked(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OUTLINING], stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        assert asking.stdout.read(5) == "begun"
        asking.kill()
        asking.communicate(timeout=20)  # as long as one of them lives, this does not end
