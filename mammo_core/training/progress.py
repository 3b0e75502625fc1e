"""How far a long search is: in words, and as a line on a terminal that is written over. It searches nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tqdm import tqdm


@dataclass(frozen=True)
class Progress:
    """`done` of `of` `things` ("pictures") have been `dealt` with ("compared")."""

    done: int
    of: int
    things: str
    dealt: str

    def __str__(self) -> str:
        return f"Looking for copies: {self.done:,} of {self.of:,} {self.things} {self.dealt}."


Tell = Callable[[Progress], None]


@contextmanager
def on_terminal() -> Iterator[Tell]:
    """What to tell of progress, for it to be shown on stderr; nothing is shown where that is no terminal."""
    with tqdm(total=0, leave=False, disable=not sys.stderr.isatty()) as bar:

        def tell(at: Progress) -> None:
            if (bar.unit, bar.total) != (at.things, at.of):
                bar.unit = at.things
                bar.set_description_str(f"copies: {at.things} {at.dealt}", refresh=False)
                bar.reset(at.of)
            bar.update(at.done - bar.n)

        yield (lambda at: None) if bar.disable else tell
