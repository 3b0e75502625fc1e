"""From a run to an artefact: the serving graph, the weights, the recipe and a card with the figures, sealed.

A promoted network's card carries the figures of the fold networks that were judged on women they had not seen, and says whose
figures they are.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score

from mammo_core.exam import CLASSES
from mammo_core.inference import Artefact, seal
from mammo_core.training.export import export
from mammo_core.training.patch.cases import JUDGED, write_judged
from mammo_core.training.patch.judge import judge, weighed
from mammo_core.training.patch.networks import load_backbone, serving_network
from mammo_core.training.patch.pictures import NO_FOLD, Pictures
from mammo_core.training.patch.predictions import folds_done, read_predictions
from mammo_core.training.patch.recipe import Recipe, read_recipe
from mammo_core.training.patch.sentences import LICENCE, LIMITS, beaten, not_for, whose

BENIGN_SCALE = 1.0
"""u = BENIGN_SCALE * (top mean of benign against background) + shift. Given, not learned."""
BENIGN_SHARE = 0.1
"""The shift is set so that this part of the training sets' pictures without cancer has u > 0: screening finds few benign lesions."""
EVIDENCE = ("recipe.toml", "split.csv", "history.csv", "predictions.csv")
"""What of the judged folds goes along under `run/`, so that anyone with the data can judge them again."""
TITLES = {name: title for title, name, _, _ in JUDGED} | {"ddsm": "DDSM, film"}


def promote(run: Path, fold: int | None, pictures: Pictures, models: Path) -> Artefact:
    """Make `models/<name>-<version>/` of a recipe's run: of the network of one `fold`, or (None) of the one trained on all women.

    Raises ValueError where no fold has been judged, or the network asked for has not been trained.
    """
    judged = folds_done(run)
    source = run / ("all" if fold is None else f"fold{fold}")
    if not judged:
        raise ValueError(f"{run} has no fold with predictions; train one first")
    if not (source / "weights.safetensors").is_file():
        raise ValueError(f"{source} holds no trained network")
    recipe = read_recipe(source / "recipe.toml")
    folder = models / f"{recipe.name}-{recipe.version}"
    folder.mkdir(parents=True, exist_ok=True)
    predictions = read_predictions(
        [
            (source, NO_FOLD if fold is None else fold),
            *((run / f"fold{each}", each) for each in judged if each != fold),
        ],
        pictures,
    )
    dataset = pictures.columns["dataset"][predictions.rows]
    clear = np.isin(dataset, recipe.sets) & ~pictures.malignant[predictions.rows]
    shift = -BENIGN_SCALE * float(np.quantile(predictions.benign_map[clear], 1 - BENIGN_SHARE))
    tensors = _with_heads_together(load_file(source / "weights.safetensors"), recipe)
    canvas = (pictures.canvases.shape[1], pictures.canvases.shape[2])
    export(
        serving_network(load_backbone(tensors), tensors, (BENIGN_SCALE, shift), canvas, recipe.patch),
        folder / "graph.xml",
    )
    save_file(tensors, folder / "weights.safetensors")
    shutil.copyfile(source / "recipe.toml", folder / "recipe.toml")
    for each in judged:
        evidence = folder / "run" / f"fold{each}"
        evidence.mkdir(parents=True, exist_ok=True)
        for name in EVIDENCE:
            shutil.copyfile(run / f"fold{each}" / name, evidence / name)
    _write_history(folder / "history.csv", run, judged)
    write_judged(folder / "judged.csv", predictions, weighed(predictions, pictures)[1], pictures)
    data = _data(pictures, recipe)
    figures = judge(predictions, pictures, np.random.default_rng(recipe.seed))
    card = {
        "name": recipe.name,
        "version": recipe.version,
        "title": recipe.title,
        "classes": list(CLASSES),
        "canvas": list(canvas),
        "heads": [head.name for head in recipe.heads],
        **figures,
        "normal_benign": _normal_benign(
            predictions.benign_map, dataset, pictures.columns["label"][predictions.rows], shift
        ),
        "not_for": not_for(data, figures["operating_points"]),
        "limits": [*LIMITS, *beaten(figures["evaluation"])],
        "licence": LICENCE,
        "data": data,
        "trained_on": _counts(
            pictures, pictures.of(*recipe.sets) & (pictures.folds() != (NO_FOLD if fold is None else fold))
        ),
        "cross_validated": whose(fold, judged),
        "held_out_fold": fold,
    }
    return seal(folder, card)


