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
