from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo_core.training.bench.fit import Fold, fit_fold
from mammo_core.training.bench.samples import samples
from mammo_core.training.lab import records
from mammo_core.training.lab.diary import Line
from mammo_core.training.lab.runs import Stopped
from mammo_core.training.recipes.classifier import Recipe
from tests.training.bench.tiny import AUGMENTED, pictures, recipe, rows, tiny_samples

PARTS = {"train": np.arange(24), "validation": np.arange(24, 32), "test": np.arange(32, 40), "outside": np.arange(0)}


def _fold(folder: Path, asked: Recipe) -> Fold:
    folder.mkdir()
    return Fold(folder, 0, asked, pictures(40), tiny_samples(40, asked), PARTS, None)


def _line(heard: Callable[[str], None] = lambda line: None, batches: float = np.inf) -> Line:
    """Nobody's, or someone's who stops after so many batches."""
    seen = count()
    done = [0]

    def tell(batch: int, of: int) -> None:
        done[0] = next(seen) + 1

    return Line(heard, lambda: done[0] >= batches, lambda weights: None, tell, lambda epoch, seconds: None)


def test_a_fold_learns_a_plain_difference_and_writes_what_it_says_of_those_not_fitted(tmp_path: Path) -> None:
    fold = _fold(tmp_path / "fold0", recipe(training__epochs=4, training__rate=0.05))
    fit_fold(fold, _line())
    said = records.read_predictions(tmp_path)
    truth = said.columns["label"] == "malignant"
    assert said.score[truth].min() > said.score[~truth].max()
    assert sorted(said.columns["file"].tolist()) == sorted(f"{place}.png" for place in range(24, 40))
    assert said.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    history = records.read_history(fold.folder)
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["val_auc"][-1] == 1
    assert (history["waiting_s"] < history["seconds"]).all()
    assert any((fold.folder / "tensorboard").iterdir())
    assert not (fold.folder / records.CHECKPOINT).exists()


def test_the_log_tells_how_many_women_are_in_no_part(tmp_path: Path) -> None:
    heard: list[str] = []
    fold = _fold(tmp_path / "fold0", recipe(training__epochs=1))
    fit_fold(replace(fold, parts=PARTS | {"train": np.arange(21)}), _line(heard.append))
    assert "train 21 of 21 women, validation 8 of 8 women" in heard[0]
    assert "left out 3 of 3 women" in heard[0]


def test_a_fold_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    asked = recipe(training__epochs=3, training__schedule="plateau", training__patience=1, **_augmented())
    whole, torn = _fold(tmp_path / "whole", asked), _fold(tmp_path / "torn", asked)
    fit_fold(whole, _line())
    with pytest.raises(Stopped):
        fit_fold(torn, _line(batches=5))
    assert records.read_history(torn.folder)["epoch"].tolist() == [1], "it stopped after the batch it was at"
    # As if the machine had failed between writing the history down and keeping the checkpoint.
    history = (torn.folder / "history.csv").read_text()
    (torn.folder / "history.csv").write_text(history + history.splitlines()[1] + "\n")
    fit_fold(torn, _line())
    one, two = records.read_history(whole.folder), records.read_history(torn.folder)
    assert all(one[name].tolist() == two[name].tolist() for name in one if name not in ("seconds", "waiting_s"))
    assert (whole.folder / "predictions.csv").read_text() == (torn.folder / "predictions.csv").read_text()


@pytest.mark.parametrize("name", ["history.csv", records.CHECKPOINT, records.NETWORK])
def test_a_fold_whose_files_are_torn_is_fitted_anew(tmp_path: Path, name: str) -> None:
    asked = recipe(training__epochs=2, training__watch="recall")
    whole, torn = _fold(tmp_path / "whole", asked), _fold(tmp_path / "torn", asked)
    fit_fold(whole, _line())
    with pytest.raises(Stopped):
        fit_fold(torn, _line(batches=4))
    (torn.folder / name).write_bytes((torn.folder / name).read_bytes()[:150])
    heard: list[str] = []
    fit_fold(torn, _line(heard.append))
    assert f"fold 0: {name} is damaged; the fold is fitted anew" in heard
    assert (whole.folder / "predictions.csv").read_text() == (torn.folder / "predictions.csv").read_text()


