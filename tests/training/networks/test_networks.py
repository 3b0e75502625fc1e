"""Networks by name: as many parameters as the systems they reproduce, weights that are what they say, views that count if taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo_core.cli import main
from mammo_core.training.recipes.classifier import Recipe, changed, read_one
from tests.shared import SHARED, needs_shared

RECIPES = Path(__file__).parents[3] / "models" / "recipes"
COMMON_HEAD = ["conv 16 valid", "conv 32 valid", "conv 64 valid", "pool", "dropout", "norm"]


def small(**changes: Any) -> Recipe:
    """A three-class CNN for pictures of 32x32."""
    asked = {"size": [32, 32], "network.layers": ["conv 4", "maxpool", "conv 8"], "network.head": ["pool", "dense 6"]}
    return changed(read_one(RECIPES / "cnn-3class.toml"), asked | {k.replace("__", "."): v for k, v in changes.items()})


def mobilenet(**changes: Any) -> Recipe:
    """MobileNet for pictures of 64x64, benign against malignant."""
    asked = {"size": [64, 64], "network.backbone": "MobileNet", "network.weights": "none", "network.head": ["pool"]}
    asked |= {"scaling": "signed", "network.pooling": "average"}
    recipe = read_one(RECIPES / "densenet201-transfer.toml")
    return changed(recipe, asked | {k.replace("__", "."): v for k, v in changes.items()})


def grey(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).random((*shape, 1), dtype=np.float32)


def built(recipe: Recipe, folder: Path | None = None, load: bool = True) -> Any:
    from mammo_core.training.networks import build

    return build(recipe, folder, load=load)


def counted(model: Any) -> tuple[int, int]:
    from mammo_core.training.networks import spelled

    lines = list(spelled(model))
    trained = sum(line.trained for line in lines)
    return trained + sum(line.untrained for line in lines), trained


def test_densenet201_transfer_has_the_parameters_of_its_system() -> None:
    model = built(read_one(RECIPES / "densenet201-transfer.toml"), load=False).model
    assert counted(model) == (18_333_506, 18_100_610)
    assert model.count_params() == 18_333_506


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [
        ("plain", 17_941_810),
        ("resnet50", 23_906_162),
        pytest.param("densenet201", 18_622_002, marks=pytest.mark.slow),
        ("mobilenet", 3_399_858),
        pytest.param("nasnetlarge", 85_520_964, marks=pytest.mark.slow),
        pytest.param("nasnetmobile", 4_445_318, marks=pytest.mark.slow),
    ],
)
def test_each_network_of_the_comparison_has_the_parameters_of_its_system(variant: str, parameters: int) -> None:
    recipe = read_one(RECIPES / "backbone-comparison.toml", variant)
    assert recipe.size == (224, 224)
    assert counted(built(recipe, load=False).model)[0] == parameters


@pytest.mark.slow
def test_inceptionresnetv2_gets_the_smallest_pictures_whose_maps_the_head_fits() -> None:
    recipe = read_one(RECIPES / "backbone-comparison.toml", "inceptionresnetv2")
    model = built(recipe, load=False).model
    assert model.get_layer("features").output.shape[1:] == (1, 1, 64)
    with pytest.raises(ValueError, match="size: head_conv3 needs maps of 3x3, 2x2 come to it"):
        built(changed(recipe, {"size": [side - 1 for side in recipe.size]}), load=False)


def test_pictures_too_small_for_head_or_backbone_are_refused() -> None:
    with pytest.raises(ValueError, match="size: head_conv1 needs maps of 3x3, 2x2 come to it"):
        built(mobilenet(network__head=COMMON_HEAD))
    with pytest.raises(ValueError, match="size: 40x40 is too small for Xception"):
        built(mobilenet(network__backbone="Xception", size=[40, 40]))


def test_an_unknown_backbone_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"network.backbone: there is no 'ResNet51'; .*DenseNet121.*VGG16"):
        built(mobilenet(network__backbone="ResNet51"))


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_two_classes_are_answered_by_probabilities(output: str) -> None:
    model = built(mobilenet(network__output=output)).model
    probabilities = np.asarray(model(grey(3, 64, 64)))
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert model.get_layer("logits").output.shape == (None, 2)


def test_a_sigmoid_is_the_last_class() -> None:
    import keras

    model = built(small(classes=["a", "b"], labels={"benign": "a", "malignant": "b"}, network__output="sigmoid")).model
    x = grey(4, 32, 32)
    score = np.asarray(keras.Model(model.input, model.get_layer("score").output)(x))[:, 0]
    np.testing.assert_allclose(np.asarray(model(x))[:, 1], 1 / (1 + np.exp(-score)), atol=1e-6)


@pytest.mark.parametrize(
    ("pooling", "numbers"), [("average", 8), ("average+max", 16), ("attention", 8), ("flatten", 16 * 16 * 8)]
)
def test_maps_are_pooled_as_the_recipe_says(pooling: str, numbers: int) -> None:
    model = built(small(network__pooling=pooling)).model
    assert model.get_layer("head_dense1").input.shape == (None, numbers)
    assert model.get_layer("features").output.shape == (None, 16, 16, 8)


@pytest.mark.parametrize("fusion", ["average", "max", "attention"])
def test_a_view_that_was_not_taken_does_not_count(fusion: str) -> None:
    model = built(small(network__views=2, network__fusion=fusion, network__pooling="average")).model
    both, black = grey(2, 2, 32, 32), np.zeros((1, 1, 32, 32, 1), np.float32)
    first, second = both[:1, :1], both[1:, :1]
    alone, elsewhere, with_another = (
        np.asarray(model(np.concatenate(views, axis=1))) for views in ([first, black], [black, first], [first, second])
    )
    np.testing.assert_allclose(alone, elsewhere, atol=1e-6)
    assert np.abs(alone - with_another).max() > 1e-4


@pytest.mark.parametrize("views", [2, 4])
def test_views_share_one_backbone_and_keep_their_places(views: int) -> None:
    one, several = (built(small(network__views=n, network__pooling="average")).model for n in (1, views))
    assert counted(several)[0] - counted(one)[0] == (views - 1) * 8 * 6
    x = grey(1, views, 32, 32)
    assert np.abs(np.asarray(several(x)) - np.asarray(several(x[:, ::-1]))).max() > 1e-4


def test_a_network_with_views_and_attention_survives_being_saved(tmp_path: Path) -> None:
    import keras

    model = built(small(network__views=2, network__fusion="attention", network__pooling="attention")).model
    model.save(tmp_path / "network.keras")
    x = grey(2, 2, 32, 32)
    np.testing.assert_allclose(model(x), keras.models.load_model(tmp_path / "network.keras")(x), atol=1e-6)


@pytest.mark.parametrize(
    ("freeze", "last", "first"),
    [
        (0, None, "conv1"),
        ("all", "conv_pw_13_relu", None),
        ("conv_pw_1", "conv_pw_1_relu", "conv_dw_2"),
        ("conv_pw_12", "conv_pw_12_relu", "conv_dw_13"),
        (-3, "conv_dw_13_relu", "conv_pw_13"),
        (1, "conv1", "conv1_bn"),
    ],
)
def test_a_backbone_is_frozen_up_to_a_block(freeze: int | str, last: str | None, first: str | None) -> None:
    model = built(mobilenet(network__freeze=freeze), load=False).model
    of_backbone = [layer for layer in model.layers if layer.name.startswith("conv")]
    frozen = [layer.name for layer in of_backbone if not layer.trainable]
    trained = [layer.name for layer in of_backbone if layer.trainable]
    assert (frozen or [None])[-1] == last
    assert [layer.name for layer in of_backbone] == frozen + trained
    assert model.get_layer("logits").trainable
    assert first is None or model.get_layer(first).trainable


def test_a_block_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"network\.freeze: MobileNet has no block 'conv9'"):
        built(mobilenet(network__freeze="conv9"), load=False)
    with pytest.raises(ValueError, match=r"network.freeze: MobileNet has \d+ layers, not 1000"):
        built(mobilenet(network__freeze=1000), load=False)


def test_mobilenetv2_is_fine_tuned_in_its_top_hundred_layers() -> None:
    model = built(read_one(RECIPES / "normal-abnormal-mobilenet.toml"), load=False).model
    names = [layer.name for layer in model.layers]
    backbone = model.layers[names.index("Conv1") : names.index("out_relu") + 1]
    assert sum(layer.trainable for layer in backbone) == 100
    assert [layer.units for layer in model.layers[-5:] if hasattr(layer, "units")] == [1024, 2048, 1]


def archive(model: Any, path: Path) -> None:
    """A model's weights as `layer/variable` arrays of float16."""
    arrays = {f"{x.name}/{v.path.split('/')[-1]}": np.asarray(v, np.float16) for x in model.layers for v in x.weights}
    np.savez(path, **arrays)


