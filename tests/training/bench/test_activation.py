"""Class activation maps against what they must add up to, against gradients by TensorFlow, and against tf-keras-vis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import openvino
import pytest
import tensorflow as tf
from tf_keras_vis.gradcam import Gradcam

from mammo_core.training.bench.activation import AgainstTheRest, CellParts
from mammo_core.training.bench.serving import serving_network
from mammo_core.training.export import export
from mammo_core.training.networks import build
from tests.training.bench.tiny import recipe

RNG = np.random.default_rng(0)
PICTURES = RNG.random((2, 16, 16, 1)).astype(np.float32)


def network(pooling: str, *head: str, output: str = "softmax") -> Any:
    """A tiny network with weights at random, batch normalisation too, so that nothing is zero by chance."""
    made = build(
        recipe(
            network__pooling=pooling,
            network__head=["pool", *head],
            network__layers=["conv 4", "maxpool"],
            network__output=output,
        )
    ).model
    rng = np.random.default_rng(1)
    for weight in made.weights:
        values = rng.normal(0, 0.5, weight.shape)
        weight.assign(np.abs(values) + 0.1 if weight.path.endswith("variance") else values)
    return made


def inside(made: Any) -> tuple[Any, Any]:
    both = keras.Model(made.input, [made.get_layer("features").output, made.get_layer("logits").output])
    return tuple(np.asarray(each) for each in both(PICTURES))  # type: ignore[return-value]


def gradients(made: Any, features: Any) -> Any:
    """(N, r, c, k, classes) of the logits by the features, by TensorFlow."""
    head = keras.Model(made.get_layer("features").output, made.get_layer("logits").output)
    given = tf.constant(features)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(given)
        logits = head(given, training=False)
        single = [logits[:, each] for each in range(logits.shape[-1])]
    zeros = tf.UnconnectedGradients.ZERO
    return np.stack([tape.gradient(each, given, unconnected_gradients=zeros).numpy() for each in single], axis=-1)


@pytest.mark.parametrize("pooling", ["average", "flatten", "attention"])
def test_the_cells_parts_add_up_to_each_logit_but_for_a_constant(pooling: str) -> None:
    made = network(pooling, "norm", "dropout")
    found = CellParts(made)
    assert "exactly" in found.how
    features, logits = inside(made)
    parts = np.asarray(found(features))
    left = logits - parts.sum(axis=(1, 2))
    assert left[0] == pytest.approx(left[1], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("pooling", ["average", "flatten", "average+max"])
def test_behind_hidden_layers_each_cell_counts_by_the_gradient_at_the_very_picture(pooling: str, output: str) -> None:
    made = network(pooling, "norm", "dense 8", "dropout", "dense 8", output=output)
    found = CellParts(made)
    assert "at the very picture" in found.how
    shape = inside(made)[0].shape
    features = (RNG.normal(size=shape) + 3 * RNG.normal(size=(2, 1, 1, shape[-1]))).astype(np.float32)
    slope = gradients(made, features)
    assert np.abs(slope[0] - slope[1]).max() > 1e-3  # it bends
    if pooling == "average+max":
        slope = slope.mean(axis=(1, 2), keepdims=True)
    assert np.asarray(found(features)) == pytest.approx((features[..., None] * slope).sum(axis=3), rel=1e-3, abs=1e-5)


def test_behind_attention_and_a_hidden_layer_the_parts_are_those_of_what_was_attended_to() -> None:
    made = network("attention", "dense 8")
    features, _ = inside(made)
    attended = keras.Model(made.get_layer("features").output, made.get_layer("attention_pooling").output)(features)
    tail = keras.Model(made.get_layer("attention_pooling").output, made.get_layer("logits").output)
    given = tf.constant(attended)
    with tf.GradientTape() as tape:
        tape.watch(given)
        second = tail(given)[:, 1]
    whole = np.sum(np.asarray(attended) * tape.gradient(second, given).numpy(), axis=1)
    parts = np.asarray(CellParts(made)(features))[..., 1]
    assert parts.sum(axis=(1, 2)) == pytest.approx(whole, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("hidden", [(), ("dense 8",)])
@pytest.mark.parametrize("pooling", ["average", "average+max"])
def test_the_map_of_pooled_features_is_grad_cam(pooling: str, hidden: tuple[str, ...]) -> None:
    made = network(pooling, "norm", *hidden)
    features, logits = inside(made)
    ours = np.asarray(AgainstTheRest()(CellParts(made)(features), keras.ops.convert_to_tensor(logits)))[..., 1]
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


@pytest.mark.parametrize("pooling", ["average", "flatten", "average+max", "attention"])
def test_the_graph_that_ships_makes_the_same_map(pooling: str, tmp_path: Path) -> None:
    made = network(pooling, "norm", "dense 8", "dropout")
    serving = serving_network(made, recipe(), CellParts(made))
    export(serving, tmp_path / "graph.xml")
    graph = openvino.Core().compile_model(tmp_path / "graph.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    given = {"canvas": PICTURES[:1], "calibration": np.array([[1.0, 0.0]], np.float32)}
    wanted = {name: np.asarray(each) for name, each in serving(given).items()}
    assert wanted["gradcam"].shape == (1, 3, 8, 8)
    assert wanted["gradcam"].any()
    for name in ("probabilities", "gradcam"):  # the graph's weights have 16 bits
        assert graph(given)[name] == pytest.approx(wanted[name], rel=0.02, abs=0.02 * float(wanted[name].max()))


def test_a_head_that_there_is_no_way_back_through_is_refused() -> None:
    pictures = keras.layers.Input((16, 16, 1))
    maps = keras.layers.Conv2D(4, 3, name="features")(pictures)
    hidden = keras.layers.Dense(8, activation="tanh", name="bent")(
        keras.layers.GlobalAveragePooling2D(name="average_pooling")(maps)
    )
    with pytest.raises(ValueError, match="bent"):
        CellParts(keras.Model(pictures, keras.layers.Dense(2, name="logits")(hidden)))
    with pytest.raises(ValueError, match="no known way"):
        CellParts(keras.Model(pictures, keras.layers.Dense(2, name="logits")(keras.layers.Flatten(name="else")(maps))))


def test_of_three_classes_each_is_held_against_the_others_as_much_as_they_count() -> None:
    parts, logits = RNG.normal(size=(1, 2, 2, 3)).astype(np.float32), np.array([[0.0, np.log(3), 5.0]], np.float32)
    found = np.asarray(AgainstTheRest()(keras.ops.convert_to_tensor(parts), keras.ops.convert_to_tensor(logits)))
    assert found[..., 2] == pytest.approx(
        np.maximum(parts[..., 2] - 0.25 * parts[..., 0] - 0.75 * parts[..., 1], 0), abs=1e-5
    )
