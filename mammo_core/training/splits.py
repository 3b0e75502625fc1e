"""Who is trained on and who is judged: whole women, never pictures, dealt out so that every part resembles the whole.

A stratum is the worst class of any of a woman's pictures together with the sets they come from; one with too few women to
reach every part is joined with those of its class. A split is made before anything is augmented or drawn twice, and is
kept with the run. Nobody's pictures are ever in two parts.
"""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from mammo_core.training.datasets import Table
from mammo_core.training.datasets.listing import counted

KEPT, HELD_OUT = "train", "test"


def split(
    table: Table, classes: Sequence[str], share: float, rng: np.random.Generator, held_out: str = HELD_OUT
) -> dict[str, str]:
    """The part of every woman: `held_out` for about `share` of the women of each stratum, "train" for the others.

    Args:
        table: the pictures; a woman none of whose labels is among `classes` gets no part.
        classes: labels of the table, the mildest first; a woman is of the last that any of her pictures has.
        share: between 0 and 1. Of a class with two women or more at least one is held out and one is not.
        rng: the same state gives the same split, whatever the order of the rows.
        held_out: the name of the part.

    Raises:
        ValueError: the share is not between 0 and 1, or fewer than two women have a class.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share held out is {share}, wanted more than 0 and less than 1")
    worst, sets = _women(table, classes, 2)
    parts = dict.fromkeys(worst, KEPT)
    for rank in sorted(set(worst.values())):
        # Women of a class in the order of their sets: every 1/share-th is held out, so every set is in its proportion.
        women = [woman for woman in worst if worst[woman] == rank]
        dealt = [women[place] for place in rng.permutation(len(women))]
        dealt.sort(key=lambda woman: sets[woman])
        steps = np.floor(np.arange(len(dealt) + 1) * share + rng.random())
        chosen = np.flatnonzero(np.diff(steps))
        if len(dealt) > 1 and not 0 < chosen.size < len(dealt):
            lone = int(rng.integers(len(dealt)))
            chosen = np.array([lone]) if not chosen.size else np.delete(chosen, lone)
        parts.update({dealt[place]: held_out for place in chosen})
    if len(set(parts.values())) < 2:  # every class has one woman only
        parts[min(parts)] = held_out if held_out not in parts.values() else KEPT
    return parts


def folds(table: Table, classes: Sequence[str], k: int, rng: np.random.Generator) -> dict[str, int]:
    """The fold of every woman, 0 to k - 1: each has about the same number of pictures of each stratum.

    A class with k women or more is in every fold. Arguments as of `split`.

    Raises:
        ValueError: k is less than 2, or fewer than k women have a class.
    """
    if k < 2:
        raise ValueError(f"{k} folds, wanted 2 or more")
    worst, sets = _women(table, classes, k)
    by_class, by_stratum = Counter(worst.values()), Counter((worst[woman], sets[woman]) for woman in worst)
    strata = {}
    for woman, rank in worst.items():
        fine, coarse = by_stratum[rank, sets[woman]] >= k, by_class[rank] >= k
        strata[woman] = f"{rank}|{sets[woman]}" if fine else str(rank) if coarse else ""
    rows = sorted(row.patient_id for row in table.rows if row.patient_id in worst)
    of_row = [strata[woman] for woman in rows]
    dealer = StratifiedGroupKFold(k, shuffle=True, random_state=int(rng.integers(2**32)))
    found: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of strata with fewer than k pictures: they were made knowingly
        for fold, (_, held_out) in enumerate(dealer.split(rows, of_row, rows)):
            found.update({rows[place]: fold for place in held_out})
    return found


def _women(table: Table, classes: Sequence[str], least: int) -> tuple[dict[str, int], dict[str, str]]:
    """Of every woman with a class, in the order of their names: its rank among `classes`, and the names of her sets."""
    ranks = {name: rank for rank, name in enumerate(classes)}
    worst: dict[str, int] = {}
    sets: dict[str, set[str]] = defaultdict(set)
    for row in sorted(table.rows, key=lambda row: row.patient_id):
        if row.label in ranks:
            worst[row.patient_id] = max(ranks[row.label], worst.get(row.patient_id, 0))
            sets[row.patient_id].add(row.dataset)
    if len(worst) < least:
        count = counted(len(worst), "woman has", "women have")
        raise ValueError(f"{count} a class of {', '.join(classes)}, wanted {least} or more")
    return worst, {woman: "+".join(sorted(names)) for woman, names in sets.items()}
