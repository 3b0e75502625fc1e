"""From a classifier's run to a model that the reading page offers: calibrated, exported, tested, its card written, sealed.

One network of the run ships, with the figures of all folds' networks on women they had not seen. A network that reads several pictures at
once, or does not look for malignant, is refused: the page could not show what it says. Needs the TensorFlow backend.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from mammo_core.evaluation import operating_points
from mammo_core.exam import CLASSES, Source
from mammo_core.inference import Artefact, seal
from mammo_core.inference.artefact import GOLDEN_CASES, golden_canvas
from mammo_core.inference.evidence import JUDGED_COLUMNS
from mammo_core.training.bench.card import about_run, history_rows
from mammo_core.training.bench.held_out import (
    Group,
    at_least,
    calibrations,
    evaluated,
    groups,
    in_groups,
    points_from,
)
from mammo_core.training.bench.servable import require_servable, rest_rule
from mammo_core.training.bench.serving import serving_network
from mammo_core.training.lab import records
from mammo_core.training.model_folder import new_model, wrong_version
from mammo_core.training.recipes import classifier as recipes
from mammo_core.training.recipes.classifier import Recipe

EVIDENCE = ("split.csv", "history.csv", "predictions.csv")
"""What of every fold goes along under `run/`, so that anyone can judge it again."""
TOLERANCE = 0.01
"""By how much the probabilities of the exported graph, whose weights have 16 bits, may differ from the network's."""


def promote(run: Path, models: Path, fold: int = 0, version: str = "") -> Artefact:
    """Make `models/<name>-<version>/` of a run: of the network of one `fold`, under its recipe's version or the `version` given.

    Raises:
        ValueError: the run has no such network or cannot be shown on the reading page, `version` is none or there is such a model
            already, its data are not where they were, or the exported graph says something else than the network.
    """
    recipe = recipes.read_one(run / "recipe.toml")
    require_servable(recipe)
    version = version or recipe.version
    if version != recipe.version and (wrong := wrong_version(version)):
        raise ValueError(wrong)
    if not (run / f"fold{fold}" / records.NETWORK).is_file():
        raise ValueError(f"{run} holds no network of fold {fold}")
    told = records.read_predictions(run)
    judged = list(groups(told, recipe, fold))
    points = points_from(judged)
    calibration = calibrations(told, recipe, fold)
    with new_model(models, f"{recipe.name}-{version}") as folder:
        artefact = _made(folder, run, replace(recipe, version=version), fold, judged, points, calibration)
    return replace(artefact, folder=models / folder.name)


def _made(
    folder: Path, run: Path, recipe: Recipe, fold: int, judged: list[Group], points: Group, calibration: dict[str, Any]
) -> Artefact:
    """Write all files of the model into `folder`, and seal them."""
    rng = np.random.default_rng(recipe.seed)
    evaluation = [evaluated(group, rng) for group in judged]
    found = points.cases
    at = operating_points(found.truth, 100 * found.probability, found.woman, points.fold, points.unit, rng)
    network, map_rule = _shipped(run / f"fold{fold}", recipe, folder)
    shutil.copyfile(run / "recipe.toml", folder / "recipe.toml")
    _write_judged(folder / "judged.csv", judged)
    _write_rows(folder / "history.csv", history_rows(run))
    for each in sorted(run.glob("fold*/predictions.csv")):
        evidence = folder / "run" / each.parent.name
        evidence.mkdir(parents=True, exist_ok=True)
        for name in EVIDENCE:
            shutil.copyfile(each.parent / name, evidence / name)
    shutil.copyfile(run / "recipe.toml", folder / "run" / "recipe.toml")
    card = {
        "name": recipe.name,
        "version": recipe.version,
        "title": recipe.title,
        "classes": list(CLASSES),
        "canvas": list(recipe.size),
        "crop": recipe.crop,
        "maps": ["gradcam"],
        "map_rule": map_rule,
        "heads": ["network"],
        "calibration": calibration,
        "evaluation": evaluation,
        "operating_points": at,
        "exams_at_least": at_least(points),
        "subgroups": in_groups(judged, rng),
        "pointing": [],
        "normal_benign": {"validated": False, "rule": rest_rule(recipe)},
        "run": run.name,
        **about_run(run, recipe, fold, evaluation, at),
    }
    artefact = seal(folder, card)
    _require_same(network, artefact)
    return artefact


def _shipped(fold: Path, recipe: Recipe, folder: Path) -> tuple[Any, str]:
    """Build a fold's network with its weights as they ship, and write graph and weights.

    Gives the serving network, and how its map is made.
    Raises ValueError where the backend is not TensorFlow.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ValueError("models are exported with TensorFlow; set KERAS_BACKEND=tensorflow")
    from mammo_core.training.bench.activation import CellParts
    from mammo_core.training.export import export
    from mammo_core.training.networks import build

    network = build(recipe, load=False).model
    network.load_weights(fold / records.NETWORK)
    # What ships has 16 bits; the network is rounded first, so that what is tested is what ships.
    rounded = [_in_half(np.asarray(each, dtype=np.float32)) for each in network.get_weights()]
    network.set_weights([each.astype(np.float32) for each in rounded])
    paths = [each.path for each in network.weights]
    save_file(dict(zip(paths, rounded, strict=True)), folder / "weights.safetensors")
    parts = CellParts(network, name="cell_parts")
    serving = serving_network(network, recipe, parts)
    export(serving, folder / "graph.xml")
    return serving, parts.how


def _in_half(values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """The values in 16 bits; as they are where one is too large for that."""
    fits = not values.size or float(np.abs(values).max()) < float(np.finfo(np.float16).max)
    return values.astype(np.float16) if fits else values


def _require_same(network: Any, artefact: Artefact) -> None:
    """Compare the sealed model with the network it was made of, on the golden canvases. Raises ValueError where they differ."""
    calibration = np.array([artefact.calibration(Source.UNKNOWN)], np.float32)
    for k in range(GOLDEN_CASES):
        given = {"canvas": golden_canvas(k, artefact.canvas)[None, ..., None], "calibration": calibration}
        wanted = np.asarray(network(given)["probabilities"])[0]
        off = float(np.abs(artefact.graph(given)["probabilities"][0] - wanted).max())
        if not off <= TOLERANCE:
            raise ValueError(
                f"the exported graph is off by {off:.2g} from the network; {artefact.name} was not promoted"
            )


def _write_judged(path: Path, judged: list[Group]) -> None:
    """The judged cases as `inference.judged` reads them; women by numbers that mean nothing elsewhere."""
    number: dict[str, int] = {}
    rows: list[tuple[Any, ...]] = [JUDGED_COLUMNS]
    for group in judged:
        found = group.cases
        for woman, truth, said, fold in zip(found.woman, found.truth, found.probability, group.fold, strict=True):
            place = number.setdefault(str(woman), len(number))
            rows.append((group.name, group.unit, group.how, place, int(truth), f"{100 * said:.5f}", int(fold)))
    _write_rows(path, rows)


def _write_rows(path: Path, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
