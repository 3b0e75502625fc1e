"""Run folders as a training process leaves them, made by formula in no time: what the lab's pages are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.lab import queue, records, runs
from mammo_core.training.recipes.checking import written
from mammo_core.training.recipes.classifier import NetworkSpec, ProtocolSpec, Recipe, System, TrainingSpec
from tests.training.patch.synthetic import RECIPE as PATCHES

CLASSES = ("normal", "benign", "malignant")


def make_recipe(name: str = "tiny", classes: Sequence[str] = CLASSES, folds: int = 1, epochs: int = 6) -> Recipe:
    """A plain network of next to nothing."""
    last = classes[-1]
    labels = {"malignant": (last,)}
    for label in ("normal", "benign"):
        labels[label] = (label,) if label in classes else (classes[0],)
    return Recipe(
        kind="classifier",
        name=name,
        version="1",
        title=f"Plain network ({name})",
        seed=1,
        classes=tuple(classes),
        labels=labels,
        size=(32, 32),
        channels=1,
        system=System("Plain network", "none stated", "It is judged on women it has not seen."),
        network=NetworkSpec(
            backbone="plain", layers=("conv 4", "maxpool"), head=("pool", "dropout"), pooling="average"
        ),
        training=TrainingSpec(epochs=epochs, batch=8, rate=0.001),
        protocol=ProtocolSpec(kind="folds", k=folds) if folds > 1 else ProtocolSpec(kind="holdout", share=0.3),
    )


def empty_lab(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `root` a machine with the recipe "tiny" of two classes, no pictures, and no runs; its queue is not served."""
    for name in ("runs", "data", "models"):
        (root / name).mkdir()
        monkeypatch.setenv(f"MAMMO_{name.upper()}", str(root / name))
    (root / "models" / "recipes").mkdir()
    recipe = make_recipe(classes=("benign", "malignant"))
    (root / "models" / "recipes" / "tiny.toml").write_text(written(recipe), encoding="utf-8")
    monkeypatch.setattr(queue, "_start_runner", lambda root: None)


def make_run(
    root: Path,
    name: str = "tiny",
    *,
    women: int = 60,
    folds: int = 1,
    epochs: int = 6,
    skill: float = 1.0,
    classes: Sequence[str] = CLASSES,
    status: str = "done",
    data: str = "/data/made-up",
    files: Sequence[str] = (),
    created: str = "2024-05-06T07:08:09+00:00",
    draws: int = 0,
) -> Path:
    """A run of a network that tells cancer from the rest the better the higher its `skill`.

    A third of the women are of each label; each has two pictures. `files` name the pictures, which else do not exist. With `draws`
    it is judged, and its intervals are of so many.
    """
    recipe = make_recipe(name, classes, folds, epochs)
    folder = root / f"{name}-1-20240506-070809"
    text = written(recipe)
    known: dict[str, Any] = {"title": recipe.title, "data": data, "folds": folds, "epochs": epochs}
    run = runs.new_run(root, name, "1", out=folder, recipe=text, **known)
    rng = np.random.default_rng(len(name))
    for fold in range(folds):
        place = folder / f"fold{fold}"
        place.mkdir()
        records.write_history(place, _history(epochs, fold, skill))
        split = {f"W{woman}": "test" if woman % max(folds, 2) == fold else "train" for woman in range(women)}
        records.write_split(place, split)
        records.write_predictions(place, recipe.classes, _rows(rng, recipe, split, skill, files))
    finished = {"started": created, "ended": created, "seconds_per_epoch": 2.5, "epoch": epochs, "fold": folds - 1}
    state = {**{key: getattr(run, key) for key in ("folder", "id", "recipe")}, **known, **finished}
    runs.write_run(runs.Run(**{**state, "created": created, "status": runs.Status(status)}))
    (folder / "log.txt").write_text("epoch 1 of 6\n", encoding="utf-8")
    if draws:
        evaluate(folder, draws)
    return folder


