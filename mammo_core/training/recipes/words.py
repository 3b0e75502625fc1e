"""The words a recipe writes layers in: one string a layer, in the order of the data. Words only: Keras makes layers of them elsewhere.

`conv 32` is a 3x3 convolution with ReLU that keeps the map's size, `conv 32 valid` one without padding; `dense 64` a dense layer
with ReLU; `maxpool` halves a map; `norm` is batch normalisation; `dropout` and `pool` take rate and way from the recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

COUNTED = ("conv", "dense")
BARE = ("maxpool", "norm", "dropout", "pool")


@dataclass(frozen=True)
class Word:
    """One layer: its `kind`, how many filters or units (0 where it has none), and whether a convolution pads."""

    kind: str
    units: int = 0
    padded: bool = True


def read_word(text: str) -> Word:
    """One layer of a recipe. Raises ValueError naming a word that is none."""
    kind, *rest = text.split() or [""]
    if kind in BARE and not rest:
        return Word(kind)
    if kind in COUNTED and rest and rest[0].isdecimal() and int(rest[0]) > 0:
        if len(rest) == 1:
            return Word(kind, int(rest[0]))
        if kind == "conv" and rest[1:] == ["valid"]:
            return Word(kind, int(rest[0]), padded=False)
    raise ValueError(f'{text!r} is no layer; layers are "conv N", "conv N valid", "dense N", {", ".join(BARE)}')


def read_words(texts: Sequence[str]) -> tuple[Word, ...]:
    """The layers of a recipe, in order. Raises ValueError where there is not exactly one `pool`, or maps and numbers are mixed up."""
    words = tuple(read_word(text) for text in texts)
    kinds = [word.kind for word in words]
    if kinds.count("pool") != 1:
        raise ValueError('one "pool" is needed, where maps become numbers')
    pool = kinds.index("pool")
    if wrong := [kind for kind in kinds[:pool] if kind == "dense"] + [
        kind for kind in kinds[pool:] if kind in ("conv", "maxpool")
    ]:
        raise ValueError(f'{wrong[0]!r} stands on the wrong side of "pool"')
    return words