def _with_heads_together(tensors: dict[str, npt.NDArray[Any]], recipe: Recipe) -> dict[str, npt.NDArray[Any]]:
    """The run's weights with its heads side by side: `head/weights` (features, k) and `head/bias` (k,)."""
    kept = {name: tensor for name, tensor in tensors.items() if not re.match(r"head\d+/", name)}
    numbers = range(len(recipe.heads))
    kept["head/weights"] = np.stack([tensors[f"head{number}/weights"] for number in numbers], axis=1)
    kept["head/bias"] = np.concatenate([tensors[f"head{number}/bias"] for number in numbers])
    return kept


def _write_history(path: Path, run: Path, folds: list[int]) -> None:
    """The folds' history.csv as one, with the fold in front."""
    lines: list[str] = []
    for fold in folds:
        head, *rows = (run / f"fold{fold}" / "history.csv").read_text(encoding="utf-8").splitlines()
        lines += [f"fold,{head}"] * (not lines) + [f"{fold},{row}" for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _data(pictures: Pictures, recipe: Recipe) -> list[dict[str, Any]]:
    """Whose pictures they are, set by set: those of the recipe, then those kept outside."""
    judged = [name for _, name, _, _ in JUDGED]
    return [
        _set(pictures, name, "trained on and judged" if name in judged else "trained on") for name in recipe.sets
    ] + [_set(pictures, name, "judged only") for name in recipe.outside]


def _set(pictures: Pictures, name: str, use: str) -> dict[str, Any]:
    own = pictures.of(name)
    column = {key: values[own] for key, values in pictures.columns.items()}
    _, first = np.unique(pictures.women[own], return_index=True)
    ages = np.array([float(age) for age in column["age"][first] if age])
    return {
        "set": name,
        "title": TITLES.get(name, name),
        "use": use,
        "women": len(first),
        "pictures": int(own.sum()),
        "malignant": int((own & pictures.malignant).sum()),
        "women_with_cancer": len(np.unique(pictures.women[own & pictures.malignant])),
        "views": {str(view): int((column["view"] == view).sum()) for view in np.unique(column["view"])},
        "age": [float(np.min(ages)), float(np.median(ages)), float(np.max(ages))] if ages.size else None,
        "age_known": len(ages),
        "machines": len(set(column["machine"].tolist()) - {""}),
        "sites": len(set(column["site"].tolist()) - {""}),
    }


def _counts(pictures: Pictures, trained: npt.NDArray[np.bool_]) -> dict[str, Any]:
    names = np.unique(pictures.columns["dataset"][trained])
    return {
        str(name): {
            "pictures": int((trained & pictures.of(str(name))).sum()),
            "women": len(np.unique(pictures.women[trained & pictures.of(str(name))])),
            "malignant": int((trained & pictures.of(str(name)) & pictures.malignant).sum()),
        }
        for name in names
    }


def _normal_benign(
    benign_map: npt.NDArray[np.float64], dataset: npt.NDArray[np.str_], label: npt.NDArray[np.str_], shift: float
) -> dict[str, Any]:
    """The given rule, and what it does on mini-MIAS, the only set with normals and benign findings enough to look at."""
    outside = (dataset == "mini_mias") & (label != "malignant")
    return {
        "validated": False,
        "rule": "What is not malignant divides by the strongest benign-looking cells of the lesion map: sigmoid(u) benign, with "
        f"u = {BENIGN_SCALE:g} * (their mean, benign against background) {shift:+.3f}. Given, not learned.",
        "scale": BENIGN_SCALE,
        "shift": shift,
        "mini_mias_benign_against_normal_auc": round(
            float(roc_auc_score(label[outside] == "benign", benign_map[outside])), 3
        ),
        "mini_mias_n": int(outside.sum()),
    }
