"""What a run learns from and is asked: a sample is a picture, a breast (CC and MLO) or a woman (four views), and what is known of it.

A label may leave a class open (`not_malignant`): then every class it may be is marked. No Keras here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mammo_core.training.datasets import Row
from mammo_core.training.lab.records import ABOUT
from mammo_core.training.recipes.classifier import Recipe

VIEWS = ("CC", "MLO")
SIDES = ("L", "R")
_Seen = tuple[Row, int]


@dataclass(frozen=True, eq=False)
class Samples:
    """n samples of `views` pictures each.

    `rows` (n) the row that speaks for each, `slots` (n, views) where its pictures lie in the store, -1 for a
    view that was not taken, `possible` (n, classes) float32, 1 for
    each class that it may be.
    """

    rows: tuple[Row, ...]
    slots: npt.NDArray[np.int64]
    possible: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """How many samples."""
        return len(self.rows)

    @property
    def women(self) -> npt.NDArray[np.str_]:
        """(n,) whose pictures they are."""
        return np.array([row.patient_id for row in self.rows], dtype=np.str_)

    @property
    def certain(self) -> npt.NDArray[np.bool_]:
        """(n,) whether one class alone is possible."""
        return np.asarray(self.possible.sum(axis=1) == 1)

    def take(self, chosen: npt.NDArray[np.int64]) -> Samples:
        """Those at the places `chosen`."""
        return Samples(tuple(self.rows[place] for place in chosen), self.slots[chosen], self.possible[chosen])

    def about(self, place: int, recipe: Recipe, part: str) -> dict[str, str]:
        """`ABOUT` of one of them, for a predictions.csv; where a label leaves the class open, the label itself is written."""
        row = self.rows[place]
        named = [name for name, may in zip(recipe.classes, self.possible[place], strict=True) if may]
        shown = {key: str(getattr(row, key)) for key in ABOUT if key not in ("age", "label", "part")}
        if recipe.network.views > 1:
            shown["view"] = "+".join(VIEWS)
        if recipe.network.views == len(VIEWS) * len(SIDES):
            shown["laterality"] = "+".join(SIDES)
        shown["age"] = "" if row.age is None else f"{row.age:g}"
        shown["label"] = named[0] if len(named) == 1 else row.label
        return shown | {"part": part}


def used(rows: Iterable[Row], labels: Mapping[str, Sequence[str]]) -> list[Row]:
    """The rows whose label the recipe has a class for."""
    return [row for row in rows if row.label in labels]


def limited(rows: Sequence[Row], limit: int | None, rng: np.random.Generator) -> list[Row]:
    """At most about `limit` rows: whole women at random, each label in its turn, until there are enough pictures."""
    if limit is None or limit >= len(rows):
        return list(rows)
    waiting: dict[str, list[str]] = {}
    for woman, label in {row.patient_id: row.label for row in rows}.items():
        waiting.setdefault(label, []).append(woman)
    for women in waiting.values():
        rng.shuffle(women)
    pictures = {row.patient_id: 0 for row in rows}
    for row in rows:
        pictures[row.patient_id] += 1
    taken: set[str] = set()
    count = 0
    while count < limit:
        for label in sorted(waiting):
            if waiting[label] and count < limit:
                woman = waiting[label].pop()
                taken.add(woman)
                count += pictures[woman]
    return [row for row in rows if row.patient_id in taken]


def samples(rows: Sequence[Row], slots: npt.NDArray[np.int64], recipe: Recipe) -> Samples:
    """Put pictures together as the recipe's network takes them; `slots` (len(rows),) where each lies, -1 for none.

    Of repeats the first counts. With four views, women without pictures of both breasts are left out: which breast was filmed may tell
    who was ill.
    """
    seen: list[_Seen] = [(row, int(slot)) for row, slot in zip(rows, slots, strict=True) if slot >= 0]
    views = recipe.network.views
    groups: list[list[_Seen | None]] = [[each] for each in seen] if views == 1 else _grouped(seen, views)
    taken = [[each[0] for each in group if each] for group in groups]
    return Samples(
        tuple(rows[0] for rows in taken),
        np.array([[each[1] if each else -1 for each in group] for group in groups], dtype=np.int64).reshape(-1, views),
        np.array([_possible(rows, recipe) for rows in taken], dtype=np.float32).reshape(-1, len(recipe.classes)),
    )


def permuted(samples: Samples, places: npt.NDArray[np.int64], rng: np.random.Generator) -> Samples:
    """The same samples; what is known of those at `places` is dealt out anew among them, within each data set."""
    possible = samples.possible.copy()
    sets = np.array([samples.rows[place].dataset for place in places])
    for name in np.unique(sets):
        own = places[sets == name]
        possible[own] = samples.possible[rng.permutation(own)]
    return replace(samples, possible=possible)


def _grouped(seen: Sequence[_Seen], views: int) -> list[list[_Seen | None]]:
    """The views of every breast, or of every woman who has pictures of both, in the order that networks take them."""
    breasts: dict[tuple[str, str], dict[str, _Seen]] = {}
    for row, slot in seen:
        if row.view in VIEWS and row.laterality:
            breasts.setdefault((row.patient_id, row.laterality), {}).setdefault(row.view, (row, slot))
    pairs = {key: [found.get(view) for view in VIEWS] for key, found in breasts.items()}
    if views == len(VIEWS):
        return list(pairs.values())
    women = dict.fromkeys(woman for woman, _ in pairs)
    whole = [woman for woman in women if all((woman, side) in pairs for side in SIDES)]
    return [[each for side in SIDES for each in pairs[woman, side]] for woman in whole]


def _possible(rows: Sequence[Row], recipe: Recipe) -> list[float]:
    """The worst of several pictures counts: the last class of which one is certain, or else whatever one of them may be."""
    named = [recipe.labels[row.label] for row in rows]
    certain = [recipe.classes.index(names[0]) for names in named if len(names) == 1]
    if certain and (len(certain) == len(named) or max(certain) == len(recipe.classes) - 1):
        return [float(place == max(certain)) for place in range(len(recipe.classes))]
    return [float(any(name in names for names in named)) for name in recipe.classes]
