"""95 % intervals that come of counts alone: of shares, and of AUCs that leave a bootstrap without width.

Where every case falls on one side, or every pair is in order, all draws of the women give the same figure, as if nothing were left
to doubt. These intervals say how much is. They know counts and no pictures: whoever asks gives the number of women, not of pictures.
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


def perfect_auc_low(n_with: int, n_without: int) -> float:
    """The lower end of the 95 % score interval of an AUC of 1, of so many with and without.

    The AUC that lies as far below 1 as its own standard error allows, by the variance of Hanley and McNeil (1982) with the mean
    of the two numbers in place of each (Newcombe 2006, Statistics in Medicine 25:559-573, method 5). 1 less this is the upper
    end for an AUC of 0.

    Raises:
        ValueError: one of the numbers is less than one.
    """
    if min(n_with, n_without) < 1:
        raise ValueError(f"{n_with} with and {n_without} without; at least one of each is needed")
    further = (n_with + n_without) / 2 - 1

    def beyond(area: float) -> float:
        spread = 1 + further * ((1 - area) / (2 - area) + area / (1 + area))
        return (1 - area) - Z**2 * area * spread / (n_with * n_without)

    return float(brentq(beyond, 0.0, 1.0))
