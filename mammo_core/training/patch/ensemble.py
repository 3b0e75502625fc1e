"""What several patch networks say together, of women whom those asked had not seen.

Each picture is judged by the mean of the members that were not trained on its woman: one of the fold networks for a woman of the
training sets, all of them for an outside set. Nothing is averaged that would let a woman be scored by a network that knows her.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.training.patch.fit import read_whole
from mammo_core.training.patch.pictures import NO_FOLD, Pictures
from mammo_core.training.patch.predictions import Predictions, said_by
from mammo_core.training.patch.serving import Member
from mammo_core.training.patch.tissue import Tissue, load_tissue, said_of_tissue
from mammo_core.training.recipes.patch import Recipe, read_recipe

FloatArray = npt.NDArray[np.float64]
TISSUE = "tissue"
"""Name of the tissue network's head, and of its tensors."""


def load_member(folder: Path) -> Member:
    """The trained network of a run's folder, its heads side by side."""
    recipe = read_recipe(folder.parent / "recipe.toml")
    return Member(_with_heads_together(read_whole(folder / "weights.safetensors"), recipe), recipe.canvas, recipe.patch)


def head_names(recipe: Recipe, tissue: bool) -> list[str]:
    """The heads of patch networks of `recipe`, in the order of their scores, with a tissue network's beside them if there is one."""
    return [*(head.name for head in recipe.heads), *([TISSUE] if tissue else [])]


@dataclass(frozen=True, eq=False)
class Said:
    """What several networks say together: `predictions` of k heads, which folders speak of each picture, and how the mean is stretched.

    Heads are stretched by `stretch` (k,) about `middle` (k,); 1 and 0 where nothing is.
    """

    predictions: Predictions
    speakers: list[tuple[Path, ...]]
    stretch: FloatArray
    middle: FloatArray


@dataclass(frozen=True, eq=False)
class Together:
    """What several networks say together, and `members` and `tissue` as they ship."""

    said: Said
    members: list[Member]
    tissue: Tissue | None


def said_together(folders: list[Path], pictures: Pictures, sets: tuple[str, ...], tissue: Path | None = None) -> Said:
    """What the networks in `folders` said together, each a folder "fold<n>"; with the run `tissue`, its head of that fold beside them.

    Their weights are not needed. A picture of a set that no tissue head was fitted to has NaN there: nothing is judged or calibrated
    on it.

    The mean of several networks spreads less than one of them alone does, and calibration and operating points come from women
    of whom one alone may speak. So the heads are stretched about their mean until all together spread as one does on the pictures
    (outside `sets`) that all have never seen; no label is looked at.
    """
    said = [said_by(folder, pictures) for folder in folders]
    if tissue is not None:
        told = said_of_tissue(tissue, pictures)
        said = [
            {row: ([*heads, told.get((row, fold), np.nan)], benign) for row, (heads, benign) in own.items()}
            for fold, own in zip(_folds(folders), said, strict=True)
        ]
    rows = np.array(sorted(set().union(*said)), dtype=np.int64)
    speakers = [tuple(number for number, own in enumerate(said) if row in own) for row in rows.tolist()]
    scores = np.array(
        [np.mean([said[k][row][0] for k in who], axis=0) for row, who in zip(rows.tolist(), speakers, strict=True)]
    )
    benign = np.array(
        [np.mean([said[k][row][1] for k in who]) for row, who in zip(rows.tolist(), speakers, strict=True)]
    )
    outside = ~pictures.of(*sets)[rows]
    fold = np.where(outside, NO_FOLD, pictures.folds()[rows])
    stretch, middle = np.ones(scores.shape[1]), np.zeros(scores.shape[1])
    if outside.any() and len(folders) > 1:
        alone = np.array([[said[k][row][0] for row in rows[outside].tolist()] for k in range(len(folders))])
        stretch = np.nanstd(alone, axis=1).mean(axis=0) / np.nanstd(scores[outside], axis=0)
        middle = np.nanmean(scores[outside], axis=0)
        scores[outside] = middle + (scores[outside] - middle) * stretch
    asked = [tuple(folders[k] for k in who) for who in speakers]
    return Said(Predictions(rows, scores, benign, fold.astype(np.int64)), asked, stretch, middle)


def together(folders: list[Path], pictures: Pictures, sets: tuple[str, ...], tissue: Path | None = None) -> Together:
    """What the networks say together, and the networks, whose heads are stretched alike; arguments as of `said_together`."""
    said = said_together(folders, pictures, sets, tissue)
    stretch, middle = said.stretch, said.middle
    shipped = None
    if tissue is not None:
        shipped = load_tissue(tissue, _folds(folders))
        shipped = replace(shipped, tensors=_stretched(shipped.tensors, float(stretch[-1]), float(middle[-1])))
        stretch, middle = stretch[:-1], middle[:-1]
    members = [load_member(folder) for folder in folders]
    return Together(
        said,
        [replace(each, tensors=_stretched(each.tensors, stretch, middle)) for each in members],
        shipped,
    )


def _folds(folders: list[Path]) -> list[int]:
    return [int(folder.name.removeprefix("fold")) for folder in folders]


def _stretched(
    tensors: Mapping[str, npt.NDArray[Any]], stretch: FloatArray | float, middle: FloatArray | float
) -> dict[str, npt.NDArray[Any]]:
    head = {
        "head/weights": tensors["head/weights"] * stretch,
        "head/bias": middle + (tensors["head/bias"] - middle) * stretch,
    }
    return {**tensors, **{name: np.asarray(each, dtype=np.float32) for name, each in head.items()}}


def _with_heads_together(
    tensors: dict[str, npt.NDArray[np.float32]], recipe: Recipe
) -> dict[str, npt.NDArray[np.float32]]:
    """The run's weights with its heads side by side: `head/weights` (features, k) and `head/bias` (k,)."""
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("head")}
    numbers = range(len(recipe.heads))
    kept["head/weights"] = np.stack([tensors[f"head{number}/weights"] for number in numbers], axis=1)
    kept["head/bias"] = np.concatenate([tensors[f"head{number}/bias"] for number in numbers])
    return kept
