from __future__ import annotations

import keras
import numpy as np
import pytest

from mammo_core.training.bench.augment import CutOut, augmentation
from mammo_core.training.bench.losses import PossibleLoss, measures
from mammo_core.training.recipes.classifier import AugmentationSpec

SAID = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], np.float32)


def _loss(target: list[list[list[float]]], **known: float) -> list[float]:
    return np.asarray(PossibleLoss(**known).call(np.array(target, np.float32), SAID)).tolist()


def test_with_one_class_it_is_cross_entropy_and_with_several_that_of_their_sum() -> None:
    one = [[[0.0, 0, 1]], [[1.0, 0, 0]]]
    assert _loss(one) == pytest.approx(-np.log([0.5, 0.6]), rel=1e-5)
    smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.1, reduction=None)(np.array(one)[:, 0], SAID)
    assert _loss(one, smoothing=0.1) == pytest.approx(np.asarray(smoothed), rel=1e-5)
    focal = keras.losses.CategoricalFocalCrossentropy(alpha=1, gamma=2, reduction=None)(np.array(one)[:, 0], SAID)
    assert _loss(one, gamma=2) == pytest.approx(np.asarray(focal), rel=1e-5)
    assert _loss([[[1, 1, 0]], [[1, 1, 1]]]) == pytest.approx([-np.log(0.5), 0], abs=1e-5)


def test_a_mixed_picture_has_the_losses_of_both_by_their_shares() -> None:
    mixed = [[[0.75, 0.75, 0], [0, 0, 0.25]], [[1, 0, 0], [0, 0, 0]]]
    assert _loss(mixed) == pytest.approx([-np.log(0.5), -np.log(0.6)], rel=1e-5)


def test_measures_leave_out_what_is_not_known() -> None:
    accuracy, auc, recall = measures()
    target = np.array([[[0, 0, 1]], [[1, 1, 0]]], np.float32)
    for measure in (accuracy, auc, recall):
        measure.update_state(target, SAID)
    assert (float(accuracy.result()), float(recall.result())) == (1, 1)
    assert float(auc.result()) == pytest.approx(1, abs=0.01)
    accuracy.reset_state()
    accuracy.update_state(target[1:], SAID[1:])
    assert float(accuracy.result()) == 0, "no picture of a known class"


def test_pictures_are_changed_in_training_alone_and_a_view_not_taken_stays_black() -> None:
    spec = AugmentationSpec(rotation=20, zoom=0.1, flip_vertical=True, contrast=0.2, brightness=0.2, blur=0.5, cutout=1)
    views = np.random.default_rng(0).random((2, 2, 24, 16, 1)).astype(np.float32)
    views[1, 1] = 0
    changed = views
    for layer in augmentation(spec, 5):
        assert (np.asarray(layer(views)) == views).all()
        changed = np.asarray(layer(changed, training=True))
    assert not changed[1, 1].any()
    assert not np.isclose(changed[0], views[0]).mean() > 0.3
    assert 0 <= changed.min() <= changed.max() <= 1


def test_a_cut_out_is_one_black_rectangle() -> None:
    white = np.ones((8, 40, 20, 1), np.float32)
    cut = 1 - np.asarray(CutOut(AugmentationSpec(cutout=1), 1)(white, training=True))[..., 0]
    for hole in cut:
        assert (hole == hole.any(axis=1)[:, None] * hole.any(axis=0)[None]).all()
    assert 0.01 < cut.mean() < 0.15


def test_a_mirror_and_a_turn_move_no_light_out_of_the_middle() -> None:
    spot = np.zeros((16, 21, 21, 1), np.float32)
    spot[:, 10, 10] = 1
    spec = AugmentationSpec(rotation=90, flip_horizontal=True, flip_vertical=True)
    (layer,) = augmentation(spec, 3)
    moved = np.asarray(layer(spot, training=True))
    assert moved[:, 10, 10, 0] == pytest.approx(1, abs=1e-3)
    corner = np.zeros_like(spot)
    corner[:, 10, 4] = 1
    places = {int(each.argmax()) for each in np.asarray(layer(corner, training=True))}
    assert len(places) > 4, "each picture is turned by its own angle"
