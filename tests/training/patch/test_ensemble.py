"""Several networks together: who is asked about whom, and a model that is made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.patch.synthetic import pictures
from tests.training.patch.test_fit import ONE_ROUND, random_backbone

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
def test_a_woman_is_judged_by_those_who_had_not_seen_her_and_all_ship(tmp_path: Path) -> None:
    from mammo_core.inference import judged, load_artefact
    from mammo_core.training.patch.ensemble import together
    from mammo_core.training.patch.fit import fit_fold
    from mammo_core.training.patch.predictions import said_by
    from mammo_core.training.patch.promote import load_members, promote_ensemble

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
    found, _, speakers = together(folders, made, sets)
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

    path = tmp_path / "both.toml"
    path.write_text(ENSEMBLE, encoding="utf-8")
    artefact = promote_ensemble(path, tmp_path, made, tmp_path / "models")
    assert load_artefact(artefact.folder).canvas == (128, 96)
    assert artefact.card["members"] == ["run/fold0", "run/fold1"]
    assert "2 networks ship together" in artefact.card["cross_validated"]
    assert len(load_members(artefact.folder)) == 2
    assert judged(artefact)
