"""Class activation maps against what they must add up to, and against tf-keras-vis."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from tf_keras_vis.gradcam import Gradcam

from mammo_core.training.bench.activation import AgainstTheRest, activation
from mammo_core.training.networks import build
from tests.training.bench.tiny import recipe

RNG = np.random.default_rng(0)
PICTURES = RNG.random((2, 16, 16, 1)).astype(np.float32)


def network(pooling: str, *head: str) -> Any:
    """A tiny network with weights at random, batch normalisation too, so that nothing is zero by chance."""
    made = build(
        recipe(network__pooling=pooling, network__head=["pool", *head], network__layers=["conv 4", "maxpool"])
    ).model
    for weight in made.weights:
        values = RNG.normal(0, 0.5, weight.shape)
        weight.assign(np.abs(values) + 0.1 if weight.path.endswith("variance") else values)
    return made


def inside(made: Any) -> tuple[Any, Any]:
    both = keras.Model(made.input, [made.get_layer("features").output, made.get_layer("logits").output])
    return tuple(np.asarray(each) for each in both(PICTURES))  # type: ignore[return-value]


@pytest.mark.parametrize("pooling", ["average", "flatten", "attention"])
def test_the_cells_parts_add_up_to_each_logit_but_for_a_constant(pooling: str) -> None:
    made = network(pooling, "norm", "dropout")
    found = activation(made)
    assert found is not None
    assert "exactly" in found.how
    features, logits = inside(made)
    parts = np.asarray(found.parts(keras.ops.convert_to_tensor(features)))
    left = logits - parts.sum(axis=(1, 2))
    assert left[0] == pytest.approx(left[1], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("pooling", ["average", "average+max"])
def test_the_map_of_pooled_features_is_grad_cam(pooling: str) -> None:
    made = network(pooling, "norm")
    found = activation(made)
    assert found is not None
    features, logits = (keras.ops.convert_to_tensor(each) for each in inside(made))
    ours = np.asarray(AgainstTheRest()(found.parts(features), logits))[..., 1]
    logit = keras.Model(made.input, made.get_layer("logits").output)
    theirs = Gradcam(logit)(
        lambda said: said[:, 1] - said[:, 0],
        PICTURES,
        penultimate_layer="features",
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    assert ours.any()
    scale = ours.max() / np.asarray(theirs).max()
    assert ours == pytest.approx(scale * np.asarray(theirs), rel=1e-3, abs=1e-4)


def test_behind_a_dense_layer_that_bends_there_is_no_map() -> None:
    assert activation(network("average", "dense 8")) is None


def test_of_three_classes_each_is_held_against_the_others_as_much_as_they_count() -> None:
    parts, logits = RNG.normal(size=(1, 2, 2, 3)).astype(np.float32), np.array([[0.0, np.log(3), 5.0]], np.float32)
    found = np.asarray(AgainstTheRest()(keras.ops.convert_to_tensor(parts), keras.ops.convert_to_tensor(logits)))
    assert found[..., 2] == pytest.approx(
        np.maximum(parts[..., 2] - 0.25 * parts[..., 0] - 0.75 * parts[..., 1], 0), abs=1e-5
    )
