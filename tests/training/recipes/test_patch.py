"""Recipes: what is missing, unknown or contradictory is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_core.training.recipes.patch import read_ensemble, read_recipe, read_tissue
from tests.training.patch.synthetic import RECIPE

RECIPES = Path(__file__).parents[3] / "models" / "recipes"
SHIPPED = sorted(RECIPES.glob("patch-mobilenetv2*.toml"))


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_is_read_whole(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, RECIPE))
    assert recipe.sets == ("rsna", "cbis_ddsm_mass")
    assert [round_.hard_negatives for round_ in recipe.rounds] == [0, 2]
    assert recipe.heads[1].features == ("maps",)
    assert recipe.jitter.rotation == 20


def test_the_ensemble_that_ships_names_runs_of_recipes_that_ship() -> None:
    ensemble, tissue = read_ensemble(RECIPES / "patch-ensemble.toml"), read_tissue(RECIPES / "tissue-resnet50v2.toml")
    assert ensemble.tissue == f"{tissue.name}-{tissue.version}"
    runs = {f"{recipe.name}-{recipe.version}" for recipe in map(read_recipe, SHIPPED)}
    assert {member.split("/")[0] for member in ensemble.members} <= runs
    assert tissue.patches_of not in (*tissue.sets, *tissue.outside)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_recipes_that_ship_can_be_read(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert "mini_mias" in recipe.outside


@pytest.mark.parametrize("key", ["seed", "patch", "epochs", "hard_negatives", "rotation", "c", "features"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    lines = [line for line in RECIPE.splitlines() if not line.startswith(f"{key} =")]
    with pytest.raises(ValueError, match=rf"missing {key}\b"):
        read_recipe(written(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize("where", ["patch = 32", "epochs = 1", "blur = 0.3", 'name = "maps"'])
def test_an_unknown_key_is_named(tmp_path: Path, where: str) -> None:
    with pytest.raises(ValueError, match="unknown colour"):
        read_recipe(written(tmp_path, RECIPE.replace(where, f'{where}\ncolour = "red"', 1)))


@pytest.mark.parametrize("part", ["[[rounds]]", "[[heads]]"])
def test_a_recipe_without_rounds_or_heads_is_refused(tmp_path: Path, part: str) -> None:
    kept, skipping = [], False
    for line in RECIPE.splitlines():
        skipping = line == part if line.startswith("[") else skipping
        if not skipping:
            kept.append(line)
    with pytest.raises(ValueError, match="at least one"):
        read_recipe(written(tmp_path, "\n".join(kept)))


def test_an_outside_set_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rsna cannot be trained on"):
        read_recipe(written(tmp_path, RECIPE.replace('outside = ["mini_mias"]', 'outside = ["mini_mias", "rsna"]')))


def test_heads_are_told_apart_by_their_names(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same name"):
        read_recipe(written(tmp_path, RECIPE.replace('name = "maps"', 'name = "all"')))


@pytest.mark.parametrize(
    ("said", "wrong", "named"),
    [
        ('name = "tiny"', 'name = "../tiny"', "name is"),
        ('version = "1"', 'version = ""', "version is"),
        ("seed = 3", "seed = -1", "seed is -1"),
        ("canvas = [128, 96]", "canvas = [120, 90]", "canvas is"),
        ("patch = 32", "patch = 0", "more than 0"),
        ("epochs = 1", "epochs = 0", "more than 0"),
        ('features = ["maps"]', 'features = ["mops"]', "features is 'mops'"),
        ('features = ["maps"]', "features = []", "head maps"),
        ('sets = ["rsna"]', 'sets = ["mini_mias"]', "head maps"),
        ('sets = ["rsna"]', "sets = []", "head maps"),
        ("RSNA, digital", "mini-MIAS, film", "same title"),
    ],
)
def test_what_training_would_stumble_over_is_refused_before_it(
    tmp_path: Path, said: str, wrong: str, named: str
) -> None:
    assert said in RECIPE
    with pytest.raises(ValueError, match=named):
        read_recipe(written(tmp_path, RECIPE.replace(said, wrong)))


def test_thresholds_are_set_on_women_held_out_though_an_outside_set_has_exams(tmp_path: Path) -> None:
    text = RECIPE.replace('units = ["image"]', 'units = ["image", "exam"]').replace('"breast", "exam"]', '"breast"]')
    first, unit = read_recipe(written(tmp_path, text)).points
    assert (first.set, unit) == ("rsna", "breast")


@pytest.mark.parametrize("member", ["fold0", "tiny-1/fold7", "../tiny-1/fold0", "tiny-1/fold0/more"])
def test_a_member_of_an_ensemble_is_a_fold_of_a_run(tmp_path: Path, member: str) -> None:
    text = f'kind = "ensemble"\nname = "both"\nversion = "1"\ntitle = "Both"\nseed = 3\nmembers = ["{member}"]\n'
    with pytest.raises(ValueError, match="a member is"):
        read_ensemble(written(tmp_path, text))
    with pytest.raises(ValueError, match="name is"):
        read_ensemble(written(tmp_path, text.replace("both", "../both").replace(member, "tiny-1/fold0")))
