"""Heads: the folded weights are the fitted regression, and every set and label weighs the same."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mammo_core.training.patch.head import FEATURES, fit_head
from mammo_core.training.recipes.patch import HeadSpec

SETS = ("rsna", "cbis_ddsm_mass")


def random_features(seed: int, n: int = 240) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    malignant = rng.random(n) < 0.3
    dataset = rng.choice([*SETS, "ddsm"], n, p=(0.6, 0.3, 0.1))
    features = {
        name: rng.normal(3, rng.uniform(0.1, 9, width), (n, width)).astype(np.float32) + malignant[:, None] * 0.4
        for name, width in (("average", 12), ("maximum", 12), ("maps", 6), ("texture", 8))
    }
    return features, malignant, dataset


@pytest.mark.parametrize("used", [FEATURES, ("average", "maps"), ("maps",)])
@pytest.mark.parametrize("sets", [SETS, ("rsna",)])
def test_folded_weights_give_the_scores_of_the_regression(used: tuple[str, ...], sets: tuple[str, ...]) -> None:
    features, malignant, dataset = random_features(len(used))
    chosen = np.random.default_rng(1).random(len(malignant)) < 0.7
    head = fit_head(HeadSpec("head", used, sets, 0.05), features, malignant, dataset, chosen)

    part = chosen & np.isin(dataset, sets)
    weight = np.zeros(len(malignant))
    for name in sets:
        for label in (False, True):
            weight[part & (dataset == name) & (malignant == label)] = 1 / np.sum(
                part & (dataset == name) & (malignant == label)
            )
    weight *= part.sum() / weight.sum()
    x = np.concatenate([features[name] for name in FEATURES if name in used], axis=1).astype(np.float64)
    scaler = StandardScaler().fit(x[part], sample_weight=weight[part])
    x = (x - scaler.mean_) / np.sqrt(scaler.var_ + np.median(scaler.var_))
    usual = LogisticRegression(C=0.05, max_iter=2000).fit(x[part], malignant[part], sample_weight=weight[part])
    np.testing.assert_allclose(head.score(features), usual.decision_function(x), rtol=1e-3, atol=1e-3)


def test_a_feature_that_hardly_moved_cannot_set_a_score_off() -> None:
    features, malignant, dataset = random_features(3)
    rng = np.random.default_rng(5)
    features["average"][:, 0] = 0.2 + 1e-7 * (malignant + rng.normal(0, 0.5, len(malignant)))
    head = fit_head(HeadSpec("head", FEATURES, SETS, 1.0), features, malignant, dataset, np.ones(240, bool))
    before = head.score(features)
    features["average"][:, 0] += 0.1
    assert np.abs(head.score(features) - before).max() < 0.1


def test_features_that_never_move_weigh_nothing() -> None:
    features, malignant, dataset = random_features(4)
    still = features | {name: np.full_like(features[name], 0.5) for name in ("average", "texture")}
    head = fit_head(HeadSpec("head", ("average", "texture"), SETS, 1.0), still, malignant, dataset, np.ones(240, bool))
    assert not head.weights.any()


def test_features_that_are_not_asked_for_weigh_nothing() -> None:
    features, malignant, dataset = random_features(0)
    head = fit_head(HeadSpec("maps", ("maps",), SETS, 1.0), features, malignant, dataset, np.ones(240, bool))
    assert not head.weights[:24].any()
    assert head.weights[24:30].all()
    assert not head.weights[30:].any()


def test_pictures_that_are_not_chosen_change_nothing() -> None:
    features, malignant, dataset = random_features(0)
    chosen = np.arange(240) < 200
    spec = HeadSpec("head", FEATURES, SETS, 0.1)
    one = fit_head(spec, features, malignant, dataset, chosen)
    spoiled = {name: np.where(chosen[:, None], values, np.float32(1e3)) for name, values in features.items()}
    other = fit_head(spec, spoiled, malignant, dataset, chosen)
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.bias == other.bias
