"""`train` and `promote` for recipes of the kind "features": a run folder and printed figures, then a sealed model."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from mammo_core.inference import models_root
from mammo_core.training.bench.recipe import kind_of
from mammo_core.training.bench.runs import Status, lock, new_run, now, write_run
from mammo_core.training.cli_bench import FOR_PATCHES, refuse


def is_features(recipe: Path) -> bool:
    """Whether a recipe is of this kind; False where there is none."""
    return recipe.is_file() and kind_of(recipe) == "features"


def train(args: argparse.Namespace) -> int:
    """Cross-validate a recipe, fit the network of all women, and print how good it is. The set comes with scikit-learn."""
    from mammo_core.training.cytology import DATA, crossvalidate, read_recipe, wisconsin
    from mammo_core.training.cytology_card import judged

    refuse(args, ("data", "weights", *FOR_PATCHES), "not for cytology, whose set comes with scikit-learn")
    recipe = read_recipe(args.recipe)
    k, epochs = recipe.protocol.k, recipe.training.epochs
    text = args.recipe.read_text(encoding="utf-8")
    run = new_run(
        args.out, recipe.name, recipe.version, recipe=text, title=recipe.title, data=DATA, folds=k, epochs=epochs
    )

    def say(line: str) -> None:
        print(line, flush=True)
        print(line, file=log, flush=True)

    with lock(run.folder), (run.folder / "log.txt").open("w", encoding="utf-8") as log:
        run = replace(run, status=Status.RUNNING, pid=os.getpid(), started=now())
        write_run(run)
        crossvalidate(recipe, wisconsin(), run.folder, say)
        _tell(judged(run.folder), say)
        say(f"The run is {run.folder}. 'promote {run.folder}' makes a model of it.")
        write_run(replace(run, status=Status.DONE, ended=now(), fold=k - 1, epoch=epochs))
    return 0


def promote(args: argparse.Namespace) -> int:
    """Make a model folder of a run and seal it."""
    from mammo_core.training.cytology_card import promote as make

    model = make(args.run, models_root())
    print(f"{model.folder} {model.digest}")
    return 0


def _tell(found: dict[str, Any], say: Any) -> None:
    whole, checks = found["evaluation"], found["checks"]
    for name in ("accuracy", "auc", "sensitivity", "specificity"):
        say("{:12} {:.3f} ({:.3f}-{:.3f})".format(name, *whole[name]))
    say(
        f"brier {whole['brier']:.3f}, calibration error {whole['ece']:.3f}, n {whole['n']}, {whole['n_malignant']} malignant"
    )
    for fold in found["folds"]:
        say("  fold {fold}: n {n}, accuracy {accuracy[0]:.3f}, AUC {auc[0]:.3f}".format(**fold))
    for repeat in checks["repeats"]:
        say("  divided by seed {seed}: accuracy {accuracy:.3f}, AUC {auc:.3f}".format(**repeat))
    say("  logistic regression: accuracy {accuracy:.3f}, AUC {auc:.3f}".format(**checks["logistic"]))
    say("  labels permuted: accuracy {accuracy:.3f}, AUC {auc:.3f}".format(**checks["permuted"]))
    say(f"  always the larger class: accuracy {checks['majority']:.3f}")
