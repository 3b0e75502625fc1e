"""A run's predictions made into a report: figures with intervals by woman, beside what needs no picture and what shuffled labels give.

No Keras, and no pictures: `predictions.csv` is all it reads, so anyone who has a run folder can judge it again. Sets and parts are
judged one by one and never averaged. Nothing is tuned on what is judged: thresholds and calibration of a fold's network come from the
validation women of that fold, none of whom it is judged on, or, where nobody is watched, from women whom the other folds' networks
judged; where there are too few of them the report says so.

`report.json` is what `report` gives: `predictions`, the digest of those it was made of; `sets` has a row for every set, part and unit;
`classes_judged` one for every set and part on all classes; `subgroups`; `worst`, the pictures that were got wrong with most confidence;
`notes`, sentences.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from mammo_core.evaluation import (
    Calibration,
    auc_interval,
    brier,
    confusion,
    expected_calibration_error,
    fit_calibration,
    majority_class,
    metadata_baseline,
    metadata_of,
    multiclass,
    permuted_auc,
    permuted_macro_auc,
    rounded,
    subgroups,
)
from mammo_core.evaluation.subgroups import DRAWS
from mammo_core.training.judging.cases import (
    UNKNOWN,
    Bools,
    Cases,
    Floats,
    Numbers,
    cases,
    first_of_each,
    known_class,
    looked_for,
    select,
)
from mammo_core.training.judging.notes import FEW, FOLDS, not_judged, notes
from mammo_core.training.judging.points import ITSELF, OTHERS, VALIDATION, operating_points, thresholds
from mammo_core.training.lab import records
from mammo_core.training.lab.records import Predictions
from mammo_core.training.recipes import Judged, recipe_of
from mammo_core.training.replacing import replace_text

PARTS = ("test", "outside", "validation")
"""In the order they are told: women held out, sets never trained on, women that were watched while training."""
WORST = 24


def evaluate(run: Path, draws: int = 1000) -> dict[str, Any]:
    """Judge a run, write report.json into its folder, and give what was written.

    Raises:
        ValueError: `run` holds no recipe or no predictions, or a label has no class in the recipe.
    """
    told = report(run, draws)
    replace_text(run / "report.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return told


def report(run: Path, draws: int = 1000) -> dict[str, Any]:
    """What `evaluate` writes, without writing it."""
    recipe = recipe_of(run)
    told = records.read_predictions(run)
    once = first_of_each(told)
    rng = np.random.default_rng(recipe.seed)
    rows: dict[str, list[dict[str, Any]]] = {"sets": [], "classes_judged": [], "subgroups": []}
    for part in PARTS:
        for name in np.unique(once.columns["dataset"][once.columns["part"] == part]).tolist():
            own = select(once, (once.columns["part"] == part) & (once.columns["dataset"] == name))
            watched, set_on = _watched(told, own.fold, name, recipe) if part != "validation" else (None, ITSELF)
            about = {"set": name, "part": part}
            rows["classes_judged"].append(about | _classes(own, recipe, rng, draws))
            for unit in ("image", "breast", "exam"):
                judged = _judged(own, recipe, unit, watched, set_on, rng, draws)
                if judged is not None:
                    rows["sets"].append(about | judged)
            images = cases(own, recipe)
            folds, place = np.unique(own.fold[images.lead], return_inverse=True)
            at = np.array(thresholds(images, folds.tolist(), _cases(watched, recipe)))[place]
            rows["subgroups"] += [about | row for row in in_groups(images, own, at, rng, min(draws, DRAWS))]
    return {
        "run": run.name,
        "predictions": records.digest(run),
        "recipe": f"{recipe.name}-{recipe.version}",
        "title": recipe.title,
        "classes": list(recipe.classes),
        "looked_for": recipe.classes[-1],
        "folds": np.unique(told.fold).tolist(),
        **rows,
        "worst": worst(select(once, once.columns["part"] != "validation"), recipe),
        "notes": not_judged(recipe, told) + notes(recipe, rows["sets"]),
    }


def in_groups(
    found: Cases, own: Predictions, threshold: npt.ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> list[dict[str, Any]]:
    """`subgroups` of pictures, by what `own` says of them; rates at the probability `threshold`, one for all or (n,)."""
    columns = {key: values[found.lead] for key, values in own.columns.items()}
    return subgroups(found.truth, found.probability, found.woman, columns, threshold, rng, draws)


def _classes(own: Predictions, recipe: Judged, rng: np.random.Generator, draws: int) -> dict[str, Any]:
    """One row of `classes_judged`: the pictures whose class is known, the likeliest class taken for what was said."""
    place = known_class(own.columns["label"], recipe)
    rows = np.flatnonzero(place != UNKNOWN)
    truth, said = place[rows], own.probabilities[rows]
    women = own.columns["patient_id"][rows]
    row: dict[str, Any] = {
        "n": len(rows),
        "n_women": len(set(women.tolist())),
        "n_left_open": len(place) - len(rows),
        "confusion": confusion(truth, said.argmax(axis=1), range(len(recipe.classes))).tolist(),
        "accuracy": None,
        "balanced_accuracy": None,
        "macro_auc": None,
        "permuted_macro_auc": None,
        "majority": None,
    }
    if len(rows):
        commonest = majority_class(truth)
        row["majority"] = {"class": recipe.classes[commonest], "accuracy": round(float(np.mean(truth == commonest)), 4)}
    if len(set(truth.tolist())) > 1:
        found = multiclass(truth, said, women, rng, draws)
        shuffled = permuted_macro_auc(truth, said, women, rng, draws)
        row |= {
            "accuracy": rounded(found.accuracy.as_list()),
            "balanced_accuracy": rounded(found.balanced_accuracy.as_list()),
            "macro_auc": rounded(found.auc.as_list()),
            "permuted_macro_auc": rounded(shuffled.as_list()),
        }
    return row


def _watched(told: Predictions, folds: Numbers, name: str, recipe: Judged) -> tuple[dict[int, Predictions] | None, str]:
    """The pictures that thresholds and calibration of each fold's network come from, for a set, and whose they are.

    They are of its validation women; of a run that watches nobody, of those whom the other folds' networks judged. The set's own are
    taken, else all. None where some fold has too few: a set's figures are all set in one way.
    """
    found: dict[int, Predictions] = {}
    validation = told.columns["part"] == "validation"
    watching = bool(validation.any())
    for fold in np.unique(folds).tolist():
        whom = validation & (told.fold == fold) if watching else (told.columns["part"] == "test") & (told.fold != fold)
        for chosen in (whom & (told.columns["dataset"] == name), whom):
            own = select(told, chosen)
            truth, known = looked_for(own.columns["label"], recipe)
            if min((truth & known).sum(), (~truth & known).sum()) >= FEW:
                found[fold] = own
                break
        else:
            return None, ITSELF
    return found, VALIDATION if watching else OTHERS


def _cases(watched: dict[int, Predictions] | None, recipe: Judged, unit: str = "image") -> dict[int, Cases] | None:
    return {fold: cases(each, recipe, unit) for fold, each in watched.items()} if watched else None


def _judged(
    own: Predictions,
    recipe: Judged,
    unit: str,
    watched: dict[int, Predictions] | None,
    set_on: str,
    rng: np.random.Generator,
    draws: int,
) -> dict[str, Any] | None:
    """One row of `sets`; None where a unit says nothing that the pictures do not, or cases of both kinds are missing."""
    found = cases(own, recipe, unit)
    if unit != "image" and found.truth.size == len(own.fold):
        return None
    if not found.truth.any() or found.truth.all():
        return None
    truth, said, woman, fold = found.truth, found.probability, found.woman, own.fold[found.lead]
    row: dict[str, Any] = {
        "unit": unit,
        "n": int(truth.size),
        "n_women": len(set(woman.tolist())),
        "n_cancer": int(truth.sum()),
        "auc": rounded(auc_interval(truth, said, woman, rng, draws).as_list()),
        "auc_by_fold": _by_fold(truth, said, fold),
        "metadata_auc": metadata_auc(own, found, rng, draws),
        "permuted_auc": rounded(permuted_auc(truth, said, woman, rng, draws).as_list()),
        "brier": round(brier(truth, said), 4),
        "ece": round(expected_calibration_error(truth, said), 4),
        "ece_calibrated": None,
        "operating_points": operating_points(found, fold, _cases(watched, recipe, unit), set_on, rng, draws),
    }
    if watched:
        calibrated = np.zeros(truth.size)
        for each, seen in watched.items():  # by pictures in every unit: there are too few exams
            calibrated[fold == each] = calibration(cases(seen, recipe)).apply(found.score[fold == each, None])
        row["ece_calibrated"] = round(expected_calibration_error(truth, calibrated), 4)
    return row


def _by_fold(truth: Bools, said: Floats, fold: Numbers) -> dict[str, float]:
    """AUC of each fold's own cases, where there are several folds; of those with cases of both kinds."""
    folds = np.unique(fold).tolist()
    both = [each for each in folds if len(folds) > 1 and 0 < truth[fold == each].sum() < (fold == each).sum()]
    return {str(each): round(float(roc_auc_score(truth[fold == each], said[fold == each])), 4) for each in both}


