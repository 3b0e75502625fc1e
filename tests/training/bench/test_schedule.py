from __future__ import annotations

import pytest

from mammo_core.training.bench import schedule
from mammo_core.training.recipes.classifier import TrainingSpec

NAN = float("nan")


def _spec(**known: object) -> TrainingSpec:
    return TrainingSpec(**{"epochs": 4, "batch": 8, "rate": 1.0, **known})  # type: ignore[arg-type]


def test_a_plateau_halves_the_rate_after_so_many_epochs_without_gain_and_counts_anew() -> None:
    spec = _spec(schedule="plateau", patience=2, factor=0.5, epochs=9)
    values = [-1.0, -0.9, -0.9, -0.95, -0.9, -0.9, -0.5]
    assert [schedule.rate(spec, values[:epoch]) for epoch in range(8)] == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_a_cosine_begins_at_the_rate_and_falls_towards_nothing() -> None:
    rates = [schedule.rate(_spec(schedule="cosine"), [0.0] * epoch) for epoch in range(5)]
    assert rates == pytest.approx([1, 0.853553, 0.5, 0.146447, 0], abs=1e-6)


def test_early_stopping_waits_as_long_as_it_was_told() -> None:
    spec = _spec(early_stopping=2, epochs=9)
    assert not schedule.ended(spec, [0.5, 0.6, 0.6])
    assert schedule.ended(spec, [0.5, 0.6, 0.6, 0.6])
    assert not schedule.ended(_spec(epochs=9), [0.5, 0.6, 0.6, 0.6])
    assert schedule.ended(_spec(epochs=3), [0.5, 0.6, 0.7])


def test_what_is_watched_is_of_women_not_fitted_and_loss_counts_downwards() -> None:
    history = {"val_loss": [0.5, 0.4, 0.6], "loss": [3.0, 2.0, 1.0], "val_auc": [NAN, NAN, NAN], "auc": [0.5, 0.9, 0.9]}
    assert schedule.best(schedule.watched(history, "loss")) == 1
    assert schedule.best(schedule.watched(history, "auc")) == 1, (
        "where nobody is watched, those fitted; the first of equals"
    )