def maps(model: Any, x: np.ndarray, layer: str = "conv_pw_1_relu") -> np.ndarray:
    """An early layer's maps: later ones are next to nothing where weights are random."""
    import keras

    return np.asarray(keras.Model(model.input, model.get_layer(layer).output)(x))


def test_weights_of_an_archive_are_those_that_are_used(tmp_path: Path) -> None:
    other = built(mobilenet(seed=11)).model
    archive(other, tmp_path / "mine.npz")
    of_file = mobilenet(network__weights="mine.npz", network__freeze="all")
    found = built(of_file, tmp_path)
    x = grey(2, 64, 64)
    assert (found.weights, found.remark) == ("mine.npz", "")
    assert not found.model.get_layer("conv1").trainable
    np.testing.assert_allclose(maps(found.model, x), maps(other, x), rtol=0.01, atol=1e-3)
    assert np.abs(maps(built(mobilenet()).model, x) - maps(other, x)).max() > 0.05
    last = [model.get_layer("conv_pw_13").get_weights()[0] for model in (found.model, other)]
    np.testing.assert_allclose(*last, atol=1e-3)


def test_one_channel_sees_a_grey_picture_as_three_do(tmp_path: Path) -> None:
    archive(built(mobilenet(seed=11)).model, tmp_path / "mine.npz")
    three, one = (built(mobilenet(network__weights="mine.npz", channels=n), tmp_path).model for n in (3, 1))
    assert one.get_layer("conv1").input.shape[-1] == 1
    x = grey(2, 64, 64)
    assert maps(three, x).max() > 0.05
    np.testing.assert_allclose(maps(three, x), maps(one, x), rtol=1e-3, atol=1e-5)


