"""A run of the kind "features": cross-validate, fit the network of all women, judge. The set comes with scikit-learn."""

from __future__ import annotations

import json
from typing import Any

from mammo_core.training.cytology import crossvalidate, wisconsin
from mammo_core.training.cytology_card import judged
from mammo_core.training.lab.diary import Diary
from mammo_core.training.recipes.features import read_features
from mammo_core.training.replacing import replace_text


def fit(diary: Diary) -> None:
    """Fit the run and write its report.json. What was fitted before it was stopped is fitted anew: it takes minutes.

    Raises Stopped when asked to stop.
    """
    folder = diary.run.folder
    recipe = read_features(folder / "recipe.toml")

    def fitted(fold: int) -> None:
        diary.stop_if_asked()
        diary.note(fold=min(fold, recipe.folds - 1), epoch=0 if fold < recipe.folds else recipe.epochs)

    def say(line: str) -> None:
        diary.stop_if_asked()
        diary.say(line)

    crossvalidate(recipe, wisconsin(), folder, say, fitted)
    found = judged(folder)
    replace_text(folder / "report.json", json.dumps(found, indent=1) + "\n")
    _tell(found, say)
    say(f"The run is {folder}. 'promote {folder}' makes a model of it.")


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
