"""Networks: where a cell looks, Grad-CAM as a constant, and the same numbers after they have left Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.training.patch.synthetic import pictures

CANVAS = (128, 96)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def backbone() -> Any:
    import keras

    from mammo_core.training.patch.networks import mobilenet_v2

    keras.utils.set_random_seed(11)
    return mobilenet_v2(None, 0.99)


@pytest.fixture(scope="module")
def canvases() -> np.ndarray:
    return pictures(n=3, canvas=CANVAS).canvases[..., None].astype(np.float32) / 255


@pytest.fixture(scope="module")
def serving(backbone: Any, canvases: np.ndarray) -> Any:
    from mammo_core.training.patch.networks import whole_network
    from mammo_core.training.patch.serving import Member, serving_network

    rng = np.random.default_rng(2)
    whole = whole_network(backbone, np.zeros((1280, 3), np.float32), np.zeros(3, np.float32), CANVAS, 112)
    usual = np.asarray(whole(canvases, training=False)["cells"], np.float64).mean(axis=(0, 1, 2))
    kernel = rng.normal(0, 0.05, (1280, 3))
    # Random features are much alike in every cell; without what they share, every class's map has both signs.
    kernel -= np.outer(usual, usual @ kernel) / (usual @ usual)
    tensors = {
        "patch_logits/kernel": kernel.astype(np.float32),
        "patch_logits/bias": rng.normal(0, 0.1, 3).astype(np.float32),
        "head/weights": rng.normal(0, 0.05, (5158, 2)).astype(np.float32),
        "head/bias": np.array([0.1, -0.2], dtype=np.float32),
    }
    tensors |= stored_backbone(backbone)
    return serving_network([Member(tensors, CANVAS, 112)], (1.0, -0.2))


def stored_backbone(backbone: Any) -> dict[str, np.ndarray]:
    return {
        f"{layer.name}/{weight.path.split('/')[-1]}": np.asarray(weight)
        for layer in backbone.layers
        for weight in layer.weights
    }


def blurring_backbone() -> Any:
    """MobileNetV2 that only blurs: positive, symmetric kernels, and biases that keep every activation in its linear part."""
    from mammo_core.training.patch.networks import mobilenet_v2

    made = mobilenet_v2(None, 0.99)
    taps = np.outer([0.1, 0.8, 0.1], [0.1, 0.8, 0.1])
    for layer in made.layers:
        kind = type(layer).__name__
        if kind == "DepthwiseConv2D":
            layer.set_weights([np.broadcast_to(taps[..., None, None], layer.kernel.shape)])
        elif kind == "Conv2D":
            rows, _, depth, _ = layer.kernel.shape
            spread = taps if rows == 3 else np.ones((1, 1))
            layer.set_weights([np.broadcast_to(spread[..., None, None] / depth, layer.kernel.shape)])
        elif kind == "BatchNormalization":
            gamma, beta, mean, variance = layer.get_weights()
            residual = layer.name.endswith("project_BN") and not layer.name.startswith("expanded")
            scale = 0.1 if residual else 1.0
            shift = 0.0 if "depthwise" in layer.name else -3.0 * scale if "project" in layer.name else 3.0
            layer.set_weights([gamma * 0 + scale, beta * 0 + shift, mean * 0, variance * 0 + 1 - layer.epsilon])
    return made


def test_a_cell_looks_at_what_lies_around_its_middle() -> None:
    import tensorflow as tf

    from mammo_core.training.patch.networks import CELL, whole_network

    side = 384
    whole = whole_network(
        blurring_backbone(), np.zeros((1280, 3), np.float32), np.zeros(3, np.float32), (side, side), 112
    )
    canvas = tf.constant(np.full((1, side, side, 1), 0.5, np.float32))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(canvas)
        cells = whole(canvas, training=False)["cells"]
        picked = {
            place: tf.reduce_sum(cells[0, place[0], place[1]]) for place in ((11, 11), (11, 12), (12, 11), (12, 12))
        }
    assert cells.shape[1:3] == (side // CELL, side // CELL)
    grid = np.arange(side)
    for place, value in picked.items():
        response = tape.gradient(value, canvas).numpy()[0, ..., 0].astype(np.float64)
        assert response.min() >= 0
        share = response / response.sum()
        centroid = np.array([(share.sum(axis=1) * grid).sum(), (share.sum(axis=0) * grid).sum()])
        np.testing.assert_allclose(centroid, np.array(place) * CELL + (CELL - 1) / 2, atol=1)


def test_outputs_have_the_shapes_that_are_promised(serving: Any, canvases: np.ndarray) -> None:
    out = {
        name: np.asarray(value)
        for name, value in serving([canvases, np.tile(np.float32([1, 0.5, 0]), (3, 1))], training=False).items()
    }
    assert {name: value.shape for name, value in out.items()} == {
        "scores": (3, 3),
        "probabilities": (3, 3),
        "gradcam": (3, 3, 8, 6),
        "lesion": (3, 3, 16, 12),
    }
    np.testing.assert_allclose(out["probabilities"].sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(out["lesion"].sum(axis=1), 1, atol=1e-5)
    assert out["gradcam"].min() >= 0


def test_calibration_weighs_the_heads_and_touches_nothing_else(serving: Any, canvases: np.ndarray) -> None:
    rows = np.array([[1, 0, 0], [0, 1, 0], [0.7, 2.0, -0.4]], dtype=np.float32)
    first, second, both = (
        np.asarray(serving([canvases, np.tile(row, (3, 1))], training=False)["scores"], np.float64) for row in rows
    )
    np.testing.assert_allclose(both[:, 2], 0.7 * first[:, 2] + 2.0 * second[:, 2] - 0.4, atol=1e-5)
    np.testing.assert_allclose(both[:, :2], first[:, :2], atol=1e-6)
    np.testing.assert_allclose(both[:, 0], -both[:, 1], atol=1e-5)
    assert not np.allclose(first[:, 2], second[:, 2])


def test_probabilities_are_those_of_the_scores(serving: Any, canvases: np.ndarray) -> None:
    out = serving([canvases, np.tile(np.float32([0.7, 0.2, -0.4]), (3, 1))], training=False)
    scores, probabilities = np.asarray(out["scores"], np.float64), np.asarray(out["probabilities"], np.float64)
    malignant = 1 / (1 + np.exp(-scores[:, 2]))
    np.testing.assert_allclose(probabilities[:, 2], malignant, atol=1e-6)
    np.testing.assert_allclose(probabilities[:, 1], (1 - malignant) / (1 + np.exp(-scores[:, 1])), atol=1e-6)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_gradcam_in_one_pass_is_gradcam_by_gradients(serving: Any, canvases: np.ndarray, kind: int) -> None:
    import keras
    from tf_keras_vis.gradcam import Gradcam

    from mammo_core.training.patch.networks import POOLED

    calibration = np.tile(np.float32([1, 0.5, 0]), (3, 1))
    scorer = keras.Model(serving.inputs, serving.output["scores"])
    by_gradients = Gradcam(scorer, clone=False)(
        lambda scores: scores[:, kind],
        [canvases, calibration],
        penultimate_layer=POOLED,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    in_one_pass = serving([canvases, calibration], training=False)["gradcam"]
    in_one_pass = np.asarray(in_one_pass)[:, kind]
    largest = np.max(by_gradients)
    assert largest > 0
    np.testing.assert_allclose(in_one_pass / largest, np.asarray(by_gradients) / largest, atol=1e-4)


def test_the_exported_graph_says_what_keras_says(serving: Any, canvases: np.ndarray, tmp_path: Path) -> None:
    import openvino

    from mammo_core.training.export import export

    export(serving, tmp_path / "graph.xml")
    core = openvino.Core()
    graph = core.compile_model(core.read_model(tmp_path / "graph.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    calibration = np.tile(np.float32([0.8, 0.4, -0.3]), (3, 1))
    exported = graph({"canvas": canvases, "calibration": calibration})
    for name, value in serving([canvases, calibration], training=False).items():
        value = np.asarray(value)
        tolerance = 2e-3 * max(1.0, float(np.abs(value).max()))  # stored as float16
        np.testing.assert_allclose(exported[name], value, atol=tolerance, err_msg=name)


def test_members_of_several_canvases_say_their_mean(backbone: Any, tmp_path: Path) -> None:
    import openvino
    from keras import ops

    from mammo_core.training.export import export
    from mammo_core.training.patch.serving import Member, serving_network

    rng = np.random.default_rng(4)

    def member(canvas: tuple[int, int], patch: int) -> Member:
        tensors = {
            "patch_logits/kernel": rng.normal(0, 0.05, (1280, 3)).astype(np.float32),
            "patch_logits/bias": rng.normal(0, 0.1, 3).astype(np.float32),
            "head/weights": rng.normal(0, 0.05, (5158, 2)).astype(np.float32),
            "head/bias": np.array([0.1, -0.2], dtype=np.float32),
        }
        return Member(tensors | stored_backbone(backbone), canvas, patch)

    coarse, fine = member((128, 96), 112), member((192, 144), 160)
    picture = cv2.GaussianBlur(rng.uniform(0, 1, (192, 144)).astype(np.float32), (0, 0), 3)[None, ..., None]
    calibration = np.float32([[0.6, 0.3, -0.1]])
    shrunk = cv2.resize(picture[0, ..., 0], (96, 128), interpolation=cv2.INTER_AREA)[None, ..., None]
    alone = [
        serving_network([each], (1.0, -0.2))([seen, calibration], training=False)
        for each, seen in ((coarse, shrunk), (fine, picture))
    ]
    both = serving_network([coarse, fine], (1.0, -0.2))
    together = both([picture, calibration], training=False)
    mean = np.mean([np.asarray(each["scores"]) for each in alone], axis=0)
    np.testing.assert_allclose(together["scores"], mean, atol=1e-4)
    assert together["lesion"].shape == (1, 3, 24, 18)
    np.testing.assert_allclose(ops.sum(together["lesion"], axis=1), 1, atol=1e-5)
    export(both, tmp_path / "graph.xml")
    core = openvino.Core()
    graph = core.compile_model(core.read_model(tmp_path / "graph.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    exported = graph({"canvas": picture, "calibration": calibration})
    np.testing.assert_allclose(exported["lesion"], together["lesion"], atol=2e-3)
    np.testing.assert_allclose(exported["scores"], together["scores"], atol=2e-3)