def test_a_file_that_is_not_there_or_of_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"network.weights: there is no file .*mine.npz"):
        built(mobilenet(network__weights="mine.npz"), tmp_path)
    np.savez(tmp_path / "mine.npz", **{"conv1/kernel": np.zeros((3, 3, 3, 32))})
    with pytest.raises(ValueError, match=r"mine\.npz has no conv1_bn/gamma, it is not of MobileNet"):
        built(mobilenet(network__weights="mine.npz"), tmp_path)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras finds no ImageNet weights, and says so as it does without a connection."""
    import keras.src.applications.mobilenet as keras_mobilenet
    import keras.src.applications.mobilenet_v2 as keras_mobilenet_v2

    def get_file(name: str, origin: str, **_: Any) -> None:
        raise Exception(f"URL fetch failure on {origin}: None -- [Errno -2] Name or service not known")

    for module in (keras_mobilenet, keras_mobilenet_v2):
        monkeypatch.setattr(module.file_utils, "get_file", get_file)


@pytest.mark.usefixtures("offline")
def test_without_imagenet_weights_it_says_so_and_freezes_nothing() -> None:
    found = built(mobilenet(network__weights="imagenet", network__freeze="all"))
    assert found.weights == "none"
    assert found.remark.startswith("ImageNet weights of MobileNet are not on this machine; it starts from scratch")
    assert all(layer.trainable for layer in found.model.layers)


@needs_shared("weights")
@pytest.mark.usefixtures("offline")
def test_an_archive_stands_in_for_keras_weights_and_is_named() -> None:
    found = built(mobilenet(network__backbone="MobileNetV2", network__weights="imagenet"), SHARED / "weights")
    assert found.weights == "mobilenet_v2_1.0_imagenet_notop_f16.npz"
    assert "not on this machine; those of mobilenet_v2_1.0" in found.remark


@needs_shared("weights")
def test_stage_3_of_resnet50v2_gives_the_maps_of_its_archives_own_loader() -> None:
    import importlib.util

    name = "resnet50v2_gluon_stage3_imagenet_f16.npz"
    source = importlib.util.spec_from_file_location("stage3_loader", SHARED / "weights" / "load_resnet50v2_stage3.py")
    assert source
    assert source.loader
    loader = importlib.util.module_from_spec(source)
    source.loader.exec_module(loader)
    recipe = mobilenet(network__backbone="ResNet50V2Stage3", network__weights=name, scaling="imagenet")
    x = grey(2, 64, 64)
    theirs = np.asarray(loader.build(SHARED / "weights" / name)(np.repeat(x * 255, 3, axis=-1)))
    ours = maps(built(recipe, SHARED / "weights").model, x, "features")
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_scaling_is_what_the_backbones_authors_had() -> None:
    import keras
    from keras import applications

    from mammo_core.training.networks.backbones import scaled

    x = grey(1, 4, 4)
    three = np.repeat(x, 3, axis=-1)
    for name, room in {
        "DenseNet201": applications.densenet,
        "ResNet50": applications.resnet,
        "ResNet50V2": applications.resnet_v2,
        "MobileNetV2": applications.mobilenet_v2,
        "NASNetLarge": applications.nasnet,
        "VGG16": applications.vgg16,
        "EfficientNetB0": applications.efficientnet,
    }.items():
        theirs = np.asarray(room.preprocess_input(np.array(three * 255)))
        np.testing.assert_allclose(scaled(name, "imagenet", 3)(three), theirs, rtol=1e-3, atol=1e-2, err_msg=name)
    np.testing.assert_allclose(scaled("DenseNet201", "signed", 3)(three), 2 * three - 1, atol=1e-6)
    np.testing.assert_allclose(
        keras.layers.Rescaling(1 / 255)(scaled("EfficientNetB0", "signed", 3)(three)), 2 * three - 1, atol=1e-6
    )


@pytest.mark.slow
def test_every_backbone_there_is_builds_and_answers() -> None:
    from mammo_core.training.networks.backbones import BACKBONES

    for name in sorted(set(BACKBONES) - {"NASNetLarge"}):
        model = built(mobilenet(network__backbone=name, size=[96, 96], scaling="imagenet")).model
        probabilities = np.asarray(model(grey(1, 96, 96)))
        np.testing.assert_allclose(probabilities.sum(), 1, atol=1e-5, err_msg=name)


def test_the_command_line_prints_layers_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["networks", str(RECIPES / "backbone-comparison.toml"), "--variant", "plain"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^conv4 +Conv2D +216×216×64 +18,496 *$", printed, re.MULTILINE)
    assert "17,941,810 parameters, 11,969,842 trained" in printed


def test_the_command_line_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.toml").write_text('kind = "classifier"\n', encoding="utf-8")
    assert main(["networks", str(tmp_path / "mine.toml")]) == 2
    assert "mine.toml: missing classes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "line", "totals"),
    [
        ("patch-mobilenetv2", "out_relu +ReLU +any×any×1280 *", "2,261,827 parameters, 2,227,715 trained"),
        ("tissue-resnet50v2", "patch_logits +Dense +3 +3,075 *", "8,570,063 parameters, 8,515,779 trained"),
        ("cytology-conv1d", "conv_4 +Conv1D +5×64 +6,208 *", "11,073 parameters, 10,881 trained"),
    ],
)
def test_the_command_line_prints_layers_and_counts_of_every_kind_of_network(
    recipe: str, line: str, totals: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["networks", str(RECIPES / f"{recipe}.toml")]) == 0
    printed = capsys.readouterr().out
    assert re.search(f"^{line}$", printed, re.MULTILINE)
    assert totals in printed
    assert main(["networks", str(RECIPES / f"{recipe}.toml"), "--variant", "small"]) == 2
    assert "--variant: for comparisons of classifiers" in capsys.readouterr().err


def test_of_an_ensemble_the_members_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["networks", str(RECIPES / "patch-ensemble.toml")]) == 0
    printed = capsys.readouterr().out
    assert "patch-mobilenetv2-0.6/fold4, tissue-resnet50v2-0.2" in printed
    assert "parameters" not in printed
