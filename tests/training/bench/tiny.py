"""Tiny pictures that differ in one plain thing, the recipe of a tiny network, and folds made of both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.training.bench.samples import Samples, samples
from mammo_core.training.datasets import Row
from mammo_core.training.recipes.classifier import Recipe, changed, from_table

TABLE: dict[str, Any] = {
    "kind": "classifier",
    "name": "tiny",
    "version": "1",
    "title": "Tiny",
    "seed": 3,
    "classes": ["benign", "malignant"],
    "labels": {"benign": "benign", "malignant": "malignant"},
    "size": [16, 16],
    "channels": 1,
    "crop": "breast",
    "system": {"title": "none", "stated": "none stated", "reason": "a test"},
    "network": {
        "backbone": "plain",
        "layers": ["conv 4", "maxpool"],
        "head": ["norm", "pool", "dropout", "dense 8"],
        "dropout": 0.1,
        "norm_momentum": 0.5,
    },
    "training": {"epochs": 2, "batch": 8, "rate": 0.02},
    "protocol": {"kind": "holdout", "share": 0.25, "validation": 0.25},
}
AUGMENTED = {
    "augmentation.rotation": 10.0,
    "augmentation.zoom": 0.1,
    "augmentation.shift": 0.05,
    "augmentation.flip_horizontal": True,
    "augmentation.contrast": 0.1,
    "augmentation.brightness": 0.05,
    "augmentation.blur": 0.2,
    "augmentation.cutout": 0.3,
    "augmentation.mixup": 0.3,
}


def recipe(**changes: Any) -> Recipe:
    """The tiny recipe, with other values by key, dots written as two underscores."""
    return changed(from_table(TABLE, "tiny"), {key.replace("__", "."): value for key, value in changes.items()})


def pictures(n: int, side: int = 16) -> npt.NDArray[np.uint8]:
    """(n, side, side) noise; every second one has a bright square in its middle."""
    store = np.random.default_rng(0).integers(0, 100, (n, side, side)).astype(np.uint8)
    store[1::2, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] += 120
    return store


def rows(n: int, label: Callable[[int], str] = lambda number: ("benign", "malignant")[number % 2]) -> list[Row]:
    """A row a woman; every second one is malignant."""
    return [Row(Path(f"{i}.png"), f"{i}.png", "set", f"w{i}", label(i)) for i in range(n)]


def tiny_samples(n: int, asked: Recipe) -> Samples:
    """The samples of `pictures(n)`."""
    return samples(rows(n), np.arange(n), asked)


def data_folder(folder: Path, n: int = 24) -> Path:
    """A folder per class with pictures that look like breasts, every one of another woman; malignant ones have a bright disc."""
    rng = np.random.default_rng(1)
    for number in range(n):
        label = ("benign", "malignant")[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        outline = int(rng.integers(110, 150)), int(rng.integers(80, 120))
        breast = cv2.ellipse(
            np.zeros((256, 176), np.float32), (0, int(rng.integers(110, 146))), outline, 0, -90, 90, 1, -1
        )
        tissue = cv2.GaussianBlur(rng.normal(size=breast.shape).astype(np.float32), (0, 0), 2)
        breast *= 60 + 100 * (tissue - tissue.min()) / np.ptp(tissue)
        if label == "malignant":
            cv2.circle(breast, (int(rng.integers(40, 70)), int(rng.integers(110, 150))), 22, 250, -1)
        cv2.imwrite(str(folder / label / f"{label}{number}.png"), breast.astype(np.uint8))
    return folder
