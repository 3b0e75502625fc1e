"""What every card says in words of its own figures: what the model must not be used for, and where it is beaten by no picture at all."""

from __future__ import annotations

from typing import Any

from mammo_core.inference.meaning import NOUNS


def not_for(data: list[dict[str, Any]], operating_points: list[dict[str, Any]]) -> list[str]:
    """What a model must not be used for, as far as its `data` and `operating_points` (both as in the card) say."""
    n, malignant = sum(row["pictures"] for row in data), sum(row["malignant"] for row in data)
    missed = [
        f"at the {point['name']} point it passes over {round((1 - point['sensitivity'][0]) * point['n_cancer'])} "
        f"of {point['n_cancer']} {NOUNS[point['unit']]}s with cancer"
        for point in operating_points
    ]
    ages = [age for row in data if row["age"] for age in (row["age"][0], row["age"][2])]
    seen = f"ages from {min(ages):.0f} to {max(ages):.0f} years" if ages else "ages unknown"
    return [
        "Deciding anything about a woman: no diagnosis, no recall, no reassurance. No authority has cleared it and no screening "
        "programme has tested it.",
        f"Ruling cancer out, or sorting exams by urgency{': ' if missed else ''}{', '.join(missed)}.",
        f"Telling a woman her risk: {malignant} of the {n} pictures of its data show cancer, far more than in screening.",
        "Telling normal from benign: that split is given, not learned.",
        "Tomosynthesis, synthetic views, contrast mammography, ultrasound, MR or CT: its data hold plain mammograms only.",
        f"Women, machines and sites unlike those of its data, without measuring there first: its data hold {seen} (not stated in "
        f"{sum(not row['age'] for row in data)} of {len(data)} sets) and {sum(row['machines'] for row in data)} named machines "
        f"(none named in {sum(not row['machines'] for row in data)} of {len(data)} sets).",
        "Claims about groups of women: the subgroups are small, and their intervals wide.",
    ]


def beaten(evaluation: list[dict[str, Any]]) -> list[str]:
    """A sentence for every set and unit on which a baseline that sees no picture does better than the network."""
    return [
        f"{row['set']}, {row['unit']}: metadata alone (AUC {row['baseline_auc'][0]:.2f}) tell more than this network "
        f"({row['auc'][0]:.2f})."
        for row in evaluation
        if row["baseline_auc"] and row["baseline_auc"][0] > row["auc"][0]
    ]
