"""Several networks together: who is asked about whom, and a model that is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mammo_core.cli import main
from mammo_core.training.lab import records
from mammo_core.training.lab.runs import Run, Status, list_runs, new_run, read_run
from mammo_core.training.patch.judge import judge, weighed
from mammo_core.training.patch.pictures import Pictures, pack
from mammo_core.training.patch.predictions import read_predictions
from mammo_core.training.recipes.patch import Ensemble, Recipe, read_recipe
from tests.training.patch.synthetic import RECIPE, pictures
from tests.training.patch.test_fit import ONE_ROUND, line, random_backbone
from tests.training.patch.test_tissue import TISSUE, random_resnet

ENSEMBLE = """
kind = "ensemble"
name = "both"
version = "1"
title = "Both"
seed = 3
members = ["tiny-1/fold0", "tiny-1/fold1"]
"""


def test_an_ensemble_names_its_members_once(tmp_path: Path) -> None:
    from mammo_core.training.recipes.patch import read_ensemble

    path = tmp_path / "both.toml"
    path.write_text(ENSEMBLE, encoding="utf-8")
    assert read_ensemble(path).members == ("tiny-1/fold0", "tiny-1/fold1")
    path.write_text(ENSEMBLE.replace("fold1", "fold0"), encoding="utf-8")
    with pytest.raises(ValueError, match="once"):
        read_ensemble(path)
    path.write_text(ENSEMBLE.replace("seed = 3\n", ""), encoding="utf-8")
    with pytest.raises(ValueError, match="seed"):
        read_ensemble(path)


def _trained(folder: Path) -> Run:
    """A run of folds 0 and 1, the second fitted after the run was done."""
    (folder / "tiny.toml").write_text(ONE_ROUND, encoding="utf-8")
    at = ["--data", str(folder), "--weights", str(folder), "--out", str(folder / "runs")]
    assert main(["train", str(folder / "tiny.toml"), "--fold", "0", *at]) == 0
    (run,) = list_runs(folder / "runs")
    assert (run.status, run.wanted, run.started_from) == (Status.DONE, [0], "backbone.npz")
    before = (run.folder / "fold0" / "weights.safetensors").stat().st_mtime_ns
    assert main(["train", "--resume", str(run.folder)]) == 2  # it is done
    assert main(["train", "--resume", str(run.folder), "--fold", "1"]) == 0
    run = read_run(run.folder)
    assert (run.status, run.wanted) == (Status.DONE, [0, 1])
    assert (run.folder / "fold0" / "weights.safetensors").stat().st_mtime_ns == before
    return run


def _said_as_every_run_says_it(run: Run, made: Pictures) -> None:
    """Its predictions are those that its card would have, and the bench judges them as any run's."""
    recipe = read_recipe(run.folder / "recipe.toml")
    said = read_predictions([(run.folder / f"fold{fold}", fold) for fold in (0, 1)], made)
    judged = np.isin(made.columns["dataset"][said.rows], [each.set for each in recipe.judged])
    probability = 1 / (1 + np.exp(-weighed(said, made, recipe)[1]))
    wanted = {str(made.columns["file"][row]): p for row, p in zip(said.rows[judged], probability[judged], strict=True)}
    told = records.read_predictions(run.folder)
    assert told.classes == ("not malignant", "malignant")
    assert dict(zip(told.columns["file"].tolist(), told.score, strict=True)) == pytest.approx(wanted, abs=1e-5)
    parts = dict(zip(told.columns["dataset"].tolist(), told.columns["part"].tolist(), strict=True))
    assert parts == {"rsna": "test", "cbis_ddsm_mass": "test", "mini_mias": "outside"}
    report = json.loads((run.folder / "report.json").read_text(encoding="utf-8"))
    assert any("no predictions and are not judged: fold2, fold3, fold4" in note for note in report["notes"])
    figures = judge(said, made, recipe, np.random.default_rng(recipe.seed))["evaluation"]
    of = {each.title: each.set for each in recipe.judged}
    assert {(of[row["set"]], row["unit"]): row["auc"][0] for row in figures} == pytest.approx(
        {(row["set"], row["unit"]): row["auc"][0] for row in report["sets"] if row["unit"] in _units(recipe, row)},
        abs=0.01,  # networks so little trained say 0 or 1 of many, which six decimals cannot tell apart
    )


