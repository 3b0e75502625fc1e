"""What a run said, put together as the cases that are judged: pictures, breasts and exams, each with what is truly known of it.

No Keras, no figures. A label that leaves open which of several classes a picture belongs to counts where they all say the same
of what is looked for, the last class, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.inference.combine import CLIP, mean_log_odds
from mammo_core.training.lab.records import Predictions
from mammo_core.training.recipes import Judged

UNITS = ("image", "breast", "exam")
UNKNOWN = -1
"""Class of a picture whose label leaves several open."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cases:
    """n cases of one unit: `score` in log-odds of the last class, `truth` whether it is that, `woman`; `lead` is a row of each."""

    score: Floats
    truth: Bools
    woman: npt.NDArray[np.str_]
    lead: Numbers

    @property
    def probability(self) -> Floats:
        """(n,) probability of the last class."""
        return np.asarray(1 / (1 + np.exp(-self.score)))


def log_odds(probability: npt.ArrayLike) -> Floats:
    """(n,) log-odds of (n,) probabilities, which are kept off 0 and 1 as when an exam is put together."""
    kept = np.clip(np.asarray(probability, np.float64), CLIP, 1 - CLIP)
    return np.asarray(np.log(kept / (1 - kept)))


def select(predictions: Predictions, chosen: npt.NDArray[Any]) -> Predictions:
    """Those of the predictions that are `chosen`: (n,) bool, or numbers of rows."""
    return replace(
        predictions,
        columns={key: values[chosen] for key, values in predictions.columns.items()},
        probabilities=predictions.probabilities[chosen],
        fold=predictions.fold[chosen],
    )


def first_of_each(predictions: Predictions) -> Predictions:
    """Each picture once, as the first fold that speaks of it says: one network is judged, not the mean of several."""
    seen: dict[tuple[str, str, str], int] = {}
    columns = (predictions.columns[key].tolist() for key in ("dataset", "file", "part"))
    for row, key in enumerate(zip(*columns, strict=True)):
        seen.setdefault(key, row)
    return select(predictions, np.array(list(seen.values()), np.int64))


def known_class(labels: Sequence[str] | npt.NDArray[np.str_], recipe: Judged) -> Numbers:
    """(n,) place of each label's class in the recipe's classes, `UNKNOWN` where the label leaves several open."""
    possible = [_possible(str(label), recipe) for label in labels]
    return np.array([recipe.classes.index(one[0]) if len(one) == 1 else UNKNOWN for one in possible], np.int64)


def looked_for(labels: Sequence[str] | npt.NDArray[np.str_], recipe: Judged) -> tuple[Bools, Bools]:
    """(n,) whether each label is the last class, and (n,) whether that can be told of it."""
    last = recipe.classes[-1]
    possible = [_possible(str(label), recipe) for label in labels]
    truth = np.array([last in one for one in possible], bool)
    return truth, np.array([len(one) == 1 or last not in one for one in possible], bool)


def _possible(label: str, recipe: Judged) -> tuple[str, ...]:
    """The classes a label may stand for. Raises ValueError where the recipe has none for it."""
    if label in recipe.labels:
        return recipe.labels[label]
    if label in recipe.classes:
        return (label,)
    raise ValueError(f"the recipe {recipe.name} has no class for the label {label!r}")


def cases(predictions: Predictions, recipe: Judged, unit: str = "image") -> Cases:
    """The cases of a unit of which it is known whether they are the last class, put `together`.

    Raises:
        ValueError: there is no such unit, or a label has no class.
    """
    truth, known = looked_for(predictions.columns["label"], recipe)
    rows = np.flatnonzero(known)
    column = {key: values[rows] for key, values in predictions.columns.items()}
    women = np.char.add(np.char.add(column["dataset"], "|"), column["patient_id"])
    images = Cases(log_odds(predictions.score[rows]), truth[rows], women, np.arange(len(rows)))
    found = together(images, column["file"], column["laterality"], column["view"], unit)
    return replace(found, lead=rows[found.lead])


def together(
    images: Cases,
    file: npt.NDArray[np.str_],
    laterality: npt.NDArray[np.str_],
    view: npt.NDArray[np.str_],
    unit: str,
) -> Cases:
    """Pictures as cases of a unit, as `inference.combine` puts them together; each picture's `lead` is its place in the (n,) arrays.

    Views of a breast by the mean of their log-odds, repeats of a view first; breasts of a woman by the higher. A picture without a
    known side is a breast. Raises ValueError where there is no such unit.
    """
    if unit == "image":
        return images
    side = np.where(laterality == "", file, laterality)
    views = _grouped(images, [images.woman, side, view], _mean)
    breasts = _grouped(views, [views.woman, side[views.lead]], _mean)
    if unit == "breast":
        return breasts
    if unit == "exam":
        return _grouped(breasts, [breasts.woman], lambda scores: float(scores.max()))
    raise ValueError(f"a unit is one of {', '.join(UNITS)}, not {unit!r}")


def _mean(scores: Floats) -> float:
    return mean_log_odds((1 / (1 + np.exp(-scores))).tolist())


def _grouped(single: Cases, keys: Sequence[npt.NDArray[np.str_]], combine: Callable[[Floats], float]) -> Cases:
    names = np.array(["\n".join(parts) for parts in zip(*keys, strict=True)], dtype=np.str_)
    _, first, place = np.unique(names, return_index=True, return_inverse=True)
    members = [np.flatnonzero(place == number) for number in range(len(first))]
    return Cases(
        np.array([combine(single.score[each]) for each in members]),
        np.array([bool(single.truth[each].any()) for each in members]),
        single.woman[first],
        single.lead[first],
    )
