"""The figures of a run on cell-nucleus features, from the files of the run alone, and the card that says them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.cytology import KIND, FeatureModel, seal_feature_model
from mammo_core.cytology.model import CLASSES
from mammo_core.evaluation import auc_interval, brier, expected_calibration_error, score_interval
from mammo_core.training.cytology import MARGIN, Women, wisconsin
from mammo_core.training.lab.records import Predictions, read_history, read_predictions
from mammo_core.training.model_folder import new_model
from mammo_core.training.recipes.features import DATA, FeatureRecipe, read_features

DRAWS = 2000
UNITS = {"radius": "length", "perimeter": "length", "area": "length squared", "texture": "grey levels"}
"""Of a characteristic; the others have none."""


def judged(run: Path) -> dict[str, Any]:
    """Figures of all folds together, of each fold, and of the controls. Raises ValueError where a fold is missing."""
    recipe, found = read_features(run / "recipe.toml"), _predictions(run)
    malignant, said = found.columns["label"] == "malignant", found.score
    women, called = found.columns["patient_id"], found.score >= MARGIN
    right = called == malignant

    def rng() -> np.random.Generator:
        return np.random.default_rng(recipe.seed)

    shares = {
        "accuracy": _share(right),
        "sensitivity": _share(called[malignant]),
        "specificity": _share(~called[~malignant]),
        "auc": auc_interval(malignant, said, women, rng(), DRAWS).as_list(),
    }
    return {
        "evaluation": {
            "n": len(said),
            "n_malignant": int(malignant.sum()),
            "margin": MARGIN,
            **shares,
            "brier": brier(malignant, said),
            "ece": expected_calibration_error(malignant, said),
        },
        "folds": [
            _fold(number, malignant[mine], said[mine], women[mine], rng())
            for number in range(recipe.protocol.k)
            for mine in [found.fold == number]
        ],
        "checks": json.loads((run / "checks.json").read_text(encoding="utf-8")),
    }


def promote(run: Path, root: Path) -> FeatureModel:
    """Make the model folder of a finished run under `root` and seal it. Raises ValueError where there is such a model already."""
    recipe = read_features(run / "recipe.toml")
    with new_model(root, f"{recipe.name}-{recipe.version}") as folder:
        for name in ("graph.xml", "graph.bin"):
            shutil.copyfile(run / "all" / name, folder / name)
        shutil.copyfile(run / "recipe.toml", folder / "recipe.toml")
        _write(folder / "judged.csv", *_judged_rows(_predictions(run)))
        _write(folder / "history.csv", *_history_rows(run, recipe))
        model = seal_feature_model(folder, card(recipe, wisconsin(), judged(run)))
    return replace(model, folder=root / folder.name)


def card(recipe: FeatureRecipe, women: Women, figures: dict[str, Any]) -> dict[str, Any]:
    """The card of a model, but for its files and seal."""
    n, n_malignant = len(women.malignant), int(women.malignant.sum())
    return {
        "kind": KIND,
        "name": recipe.name,
        "version": recipe.version,
        "title": recipe.title,
        "classes": list(CLASSES),
        "features": [_feature(women, place) for place in range(len(women.features))],
        "units": "The set does not name its unit of length; it is that of its digitised pictures. Area is in its square, texture in "
        "grey levels; all others have no unit. Mean, standard error, and the mean of the three worst nuclei of each.",
        "data": {
            "set": DATA,
            "title": "Wisconsin diagnostic set (W. H. Wolberg, W. N. Street, O. L. Mangasarian, University of Wisconsin, 1995)",
            "women": n,
            "malignant": n_malignant,
            "source": "UCI Machine Learning Repository, as scikit-learn ships it",
        },
        "protocol": [
            f"{recipe.protocol.k} folds, stratified, by seed {recipe.seed}; each woman is judged once, by a network fitted to the others.",
            "Features are scaled by mean and variance of the women fitted to, inside each fold.",
            f"{recipe.training.epochs} epochs, the last one is taken; recipe and threshold of {MARGIN} were set down before the first "
            "division was judged. No choice was made on the women judged.",
            f"Intervals are 95 %: score intervals (Wilson) of shares, of the AUC {DRAWS} draws of the women.",
            "What ships was fitted to all women.",
        ],
        "stated": {"title": recipe.system.title, "figures": recipe.system.stated, "reason": recipe.system.reason},
        **figures,
        "not_for": [
            "Mammograms, or any other picture of a breast: it reads measurements of cell nuclei in a fine-needle aspirate.",
            "Any decision about a woman. It has not been tested outside one hospital and its one instrument.",
            "Measurements made with another program, stain or magnification: their numbers mean something else.",
        ],
        "limits": [
            f"{n} women of one hospital, aspirates taken before 1995, nuclei outlined by hand on a screen.",
            f"{n_malignant} of {n} masses were malignant: a probability is not that of another clinic's patients.",
            "Only masses that were aspirated are in the set.",
            *_comparison(figures),
            "There is no second set with these features: nothing here was tested on women from elsewhere.",
        ],
        "licence": "Research use only, not for clinical use. Data: UCI Machine Learning Repository, CC BY 4.0.",
    }


def _fold(
    number: int, malignant: npt.NDArray[np.bool_], said: npt.NDArray[np.float64], women: Any, rng: np.random.Generator
) -> dict[str, Any]:
    return {
        "fold": number,
        "n": len(said),
        "n_malignant": int(malignant.sum()),
        "accuracy": _share((said >= MARGIN) == malignant),
        "auc": auc_interval(malignant, said, women, rng, DRAWS).as_list(),
    }


def _share(hits: npt.NDArray[np.bool_]) -> list[float]:
    return score_interval(float(hits.mean()), hits.size).as_list()


def _comparison(figures: dict[str, Any]) -> list[str]:
    """What the figures beside the network's own say of it."""
    checks, own = figures["checks"], figures["evaluation"]["accuracy"][0]
    said = []
    if checks["repeats"]:
        rates = sorted(100 * each["accuracy"] for each in checks["repeats"])
        said.append(
            f"With the women divided anew {len(rates)} times it was right in {rates[0]:.1f} to {rates[-1]:.1f} %, against "
            f"{100 * own:.1f} % in the division whose figures are given: the first decimal depends on the division."
        )
    simple = checks["logistic"]["accuracy"]
    if simple >= own:
        said.append(
            f"A logistic regression on the same folds is right in {100 * simple:.1f} %: on these features the network is no gain."
        )
    return said


