"""Putting the scores of one or several heads together as probabilities, by a plain weight for each and an intercept.

Platt scaling (Platt 1999) without a penalty, of several scores at once: logistic stacking. Weights are held positive, so that
a higher score never lowers a probability: for one score AUC before and after are the same, and a score that ranks the wrong
way round is nearly ignored instead of being turned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

LEAST_WEIGHT = 1e-3
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """`P = sigmoid(sum_i weights_i * scores_i + intercept)`, every weight positive."""

    weights: tuple[float, ...]
    intercept: float

    def log_odds(self, scores: npt.ArrayLike) -> FloatArray:
        """(n,) calibrated log-odds of (n, k) scores."""
        return np.asarray(np.asarray(scores, np.float64) @ np.array(self.weights) + self.intercept)

    def apply(self, scores: npt.ArrayLike) -> FloatArray:
        """(n,) probabilities of (n, k) scores."""
        return np.asarray(np.exp(-np.logaddexp(0.0, -self.log_odds(scores))))


def fit_calibration(scores: npt.ArrayLike, truth: npt.ArrayLike, mass: npt.ArrayLike | None = None) -> Calibration:
    """Weights and intercept of greatest likelihood for (n, k) scores, (n,) outcomes and (n,) case weights `mass`.

    Outcomes are Platt's smoothed targets, (N+ + 1) / (N+ + 2) and 1 / (N- + 2), which keep the weights
    finite where the two classes do not overlap.

    Raises:
        ValueError: lengths differ, a score is not finite, or one of the two classes is missing.
    """
    z, cancer = np.asarray(scores, np.float64), np.asarray(truth).astype(bool)
    each = np.ones(cancer.shape) if mass is None else np.asarray(mass, np.float64)
    if z.ndim != 2 or z.shape[1] == 0 or not (len(z),) == cancer.shape == each.shape:
        raise ValueError(f"scores must be (n, k), truth and mass (n,), not {z.shape}, {cancer.shape}, {each.shape}")
    if not np.isfinite(z).all():
        raise ValueError("every score must be finite")
    positive, negative = float(each[cancer].sum()), float(each[~cancer].sum())
    if positive <= 0 or negative <= 0:
        raise ValueError(f"cases with and without cancer are needed, their weights are {positive} and {negative}")
    target = np.where(cancer, (positive + 1) / (positive + 2), 1 / (negative + 2))
    centre, width = z.mean(axis=0), z.std(axis=0)
    width[width == 0] = 1.0
    standard = (z - centre) / width
    share = float(np.average(target, weights=each))

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        odds = standard @ parameters[:-1] + parameters[-1]
        off = each * (np.exp(-np.logaddexp(0.0, -odds)) - target)
        value = float(np.sum(each * (np.logaddexp(0.0, odds) - target * odds)))
        return value / each.sum(), np.append(off @ standard, off.sum()) / each.sum()

    found = minimize(
        loss,
        np.append(np.full(z.shape[1], 0.1), np.log(share / (1 - share))),
        jac=True,
        method="L-BFGS-B",
        bounds=[*((LEAST_WEIGHT * float(one), None) for one in width), (None, None)],
        options={"ftol": 1e-12, "gtol": 1e-8, "maxiter": 1000},
    )
    weights = found.x[:-1] / width
    return Calibration(tuple(float(one) for one in weights), float(found.x[-1] - weights @ centre))