def _units(recipe: Recipe, row: dict[str, str]) -> tuple[str, ...]:
    return next(each.units for each in recipe.judged if each.set == row["set"])


def test_a_runs_networks_are_promoted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mammo_core.training.patch import promote

    run = tmp_path / "tiny-1-20240506-070809"
    for fold in (0, 3):
        (run / f"fold{fold}").mkdir(parents=True)
        (run / f"fold{fold}" / "scores.csv").touch()
    (run / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    made: list[tuple[Ensemble, Path]] = []
    monkeypatch.setattr(promote, "promote_ensemble", lambda ensemble, runs, *_: made.append((ensemble, runs)))
    promote.promote_together(run, pictures(n=4), tmp_path / "models", "2")
    members = (f"{run.name}/fold0", f"{run.name}/fold3")
    assert made == [(Ensemble("ensemble", "tiny", "2", "Tiny", 3, members), tmp_path)]


@pytest.mark.slow
def test_a_woman_is_judged_by_those_who_had_not_seen_her_and_all_ship(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mammo_core.inference import judged, load_artefact
    from mammo_core.training.explain import methods
    from mammo_core.training.patch.ensemble import said_together
    from mammo_core.training.patch.looking import looker
    from mammo_core.training.patch.predictions import said_by
    from mammo_core.training.patch.promote import load_members, load_tissue, promote_ensemble
    from mammo_core.training.patch.serving import serving_network
    from mammo_core.training.patch.tissue import fit_tissue, said_of_tissue, tissue_head
    from mammo_core.training.recipes.patch import read_ensemble, read_tissue

    random_backbone(tmp_path)
    made = pictures(n=160)
    clear = np.flatnonzero(made.of("mini_mias") & ~made.malignant)
    made.columns["label"][clear] = np.where(clear // 16 % 2, "normal", "benign")
    monkeypatch.setattr("mammo_core.training.patch.work._pictures", lambda diary, recipe: made)
    run = _trained(tmp_path)
    folders = [run.folder / f"fold{fold}" for fold in (0, 1)]
    _said_as_every_run_says_it(run, made)
    canvas = made.canvases[0, ..., None].astype(np.float32) / 255
    for method in methods(run.folder):
        heat = looker(run.folder, 1, method)(canvas)
        assert heat.shape == canvas.shape[:2]
        assert 0 <= heat.min() <= heat.max() <= 1
        assert heat[0, -1] == 0  # beside the breast
    with pytest.raises(FileNotFoundError, match="no network of fold 4"):
        looker(run.folder, 4, "lesion")

    sets = ("rsna", "cbis_ddsm_mass")
    said = said_together(folders, made, sets)
    found, speakers = said.predictions, said.speakers
    alone = [said_by(folder, made) for folder in folders]
    outside = ~made.of(*sets)[found.rows]
    assert {who for who, far in zip(speakers, outside, strict=True) if far} == {tuple(folders)}
    for row, who in zip(found.rows[~outside], np.flatnonzero(~outside), strict=True):
        assert speakers[who] == (folders[made.folds()[row]],)
    for row, scores in zip(found.rows[~outside], found.scores[~outside], strict=True):
        (speaker,) = [own for own in alone if int(row) in own]
        np.testing.assert_allclose(scores, speaker[int(row)][0], atol=1e-6)
        assert speaker is alone[made.folds()[row]]
    each = np.array([[own[int(row)][0] for row in found.rows[outside]] for own in alone])
    np.testing.assert_allclose(found.scores[outside].std(axis=0), each.std(axis=1).mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.scores[outside].mean(axis=0), each.mean(axis=(0, 1)), atol=1e-6)
    for k in range(2):
        order = np.argsort(each.mean(axis=0)[:, k])
        assert (np.diff(found.scores[outside][order, k]) >= 0).all()

    random_resnet(tmp_path)
    coarse = tmp_path / "runs" / "coarse-1-20240506-070809"  # as a run is named; recipes name it without its time
    new_run(tmp_path / "runs", "coarse", "1", out=coarse, recipe=TISSUE, title="", data="", status=Status.DONE)
    fit_tissue(read_tissue(coarse / "recipe.toml"), made, tmp_path, coarse / "fold0", line())
    with_tissue = said_together(folders, made, sets, coarse)
    told = said_of_tissue(coarse, made)
    np.testing.assert_allclose(with_tissue.predictions.scores[:, :2], found.scores, atol=1e-6)
    for row, scores in zip(found.rows[~outside], with_tissue.predictions.scores[~outside], strict=True):
        expected = told.get((int(row), int(made.folds()[row])), np.nan)
        np.testing.assert_allclose(scores[2], expected, atol=1e-6)
        assert np.isnan(scores[2]) == made.of("ddsm")[row]
    far = np.flatnonzero(outside & made.of("mini_mias")[found.rows])
    beside = np.array([[told[int(row), fold] for row in found.rows[far]] for fold in (0, 1)])
    together_said = with_tissue.predictions.scores[far, 2]
    np.testing.assert_allclose(together_said.std(), beside.std(axis=1).mean(), rtol=1e-6)
    np.testing.assert_allclose(together_said.mean(), beside.mean(), atol=1e-6)
    assert (np.diff(together_said[np.argsort(beside.mean(axis=0))]) >= 0).all()

    path = tmp_path / "both.toml"
    path.write_text(ENSEMBLE + 'tissue = "coarse-1"\n', encoding="utf-8")
    artefact = promote_ensemble(read_ensemble(path), tmp_path / "runs", made, tmp_path / "models")
    assert load_artefact(artefact.folder).canvas == (128, 96)
    assert artefact.card["members"] == [f"{run.id}/fold0", f"{run.id}/fold1", coarse.name]
    assert artefact.card["heads"] == ["all", "maps", "tissue"]
    assert "A tissue network, whose score is weighed with theirs, ships with them" in artefact.card["cross_validated"]
    assert any("the head named tissue" in limit for limit in artefact.card["limits"])
    assert any("all networks are asked" in sentence for sentence in artefact.card["protocol"])
    assert (artefact.folder / "run" / coarse.name / "fold0" / "scores.csv").is_file()
    assert "2 patch networks ship together" in artefact.card["cross_validated"]
    assert len(load_members(artefact.folder)) == 2
    shipped = load_tissue(artefact.folder)
    assert shipped is not None
    canvas = made.canvases[:3, ..., None].astype(np.float32) / 255
    weights = np.array([[0.5, -0.25, 0.0, 0.1], [0.5, -0.25, 2.0, 0.1]], np.float32)
    without, having = (
        {
            name: np.asarray(part)
            for name, part in serving_network(load_members(artefact.folder), (1.0, 0.0), shipped)(
                [canvas, np.repeat(each[None], 3, axis=0)]
            ).items()
        }
        for each in weights
    )
    score = np.asarray(tissue_head(shipped, (128, 96))(canvas))[:, 0]
    step = np.spacing(
        np.abs(having["scores"]).max()
    )  # the other heads of networks so little trained say tens of thousands
    np.testing.assert_allclose(having["scores"][:, 2] - without["scores"][:, 2], 2 * score, atol=max(1e-3, 4 * step))
    assert np.abs(score).min() > 8 * step
    np.testing.assert_array_equal(having["lesion"], without["lesion"])
    np.testing.assert_allclose(having["gradcam"], without["gradcam"], atol=1e-6)
    assert judged(artefact)

    pack(made, tmp_path / "packed.npz")
    asked = ["evaluate", str(artefact.folder), "--data", str(tmp_path), "--prepared", str(tmp_path / "packed.npz")]
    assert main(asked) == 0
    told = capsys.readouterr().out
    for row in artefact.card["evaluation"]:
        assert f"n {row['n']:5} women {row['n_women']:4}  AUC {row['auc'][0]:.3f}" in told
    assert [line for line in told.splitlines() if line in artefact.card["heads"]] == artefact.card["heads"]
