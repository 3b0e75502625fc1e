"""What a reader of a run's figures must know, in sentences made from the figures themselves. No figure is made here."""

from __future__ import annotations

from typing import Any

import numpy as np

from mammo_core.training.judging.points import ITSELF
from mammo_core.training.lab.records import Predictions
from mammo_core.training.recipes import Judged

FOLDS = 5
"""In how many parts the women are taken when the metadata's baseline is made."""
FEW = 10
"""With fewer pictures of either kind than this no threshold is set and nothing is calibrated."""


def not_judged(recipe: Judged, told: Predictions) -> list[str]:
    """A sentence for the folds of which there are no predictions."""
    absent = [f"fold{fold}" for fold in range(recipe.folds) if fold not in told.fold]
    return (
        [f"Of {recipe.folds} folds these have no predictions and are not judged: {', '.join(absent)}."]
        if absent
        else []
    )


def tuned(recipe: Judged) -> list[str]:
    """A sentence for a recipe whose values a search chose."""
    if not recipe.tuned:
        return []
    by_whom = "in other folds women who are judged here" if recipe.folds > 1 else "none whom that split holds out"
    end = ": figures on these data are somewhat flattered" if recipe.folds > 1 else ""
    return [f"Its values were chosen by a search on {recipe.tuned}, by women watched in training, {by_whom}{end}."]


def notes(recipe: Judged, sets: list[dict[str, Any]]) -> list[str]:
    """What a reader of the figures must know, in sentences."""
    found = [f"AUC and both rates are of {recipe.classes[-1]} against the rest.", *tuned(recipe)]
    sets = [row for row in sets if row["part"] != "validation"]  # those women steer, they do not judge
    flattered = [
        f"{row['set']}, {row['part']}"
        for row in sets
        if row["unit"] == "image" and row["operating_points"][0]["set_on"] == ITSELF
    ]
    if flattered:
        found.append(
            f"{FEW} validation pictures of either kind are needed in every fold to set thresholds on. There are not, for "
            f"{'; '.join(flattered)}: there they were set on the very cases they are judged on, and are flattered by it."
        )
    of_folds = [row for row in sets if row["unit"] == "image" and row["auc_by_fold"]]
    for row in of_folds:
        each = list(row["auc_by_fold"].values())
        found.append(
            f"{row['set']}, {row['part']}, {row['unit']}: AUC of the folds' networks, each on its own women, "
            f"{', '.join(f'{auc:.2f}' for auc in each)}; mean {np.mean(each):.2f}."
        )
    if of_folds:
        found.append(
            "AUCs of all folds together pool their probabilities as they are; a promoted network's card pools them calibrated."
        )
    found += [
        f"{row['set']}, {row['part']}, {row['unit']}: metadata alone (AUC {row['metadata_auc'][0]:.2f}) tell more than this network "
        f"({row['auc'][0]:.2f})."
        for row in sets
        if row["metadata_auc"] and row["metadata_auc"][0] > row["auc"][0]
    ]
    silent = dict.fromkeys(f"{row['set']}, {row['part']}" for row in sets if row["metadata_auc"] is None)
    if silent:
        found.append(
            f"Of metadata alone nothing is said for {'; '.join(silent)}: age, machine, site, view and volume are not stated or all the "
            f"same there, or there are fewer than {FOLDS} women of a kind."
        )
    units: dict[str, list[str]] = {}
    for row in sets:
        if row["auc"][0] <= row["permuted_auc"][2]:
            of = units.setdefault(f"{row['set']}, {row['part']}", [])
            of.append(f"{row['unit']} (those reach {row['permuted_auc'][2]:.2f})")
    found += [f"{whom}: no better than shuffled labels by {', '.join(of)}." for whom, of in units.items()]
    return found
