"""A run on cell-nucleus features: every woman judged once by a network that had not seen her, then sealed as a model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w

RECIPE = Path(__file__).parents[2] / "models" / "recipes" / "cytology-conv1d.toml"


def test_a_wrong_key_of_a_recipe_is_named(tmp_path: Path) -> None:
    from mammo_core.training.recipes.features import read_features

    table = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    table["training"]["epoch"] = 3
    (tmp_path / "wrong.toml").write_text(tomli_w.dumps(table), encoding="utf-8")
    with pytest.raises(ValueError, match="epoch"):
        read_features(tmp_path / "wrong.toml")


def test_train_judges_every_woman_once_and_promote_seals_what_was_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mammo_core.cli import main
    from mammo_core.cytology import load_feature_model
    from mammo_core.training.lab.records import read_predictions, read_split
    from mammo_core.training.lab.runs import Status, list_runs

    table = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    table["training"] |= {"epochs": 3}
    table["protocol"] |= {"k": 2, "repeats": 0}
    recipe = tmp_path / "small.toml"
    recipe.write_text(tomli_w.dumps(table), encoding="utf-8")
    assert main(["train", str(recipe), "--out", str(tmp_path / "runs")]) == 0
    assert "accuracy" in capsys.readouterr().out
    (run,) = list_runs(tmp_path / "runs")
    assert run.status is Status.DONE
    found = read_predictions(run.folder)
    assert sorted(found.columns["patient_id"]) == sorted(f"wisconsin-diagnostic-{place}" for place in range(569))
    for fold in range(2):
        split = read_split(run.folder / f"fold{fold}")
        judged = set(found.columns["patient_id"][found.fold == fold])
        assert {woman for woman, part in split.items() if part == "test"} == judged

    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "models"))
    assert main(["promote", str(run.folder)]) == 0
    model = load_feature_model(tmp_path / "models" / "cytology-conv1d-1")
    right = np.mean((found.score >= 0.5) == (found.columns["label"] == "malignant"))
    assert model.card["evaluation"]["accuracy"][0] == pytest.approx(right)
    assert "f16" not in (model.folder / "graph.xml").read_text(encoding="utf-8")
    assert [fold["n"] for fold in model.card["folds"]] == [285, 284]


def test_the_scale_is_that_of_the_women_fitted_to() -> None:
    import keras

    from mammo_core.training.cytology import network, wisconsin
    from mammo_core.training.recipes.features import read_features

    values = wisconsin().values[:100]
    made = network(read_features(RECIPE), values)
    scaled = keras.Model(made.input, made.get_layer("scale").output)(values)
    assert np.allclose(np.mean(scaled, axis=0), 0, atol=1e-3)
    assert np.allclose(np.std(scaled, axis=0), 1, atol=1e-3)
