"""What a run's network looked at in a picture: heat maps written beside the run, by the methods that its kind of network has.

For a researcher's eyes: these maps are not calibrated, and differ from method to method. Keras is imported when a map is made, so that
`methods` and `place` may be asked by anyone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import FloatArray, Refusal
from mammo_core.intake import Reader
from mammo_core.presentation import colour_map, png
from mammo_core.training.bench.pictures import canvas
from mammo_core.training.datasets import read_dataset
from mammo_core.training.lab import records, runs
from mammo_core.training.patch.pictures import read_rows
from mammo_core.training.recipes import Judged, recipe_of
from mammo_core.training.recipes.checking import kind_of
from mammo_core.training.recipes.classifier import Recipe as Classifier
from mammo_core.training.recipes.patch import PatchRecipe

METHODS = {
    "classifier": {
        "gradcam": "Grad-CAM",
        "gradcam++": "Grad-CAM++",
        "scorecam": "Score-CAM",
        "smoothgrad": "SmoothGrad",
    },
    "patch": {"lesion": "Lesion map", "gradcam": "Grad-CAM"},
    "tissue": {},
}
"""By the kind of recipe: the names that the command line knows maps under, and what they are called. The first is the usual one."""
LARGEST = 640
"""Longest side of a written picture: enough to see by, small enough to load."""
OPACITY = 0.6


def methods(run: Path) -> dict[str, str]:
    """The methods by which maps of a run's networks can be made; none where they have no map."""
    return METHODS.get(kind_of(run / "recipe.toml"), {})


def place(run: Path, dataset: str, file: str, method: str) -> Path:
    """Where the heat map of a picture lies, if it was made: a PNG of picture and map; beside it the map alone as .npy."""
    name = hashlib.sha256(f"{dataset}/{file}".encode()).hexdigest()[:16]
    return run / "explain" / f"{name}-{method.replace('+', 'p')}.png"


def explain(run: Path, files: Sequence[str], method: str = "", fold: int | None = None) -> list[Path]:
    """Write the heat maps of some of a run's pictures, of its last class, and give where they are (see `place`).

    A file is named as predictions.csv names it, or "set/file" where several sets have one of that name. Each picture is explained by
    the network that judged it, or that of `fold`. The .npy holds (rows, columns) float32 0..1 on the network's grid.

    Raises:
        ValueError: its networks have no map by that method or read several pictures at once, or a picture is not there or cannot be read.
        FileNotFoundError: the network of the fold is not there.
    """
    known, recipe = methods(run), recipe_of(run)
    if not known:
        raise ValueError(f"{recipe.name} draws no map")
    if method and method not in known:
        raise ValueError(f"{recipe.name} has no map by the method {method!r}; it has {', '.join(known)}")
    method = method or next(iter(known))
    if isinstance(recipe, Classifier):
        from mammo_core.training.bench.looking import looker
    else:
        from mammo_core.training.patch.looking import looker
    asked = [_asked(run, file, fold) for file in files]
    paths = pictures_of(run) if asked else {}
    written = []
    for number in sorted({each for _, each in asked}):
        look = looker(run, number, method)
        for key in (key for key, each in asked if each == number):
            if key not in paths:
                raise ValueError(f"{key[1]!r} is no longer among the run's data")
            seen = _seen(paths[key], recipe)
            heat = look((seen[..., None] / 255).astype(np.float32))
            path = place(run, *key, method)
            _write(path, seen, heat)
            written.append(path)
    return written


def pictures_of(run: Path) -> dict[tuple[str, str], Path]:
    """Where each picture of a run's data lies, by its set and the name that predictions.csv has."""
    recipe, data = recipe_of(run), Path(runs.read_run(run).data)
    rows = read_rows(data, recipe.needs) if isinstance(recipe, PatchRecipe) else read_dataset(data).rows
    return {(row.dataset, row.file): row.path for row in rows}


def _asked(run: Path, file: str, fold: int | None) -> tuple[tuple[str, str], int]:
    """The set and file of the picture that a name stands for, and the fold whose network is asked."""
    told = records.read_predictions(run)
    names = told.columns["file"]
    whole = np.char.add(np.char.add(told.columns["dataset"], "/"), names)
    rows = np.flatnonzero((names == file) | (whole == file))
    if not len(rows):
        raise ValueError(f"{run.name} has judged no picture {file!r}")
    sets = set(told.columns["dataset"][rows].tolist())
    if len(sets) > 1:
        raise ValueError(f"{file!r} is in {', '.join(sorted(sets))}; say set/file")
    first = int(rows[np.argmin(told.columns["part"][rows] == "validation")])  # who judged it, before who watched it
    key = (str(told.columns["dataset"][first]), str(names[first]))
    return key, int(told.fold[first]) if fold is None else fold


def _seen(path: Path, recipe: Judged) -> npt.NDArray[np.uint8]:
    with Reader(1) as reader:
        found = next(iter(reader.read(path.name, path.read_bytes(), lenient=True)), None)
    if found is None or isinstance(found, Refusal):
        raise ValueError(f"{path.name}: {found.sentence if found else 'The file holds no picture.'}")
    return canvas(found, recipe.size, recipe.crop)


def _write(path: Path, seen: npt.NDArray[np.uint8], heat: FloatArray) -> None:
    """Picture and map as one PNG, the map alone as .npy; the PNG last, since it is what is looked for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), heat)
    scale = min(1.0, LARGEST / max(seen.shape))
    size = (round(seen.shape[1] * scale), round(seen.shape[0] * scale))
    grey = cv2.cvtColor(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR).astype(np.float32)
    colours = cv2.resize(colour_map(heat, OPACITY), size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    part = colours[..., 3:] / 255
    both = grey * (1 - part) + colours[..., 2::-1] * part
    path.write_bytes(png(np.rint(both).astype(np.uint8)))
