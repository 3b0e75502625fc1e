"""Tiny sets of made-up breasts: as `Pictures` in memory, and as a data folder to be read."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import cv2
import numpy as np

from mammo_core.training.patch.pictures import COLUMNS, Pictures
from mammo_core.training.recipes.checking import checked
from mammo_core.training.recipes.patch import Recipe
from tests.preprocessing.phantoms import breast

DATA = """
[[data]]
set = "rsna"
title = "RSNA, digital"
source = "digital"
units = ["image", "breast", "exam"]

[[data]]
set = "cbis_ddsm_mass"
title = "CBIS-DDSM masses, film"
source = "film"
units = ["image", "breast"]
masses = true

[[data]]
set = "mini_mias"
title = "mini-MIAS, film"
source = "film"
units = ["image"]
"""
RECIPE = f"""
kind = "patch"
name = "tiny"
version = "1"
title = "Tiny"
seed = 3
backbone = "backbone.npz"
canvas = [128, 96]
start = ""
sets = ["rsna", "cbis_ddsm_mass"]
outside = ["mini_mias"]
patch = 32
dropout = 0.1
norm_momentum = 0.9
limits = ["Made up."]
licence = "None."

[[rounds]]
epochs = 1
steps = 2
batch = 8
rate = 1e-4
smoothing = 0.0
cutout = false
hard_negatives = 0
soft_malignant = 0

[[rounds]]
epochs = 1
steps = 2
batch = 8
rate = 1e-4
smoothing = 0.1
cutout = true
hard_negatives = 2
soft_malignant = 1

[jitter]
rotation = 20.0
scale = 0.2
shift = 3.0
gamma = 0.2
contrast = 0.2
noise = 0.02
blur = 0.3

[[heads]]
name = "all"
features = ["average", "maximum", "maps"]
sets = ["rsna", "cbis_ddsm_mass"]
c = 0.01

[[heads]]
name = "maps"
features = ["maps"]
sets = ["rsna"]
c = 0.01
{DATA}"""


OF_TWO = (
    RECIPE[: RECIPE.index("[[data]]")]
    .replace('["rsna", "cbis_ddsm_mass"]', '["film"]')
    .replace('["rsna"]', '["film"]')
    .replace('"mini_mias"', '"far"')
    + """
[[data]]
set = "film"
title = "Film"
source = "film"
units = ["image", "breast"]
masses = true

[[data]]
set = "far"
title = "Film from afar"
source = "film"
units = ["image"]
"""
)
"""A recipe of two sets as `write_set` makes them, "film" and, outside, "far"."""


def recipe() -> Recipe:
    """`RECIPE`, read."""
    made: Recipe = checked(Recipe, tomllib.loads(RECIPE), "tiny")
    return made


def pictures(n: int = 24, canvas: tuple[int, int] = (128, 96), seed: int = 0) -> Pictures:
    """Three sets in turn, two pictures a woman, every other woman with cancer; film has a box on every picture."""
    rng = np.random.default_rng(seed)
    rows, columns = canvas
    down, across = np.mgrid[:rows, :columns]
    inside = ((down - rows / 2) / (rows / 2)) ** 2 + (across / (columns * 0.9)) ** 2 < 1
    noise = rng.uniform(0, 255, (n, rows, columns)).astype(np.float32)
    soft = np.stack([cv2.GaussianBlur(each, (0, 0), 2) for each in noise])
    table = {key: [""] * n for key in COLUMNS}
    boxes, box_picture, box_malignant = [], [], []
    for number in range(n):
        woman = number // 2
        name = ("rsna", "cbis_ddsm_mass", "ddsm", "mini_mias")[woman % 4]
        malignant = bool(woman // 4 % 2)
        table["file"][number], table["dataset"][number] = f"images/{number}.png", name
        table["patient_id"][number] = f"{name}_{woman}"
        table["laterality"][number], table["view"][number] = "RL"[woman % 2], ("CC", "MLO")[number % 2]
        table["label"][number] = "malignant" if malignant else "not_malignant"
        if name != "rsna":
            top, left = rng.uniform((rows * 0.3, 5), (rows * 0.6, columns * 0.4))
            boxes.append((top, left, top + 12, left + 10))
            box_picture.append(number)
            box_malignant.append(malignant)
    return Pictures(
        (soft * inside).astype(np.uint8),
        np.broadcast_to(inside, (n, rows, columns)).copy(),
        {key: np.array(value) for key, value in table.items()},
        np.array(boxes),
        np.array(box_picture, dtype=np.int64),
        np.array(box_malignant, dtype=bool),
    )


def write_set(data: Path, name: str, mirrored: tuple[bool, ...]) -> list[tuple[int, int, int, int]]:
    """A set's folder of one PNG a woman with one malignant, bright square on each; returns the (top, left, bottom, right)."""
    folder = data / name
    (folder / "images").mkdir(parents=True)
    rows, columns = 260, 200
    squares = []
    with (
        (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as manifest,
        (folder / "boxes.csv").open("w", newline="", encoding="utf-8") as boxes,
    ):
        csv.writer(manifest).writerow(("file", "dataset", "patient_id", "laterality", "view", "label"))
        csv.writer(boxes).writerow(("file", "x0", "y0", "x1", "y1", "kind", "label"))
        for number, mirror in enumerate(mirrored):
            grey, _ = breast(rows, columns, seed=number)
            top, left = 110 + 10 * number, 30 + 5 * number
            grey[top : top + 20, left : left + 24] = 4000
            if mirror:
                grey, left = grey[:, ::-1], columns - left - 24
            file = f"images/{number}.png"
            cv2.imwrite(str(folder / file), (np.clip(grey, 0, 4000) / 4000 * 255).astype(np.uint8))
            csv.writer(manifest).writerow((file, name, f"{name}_{number}", "RL"[mirror], "CC", "malignant"))
            csv.writer(boxes).writerow((file, left, top, left + 24, top + 20, "mass", "malignant"))
            squares.append((top, left, top + 20, left + 24))
    return squares