def test_a_network_that_flies_apart_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"fold 0: in epoch [12] the network's answers were no numbers any more"):
        fit_fold(_fold(tmp_path / "fold0", recipe(training__rate=1e30)), _line())


def test_labels_that_leave_the_class_open_teach_what_they_say(tmp_path: Path) -> None:
    labels = {"normal": "normal", "malignant": "malignant", "not_malignant": ["normal", "benign"], "benign": "benign"}
    asked = recipe(classes=["normal", "benign", "malignant"], labels=labels, training__epochs=4, training__rate=0.05)
    table = rows(40, lambda number: ("not_malignant", "malignant")[number % 2])
    fold = replace(_fold(tmp_path / "fold0", asked), samples=samples(table, np.arange(40), asked))
    fit_fold(fold, _line())
    said = records.read_predictions(tmp_path)
    open_ = said.columns["label"] == "not_malignant"
    assert said.score[~open_].min() > said.score[open_].max()
    assert (said.probabilities[open_, :2] > 0.02).all(), "nothing was said on which of the two it is"
    assert records.read_history(fold.folder)["val_accuracy"][-1] == 1, "of those whose class is known"


def test_class_weights_know_no_label_of_the_women_who_are_judged(tmp_path: Path) -> None:
    """Whatever is made of the labels of women held out, the same network is fitted, its loss of the same size."""
    asked = recipe(training__class_weights=[3, 7], training__epochs=1)
    lost = []
    for label in ("benign", "malignant"):
        fold = _fold(tmp_path / label, asked)
        fitted = set(fold.parts["train"].tolist())
        table = [row if place in fitted else replace(row, label=label) for place, row in enumerate(rows(40))]
        fit_fold(replace(fold, samples=samples(table, np.arange(40), asked)), _line())
        lost.append(records.read_history(fold.folder)["loss"].tolist())
    assert lost[0] == lost[1]


def test_everything_a_recipe_may_ask_for_fits_together(tmp_path: Path) -> None:
    asked = recipe(
        training__optimizer="adamw",
        training__weight_decay=0.001,
        training__schedule="cosine",
        training__loss="focal",
        training__smoothing=0.1,
        training__class_weights=[3, 7],
        training__sampling="balanced",
        training__watch="recall",
        training__early_stopping=1,
        training__mixed_precision=True,
        training__accumulate=2,
        **_augmented(),
    )
    fold = _fold(tmp_path / "fold0", asked)
    fit_fold(fold, _line())
    assert np.isfinite(records.read_history(fold.folder)["loss"]).all()
    assert records.read_history(fold.folder)["rate"].tolist() == [0.02, 0.01]


def test_what_no_machine_can_do_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sees 1 on this machine"):
        fit_fold(_fold(tmp_path / "a", recipe(training__devices=2)), _line())
    with pytest.raises(ValueError, match="batch is 8, which does not divide into 3"):
        fit_fold(_fold(tmp_path / "b", recipe(training__accumulate=3)), _line())


def test_a_frozen_part_is_asked_once_and_the_network_learns_the_same(tmp_path: Path) -> None:
    """MobileNetV2 from random weights, frozen whole: its features are kept, unless pictures are changed at random."""
    from mammo_core.training.bench import fit
    from mammo_core.training.networks import build

    asked = recipe(size=[32, 32], network__backbone="MobileNetV2", network__layers=[], channels=3)
    network = build(asked).model
    for layer in network.layers[: [layer.name for layer in network.layers].index("features")]:
        layer.trainable = False
    fold = replace(_fold(tmp_path / "fold0", asked), store=pictures(40, 32))
    heard: list[str] = []
    model, take = fit._trained_part(network, fold, heard.append)
    assert "made once" in heard[0]
    assert take(np.arange(3)).shape == (3, *model.input_shape[1:])
    whole = fit.training_network(network, asked, 0)
    inputs = fold.store[:3, ..., None]
    assert np.asarray(model(take(np.arange(3)))) == pytest.approx(np.asarray(whole(inputs)), abs=1e-4)
    changing = replace(fold, recipe=recipe(size=[32, 32], **_augmented()))
    assert fit._trained_part(network, changing, heard.append)[0].input_shape == (None, 32, 32, 1)
    assert len(heard) == 1


def _augmented() -> dict[str, Any]:
    return {key.replace(".", "__"): value for key, value in AUGMENTED.items()}
