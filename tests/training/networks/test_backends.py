"""One recipe, one file of weights: the same answers on either backend of Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo_core.training.recipes.checking import written
from mammo_core.training.recipes.classifier import changed, read_one

RECIPES = Path(__file__).parents[3] / "models" / "recipes"
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "plain": ("cnn-3class", {"size": [48, 32]}, (48, 32, 1)),
    "views": (
        "cnn-3class",
        {"size": [32, 32], "network.views": 2, "network.fusion": "attention", "network.pooling": "attention"},
        (2, 32, 32, 1),
    ),
    "backbone": ("normal-abnormal-mobilenet", {"size": [64, 64], "network.weights": "none"}, (64, 64, 1)),
}
# Run by the other backend. argv: the folder; it answers beside the weights it found there.
ELSEWHERE = """
import sys
from pathlib import Path
import keras, numpy as np
from mammo_core.training.recipes.classifier import read_one
from mammo_core.training.networks import build
assert keras.backend.backend() == "jax"
for folder in Path(sys.argv[1]).iterdir():
    model = build(read_one(folder / "recipe.toml")).model
    model.load_weights(folder / "network.weights.h5")
    np.save(folder / "jax.npy", model.predict(np.load(folder / "pictures.npy"), verbose=0))
"""


@pytest.mark.slow
def test_jax_answers_as_tensorflow_does(tmp_path: Path) -> None:
    from mammo_core.training.networks import build

    here = {}
    for name, (recipe_name, changes, shape) in CASES.items():
        recipe = changed(read_one(RECIPES / f"{recipe_name}.toml"), changes)
        model = build(recipe).model
        pictures = np.random.default_rng(5).random((3, *shape), dtype=np.float32)
        here[name] = model.predict(pictures, verbose=0)
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.toml").write_text(written(recipe), encoding="utf-8")
        np.save(tmp_path / name / "pictures.npy", pictures)
        model.save_weights(tmp_path / name / "network.weights.h5")
    environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, answers in here.items():
        np.testing.assert_allclose(np.load(tmp_path / name / "jax.npy"), answers, atol=1e-4, err_msg=name)
