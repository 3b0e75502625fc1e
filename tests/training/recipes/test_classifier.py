"""Recipes: what a file says is what the bench gets, and what is wrong in it is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.cli import main
from mammo_core.training.machine import enough_memory
from mammo_core.training.recipes.checking import kind_of, written
from mammo_core.training.recipes.classifier import Recipe, changed, read, read_one
from mammo_core.training.recipes.words import Word, read_word

RECIPES = Path(__file__).parents[3] / "models" / "recipes"
CLASSIFIERS = [path for path in sorted(RECIPES.glob("*.toml")) if kind_of(path) == "classifier"]


@pytest.fixture
def recipe() -> Recipe:
    return read_one(RECIPES / "cnn-3class.toml")


@pytest.mark.parametrize("path", CLASSIFIERS, ids=lambda path: path.stem)
def test_every_recipe_reads_and_survives_being_written(path: Path, tmp_path: Path) -> None:
    for recipe in read(path):
        (tmp_path / "recipe.toml").write_text(written(recipe), encoding="utf-8")
        assert read(tmp_path / "recipe.toml") == (recipe,)
        assert recipe.name == path.stem or recipe.comparison == path.stem
        assert recipe.system.stated
        assert recipe.system.reason.endswith(".")


def test_the_systems_state_what_their_authors_state() -> None:
    stated = {recipe.system.title: recipe.system.stated for path in CLASSIFIERS for recipe in read(path)}
    known = {figure for figure in stated.values() if figure != "none stated"}
    assert known == {"accuracy 93 %", "accuracy 91.67 % after 7 epochs, 100 % in training"}


def test_no_set_that_is_only_judged_on_loses_that_by_a_variant() -> None:
    for path in CLASSIFIERS:
        assert len({recipe.protocol for recipe in read(path)}) == 1


def test_a_comparison_is_one_recipe_a_variant() -> None:
    recipes = {recipe.name: recipe for recipe in read(RECIPES / "backbone-comparison.toml")}
    assert len(recipes) == 7
    plain = recipes["backbone-comparison-plain"]
    resnet = recipes["backbone-comparison-resnet50"]
    assert plain.network.backbone == "plain"
    assert plain.training == resnet.training
    assert plain.comparison == resnet.comparison == "backbone-comparison"
    assert read_one(RECIPES / "backbone-comparison.toml", "resnet50") == resnet


def test_one_recipe_of_a_comparison_must_be_named() -> None:
    with pytest.raises(ValueError, match=r"say which variant: plain, resnet50, .*nasnetlarge"):
        read_one(RECIPES / "backbone-comparison.toml")
    with pytest.raises(ValueError, match="say which variant"):
        read_one(RECIPES / "backbone-comparison.toml", "resnet51")


def test_a_label_may_leave_a_class_open(recipe: Recipe) -> None:
    assert recipe.labels["malignant"] == ("malignant",)
    assert recipe.labels["not_malignant"] == ("normal", "benign")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"training.epochs": 0}, "training.epochs is 0"),
        ({"training.epochs": 2.5}, "epochs is 2.5, wanted a whole number"),
        ({"training.loss": "hinge"}, "loss is 'hinge', wanted 'cross-entropy' or 'focal'"),
        ({"training.mixed_precision": 1}, "mixed_precision is 1, wanted true or false"),
        ({"training.class_weights": [1.0, 2.0]}, "training.class_weights has 2 numbers, wanted 3"),
        ({"network.dropout": 1.0}, "network.dropout is 1.0"),
        ({"network.head": ["pool", "conv 8"]}, "'conv' stands on the wrong side of"),
        ({"network.head": ["dropout"]}, "network.layers or network.head: one"),
        ({"network.output": "sigmoid"}, "network.output is 'sigmoid'"),
        ({"network.backbone": "VGG16"}, "network.layers belongs to backbone 'plain'"),
        ({"network.weights": "imagenet"}, "network.weights and network.freeze"),
        ({"network.views": 3}, "views is 3, wanted 1 or 2 or 4"),
        ({"classes": ["benign"]}, "classes is"),
        ({"labels": {"benign": "benign", "malignant": "malignant"}}, "labels: none is normal"),
        ({"labels": {"odd": "benign"}}, "labels.odd"),
        ({"labels": {"benign": "odd"}}, "labels.benign"),
        ({"size": [224]}, "size has 1 values, wanted 2"),
        ({"size": [0, 10]}, "size is 0"),
        ({"protocol.k": 1}, "protocol.k is 1"),
        ({"tune": {"training.rat": {"low": 1, "high": 2}}}, "tune: unknown training.rat"),
        ({"tune": {"training.rate": {"low": 2, "high": 1}}}, "training.rate needs low and high"),
        ({"training.rat": 1}, "unknown training.rat"),
        ({"trainin.rate": 1}, "unknown trainin.rate"),
        ({"kind": "patch"}, "kind is 'patch', wanted 'classifier'"),
        ({"training.epochs.x": 1}, "unknown training.epochs.x"),
        ({"training": 3}, "training is 3, wanted a table"),
        ({"name": "../elsewhere"}, "name is '../elsewhere'"),
        ({"name": "two\nlines"}, "name is"),
        ({"name": ""}, "name is ''"),
        ({"version": "1/2"}, "version is '1/2'"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1 << 40}, "seed is 1099511627776"),
        ({"classes": ["normal", "benign", " "]}, "wanted names that can be printed"),
        ({"size": [10, 100_000]}, "wanted at most 8192"),
        ({"training.rate": float("nan")}, "rate is nan, wanted a number"),
        ({"training.rate": float("inf")}, "rate is inf, wanted a number"),
        ({"training.class_weights": [1, 0, 1]}, r"class_weights\[1\] is 0.0, wanted more than 0"),
        ({"training.smoothing": 1.0}, "training.smoothing is 1.0"),
        ({"training.factor": 2.0}, "training.factor is 2.0"),
        ({"training.patience": -1}, "training.patience is -1"),
        ({"training.early_stopping": -1}, "training.early_stopping is -1"),
        ({"augmentation.rotation": -1}, "augmentation.rotation is -1.0"),
        ({"augmentation.cutout": 2}, "augmentation.cutout is 2.0, wanted 0 to 1"),
        ({"protocol.kind": "holdout", "protocol.share": 0}, "protocol.share is 0"),
    ],
)
def test_what_is_wrong_is_named(recipe: Recipe, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match="cnn-3class.*" + named):
        changed(recipe, changes)


@pytest.mark.parametrize(
    ("old", "new", "named"), [("seed", "sed", "missing seed"), ("k = 5", "k = 5\nj = 1", "unknown j")]
)
def test_a_key_missing_or_unknown_in_a_file_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = (RECIPES / "cnn-3class.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=f"mine.toml.*{named}"):
        read(tmp_path / "mine.toml")


def test_a_byte_order_mark_before_a_recipe_is_passed_over(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "mine.toml").write_text("\ufeff" + written(recipe), encoding="utf-8")
    assert read_one(tmp_path / "mine.toml") == recipe
    assert kind_of(tmp_path / "mine.toml") == "classifier"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"classes = = 3", r"mine\.toml is no TOML"),
        ("# Müller".encode("latin-1"), r"mine\.toml is no text in UTF-8"),
        (b"variants = 3", r"mine\.toml: variants are written as \[\[variants\]\]"),
        (b"[variants]\nname = 'a'", r"mine\.toml: variants are written as"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "mine.toml").write_bytes(data)
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "mine.toml")


@pytest.mark.parametrize("verb", ["networks", "train"])
def test_a_recipe_that_is_not_there_or_of_no_kind_ends_with_2_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    for path in (tmp_path, tmp_path / "gone.toml"):
        assert main([verb, str(path)]) == 2
        assert f"there is no file {path}" in capsys.readouterr().err
    (tmp_path / "odd.toml").write_text('kind = "clasifier"')
    assert main([verb, str(tmp_path / "odd.toml")]) == 2
    assert "odd.toml: " in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["evaluate", "promote"])
def test_a_run_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert main([verb, str(tmp_path / "gone")]) == 2
    assert f"{tmp_path / 'gone'} is no folder of a run" in capsys.readouterr().err


def test_too_little_memory_is_said_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="not enough memory"), enough_memory():
        np.zeros((1 << 44,), np.uint64)
    with pytest.raises(KeyError), enough_memory():
        raise KeyError("memory")


@settings(deadline=None)
@given(
    epochs=st.integers(1, 10**6),
    rate=st.floats(1e-12, 1e3),
    size=st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    title=st.text(st.characters(blacklist_categories=["Cs"])),
    outside=st.lists(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1), max_size=3),
)
def test_any_recipe_survives_being_written(
    tmp_path_factory: pytest.TempPathFactory, epochs: int, rate: float, size: Any, title: str, outside: list[str]
) -> None:
    changes = {
        "training.epochs": epochs,
        "training.rate": rate,
        "size": size,
        "title": title,
        "protocol.outside": outside,
    }
    recipe = changed(read_one(RECIPES / "cnn-3class.toml"), changes)
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_text(written(recipe), encoding="utf-8", newline="")
    assert read_one(path) == recipe


@pytest.mark.parametrize(
    "text", ["", "conv", "conv 0", "conv -1", "conv 8 same", "dense", "dense 8 valid", "norm 1", "relu"]
)
def test_a_word_that_is_no_layer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no layer"):
        read_word(text)


def test_words_say_filters_and_padding() -> None:
    assert read_word("conv 16 valid") == Word("conv", 16, padded=False)
    assert read_word("dense 64") == Word("dense", 64)


def test_reading_a_recipe_needs_no_keras() -> None:
    asked = "import sys, mammo_core.training.recipes.classifier; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
