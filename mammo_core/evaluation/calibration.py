"""Turning a network's log-odds into probabilities by two plain numbers, slope and intercept.

Platt scaling (Platt 1999) without a penalty. It never changes the order of two scores: the slope is
held positive, so that AUC before and after are the same, and a score that ranks the wrong way round
becomes nearly flat instead of being turned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

LEAST_SLOPE = 1e-3


@dataclass(frozen=True)
class Calibration:
    """`P = sigmoid(slope * logit + intercept)`, slope positive."""

    slope: float
    intercept: float

    def apply(self, logit: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Probabilities, in the shape of `logit`."""
        odds = self.slope * np.asarray(logit, np.float64) + self.intercept
        return np.exp(-np.logaddexp(0.0, -odds))


def fit_temperature(logit: npt.ArrayLike, truth: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Calibration:
    """Slope and intercept of greatest likelihood for (n,) log-odds, (n,) outcomes and (n,) case weights.

    Outcomes are Platt's smoothed targets, (N+ + 1) / (N+ + 2) and 1 / (N- + 2), which keep the slope
    finite where the two classes do not overlap.

    Raises:
        ValueError: lengths differ, a logit is not finite, or one of the two classes is missing.
    """
    z, cancer = np.asarray(logit, np.float64), np.asarray(truth).astype(bool)
    mass = np.ones(z.shape) if weights is None else np.asarray(weights, np.float64)
    if z.ndim != 1 or not z.shape == cancer.shape == mass.shape:
        raise ValueError(f"logit, truth and weights must be (n,) all, not {z.shape}, {cancer.shape}, {mass.shape}")
    if not np.isfinite(z).all():
        raise ValueError("every logit must be finite")
    positive, negative = float(mass[cancer].sum()), float(mass[~cancer].sum())
    if positive <= 0 or negative <= 0:
        raise ValueError(f"cases with and without cancer are needed, their weights are {positive} and {negative}")
    target = np.where(cancer, (positive + 1) / (positive + 2), 1 / (negative + 2))
    slope, intercept = _fit(z, target, mass)
    if slope >= LEAST_SLOPE:
        return Calibration(slope, intercept)
    share = float(np.average(target, weights=mass))
    return Calibration(LEAST_SLOPE, float(np.log(share / (1 - share)) - LEAST_SLOPE * np.average(z, weights=mass)))


def _fit(
    z: npt.NDArray[np.float64], target: npt.NDArray[np.float64], mass: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Logistic regression on soft targets: each case comes once as cancer, once not, by its target."""
    centre, width = float(z.mean()), float(z.std())
    if width == 0:
        return 0.0, 0.0
    standard = ((z - centre) / width)[:, None]
    model: Any = LogisticRegression(C=np.inf, max_iter=1000, tol=1e-8)
    model.fit(
        np.concatenate([standard, standard]),
        np.repeat([1, 0], z.size),
        sample_weight=np.concatenate([mass * target, mass * (1 - target)]),
    )
    slope = float(model.coef_[0, 0]) / width
    return slope, float(model.intercept_[0]) - slope * centre
