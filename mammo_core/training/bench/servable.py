"""Whether a recipe's networks can be shown on the reading page, and what they leave open there. No Keras: pages ask it too."""

from __future__ import annotations

from mammo_core.training.recipes.classifier import Recipe


def require_servable(recipe: Recipe) -> None:
    """Raise ValueError, with a sentence, where the reading page could not show what a recipe's networks say."""
    if recipe.classes[-1] != "malignant":
        raise ValueError(
            f"{recipe.name} looks for {recipe.classes[-1]!r}; the reading page shows the probability of malignant, so only a network whose "
            "last class is malignant can be promoted"
        )
    if recipe.protocol.permuted:
        raise ValueError(f"{recipe.name} was fitted to labels dealt out anew; a control run is not promoted")
    if recipe.network.views != 1:
        raise ValueError(
            f"{recipe.name} reads {recipe.network.views} pictures at once; the reading page scores each by itself, so it cannot be promoted"
        )


def rest_rule(recipe: Recipe) -> str:
    """How what is not malignant divides, in a sentence for the card."""
    if {"normal", "benign"} <= set(recipe.classes):
        return "What is not malignant divides by the network's own logits of benign and normal."
    for known, other in (("benign", "normal"), ("normal", "benign")):
        if known in recipe.classes:
            return f"The network knows no class {other}: all that is not malignant is given as {known}."
    return "The network knows neither normal nor benign: what is not malignant is given as half and half."
