"""95 % intervals that come of counts alone: of shares, and of AUCs that leave a bootstrap without width.

Where every case falls on one side, every pair is in order, or a kind has only one woman, all draws of the women give the same
figure, as if nothing were left to doubt. These intervals say how much is. They know counts and no pictures: whoever asks gives
the number of women, not of pictures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
Z = float(norm.ppf((1 + LEVEL) / 2))


def wilson(share: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Ends of the 95 % score interval (Wilson 1927) of (k,) shares of (k,) observations."""
    p, size = np.asarray(share, np.float64), np.asarray(n, np.float64)
    middle = (p + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * np.sqrt(p * (1 - p) / size + (Z / (2 * size)) ** 2)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def score_auc(area: float, n_with: int, n_without: int) -> tuple[float, float]:
    """Ends of the 95 % score interval of an AUC of so many cases with and without.

    The areas that lie as far from the one found as their own standard error allows, by the variance of Hanley and McNeil (1982)
    with the mean of the two numbers in place of each (Newcombe 2006, Statistics in Medicine 25:559-573, method 5).

    Raises:
        ValueError: `area` lies outside 0..1, or one of the numbers is less than one.
    """
    if not 0 <= area <= 1 or min(n_with, n_without) < 1:
        raise ValueError(f"an area of {area} of {n_with} with and {n_without} without: 0..1 and one of each are needed")
    return _lower(area, n_with, n_without), 1 - _lower(1 - area, n_with, n_without)


def _lower(area: float, n_with: int, n_without: int) -> float:
    further = (n_with + n_without) / 2 - 1

    def beyond(true: float) -> float:
        spread = 1 + further * ((1 - true) / (2 - true) + true / (1 + true))
        return float((area - true) ** 2 - Z**2 * true * (1 - true) * spread / (n_with * n_without))

    nearest = min(area, 1 - 1e-9)  # at 1 itself there is no spread
    return float(brentq(beyond, 0.0, nearest)) if area > 0 else 0.0
