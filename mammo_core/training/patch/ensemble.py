"""What several patch networks say together, of women whom those asked had not seen.

Each picture is judged by the mean of the members that were not trained on its woman: one of the fold networks for a woman of the
training sets, all of them for an outside set. Nothing is averaged that would let a woman be scored by a network that knows her.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from mammo_core.training.patch.pictures import NO_FOLD, Pictures
from mammo_core.training.patch.predictions import Predictions, said_by
from mammo_core.training.patch.recipe import Recipe, read_recipe
from mammo_core.training.patch.serving import Member

FloatArray = npt.NDArray[np.float64]


def load_member(folder: Path) -> Member:
    """The trained network of a run's folder, its heads side by side."""
    recipe = read_recipe(folder / "recipe.toml")
    return Member(_with_heads_together(load_file(folder / "weights.safetensors"), recipe), recipe.canvas, recipe.patch)


def together(
    folders: list[Path], pictures: Pictures, sets: tuple[str, ...]
) -> tuple[Predictions, list[Member], list[tuple[Path, ...]]]:
    """What the networks in `folders` say together, the members as they ship, and which folders speak of each picture.

    The mean of several networks spreads less than one of them alone does, and calibration and operating points come from women
    of whom one alone may speak. So the members' heads are stretched about their mean until all together spread as one does on
    the pictures (outside `sets`) that all have never seen; no label is looked at.
    """
    said = [said_by(folder, pictures) for folder in folders]
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
    members = [load_member(folder) for folder in folders]
    if outside.any() and len(folders) > 1:
        alone = np.array([[said[k][row][0] for row in rows[outside].tolist()] for k in range(len(folders))])
        stretch = alone.std(axis=1).mean(axis=0) / scores[outside].std(axis=0)
        middle = scores[outside].mean(axis=0)
        scores[outside] = middle + (scores[outside] - middle) * stretch
        members = [_stretched(member, stretch, middle) for member in members]
    asked = [tuple(folders[k] for k in who) for who in speakers]
    return Predictions(rows, scores, benign, fold.astype(np.int64)), members, asked


def _stretched(member: Member, stretch: FloatArray, middle: FloatArray) -> Member:
    tensors = dict(member.tensors)
    tensors["head/weights"] = (tensors["head/weights"] * stretch).astype(np.float32)
    tensors["head/bias"] = (middle + (tensors["head/bias"] - middle) * stretch).astype(np.float32)
    return replace(member, tensors=tensors)


def _with_heads_together(
    tensors: dict[str, npt.NDArray[np.float32]], recipe: Recipe
) -> dict[str, npt.NDArray[np.float32]]:
    """The run's weights with its heads side by side: `head/weights` (features, k) and `head/bias` (k,)."""
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("head")}
    numbers = range(len(recipe.heads))
    kept["head/weights"] = np.stack([tensors[f"head{number}/weights"] for number in numbers], axis=1)
    kept["head/bias"] = np.concatenate([tensors[f"head{number}/bias"] for number in numbers])
    return kept
