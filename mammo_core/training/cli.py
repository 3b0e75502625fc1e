"""The command line's training verbs: arguments in, run folders and printed tables out. It decides nothing."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from mammo_core.training.pictures import FOLDS, NO_FOLD, Pictures, pack, read_pictures, unpack
from mammo_core.training.recipe import read_recipe


def train(args: argparse.Namespace) -> int:
    """Fit the folds asked for: one of 0..4, "all" women, or (by default) the five and then all."""
    from mammo_core.training.fit import fit_fold

    recipe = read_recipe(args.recipe)
    pictures = _pictures(args.data, args.prepared, recipe.sets + recipe.outside)
    wanted = [*range(FOLDS), NO_FOLD] if args.fold is None else [NO_FOLD if args.fold == "all" else int(args.fold)]
    for fold in wanted:
        run = args.out / f"{recipe.name}-{recipe.version}" / ("all" if fold == NO_FOLD else f"fold{fold}")
        fit_fold(args.recipe, pictures, args.weights, run, fold, _spoken(run))
    return 0


def _spoken(run: Path) -> Callable[[str], None]:
    """Says a line on the screen and in the run's log.txt, with the seconds since now."""
    run.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()

    def say(line: str) -> None:
        text = f"{run.name} {time.monotonic() - began:6.0f} s  {line}"
        print(text, flush=True)
        with (run / "log.txt").open("a", encoding="utf-8") as log:
            print(text, file=log)

    return say


def _pictures(data: Path, prepared: Path | None, sets: tuple[str, ...]) -> Pictures:
    """Read the pictures, or unpack `prepared` (and write it where it does not exist yet)."""
    if prepared is None:
        return read_pictures(data, sets)
    if not prepared.is_file():
        pack(read_pictures(data, sets), prepared)
    return unpack(prepared)
