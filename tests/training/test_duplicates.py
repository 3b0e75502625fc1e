"""Copies across a split: a set of 36 rotations, pictures encoded anew, mirrored, rescaled, and real ones that are no copies."""

import zlib
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from PIL import Image

from mammo_core.training.datasets import Row, Table, read_dataset
from mammo_core.training.duplicates import COPY, Leak, Pair, _mirrored, near_duplicates, require_clean
from mammo_core.training.progress import Progress
from mammo_core.training.splits import split
from tests.shared import SHARED, needs_shared

CLASSES = ("normal", "benign", "malignant")
SETS = ("rsna", "cbis_ddsm_mass", "ddsm", "mini_mias")


def phantom(seed: int, laterality: str = "L", rows: int = 256, columns: int = 200) -> Image.Image:
    """A half ellipse of tissue like no other seed's, bright on black, with the letter that films carry."""
    rng = np.random.default_rng([seed, laterality == "R"])
    tissue = sum(
        cv2.resize(rng.normal(size=(rows // k, columns // k)), (columns, rows)) * k**0.7 for k in (4, 8, 16, 40)
    )
    down, across = np.mgrid[:rows, :columns]
    inside = ((down - rows / 2) / (0.45 * rows)) ** 2 + (across / (0.8 * columns)) ** 2 < 1
    grey = np.where(inside, np.clip(120 + 8 * tissue, 30, 255), 0).astype(np.uint8)
    cv2.putText(grey, laterality, (columns - 30, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    return Image.fromarray(grey if laterality == "L" else grey[:, ::-1].copy())


def saved(picture: Image.Image, path: Path, **how) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **how)
    return path


def row(path: Path, woman: str, dataset: str = "phantoms") -> Row:
    return Row(path, path.name, dataset, woman, "benign")


@pytest.fixture(scope="module")
def rotations(tmp_path_factory):
    """A folder a class of three women's pictures, each turned every ten degrees into a file of its own."""
    root = tmp_path_factory.mktemp("rotations")
    for woman, label in enumerate(CLASSES):
        for degrees in range(0, 360, 10):
            turned = phantom(woman).rotate(degrees, Image.Resampling.BILINEAR)
            saved(turned, root / label / f"mdb{woman:03}_{degrees}.png")
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def test_the_36_rotations_of_a_set_split_by_file_are_refused_with_a_list(rotations, cache):
    table = read_dataset(rotations)
    parts = split(table, CLASSES, 0.2, np.random.default_rng(0))
    sides = [parts[row.patient_id] for row in table.rows]
    with pytest.raises(Leak) as refused:
        require_clean(table.rows, sides, cache)
    across = sum(
        one.file.split("_")[0] == two.file.split("_")[0] and parts[one.patient_id] != parts[two.patient_id]
        for k, one in enumerate(table.rows)
        for two in table.rows[:k]
    )
    found = {(pair.one.file, pair.two.file) for pair in refused.value.pairs}
    assert all(one.split("_")[0] == two.split("_")[0] for one, two in found)
    assert len(found) > 0.95 * across
    assert "keypoints agree" in str(refused.value)
    assert f"{len(found)} pairs" in str(refused.value)


def test_the_36_rotations_split_by_woman_are_let_through(rotations, cache):
    table = read_dataset(rotations)
    rows = tuple(replace(each, patient_id=Path(each.file).stem.split("_")[0]) for each in table.rows)
    parts = split(Table(rows), CLASSES, 0.4, np.random.default_rng(0))
    assert set(parts.values()) == {"train", "test"}
    require_clean(rows, [parts[each.patient_id] for each in rows], cache)


WAYS = {
    "again.jpg": lambda picture, path: saved(picture, path, quality=40),
    "mirrored.png": lambda picture, path: saved(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), path),
    "upside_down.png": lambda picture, path: saved(picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM), path),
    "half.png": lambda picture, path: saved(picture.resize((picture.width // 2, picture.height // 2)), path),
    "square.webp": lambda picture, path: saved(picture.resize((224, 224)), path, quality=80),
    "turned_whole.png": lambda picture, path: saved(picture.rotate(140, Image.Resampling.BICUBIC, expand=True), path),
    "all.jpg": lambda picture, path: saved(
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(70, Image.Resampling.BICUBIC).resize((180, 230)),
        path,
        quality=75,
    ),
    "sixteen_bits.png": lambda picture, path: saved(
        Image.fromarray(np.asarray(picture).astype(np.uint16) * 16 + 300), path
    ),
}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """Both breasts of six women."""
    root = tmp_path_factory.mktemp("strangers")
    return [
        row(saved(phantom(10 + woman, side), root / f"w{woman}_{side}.png"), f"w{woman}")
        for woman in range(6)
        for side in "LR"
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_under_another_name_is_found_and_nothing_else(way, strangers, tmp_path, cache):
    copy = row(WAYS[way](Image.open(strangers[3].path), tmp_path / way), "somebody")
    (pair,) = near_duplicates([*strangers, copy], ["train"] * len(strangers) + ["test"], cache)
    assert (pair.one, pair.two, pair.sides) == (strangers[3], copy, ("train", "test"))
    assert pair.inliers >= COPY
    assert pair.mirrored == (way in ("mirrored.png", "upside_down.png", "all.jpg"))


def test_a_pair_says_how_it_was_turned(strangers, tmp_path, cache):
    turned = Image.open(strangers[0].path).rotate(30, Image.Resampling.BILINEAR)
    (pair,) = near_duplicates([strangers[0], row(saved(turned, tmp_path / "t.png"), "x")], ["train", "test"], cache)
    assert pair.degrees == pytest.approx(30, abs=2)
    assert str(pair).startswith("w0_L.png (train) and t.png (test): ")


def test_copies_on_one_side_and_the_two_breasts_of_a_woman_are_no_matter(strangers, tmp_path, cache):
    copy = row(saved(Image.open(strangers[0].path), tmp_path / "again.jpg"), "w0")
    require_clean([*strangers, copy], [each.laterality or each.patient_id for each in [*strangers, copy]], cache)
    require_clean([*strangers, copy], ["train"] * 7 + ["test"] * 5 + ["train"], cache)
    require_clean(strangers, [each.file[3] for each in strangers], cache)


def test_all_folds_are_asked_about_at_once(strangers, tmp_path, cache):
    copy = row(saved(Image.open(strangers[0].path), tmp_path / "again.jpg"), "x")
    one, two = ("test", "train"), ("train", "test")
    with pytest.raises(Leak, match="test / train") as refused:
        require_clean([strangers[0], strangers[4], copy], [one, two, two], cache)
    assert len(refused.value.pairs) == 1


def test_a_file_is_looked_at_once_and_again_when_it_changes(strangers, tmp_path):
    kept, path = tmp_path / "cache", tmp_path / "changing.png"
    rows = [strangers[0], row(saved(phantom(99), path), "x")]
    assert not near_duplicates(rows, ["train", "test"], kept)
    before = {each: each.stat().st_mtime_ns for each in kept.rglob("*.npz")}
    assert len(before) == 2
    assert not near_duplicates(rows, ["train", "test"], kept)
    assert {each: each.stat().st_mtime_ns for each in kept.rglob("*.npz")} == before
    saved(Image.open(strangers[0].path), path, compress_level=1)
    assert len(near_duplicates(rows, ["train", "test"], kept)) == 1


def test_a_search_says_how_far_it_is_and_can_be_ended_at_every_step(strangers, tmp_path):
    copy = row(saved(Image.open(strangers[2].path), tmp_path / "copy.jpg"), "x")
    rows, sides = [*strangers, copy], ["train"] * len(strangers) + ["test"]
    told: list[Progress] = []
    near_duplicates(rows, sides, tmp_path / "first", told.append)
    assert list(dict.fromkeys(at.dealt for at in told)) == ["read", "compared", "laid over each other"]
    assert [at.done for at in told if at.dealt == "read"] == list(range(1, 14))
    compared = [at.done for at in told if at.dealt == "compared"]
    assert compared == sorted(compared)
    assert {at.of for at in told if at.things == "pictures"} == {13}
    assert str(told[0]) == "Looking for copies: 1 of 13 pictures read."

    for step in ("read", "compared", "laid over each other"):

        def ended(at: Progress, step: str = step) -> None:
            if at.dealt == step:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            near_duplicates(rows, sides, tmp_path / step, ended)


def test_what_one_search_found_the_next_one_knows_however_the_women_are_divided(strangers, tmp_path):
    copy = row(saved(Image.open(strangers[3].path).rotate(20), tmp_path / "copy.jpg"), "x")
    rows, sides = [*strangers, copy], ["train"] * len(strangers) + ["test"]
    found = near_duplicates(rows, sides, tmp_path / "cache")
    assert len(found) == 1
    told: list[Progress] = []
    assert near_duplicates(rows, sides, tmp_path / "cache", told.append) == found
    assert {at.dealt for at in told} == {"read"}
    others = ["a", "b"] * 6 + ["a"]
    told.clear()
    assert near_duplicates(rows, others, tmp_path / "cache", told.append) == near_duplicates(rows, others)
    assert "compared" not in {at.dealt for at in told}
    (pairs,) = (tmp_path / "cache").rglob("*.npy")
    for damage in (b"", pairs.read_bytes()[:-9], b"nothing"):
        pairs.write_bytes(damage)
        assert near_duplicates(rows, sides, tmp_path / "cache") == found, "what a machine tore is found anew"


def test_a_picture_that_could_not_be_read_at_first_is_looked_for_when_it_can(strangers, tmp_path):
    copy = row(tmp_path / "copy.png", "x")
    copy.path.write_bytes(b"nothing")
    sides = ["train"] * len(strangers) + ["test"]
    assert near_duplicates([*strangers, copy], sides, tmp_path / "cache") == []
    saved(Image.open(strangers[0].path), copy.path)
    assert len(near_duplicates([*strangers, copy], sides, tmp_path / "cache")) == 1


def test_blank_and_unreadable_files_are_passed_over(strangers, tmp_path):
    blank = [row(saved(Image.new("L", (100, 100), k), tmp_path / f"{k}.png"), f"b{k}") for k in (0, 0, 9)]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    rows = [*blank, row(broken, "x"), strangers[0]]
    assert near_duplicates(rows, list("abcde")) == []
    assert near_duplicates(rows[:2], list("ab")) == []


def test_sides_that_do_not_fit_are_refused(strangers):
    with pytest.raises(ValueError, match="1 sides for 12"):
        near_duplicates(strangers, ["train"])


@given(arrays(np.uint8, (3, 128)))
@settings(deadline=None, max_examples=20)
def test_mirroring_descriptors_twice_gives_them_back(descriptors):
    assert np.array_equal(_mirrored(_mirrored(descriptors)), descriptors)


def shared_rows(every: int) -> list[Row]:
    """Every so manieth woman of each collected set, with all her pictures."""
    found = read_dataset(SHARED / "data").rows
    women = {
        woman for name in SETS for woman in sorted({each.patient_id for each in found if each.dataset == name})[::every]
    }
    return [each for each in found if each.patient_id in women]


def fold_0(rows: list[Row]) -> list[str]:
    return ["test" if zlib.crc32(each.patient_id.encode()) % 5 == 0 else "train" for each in rows]


def planted(rows: list[Row], copies: int, folder: Path) -> dict[Path, Row]:
    """Copies of that many of the pictures, from first to last, by their originals: one way after the other, each a woman's of its own."""
    originals = [rows[place] for place in np.linspace(0, len(rows) - 1, copies).astype(int)]
    return {
        each.path: row(WAYS[way](Image.open(each.path).convert("L"), folder / f"{k}{way}"), f"planted{k}")
        for k, (each, way) in enumerate(zip(originals, cycle(WAYS), strict=False))
    }


def paths(pairs: list[Pair]) -> set[tuple[Path, Path]]:
    return {(pair.one.path, pair.two.path) for pair in pairs}


@needs_shared("data")
def test_real_pictures_of_women_on_two_sides_are_no_copies_but_planted_ones_are(tmp_path, cache):
    rows = shared_rows(100)
    sides = fold_0(rows)
    copies = planted(rows, len(WAYS), tmp_path)
    found = near_duplicates([*rows, *copies.values()], [*sides, *["planted"] * len(copies)], cache)
    assert paths(found) == {(path, copy.path) for path, copy in copies.items()}


TWINS = ("P_00901_RIGHT_CC", "P_00901_RIGHT_MLO", "A_1252_1_RIGHT_CC", "A_1252_1_RIGHT_MLO")


@needs_shared("data")
def test_films_digitised_twice_under_two_names_are_found_view_by_view(cache):
    paths = [next((SHARED / "data").glob(f"*/images/{name}.webp")) for name in TWINS]
    rows = [row(path, f"woman {k // 2}") for k, path in enumerate(paths)]
    found = near_duplicates(rows, [each.patient_id for each in rows], cache)
    assert {(pair.one, pair.two) for pair in found} == {(rows[0], rows[2]), (rows[1], rows[3])}


@needs_shared("data")
def test_the_woman_whom_two_sets_name_differently_is_one_woman_and_a_note_says_so():
    table = read_dataset(SHARED / "data")
    assert len({each.patient_id for each in table.rows if Path(each.file).stem in TWINS}) == 1
    assert "DDSM_A_1252 is taken as DDSM_A_1082: the same films, digitised twice." in table.notes


@pytest.mark.slow
@needs_shared("data")
def test_among_a_sixth_of_the_collected_women_every_planted_copy_is_found_and_nothing_else(tmp_path, cache):
    # Among many pictures a copy is lost more easily: its keypoints fall into other cells, and are like more of others'.
    rows = shared_rows(6)
    assert len(rows) > 600
    copies = planted(rows, 5 * len(WAYS), tmp_path)
    rows += copies.values()
    found = near_duplicates(rows, [each.patient_id for each in rows], cache)
    assert paths(found) == {(path, copy.path) for path, copy in copies.items()}
