"""Fitting from end to end, as small as it goes: a run folder that stands on its own and is read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.training.patch.synthetic import RECIPE, pictures

FOLD = 0
ONE_ROUND = RECIPE[: RECIPE.rindex("[[rounds]]")] + RECIPE[RECIPE.index("[jitter]") :]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def random_backbone(folder: Path) -> None:
    """A backbone archive as fitting wants it, with random weights."""
    from mammo_core.training.patch.networks import mobilenet_v2

    backbone = mobilenet_v2(None, 0.99)
    np.savez(
        folder / "backbone.npz",
        **{
            f"{layer.name}/{weight.path.split('/')[-1]}": value.astype(np.float16)
            for layer in backbone.layers
            for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
        },
    )


@pytest.mark.slow
def test_a_run_is_written_and_a_second_call_reads_it_back(tmp_path: Path) -> None:
    from mammo_core.training.patch.fit import fit_fold

    random_backbone(tmp_path)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    made, run = pictures(n=24), tmp_path / "run"
    trained = made.of("rsna", "cbis_ddsm_mass") & (made.folds() != FOLD)
    assert (made.of("rsna", "cbis_ddsm_mass") & ~trained).any()
    said: list[str] = []
    fit_fold(recipe, made, tmp_path, run, FOLD, said.append)

    assert said[-1] == "done"
    assert {path.name for path in run.iterdir()} >= {
        "recipe.toml",
        "split.csv",
        "history.csv",
        "round1.weights.h5",
        "round2.weights.h5",
        "weights.safetensors",
        "predictions.csv",
        "report.json",
    }
    assert [(row["round"], row["epoch"]) for row in rows_of(run / "history.csv")] == [("1", "1"), ("2", "1")]
    split = {row["patient_id"]: row["part"] for row in rows_of(run / "split.csv")}
    assert {woman for woman, part in split.items() if part == "train"} == set(made.women[trained].tolist())
    assert {woman for woman, part in split.items() if part == "outside"} == set(made.women[made.of("mini_mias")])
    predictions = rows_of(run / "predictions.csv")
    assert {row["file"] for row in predictions} == set(made.columns["file"][~trained].tolist())
    assert all(np.isfinite(float(row["all"])) and row["trained_on"] == "0" for row in predictions)
    assert json.loads((run / "report.json").read_text()) == {"fold": FOLD, "trained_on": int(trained.sum())}
    weights = load_file(run / "weights.safetensors")
    assert weights["head0/weights"].shape == (5158,)
    assert not weights["head1/weights"][:2560].any()

    said.clear()
    (run / "weights.safetensors").unlink()
    fit_fold(recipe, made, tmp_path, run, FOLD, said.append)
    assert said == ["round 1: read back", "round 2: read back", "done"]
    for before, after in zip(predictions, rows_of(run / "predictions.csv"), strict=True):
        assert before["file"] == after["file"]
        assert float(after["all"]) == pytest.approx(float(before["all"]), abs=1e-3)
    assert len(rows_of(run / "history.csv")) == 2

    said.clear()
    recipe.write_text(RECIPE.replace("c = 0.01", "c = 1e-6", 1), encoding="utf-8")
    fit_fold(recipe, made, tmp_path, run, FOLD, said.append)
    assert said == ["done"]  # the network is read back, nothing but heads is fitted
    flat = [float(row["all"]) for row in rows_of(run / "predictions.csv")]
    assert np.std(flat) < 0.5 * np.std([float(row["all"]) for row in predictions])
    assert (run / "recipe.toml").read_text() == recipe.read_text()

    recipe.write_text(ONE_ROUND, encoding="utf-8")
    with pytest.raises(ValueError, match="another recipe"):
        fit_fold(recipe, made, tmp_path, run, FOLD, said.append)
