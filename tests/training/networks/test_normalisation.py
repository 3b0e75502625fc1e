from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from mammo_core.training.networks.normalisation import BatchNormalization, fuse

EXPANDED = {"scale": False}, {"center": False}, {}


def _network(options: dict[str, Any]) -> Any:
    keras.utils.set_random_seed(3)
    maps = layers.Input((9, 8, 2))
    x = layers.Conv2D(4, 3, name="conv")(maps)
    x = layers.BatchNormalization(momentum=0.6, epsilon=1e-2, name="norm", **options)(x)
    x = layers.BatchNormalization(name="of_numbers")(layers.Flatten()(layers.ReLU()(x)))
    return keras.Model(maps, layers.Dense(1, name="dense")(x))


@pytest.mark.parametrize("options", EXPANDED)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_fused_network_learns_what_keras_own_does_and_their_weights_fit_each_other(
    options: dict[str, Any], policy: str, frozen: bool, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    maps, wanted = rng.normal(2, 3, (16, 9, 8, 2)).astype("float32"), rng.normal(size=(16, 1)).astype("float32")
    found = []
    keras.mixed_precision.set_global_policy(policy)
    try:
        for network in (_network(options), fuse(_network(options))):
            norm = network.get_layer("norm")
            far = np.random.default_rng(1)
            norm.set_weights([far.uniform(0.5, 2, each.shape) for each in norm.weights])
            norm.trainable = not frozen
            network.compile(keras.optimizers.SGD(0.01), loss="mse")
            for _ in range(3):
                network.train_on_batch(maps, wanted)
            found.append(network)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    plain, fused = found
    norm = fused.get_layer("norm")
    assert type(norm) is BatchNormalization
    assert type(norm).__name__ == type(plain.get_layer("norm")).__name__
    near = {"rtol": 2e-3, "atol": 2e-4} if policy == "float32" else {"rtol": 0.05, "atol": 0.02}
    for ours, theirs in zip(fused.weights, plain.weights, strict=True):
        assert ours.path.split("/")[-2:] == theirs.path.split("/")[-2:]
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), **near, err_msg=ours.path)
    fused.save_weights(tmp_path / "kept.weights.h5")
    plain.load_weights(tmp_path / "kept.weights.h5")
    np.testing.assert_allclose(plain.predict(maps, verbose=0), fused.predict(maps, verbose=0), **near)


def test_a_frozen_layer_keeps_its_averages_and_uses_them() -> None:
    network = fuse(_network({}))
    network.get_layer("norm").trainable = False
    network.compile("sgd", loss="mse")
    before = [each.numpy().copy() for each in network.get_layer("norm").weights]
    rng = np.random.default_rng(0)
    network.train_on_batch(rng.normal(5, 2, (8, 9, 8, 2)), rng.normal(size=(8, 1)))
    for old, now in zip(before, network.get_layer("norm").weights, strict=True):
        np.testing.assert_array_equal(old, now.numpy())


def test_other_kinds_of_normalisation_are_left_to_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    whole = layers.BatchNormalization.call

    def heard(self: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        asked.append(self.name)
        return whole(self, inputs, training=training, mask=mask)

    monkeypatch.setattr(layers.BatchNormalization, "call", heard)
    rng = np.random.default_rng(0)
    for options in ({}, {"axis": 1}, {"synchronized": True}):
        maps = layers.Input((5, 4, 3))
        network = fuse(keras.Model(maps, layers.BatchNormalization(**options)(maps)))
        asked.clear()
        network(rng.normal(size=(2, 5, 4, 3)).astype("float32"), training=True)
        assert bool(asked) == bool(options), options
