"""Who is fitted, watched, judged, or left out, in each fold of a recipe's protocol: whole women, before anything is decoded or changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mammo_core.training.datasets import Row, Table
from mammo_core.training.datasets.listing import in_both_parts
from mammo_core.training.recipes.classifier import Recipe
from mammo_core.training.splits import folds, split

TRAIN, VALIDATION, TEST, OUTSIDE, LEFT_OUT = "train", "validation", "test", "outside", "left out"


def divided(rows: Sequence[Row], recipe: Recipe, fold: int) -> dict[str, str]:
    """The part of every woman in one fold. A woman with a picture in an outside set is outside, whatever else she has.

    A woman who stands in two official parts is judged where her turn comes, and never fitted or watched.

    Raises ValueError where there are too few women.
    """
    protocol, rng = recipe.protocol, np.random.default_rng(recipe.seed)
    outside = {row.patient_id for row in rows if row.dataset in protocol.outside}
    inside = [row for row in rows if row.patient_id not in outside]
    labels = sorted(recipe.labels, key=lambda label: [recipe.classes.index(name) for name in recipe.labels[label]][-1])
    if protocol.kind == "folds":
        numbers = folds(Table(tuple(inside)), labels, protocol.k, rng)
        parts = {woman: TEST if number == fold else TRAIN for woman, number in numbers.items()}
    else:
        parts = split(Table(tuple(inside)), labels, protocol.share, rng, TEST)
    parts.update({woman: LEFT_OUT for woman in in_both_parts(inside) if parts[woman] == TRAIN})
    if protocol.validation:
        kept = tuple(row for row in inside if parts[row.patient_id] == TRAIN)
        watched = split(
            Table(kept), labels, protocol.validation, np.random.default_rng([recipe.seed, fold]), VALIDATION
        )
        parts.update(watched)
    return parts | dict.fromkeys(outside, OUTSIDE)
