"""Linear heads on pooled features of whole pictures: fitted here, and folded into plain weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from mammo_core.training.recipes.patch import HeadSpec

FEATURES = ("average", "maximum", "maps", "texture")
BENIGN_MAP = 2
"""Place of the top mean of benign-background among the maps."""
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Head:
    """Malignant score z = features . weights + bias, features being those of `FEATURES` side by side."""

    weights: FloatArray
    bias: float

    def score(self, features: dict[str, npt.NDArray[np.float32]]) -> FloatArray:
        """(n,) malignant scores of pooled features."""
        return np.asarray(side_by_side(features) @ self.weights + self.bias, dtype=np.float64)


def side_by_side(features: dict[str, npt.NDArray[np.float32]]) -> FloatArray:
    """(n, 5158) float64: average, maximum, maps, texture."""
    return np.concatenate([np.asarray(features[name], dtype=np.float64) for name in FEATURES], axis=1)


def fit_head(
    spec: HeadSpec,
    features: dict[str, npt.NDArray[np.float32]],
    malignant: npt.NDArray[np.bool_],
    dataset: npt.NDArray[np.str_],
    chosen: npt.NDArray[np.bool_],
) -> Head:
    """Fit malignant or not on the chosen pictures of `spec.sets`; every (set, label) weighs the same."""
    everything = side_by_side(features)
    offsets = np.cumsum([0] + [features[name].shape[1] for name in FEATURES])
    columns = np.concatenate(
        [np.arange(offsets[place], offsets[place + 1]) for place, name in enumerate(FEATURES) if name in spec.features]
    )
    weights = np.zeros(everything.shape[1])
    weights[columns], bias = fit_linear(everything[:, columns], malignant, dataset, chosen, spec.sets, spec.c)
    return Head(weights, bias)


def fit_linear(
    values: FloatArray,
    malignant: npt.NDArray[np.bool_],
    dataset: npt.NDArray[np.str_],
    chosen: npt.NDArray[np.bool_],
    sets: tuple[str, ...],
    c: float,
) -> tuple[FloatArray, float]:
    """Weights (k,) and bias of a logistic regression on (n, k) values of the chosen pictures of `sets`, every (set, label) alike."""
    used = chosen & np.isin(dataset, sets)
    weight = np.zeros(len(malignant))
    for name in sets:
        for label in (False, True):
            cell = used & (dataset == name) & (malignant == label)
            weight[cell] = used.sum() / (2 * len(sets) * max(1, cell.sum()))
    seen = values[used]
    middle = np.average(seen, axis=0, weights=weight[used])
    variance = np.average((seen - middle) ** 2, axis=0, weights=weight[used])
    # A third of the features hardly ever move. Divided by their own spread alone they would get weights of a hundred thousand, which
    # a picture of another machine can set off; so each is divided by no less than the usual spread.
    scale = np.sqrt(variance + np.median(variance))
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=c, max_iter=2000)
    model.fit((seen - middle) / scale, malignant[used], sample_weight=weight[used])
    weights = np.asarray(model.coef_[0] / scale, dtype=np.float64)
    return weights, float(model.intercept_[0] - weights @ middle)
