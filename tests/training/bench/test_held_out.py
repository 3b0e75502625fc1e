"""The figures of a card, from predictions made by formula."""

from __future__ import annotations

import numpy as np
import pytest

from mammo_core.training.bench.held_out import calibrations
from mammo_core.training.lab.records import ABOUT, Predictions
from tests.training.bench.tiny import recipe


def _noise(n: int, seed: int) -> Predictions:
    """What a network that has learned nothing says of n women with a picture each, every second with cancer."""
    rng = np.random.default_rng(seed)
    label = np.array(["benign", "malignant"] * (n // 2))
    columns = {key: np.full(n, "") for key in ABOUT} | {
        "file": np.array([f"{row}.png" for row in range(n)]),
        "patient_id": np.array([f"w{row}" for row in range(n)]),
        "dataset": np.full(n, "set"),
        "part": np.full(n, "test"),
        "label": label,
    }
    said = 1 / (1 + np.exp(-rng.normal(0, 2, n)))
    return Predictions(("benign", "malignant"), columns, np.stack([1 - said, said], axis=1), np.zeros(n, np.int64))


@pytest.mark.parametrize("seed", range(5))
def test_the_calibrations_error_is_of_women_whom_it_was_not_fitted_to(seed: int) -> None:
    """Of noise no probability is better than one half, unless it was fitted to the very labels it is judged by."""
    entry = calibrations(_noise(30, seed), recipe(), 0)["digital"]
    assert (entry["n"], entry["n_women"], entry["n_cancer"]) == (30, 30, 15)
    assert entry["brier"] >= 0.25
