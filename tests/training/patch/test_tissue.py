"""The tissue network: whom it is trained on, whose head is asked, and what it adds to a model that ships."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from safetensors.numpy import load_file

from mammo_core.cli import main
from mammo_core.training.lab.records import read_split
from mammo_core.training.recipes.checking import checked
from mammo_core.training.recipes.patch import TissueRecipe
from tests.training.patch.synthetic import DATA, RECIPE, pictures
from tests.training.patch.test_fit import line

TISSUE = f"""
kind = "tissue"
name = "coarse"
version = "1"
title = "Coarse"
seed = 1
backbone = "resnet.npz"
canvas = [128, 96]
seen = [64, 48]
patches_of = "ddsm"
sets = ["rsna", "cbis_ddsm_mass"]
outside = ["mini_mias"]
patch = 32
dropout = 0.1
c = 0.001
limits = []
licence = "None."

[round]
epochs = 1
steps = 2
batch = 8
rate = 1e-5
smoothing = 0.0
cutout = false
hard_negatives = 0
soft_malignant = 0

{RECIPE[RECIPE.index("[jitter]") : RECIPE.index("[[heads]]")]}
{DATA}
[[data]]
set = "ddsm"
title = "DDSM, film"
source = "film"
"""


def random_resnet(folder: Path) -> None:
    """An archive of a ResNet as fitting wants it, with random weights."""
    from mammo_core.training.patch.fit import halved
    from mammo_core.training.patch.tissue import resnet

    np.savez(folder / "resnet.npz", **halved(resnet(None)))


def told(run: Path) -> dict[tuple[str, int], float]:
    with (run / "fold0" / "scores.csv").open(encoding="utf-8") as stream:
        return {(row["file"], int(row["fold"])): float(row["tissue"]) for row in csv.DictReader(stream)}


def test_a_recipe_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    from mammo_core.training.recipes.patch import read_tissue

    path = tmp_path / "tissue.toml"
    path.write_text(TISSUE, encoding="utf-8")
    assert read_tissue(path).seen == (64, 48)
    path.write_text(TISSUE.replace("seen = [64, 48]\n", ""), encoding="utf-8")
    with pytest.raises(ValueError, match="seen"):
        read_tissue(path)
    path.write_text(TISSUE[: TISSUE.rindex("[[data]]")], encoding="utf-8")
    with pytest.raises(ValueError, match="does not describe ddsm"):  # which the Train page tells by its title
        read_tissue(path)


def test_the_command_line_says_what_it_needs_and_what_it_cannot_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tissue.toml"
    path.write_text(TISSUE, encoding="utf-8")
    assert main(["train", str(path)]) == 2
    assert "this recipe needs --data and --weights" in capsys.readouterr().err
    data, asked = tmp_path / "data", ["train", str(path), "--weights", str(tmp_path), "--out", str(tmp_path), "--data"]
    assert main([*asked, str(data)]) == 2
    assert f"{data} does not exist" in capsys.readouterr().err
    data.mkdir()
    assert main([*asked, str(data)]) == 2
    assert f"starts from resnet.npz, and {tmp_path} does not hold it" in capsys.readouterr().err
    (tmp_path / "resnet.npz").touch()
    assert main([*asked, str(data)]) == 2
    assert "there is no folder for the set rsna" in capsys.readouterr().err


def test_mean_and_spread_are_of_what_lies_well_inside_the_breast() -> None:
    from mammo_core.training.patch.tissue import InsideBreast

    rng = np.random.default_rng(0)
    maps = rng.normal(size=(3, 8, 6, 5)).astype(np.float32)
    canvas = np.zeros((3, 128, 96, 1), np.float32)
    canvas[:2, 16:112, :64] = rng.uniform(0.1, 1, (2, 96, 64, 1))
    canvas[1, 40, 20] = 0  # a dark pixel is no air
    weight = 1e-3 * canvas.astype(bool).reshape(3, 8, 16, 6, 16).mean(axis=(2, 4))[..., None]
    weight[:2, 2:6, :3] += 1
    found = np.asarray(InsideBreast()(maps, canvas))
    mean = (maps * weight)[:2].sum(axis=(1, 2)) / weight[:2].sum(axis=(1, 2))
    square = (maps**2 * weight)[:2].sum(axis=(1, 2)) / weight[:2].sum(axis=(1, 2))
    np.testing.assert_allclose(found[:2], np.concatenate([mean, np.sqrt(square - mean**2)], axis=1), atol=1e-5)
    inside = maps[:2, 2:6, :3].reshape(2, -1, 5)  # the others hardly count
    np.testing.assert_allclose(found[:2, :5], inside.mean(axis=1), atol=0.02)
    assert np.isfinite(found).all()

    finer = np.repeat(np.repeat(maps, 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(np.asarray(InsideBreast()(finer, canvas)), found, atol=1e-5)

    thin = np.zeros_like(canvas)  # of a breast one cell wide, what there is counts
    thin[:, 32:96, 0:8] = 0.5
    own = maps[:, 2:6, 0]
    found = np.asarray(InsideBreast()(maps, thin))
    np.testing.assert_allclose(found, np.concatenate([own.mean(axis=1), own.std(axis=1)], axis=1), atol=1e-4)


@pytest.mark.slow
def test_it_is_trained_on_women_who_are_not_judged_and_no_head_has_seen_whom_it_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammo_core.training.patch.tissue import fit_tissue, load_tissue, said_by_tissue, said_of_tissue

    random_resnet(tmp_path)
    made, run = pictures(n=96), tmp_path / "run"
    folder = run / "fold0"
    recipe = checked(TissueRecipe, tomllib.loads(TISSUE), "coarse")
    ddsm = np.flatnonzero(made.of("ddsm"))
    made.columns["patient_id"][ddsm[:2]] = made.women[made.of("rsna")][0]
    made.columns["patient_id"][ddsm[2:4]] = made.women[made.of("mini_mias")][0]
    said: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr("mammo_core.training.patch.tissue._seen", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fit_tissue(recipe, made, tmp_path, folder, line(said))
    assert said[-1].startswith("fold0 epoch 1")
    said.clear()
    (folder / "weights.safetensors").unlink()  # as if the disk had been full just then
    fit_tissue(recipe, made, tmp_path, folder, line(said))
    assert said == ["done"]  # what was trained before it was broken off is kept
    parts = read_split(folder)
    assert {woman for woman, part in parts.items() if part == "train"} == set(made.women[ddsm[4:]].tolist())
    first, files, folds = told(run), made.columns["file"], made.folds()
    inside, outside = made.of("rsna", "cbis_ddsm_mass"), made.of("mini_mias")
    assert {woman for woman, part in parts.items() if part == "test"} == set(made.women[inside]) - set(
        made.women[outside]
    )
    own = {(file, fold) for file, fold in zip(files[inside].tolist(), folds[inside].tolist(), strict=True)}
    assert set(first) == own | {(file, fold) for file in files[outside].tolist() for fold in range(5)}
    assert said_of_tissue(run, made).keys() == {(files.tolist().index(file), fold) for file, fold in first}
    alone = said_by_tissue(run, made)
    assert sorted(alone.rows.tolist()) == np.flatnonzero(inside | outside).tolist()
    for row, score, fold in zip(alone.rows.tolist(), alone.scores[:, 0], alone.fold.tolist(), strict=True):
        assert score == first[str(files[row]), fold]
        assert fold == (0 if outside[row] else folds[row])

    # Other labels of a fifth's women change nothing that is said of them, but what is said of the others.
    fifth, trained = folds[inside][0], (folder / "weights.safetensors").stat().st_mtime_ns
    turned = np.flatnonzero(inside & (folds == fifth))
    made.columns["label"][turned] = np.where(made.malignant[turned], "not_malignant", "malignant")
    said.clear()
    (folder / "scores.csv").unlink()
    fit_tissue(recipe, made, tmp_path, folder, line(said))
    again = told(run)
    assert said == ["done"]  # what was trained and read is kept
    assert (folder / "weights.safetensors").stat().st_mtime_ns > trained
    for key, score in first.items():
        assert (key[1] == fifth) == (again[key] == pytest.approx(score, abs=2e-5))

    tensors = load_file(folder / "weights.safetensors")
    (run / "recipe.toml").write_text(TISSUE, encoding="utf-8")
    tissue = load_tissue(run, [1, 3])
    np.testing.assert_allclose(tissue.tensors["head/weights"], tensors["heads/weights"][:, [1, 3]].mean(axis=1))
    assert tissue.tensors["head/bias"].shape == (1,)

    for change, match in (({"seen": (64, 40)}, "that 16 divides"), ({"patches_of": "rsna"}, "every woman of rsna")):
        with pytest.raises(ValueError, match=match):
            fit_tissue(replace(recipe, **change), made, tmp_path, tmp_path / "other" / "fold0", line())
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("canvas", [(96, 72), (64, 48), (100, 61)])
def test_a_canvas_is_shrunk_by_the_mean_of_the_area_under_each_pixel(canvas: tuple[int, int]) -> None:
    import cv2

    from mammo_core.training.patch.shrunk import Shrunk

    fine = np.random.default_rng(1).uniform(size=(2, 128, 96, 1)).astype(np.float32)
    found = np.asarray(Shrunk(canvas)(fine))
    wanted = np.stack([cv2.resize(each[..., 0], canvas[::-1], interpolation=cv2.INTER_AREA) for each in fine])
    np.testing.assert_allclose(found[..., 0], wanted, atol=1e-5)
