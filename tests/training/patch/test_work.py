"""A run of a patch network, before and beside its fitting: what too few women forbid, and what it says when it is resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo_core.cli import main
from mammo_core.training.lab import records
from mammo_core.training.lab.runs import Run, Status, Stopped, new_run, read_run
from mammo_core.training.patch.pictures import pack
from mammo_core.training.patch.work import _require_women
from mammo_core.training.recipes.patch import Recipe
from mammo_core.training.work import work
from tests.training.patch.synthetic import OF_TWO, RECIPE, pictures, recipe, write_set


def test_women_are_too_few_before_anything_is_fitted() -> None:
    made, asked = pictures(n=160), recipe()
    part, malignant = made.folds(), made.malignant
    digital = made.of("rsna")
    _require_women(made, asked, [0, 2])

    made.columns["label"][digital & malignant & (part == 2)] = "normal"
    with pytest.raises(ValueError, match="of rsna, on which digital pictures are calibrated"):
        _require_women(made, asked, [0, 2])  # what fold 0 says is calibrated by fold 2
    _require_women(made, asked, [0])

    made.columns["label"][digital & (part != 0)] = "normal"
    with pytest.raises(ValueError, match="without fold 0, women of both kinds must be left of rsna to fit to"):
        _require_women(made, asked, [0])

    made = pictures(n=160)
    made.columns["dataset"][(part == 3) & ~made.of("mini_mias")] = "mini_mias"
    with pytest.raises(ValueError, match="fold 3 holds out no woman who is judged"):
        _require_women(made, asked, [0, 2, 3])


def _stopped(root: Path, **known: Any) -> Run:
    """A run that has not begun, beside a backbone that is there."""
    (root / "backbone.npz").touch()
    known = {"recipe": RECIPE, "data": str(root), "weights": str(root)} | known
    return new_run(root / "runs", "tiny", "1", title="Tiny", folds=5, epochs=2, status=Status.STOPPED, **known)


def test_a_run_that_is_resumed_says_at_once_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _stopped(tmp_path)
    (run.folder / "fold0").mkdir()
    row = dict.fromkeys(records.HISTORY, np.nan) | {"epoch": 1.0}
    records.write_history(run.folder / "fold0", {name: [value] for name, value in row.items()})
    seen: list[Run] = []

    def fold(*asked: object) -> None:
        seen.append(read_run(run.folder))
        raise Stopped

    monkeypatch.setattr("mammo_core.training.patch.work._pictures", lambda diary, recipe: pictures(n=160))
    monkeypatch.setattr("mammo_core.training.patch.fit.fit_fold", fold)
    assert work(run.folder).status is Status.STOPPED
    assert [(each.fold, each.epoch, each.epochs_done) for each in seen] == [(0, 1, 1.0)]


def _base(root: Path, day: str, folds: int) -> Path:
    """A run of the recipe base-1 that is done, with networks of so many folds."""
    folder = root / f"base-1-{day}-000000"
    for fold in range(folds):
        (folder / f"fold{fold}").mkdir(parents=True, exist_ok=True)
        (folder / f"fold{fold}" / "weights.safetensors").touch()
    if not (folder / "run.json").is_file():
        new_run(root, "base", "1", out=folder, title="", data="", status=Status.DONE)
    return folder


def test_a_run_goes_on_from_the_networks_that_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _stopped(tmp_path, recipe=RECIPE.replace('start = ""', 'start = "base-1"'), only="0 1")
    began: list[str] = []

    def fold(recipe: Recipe, *asked: Any) -> None:
        asked[-1].start(recipe.start)
        began.append(recipe.start)
        raise Stopped

    monkeypatch.setattr("mammo_core.training.patch.work._pictures", lambda diary, recipe: pictures(n=160))
    monkeypatch.setattr("mammo_core.training.patch.fit.fit_fold", fold)
    older = _base(tmp_path / "runs", "20240101", folds=1)
    with pytest.raises(ValueError, match="which holds no network of fold 1"):
        work(run.folder)
    _base(tmp_path / "runs", "20240101", folds=2)
    assert work(run.folder).status is Status.STOPPED
    _base(tmp_path / "runs", "20240102", folds=2)
    assert work(run.folder).status is Status.STOPPED
    assert began == [older.name, older.name]


def test_prepared_pictures_are_those_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mammo_core.training.lab.diary.require_clean", lambda *asked: None)
    write_set(tmp_path / "data", "film", mirrored=(False, True))
    write_set(tmp_path / "data", "far", mirrored=(True,))
    (tmp_path / "backbone.npz").touch()
    (tmp_path / "two.toml").write_text(OF_TWO, encoding="utf-8")
    pack(pictures(n=4), tmp_path / "packed")
    asked = ["train", str(tmp_path / "two.toml"), "--data", str(tmp_path / "data"), "--weights", str(tmp_path)]
    assert main([*asked, "--out", str(tmp_path / "runs"), "--prepared", str(tmp_path / "packed")]) == 2
    assert "packed holds other pictures or labels than" in capsys.readouterr().err
