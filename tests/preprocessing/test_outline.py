"""Where the breast is: its side and box, whatever film and letters lie around it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.breast_box import overlap, overlaps
from mammo_core.preprocessing import find_outline, prepare_grey
from tests.preprocessing.phantoms import breast, disturbed, filmed
from tests.shared import SHARED, needs_shared


def mirrored(grey: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(grey[:, ::-1])


@pytest.mark.parametrize("seed", range(4))
def test_the_chest_wall_is_found_on_either_side(seed: int) -> None:
    grey, _ = breast(seed=seed)
    assert find_outline(grey).chest_wall_left
    assert not find_outline(mirrored(grey)).chest_wall_left


@pytest.mark.parametrize(("rows", "columns"), [(300, 240), (800, 800), (1500, 1100)])
def test_the_box_holds_the_breast_and_little_else(rows: int, columns: int) -> None:
    grey, box = breast(rows, columns)
    assert overlap(find_outline(grey).box, box) > 0.93


def test_the_mask_lies_in_the_box_and_on_the_tissue() -> None:
    grey, _ = breast()
    outline = find_outline(grey)
    top, left, bottom, right = outline.box
    assert outline.mask.shape == grey.shape
    outside = outline.mask.copy()
    outside[top:bottom, left:right] = False
    assert not outside.any()
    tissue = grey > 500
    assert (outline.mask & tissue).sum() > 0.95 * tissue.sum()


@pytest.mark.parametrize("turn", [np.asarray, mirrored])
@pytest.mark.parametrize("border", [4, 12, 20])
def test_a_white_film_border_and_a_letter_are_not_the_breast(turn, border: int) -> None:
    grey, _ = breast()
    bare, film = find_outline(turn(grey)), find_outline(turn(filmed(grey, border)))
    assert film.chest_wall_left is bare.chest_wall_left
    assert overlap(film.box, bare.box) > 0.9


def test_a_fold_below_the_breast_is_cut_off() -> None:
    grey, box = breast(rows=500)
    row, column = np.mgrid[:500, :320]
    fold = (row > box[2] - 8) & (column < 100 * (row - box[2] + 30) / 70)
    outline = find_outline(np.where(fold, np.float32(1500), grey))
    assert abs(outline.box[2] - box[2]) < 25


DISTURBANCES = tuple(disturbed(*breast(800, 600)))


@pytest.mark.parametrize("name", DISTURBANCES)
@pytest.mark.parametrize("mirror", [False, True], ids=["left", "right"])
@pytest.mark.parametrize("seed", range(2))
def test_what_lies_around_a_breast_changes_neither_its_box_nor_its_side(name: str, mirror: bool, seed: int) -> None:
    grey, box = disturbed(*breast(800, 600, seed))[name]
    outline = find_outline(mirrored(grey) if mirror else grey)
    top, left, bottom, right = outline.box
    found = (top, grey.shape[1] - right, bottom, grey.shape[1] - left) if mirror else outline.box
    assert outline.chest_wall_left is not mirror
    assert overlap(found, box) > 0.9


@pytest.mark.parametrize("name", [name for name in DISTURBANCES if name not in ("implant", "white frame")])
def test_what_lies_around_a_breast_leaves_its_contrast(name: str) -> None:
    """An implant is part of the breast and takes its whites; a frame over the chest wall hides tissue."""
    plain, box = breast(800, 600)
    expected, found = (prepare_grey(grey) for grey in (plain, disturbed(plain, box)[name][0]))
    assert np.abs(found.canvas - expected.canvas)[expected.breast].mean() < 0.06


def test_a_nipple_is_no_waist_at_which_to_cut() -> None:
    """The breast above a nipple that points down stays: one cut in eleven was there, through the tissue, in film."""
    rows, columns = 800, 600
    row, column = np.mgrid[:rows, :columns].astype(np.float32)
    reach = 250 + 32 * np.exp(-(((row - 100) / 60) ** 2)) + 22 * np.exp(-(((row - 480) / 30) ** 2))
    grey = np.where((column < reach) & (row < 640), np.float32(1800), np.float32(60))
    assert find_outline(grey).box[0] < 30


@pytest.mark.parametrize("shape", [(0, 5), (5, 0)])
def test_nothing_is_no_picture(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="two dimensions"):
        find_outline(np.zeros(shape, dtype=np.float32))


def test_a_picture_has_two_dimensions() -> None:
    with pytest.raises(ValueError, match="two dimensions"):
        find_outline(np.zeros((5, 5, 3), dtype=np.float32))


def test_the_overlap_of_boxes_is_shared_over_covered() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (0, 5, 10, 15)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (20, 20, 30, 30)) == 0


@pytest.mark.slow
@needs_shared("data/cbis_ddsm_mass/boxes.csv")
@pytest.mark.parametrize(("name", "outside"), [("cbis_ddsm_mass", 1), ("mini_mias", 0)])
def test_lesions_lie_in_the_box(name: str, outside: int) -> None:
    """Of the films' lesions 14 once lay outside: frames, labels and nipples had drawn the box elsewhere."""
    folder = SHARED / "data" / name
    with (folder / "boxes.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    boxes = {file: _box(folder / file) for file in {row["file"] for row in rows}}
    missed = 0
    for row in rows:
        top, left, bottom, right = boxes[row["file"]]
        down, across = (float(row["y0"]) + float(row["y1"])) / 2, (float(row["x0"]) + float(row["x1"])) / 2
        missed += not (top <= down < bottom and left <= across < right)
    print(f"{name}: of {len(rows)} lesions {missed} outside the box")
    assert missed <= outside


def _box(path: Path) -> tuple[int, int, int, int]:
    return find_outline(np.asarray(Image.open(path).convert("L"), dtype=np.float32)).box


@needs_shared("data/rsna/breast_boxes.csv")
def test_boxes_agree_with_those_drawn_by_hand() -> None:
    found = list(overlaps(SHARED / "data" / "rsna").values())
    print(f"mean overlap of {len(found)} breast boxes: {np.mean(found):.3f}, lowest {min(found):.3f}")
    assert np.mean(found) >= 0.85