def _history(epochs: int, fold: int, skill: float) -> dict[str, list[float]]:
    epoch = np.arange(1, epochs + 1)
    falling = np.exp(-skill * epoch / 4) + 0.02 * fold
    columns = {
        "epoch": epoch,
        "loss": 0.2 + falling,
        "accuracy": 0.9 - 0.4 * falling,
        "auc": 0.95 - 0.4 * falling,
        "recall": 0.9 - 0.5 * falling,
        "val_loss": 0.4 + falling,
        "val_accuracy": 0.8 - 0.4 * falling,
        "val_auc": 0.85 - 0.4 * falling,
        "val_recall": 0.8 - 0.5 * falling,
        "rate": 0.001 * 0.5 ** (epoch // 3),
        "seconds": np.full(epochs, 2.5),
        "waiting_s": np.full(epochs, 0.1),
    }
    return {name: values.astype(float).tolist() for name, values in columns.items()}


def _rows(
    rng: np.random.Generator, recipe: Recipe, split: dict[str, str], skill: float, files: Sequence[str]
) -> list[tuple[dict[str, str], list[float]]]:
    rows = []
    for number, (woman, part) in enumerate(split.items()):
        label = CLASSES[(number // 5) % 3]
        for view in ("CC", "MLO"):
            if part != "test":
                continue
            sites = {
                "density": "abcd"[number % 4],
                "machine": f"M{number % 3}",
                "site": str(1 + number % 2),
                "volume": "",
            }
            meant = recipe.labels[label][0]
            odds = np.array([skill * 2 * (name == meant) + rng.normal() for name in recipe.classes])
            said = np.exp(odds) / np.exp(odds).sum()
            about = {
                "file": files[len(rows) % len(files)] if files else f"{woman}_{view}.png",
                "dataset": "made-up" if number % 3 else "other",
                "patient_id": woman,
                "laterality": "LR"[number % 2],
                "view": view,
                "age": str(40 + number % 40),
                "label": label,
                "part": part,
                **sites,
            }
            rows.append((about, [float(p) for p in said]))
    return rows


def make_patch_run(
    root: Path, name: str = "tiny", *, folds: int = 2, data: str = "/data/made-up", draws: int = 5
) -> Path:
    """A run of a patch network as its process leaves it, of so many of its five folds: nobody is watched, one set lies outside."""
    text = PATCHES.replace('name = "tiny"', f'name = "{name}"')
    folder = root / f"{name}-1-20240506-070809"
    known: dict[str, Any] = {
        "title": "Tiny",
        "data": data,
        "folds": 5,
        "epochs": 2,
        "only": " ".join(map(str, range(folds))),
    }
    known |= {"status": runs.Status.DONE, "started": "2024-05-06T07:08:09+00:00", "ended": "2024-05-06T07:18:09+00:00"}
    runs.new_run(root, name, "1", out=folder, recipe=text, started_from="backbone.npz", **known)
    rng = np.random.default_rng(len(name))
    sets = {"rsna": "test", "cbis_ddsm_mass": "test", "mini_mias": "outside"}
    for fold in range(folds):
        place = folder / f"fold{fold}"
        place.mkdir()
        measured = {"epoch": [1, 2], "loss": [0.9, 0.7], "accuracy": [0.5, 0.6], "rate": [1e-3, 5e-4]}
        records.write_history(place, {key: measured.get(key, [float("nan")] * 2) for key in records.HISTORY})
        (place / "scores.csv").touch()
        rows = []
        for number in range(60):
            dataset = list(sets)[number % 3]
            label = ("malignant", "not_malignant")[number // 3 % 2]
            about = {
                "file": f"images/{fold}_{number}.png",
                "dataset": dataset,
                "patient_id": f"{dataset}{fold}_{number}",
            }
            p = float(1 / (1 + np.exp(-(label == "malignant") - rng.normal())))
            rows.append((about | {"label": label, "part": sets[dataset], "view": "MLO"}, [1 - p, p]))
        records.write_split(place, {row["patient_id"]: row["part"] for row, _ in rows})
        records.write_predictions(place, ("not malignant", "malignant"), rows)
    evaluate(folder, draws)
    return folder
