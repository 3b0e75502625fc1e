"""Fitting a fold, as small as it goes: what is written, and that what was broken off goes on as if it had not been."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from mammo_core.training.lab.records import read_history, read_split
from mammo_core.training.lab.runs import Stopped
from tests.training.patch.synthetic import RECIPE, pictures, recipe

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


def line(said: list[str] | None = None, stop_after: int | None = None):
    """A line to nobody: `said` hears what is said; asked to stop after so many epochs in all."""
    from mammo_core.training.lab.diary import Line

    done: list[int] = []
    return Line(
        (said if said is not None else []).append,
        lambda: stop_after is not None and len(done) >= stop_after,
        lambda weights: None,
        lambda batch, batches: None,
        lambda epoch, seconds: done.append(epoch),
    )


@pytest.mark.slow
def test_a_fold_is_written_and_what_is_lost_is_made_again_from_what_is_there(tmp_path: Path) -> None:
    from mammo_core.training.patch.fit import fit_fold

    random_backbone(tmp_path)
    asked = recipe()
    made, run = pictures(n=24), tmp_path / "run" / f"fold{FOLD}"
    trained = made.of("rsna", "cbis_ddsm_mass") & (made.folds() != FOLD)
    assert (made.of("rsna", "cbis_ddsm_mass") & ~trained).any()
    said: list[str] = []
    fit_fold(asked, made, tmp_path, run, line(said))

    assert said[-1] == "fold0: done"
    assert not list(run.glob("*.checkpoint.weights.h5"))
    history = read_history(run)
    assert history["epoch"].tolist() == [1, 2]
    assert np.isfinite([history[name] for name in ("loss", "accuracy", "rate", "seconds", "waiting_s")]).all()
    parts = read_split(run)
    assert {woman for woman, part in parts.items() if part == "train"} == set(made.women[trained].tolist())
    assert {woman for woman, part in parts.items() if part == "outside"} == set(made.women[made.of("mini_mias")])
    scores = rows_of(run / "scores.csv")
    assert {row["file"] for row in scores} == set(made.columns["file"][~trained].tolist())
    assert all(np.isfinite(float(row["all"])) for row in scores)
    weights = load_file(run / "weights.safetensors")
    assert weights["head0/weights"].shape == (5158,)
    assert not weights["head1/weights"][:2560].any()

    said.clear()
    fit_fold(asked, made, tmp_path, run, line(said))
    assert said == []  # it is done

    (run / "weights.safetensors").unlink()
    (run / "scores.csv").unlink()
    fit_fold(asked, made, tmp_path, run, line(said))
    assert said == ["round 1: read back", "round 2: read back", "fold0: done"]
    for before, after in zip(scores, rows_of(run / "scores.csv"), strict=True):
        assert before["file"] == after["file"]
        assert float(after["all"]) == pytest.approx(float(before["all"]), abs=1e-3)
    assert len(read_history(run)["epoch"]) == 2

    said.clear()
    (run / "scores.csv").unlink()
    softer = replace(asked, heads=(replace(asked.heads[0], c=1e-6), *asked.heads[1:]))
    fit_fold(softer, made, tmp_path, run, line(said))
    assert said == ["fold0: done"]  # the network is read back, nothing but heads is fitted
    flat = [float(row["all"]) for row in rows_of(run / "scores.csv")]
    assert np.std(flat) < 0.5 * np.std([float(row["all"]) for row in scores])

    (run / "scores.csv").unlink()
    for name in ("features.safetensors", "weights.safetensors"):
        (run / name).write_bytes(b"torn")
        with pytest.raises(ValueError, match=rf"{name} is damaged"):
            fit_fold(asked, made, tmp_path, run, line())
    (run / "weights.safetensors").unlink()
    (run / "round1.weights.h5").write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"round1\.weights\.h5 is damaged"):
        fit_fold(asked, made, tmp_path, run, line())


def test_a_round_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    import keras
    from keras import layers

    from mammo_core.training.patch.fit import fit_round
    from mammo_core.training.patch.patches import Mined, PatchBatches
    from mammo_core.training.recipes.patch import Round

    made, spec = pictures(n=24), Round(3, 2, 8, 1e-2, 0.0, False, 0, 0)

    def fitted(folder: Path, stop_after: int | None) -> None:
        keras.utils.set_random_seed(1)
        crop = layers.Input((32, 32, 1), dtype="uint8")
        grey = layers.Dropout(0.5, seed=2)(layers.Rescaling(1 / 255)(crop))
        network = keras.Model(crop, layers.Dense(3)(layers.Flatten()(layers.Conv2D(2, 3)(grey))))
        batches = PatchBatches(made, ~made.of("mini_mias"), spec, ("cbis_ddsm_mass",), Mined(), 32, 3)
        rate = keras.optimizers.schedules.CosineDecay(spec.rate, spec.epochs * spec.steps)
        folder.mkdir(exist_ok=True)
        fit_round(network, batches, rate, folder / "round1.weights.h5", 0, 5, line(stop_after=stop_after))

    fitted(tmp_path / "whole", None)
    broken = tmp_path / "broken"
    for _ in range(2):
        with pytest.raises(Stopped):
            fitted(broken, 1)
        assert (broken / "round1.checkpoint.weights.h5").is_file()
    fitted(broken, None)
    assert not (broken / "round1.checkpoint.weights.h5").exists()
    assert (broken / "round1.weights.h5").is_file()
    whole, again = read_history(tmp_path / "whole"), read_history(broken)
    assert again["epoch"].tolist() == [1, 2, 3]
    for name in ("loss", "accuracy", "rate"):
        np.testing.assert_allclose(again[name], whole[name], rtol=1e-5)

    (broken / "round1.checkpoint.weights.h5").write_bytes((broken / "round1.weights.h5").read_bytes())
    (broken / "history.csv").unlink()
    with pytest.raises(ValueError, match=r"history\.csv is damaged"):
        fitted(broken, None)
