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
from mammo_core.training.judge import folds_done, judge, read_predictions
from mammo_core.training.networks import load_backbone, serving_network
from mammo_core.training.pictures import FOLDS, NO_FOLD, Pictures
from mammo_core.training.recipe import Recipe, read_recipe

BENIGN_SCALE = 1.0
"""u = BENIGN_SCALE * (top mean of benign against background) + shift. Given, not learned."""
BENIGN_SHARE = 0.1
"""The shift is set so that this part of the training sets' pictures without cancer has u > 0: screening finds few benign lesions."""
EVIDENCE = ("recipe.toml", "split.csv", "history.csv", "predictions.csv")
"""What of the judged folds goes along under `run/`, so that anyone with the data can judge them again."""
LICENCE = (
    "Research use only, not for clinical use. The weights were trained on RSNA, CBIS-DDSM and DDSM pictures, of which RSNA's may be used "
    "for non-commercial and academic research only; the code's Apache-2.0 licence does not extend to the weights."
)
LIMITS = (
    "Not a medical device. Not for clinical use.",
    "Trained where about a third of the pictures show cancer: a probability is not a screening risk.",
    "Normal against benign is not validated: it was given, not learned.",
    "Of RSNA's women with cancer nearly all have pictures of the affected breast only, those without have both. The exam's score is the "
    "higher breast's, so specificity at the operating points is that of whole exams, but exam AUC and sensitivity are lower bounds.",
    "Operating points come from digital mammograms of the RSNA set; on film and on other machines they are not valid.",
    "The public pictures were stretched to squares and reduced to 8 bits; fine calcifications are lost in them and on the canvas.",
    "Implants, magnification, spot views, specimens and raw data are not scored.",
)


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
    export(serving_network(load_backbone(tensors), tensors, (BENIGN_SCALE, shift), canvas), folder / "graph.xml")
    save_file(tensors, folder / "weights.safetensors")
    shutil.copyfile(source / "recipe.toml", folder / "recipe.toml")
    for each in judged:
        evidence = folder / "run" / f"fold{each}"
        evidence.mkdir(parents=True, exist_ok=True)
        for name in EVIDENCE:
            shutil.copyfile(run / f"fold{each}" / name, evidence / name)
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
        "limits": [*LIMITS, *_beaten(figures["evaluation"])],
        "licence": LICENCE,
        "trained_on": _counts(
            pictures, pictures.of(*recipe.sets) & (pictures.folds() != (NO_FOLD if fold is None else fold))
        ),
        "cross_validated": _whose(fold, judged),
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


def _beaten(evaluation: list[dict[str, Any]]) -> list[str]:
    """A sentence for every set and unit on which a baseline that sees no picture does better than the network."""
    return [
        f"{row['set']}, {row['unit']}: age, machine, site and view alone (AUC {row['baseline_auc'][0]:.2f}) tell more than this network "
        f"({row['auc'][0]:.2f})."
        for row in evaluation
        if row["baseline_auc"] and row["baseline_auc"][0] > row["auc"][0]
    ]


def _whose(fold: int | None, judged: list[int]) -> str:
    women = (
        "all five fifths"
        if len(judged) == FOLDS
        else f"{len(judged)} of five fifths (crc32 mod 5 = {', '.join(map(str, judged))})"
    )
    if fold is None:
        return f"This network was trained on all women. The figures are those of its sisters on {women} of the women, unseen by them."
    if judged == [fold]:
        return f"The figures are this very network's on {women} of the women, whom it had not seen. The others are not judged yet."
    return f"The figures are those of networks on {women} of the women, whom they had not seen; this network is one of them."


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
        f"u = {BENIGN_SCALE:g} * (their mean, benign against background) {shift:+.3f}. Given, not learned, and not validated.",
        "scale": BENIGN_SCALE,
        "shift": shift,
        "mini_mias_benign_against_normal_auc": round(
            float(roc_auc_score(label[outside] == "benign", benign_map[outside])), 3
        ),
        "mini_mias_n": int(outside.sum()),
    }
