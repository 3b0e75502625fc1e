"""What can be told of a woman without looking at her pictures: the figure a network must beat.

In the public sets, machine and cancer, or age and cancer, or the volume of the archive and cancer, go together. A logistic
regression on such columns alone says how much of a network's AUC could come from them. It sees no pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]


METADATA = ("age", "machine", "site", "view", "volume")
"""Columns of a data set that are looked at without a picture, where they say anything."""


def metadata_of(
    columns: Mapping[str, npt.NDArray[np.str_]], rows: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.str_]]:
    """(k,) each: those of `METADATA` among `columns`, (n,) each, that are not all the same in the k `rows`."""
    there = {name: columns[name][rows] for name in METADATA if name in columns}
    return {name: values for name, values in there.items() if len(set(values.tolist())) > 1}


def metadata_baseline(
    columns: Mapping[str, npt.ArrayLike],
    truth: npt.ArrayLike,
    women: npt.ArrayLike,
    folds: npt.ArrayLike,
    numeric: Sequence[str] = ("age",),
) -> Floats:
    """(n,) out-of-fold P(cancer) from the columns alone.

    Args:
        columns: (n,) each. Those in `numeric` are standardised, a missing one (NaN, "") takes the
            training median and a flag; all others are one-hot, where missing is a value like any other
            and a value that training never met is all zeros.
        truth: (n,) true where there is cancer.
        women: (n,) whose case it is.
        folds: (n,) fold of each case; a case is scored by the model that did not train on its fold.
        numeric: names of the columns that are quantities.

    Raises:
        ValueError: lengths differ, a woman stands in two folds, there is one fold only, or a fold's
            training cases are all of one class.
    """
    cancer, fold = np.asarray(truth).astype(bool), np.asarray(folds)
    lengths = {name: np.asarray(values).shape for name, values in columns.items()}
    if fold.shape != cancer.shape or any(shape != cancer.shape for shape in lengths.values()):
        raise ValueError(f"columns {lengths}, folds {fold.shape} and truth {cancer.shape} must be of one length")
    _refuse_shared_women(np.asarray(women), fold)
    scores = np.empty(cancer.shape, np.float64)
    for number in np.unique(fold):
        held_out = fold == number
        design = _design(columns, ~held_out, numeric)
        model: Any = LogisticRegression(max_iter=1000)
        model.fit(design[~held_out], cancer[~held_out])
        scores[held_out] = model.predict_proba(design[held_out])[:, 1]
    return scores


def _refuse_shared_women(women: npt.NDArray[Any], fold: npt.NDArray[Any]) -> None:
    if women.shape != fold.shape:
        raise ValueError(f"{women.size} names of women for {fold.size} cases")
    if np.unique(fold).size < 2:
        raise ValueError("at least two folds are needed")
    names, place = np.unique(women, return_inverse=True)
    numbers = np.unique(fold, return_inverse=True)[1]
    pairs = np.unique(np.stack([place, numbers], axis=1), axis=0)
    if len(pairs) != names.size:
        raise ValueError(f"{len(pairs) - names.size} women stand in more than one fold")


def _design(columns: Mapping[str, npt.ArrayLike], training: npt.NDArray[np.bool_], numeric: Sequence[str]) -> Floats:
    """(n, features): what it standardises by and which values it knows come from `training` alone."""
    parts = [
        _quantity(values, training) if name in numeric else _one_hot(values, training)
        for name, values in columns.items()
    ]
    return np.concatenate(parts, axis=1)


def _quantity(values: npt.ArrayLike, training: npt.NDArray[np.bool_]) -> Floats:
    numbers = np.asarray([np.nan if value in ("", None) else value for value in np.asarray(values)], np.float64)
    missing = np.isnan(numbers)
    known = numbers[training & ~missing]
    centre, width = (float(np.median(known)), float(known.std()) or 1.0) if known.size else (0.0, 1.0)
    return np.stack([np.where(missing, 0.0, (numbers - centre) / width), missing], axis=1)


def _one_hot(values: npt.ArrayLike, training: npt.NDArray[np.bool_]) -> Floats:
    words = np.asarray([str(value) for value in np.asarray(values)])
    known = np.unique(words[training])
    columns: Floats = (words[:, None] == known[None, :]).astype(np.float64)
    return columns