def calibration(watched: Cases) -> Calibration:
    """How log-odds of these pictures become probabilities that come true."""
    return fit_calibration(watched.score[:, None], watched.truth)


def metadata_auc(own: Predictions, found: Cases, rng: np.random.Generator, draws: int) -> list[float] | None:
    """AUC of `metadata_of` these cases alone, cross-fitted on them by woman; None where nothing of that is stated."""
    columns = metadata_of(own.columns, found.lead)
    women = [len(set(found.woman[found.truth == kind].tolist())) for kind in (True, False)]
    if not columns or min(women) < FOLDS:
        return None
    folds = np.zeros(found.truth.size, np.int64)
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for number, (_, part) in enumerate(parts.split(found.lead, found.truth, found.woman)):
        folds[part] = number
    score = metadata_baseline(columns, found.truth, found.woman, folds)
    return rounded(auc_interval(found.truth, score, found.woman, rng, draws).as_list())


def worst(once: Predictions, recipe: Judged, count: int = WORST) -> list[dict[str, Any]]:
    """The pictures that were got wrong with most confidence, by more than one half: what they are, what was said of them."""
    truth, known = looked_for(once.columns["label"], recipe)
    off = np.where(truth, 1 - once.score, once.score)
    off[~known | (off <= 0.5)] = 0
    return [
        {
            key: str(once.columns[key][row])
            for key in ("file", "dataset", "patient_id", "label", "part", "laterality", "view")
        }
        | {"fold": int(once.fold[row]), "probability": round(float(once.score[row]), 4)}
        for row in np.argsort(-off, kind="stable")[:count].tolist()
        if off[row] > 0
    ]
