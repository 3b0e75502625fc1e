"""What a suspicion means, in one sentence of plain counts.

Speaks of the women the network was judged on and of how rare cancer is in screening, since a probability learned where
a third or more have cancer is not a screening risk. Never says that a picture shows cancer or that it shows none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IN_SCREENING = 160
"""One woman in about 160 who come to screening has cancer (US benchmarks: 6.1 in 1000; Lehman, Radiology 2017)."""

MAP_HEAD = "maps"
"""The head of a patch network that sees its lesion map and nothing else."""

NOUNS = {"image": "picture", "breast": "breast", "exam": "exam"}
"""What one case of a unit is called: a model whose sets have no whole exams counts breasts, or pictures."""
FEW = 10
"""Fewer exams than this are counted out instead of put as a proportion."""


def meaning(card: Mapping[str, Any], suspicion: float) -> str:
    """The sentence for an exam's `suspicion` (0..100), from the card's "exams_at_least".

    Raises:
        ValueError: `suspicion` is not in 0..100.
    """
    if not 0 <= suspicion <= 100:
        raise ValueError(f"A suspicion is 0..100, not {suspicion}.")
    score = int(suspicion)
    counts = card["exams_at_least"]
    n, cancer = int(counts["n"][score]), int(counts["cancer"][score])
    overall = in_words(int(counts["cancer"][0]), int(counts["n"][0]))
    noun = NOUNS[counts["unit"]]
    if n == 0:
        start = f"None of the validation {noun}s scored {score} or more"
    elif n < FEW:
        start = f"Only {n} validation {noun}{'s' * (n > 1)} scored {score} or more, {cancer or 'none'} with cancer"
    else:
        start = f"Of the validation {noun}s scored {score} or more, {in_words(cancer, n)} had cancer"
    return f"{start}; of all of them, {overall}. In screening about 1 woman in {IN_SCREENING} has."


def map_meaning(card: Mapping[str, Any]) -> str:
    """How much the lesion map alone tells of whole pictures, from the card's "heads_alone"; "" where the card does not say."""
    own = [row for row in card.get("heads_alone", ()) if row["head"] == MAP_HEAD]
    told = "; ".join(f"{row['auc'][0]:.2f} {row['set']}" for row in own)
    return f"Map alone, AUC: {told}." if told else ""


def in_words(part: int, whole: int) -> str:
    """A proportion as people say it: "7 in 10", "1 in 3", "1 in 40", "none", "all"."""
    if not 0 <= part <= whole or whole == 0:
        raise ValueError(f"{part} of {whole} is no proportion.")
    if part in (0, whole):
        return "all" if part else "none"
    share = part / whole
    if share < 0.1:
        return f"1 in {round(1 / share)}"
    pairs = [(a, b) for b in (2, 3, 4, 5, 10) for a in range(1, b)]
    if share > 0.95:
        pairs = [(19, 20), (99, 100)]
    a, b = min(pairs, key=lambda pair: (round(abs(pair[0] / pair[1] - share), 2), pair[1]))
    return f"{a} in {b}"