def _feature(women: Women, place: int) -> dict[str, Any]:
    name, values = women.features[place], women.values[:, place]
    unit = next((unit for word, unit in UNITS.items() if word in name.split()), "none")
    medians = {label: float(np.median(values[women.malignant == bool(k)])) for k, label in enumerate(CLASSES)}
    return {"name": name, "unit": unit, "range": [float(values.min()), float(values.max())], "median": medians}


def _predictions(run: Path) -> Predictions:
    recipe, found = read_features(run / "recipe.toml"), read_predictions(run, ["test"])
    if absent := set(range(recipe.protocol.k)) - set(found.fold.tolist()):
        raise ValueError(f"{run} lacks fold {min(absent)}; train it first")
    return found


def _judged_rows(found: Predictions) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    rows = zip(
        found.columns["patient_id"],
        found.fold.tolist(),
        (found.columns["label"] == "malignant").astype(int).tolist(),
        [f"{p:.6f}" for p in found.score],
        strict=True,
    )
    return ("woman", "fold", "malignant", "p_malignant"), sorted(rows)


def _history_rows(run: Path, recipe: FeatureRecipe) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    rows: list[tuple[Any, ...]] = []
    for fold in range(recipe.protocol.k):
        columns = read_history(run / f"fold{fold}")
        rows += [
            (fold, int(epoch), f"{loss:.6g}", f"{accuracy:.6g}")
            for epoch, loss, accuracy in zip(columns["epoch"], columns["loss"], columns["accuracy"], strict=True)
        ]
    return ("fold", "epoch", "loss", "accuracy"), rows


def _write(path: Path, heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([heads, *rows])
    path.write_text(stream.getvalue(), encoding="utf-8")
