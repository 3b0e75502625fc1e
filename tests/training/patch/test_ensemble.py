"""Several networks together: who is asked about whom, and a model that is made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mammo_core.cli import main
from mammo_core.training.patch.pictures import pack
from tests.training.patch.synthetic import pictures
from tests.training.patch.test_fit import ONE_ROUND, random_backbone
from tests.training.patch.test_tissue import TISSUE, random_resnet

ENSEMBLE = """
kind = "ensemble"
name = "both"
version = "1"
title = "Both"
seed = 3
members = ["run/fold0", "run/fold1"]
"""


def test_an_ensemble_names_its_members_once(tmp_path: Path) -> None:
    from mammo_core.training.patch.recipe import read_ensemble

    path = tmp_path / "both.toml"
    path.write_text(ENSEMBLE, encoding="utf-8")
    assert read_ensemble(path).members == ("run/fold0", "run/fold1")
    path.write_text(ENSEMBLE.replace("fold1", "fold0"), encoding="utf-8")
    with pytest.raises(ValueError, match="once"):
        read_ensemble(path)
    path.write_text(ENSEMBLE.replace("seed = 3\n", ""), encoding="utf-8")
    with pytest.raises(ValueError, match="seed"):
        read_ensemble(path)


@pytest.mark.slow
def test_a_woman_is_judged_by_those_who_had_not_seen_her_and_all_ship(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mammo_core.inference import judged, load_artefact
    from mammo_core.training.patch.ensemble import said_together
    from mammo_core.training.patch.fit import fit_fold
    from mammo_core.training.patch.predictions import said_by
    from mammo_core.training.patch.promote import load_members, load_tissue, promote_ensemble
    from mammo_core.training.patch.serving import serving_network
    from mammo_core.training.patch.tissue import fit_tissue, said_of_tissue, tissue_head

    random_backbone(tmp_path)
    made = pictures(n=160)
    clear = np.flatnonzero(made.of("mini_mias") & ~made.malignant)
    made.columns["label"][clear] = np.where(clear // 16 % 2, "normal", "benign")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(ONE_ROUND, encoding="utf-8")
    folders = [tmp_path / "run" / f"fold{fold}" for fold in (0, 1)]
    for fold, folder in enumerate(folders):
        fit_fold(recipe, made, tmp_path, folder, fold, lambda _: None)

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
    coarse = tmp_path / "tissue.toml"
    coarse.write_text(TISSUE, encoding="utf-8")
    fit_tissue(coarse, made, tmp_path, tmp_path / "coarse-1", lambda _: None)
    with_tissue = said_together(folders, made, sets, tmp_path / "coarse-1")
    told = said_of_tissue(tmp_path / "coarse-1", made)
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
    artefact = promote_ensemble(path, tmp_path, made, tmp_path / "models")
    assert load_artefact(artefact.folder).canvas == (128, 96)
    assert artefact.card["members"] == ["run/fold0", "run/fold1", "coarse-1"]
    assert artefact.card["heads"] == ["all", "maps", "tissue"]
    assert "A tissue network, whose score is weighed with theirs, ships with them" in artefact.card["cross_validated"]
    assert any("the head named tissue" in limit for limit in artefact.card["limits"])
    assert any("all networks are asked" in sentence for sentence in artefact.card["protocol"])
    assert (artefact.folder / "run" / "coarse-1" / "predictions.csv").is_file()
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
