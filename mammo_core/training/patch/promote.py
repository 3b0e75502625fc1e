"""From a run to an artefact: the serving graph, the weights, the recipe and a card with the figures, sealed.

A promoted network's card carries the figures of the fold networks that were judged on women they had not seen, and says whose
figures they are.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score

from mammo_core.exam import CLASSES
from mammo_core.inference import Artefact, seal
from mammo_core.training.export import export
from mammo_core.training.judging.sentences import beaten, not_for
from mammo_core.training.lab.records import read_history
from mammo_core.training.lab.runs import find_run
from mammo_core.training.model_folder import new_model
from mammo_core.training.patch import pointing
from mammo_core.training.patch.cases import write_judged
from mammo_core.training.patch.ensemble import TISSUE, head_names, load_member, together
from mammo_core.training.patch.judge import heads_alone, judge, weighed
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import SCORES, Predictions, folds_done, read_predictions, trained_on
from mammo_core.training.patch.sentences import (
    LIMITS,
    NO_DEVICE,
    OF_TISSUE,
    of_the_map,
    prevalence,
    protocol,
    whose,
    whose_tissue,
    whose_together,
)
from mammo_core.training.patch.serving import Member, serving_network
from mammo_core.training.patch.tissue import PLACE, Tissue
from mammo_core.training.recipes.checking import written
from mammo_core.training.recipes.patch import Ensemble, Recipe, read_recipe, read_tissue

BENIGN_SCALE = 1.0
"""u = BENIGN_SCALE * (top mean of benign against background) + shift. Given, not learned."""
BENIGN_SHARE = 0.1
"""The shift is set so that this part of the training sets' pictures without cancer has u > 0: screening finds few benign lesions."""
EVIDENCE = ("split.csv", "history.csv", SCORES)
"""What of the judged folds goes along under `run/`, beside their run's recipe, so that anyone with the data can judge them again."""
MEASURED = ("loss", "accuracy", "rate")
"""Columns of a fold's history that a model carries: the others are not measured on patches."""


@dataclass(frozen=True, eq=False)
class _Made:
    """What a model is made of: the networks that ship, what was said of women unseen, and what the card says of all that.

    `model` is its own recipe, `recipe` the one whose sets and heads its `folders` share; `tissue` ships with its run.
    """

    model: Recipe | Ensemble
    recipe: Recipe
    folders: list[Path]
    members: list[Member]
    predictions: Predictions
    speakers: list[tuple[Path, ...]]
    words: dict[str, Any]
    tissue: tuple[Tissue, Path] | None = None


def promote(run: Path, fold: int, pictures: Pictures, models: Path, version: str = "") -> Artefact:
    """Make `models/<name>-<version>/` of the network of one `fold` of a patch network's run; the other folds judge it, too.

    Raises ValueError where that fold is not done, or there is such a model already.
    """
    judged, source = folds_done(run), run / f"fold{fold}"
    if fold not in judged or not (source / "weights.safetensors").is_file():
        raise ValueError(f"{source} holds no trained network that was judged")
    recipe = read_recipe(run / "recipe.toml")
    recipe = replace(recipe, version=version or recipe.version)
    folder_of = {each: run / f"fold{each}" for each in judged}
    said = read_predictions(
        [(folder_of[each], each) for each in sorted(judged, key=lambda each: each != fold)], pictures
    )
    return _make(
        models,
        _Made(
            model=recipe,
            recipe=recipe,
            folders=list(folder_of.values()),
            members=[load_member(source)],
            predictions=said,
            speakers=[(folder_of[each],) for each in said.fold.tolist()],
            words={
                "trained_on": _counts(pictures, trained_on(source, pictures, recipe.sets)),
                "cross_validated": whose(fold, judged),
                "members": [source.name],
                "held_out_fold": fold,
            },
        ),
        pictures,
    )


def promote_together(run: Path, pictures: Pictures, models: Path, version: str = "") -> Artefact:
    """Make a model of all networks of a patch network's run, which ship as their mean. Raises ValueError as `promote_ensemble`."""
    recipe, folds = read_recipe(run / "recipe.toml"), folds_done(run)
    if len(folds) == 1:
        return promote(run, folds[0], pictures, models, version)
    members = tuple(f"{run.name}/fold{fold}" for fold in folds)
    ensemble = Ensemble("ensemble", recipe.name, version or recipe.version, recipe.title, recipe.seed, members)
    return promote_ensemble(ensemble, run.parent, pictures, models)


def promote_ensemble(ensemble: Ensemble, runs: Path, pictures: Pictures, models: Path) -> Artefact:
    """Make `models/<name>-<version>/` of the networks that an ensemble's recipe names, each a fold of a run below `runs`.

    Raises ValueError where one of them is not there, they differ in sets or heads, or there is such a model already.
    """
    folders = [find_run(runs, Path(member).parent.name) / Path(member).name for member in ensemble.members]
    for folder in folders:
        if not (folder / "weights.safetensors").is_file() or not (folder / SCORES).is_file():
            raise ValueError(f"{folder} holds no trained network that was judged")
    if not folders:
        raise ValueError(f"{ensemble.name}: no fold of its run is done")
    recipes = [read_recipe(folder.parent / "recipe.toml") for folder in folders]
    recipe = recipes[0]
    shared = [(each.sets, each.outside, each.heads, each.data) for each in recipes]
    if shared.count(shared[0]) < len(shared):
        raise ValueError(f"{ensemble.name}: its members differ in sets or heads")
    tissue = find_run(runs, ensemble.tissue) if ensemble.tissue else None
    if tissue is not None and not (tissue / PLACE / SCORES).is_file():
        raise ValueError(f"{tissue} holds no tissue network that was judged")
    if tissue is not None and read_tissue(tissue / "recipe.toml").canvas != max(each.canvas for each in recipes):
        raise ValueError(f"{ensemble.name}: its tissue network was fitted on another canvas than its members")
    found = together(folders, pictures, recipe.sets, tissue)
    members = [f"{folder.parent.name}/{folder.name}" for folder in folders]
    return _make(
        models,
        _Made(
            model=replace(ensemble, members=tuple(members), tissue=tissue.name if tissue else ""),
            recipe=recipe,
            folders=folders,
            members=found.members,
            predictions=found.said.predictions,
            speakers=found.said.speakers,
            words={
                "trained_on": _counts(pictures, pictures.of(*recipe.sets)),
                "cross_validated": whose_together(folders) + (whose_tissue(tissue) if tissue else ""),
                "members": [*members, *([tissue.name] if tissue else [])],
                "held_out_fold": None,
            },
            tissue=(found.tissue, tissue) if found.tissue and tissue else None,
        ),
        pictures,
    )


def _make(models: Path, made: _Made, pictures: Pictures) -> Artefact:
    """Export, write, judge and seal one model."""
    model, recipe, predictions = made.model, made.recipe, made.predictions
    seen, tissue_run = made.tissue or (None, None)
    with new_model(models, f"{model.name}-{model.version}") as folder:
        dataset = pictures.columns["dataset"][predictions.rows]
        clear = np.isin(dataset, recipe.sets) & ~pictures.malignant[predictions.rows]
        shift = -BENIGN_SCALE * float(np.quantile(predictions.benign_map[clear], 1 - BENIGN_SHARE))
        export(serving_network(made.members, (BENIGN_SCALE, shift), seen), folder / "graph.xml")
        tensors = {
            f"member{number}/{name}": tensor
            for number, member in enumerate(made.members)
            for name, tensor in member.tensors.items()
        }
        if seen is not None:
            tensors |= {f"{TISSUE}/{name}": tensor for name, tensor in seen.tensors.items()}
        save_file(tensors, folder / "weights.safetensors")
        (folder / "recipe.toml").write_text(written(model), encoding="utf-8")
        for source in [*made.folders, *([tissue_run / PLACE] if tissue_run else [])]:
            _keep(source, folder / "run" / source.parent.name)
        _write_history(folder / "history.csv", made.folders)
        log_odds = weighed(predictions, pictures, recipe)[1]
        write_judged(folder / "judged.csv", predictions, log_odds, pictures, recipe)
        data = _data(pictures, recipe)
        heads = head_names(recipe, seen is not None)
        figures = judge(predictions, pictures, recipe, np.random.default_rng(model.seed))
        alone = heads_alone(predictions, pictures, recipe, heads, np.random.default_rng(model.seed))
        card = {
            "name": model.name,
            "version": model.version,
            "title": model.title,
            "classes": list(CLASSES),
            "canvas": list(max(member.canvas for member in made.members)),
            "heads": heads,
            **figures,
            "heads_alone": alone,
            "pointing": pointing.figures(predictions.rows, made.speakers, pictures, recipe, model.seed),
            "normal_benign": _normal_benign(predictions, pictures, recipe, shift),
            "not_for": not_for(data, figures["operating_points"]),
            "limits": [
                NO_DEVICE,
                prevalence(figures["calibration"]),
                *LIMITS,
                *recipe.limits,
                *([OF_TISSUE] if seen else []),
                *of_the_map(alone),
                *beaten(figures["evaluation"]),
            ],
            "protocol": protocol(made.words["held_out_fold"], len(made.members)),
            "licence": recipe.licence,
            "data": data,
            **made.words,
            "architectures": [{"canvas": list(member.canvas), "patch": member.patch} for member in made.members],
            "tissue": None if seen is None else {"seen": list(seen.seen)},
        }
        artefact = seal(folder, card)
    return replace(artefact, folder=models / folder.name)


def _keep(source: Path, place: Path) -> None:
    """Copy the evidence of a fold, and its run's recipe, to `place`."""
    (place / source.name).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source.parent / "recipe.toml", place / "recipe.toml")
    for each in EVIDENCE:
        shutil.copyfile(source / each, place / source.name / each)


def load_members(folder: Path) -> list[Member]:
    """The networks of a promoted model, from its weights."""
    tensors = load_file(folder / "weights.safetensors")
    return [
        Member(_below(f"member{k}", tensors), (spec["canvas"][0], spec["canvas"][1]), spec["patch"])
        for k, spec in enumerate(json.loads((folder / "card.json").read_text(encoding="utf-8"))["architectures"])
    ]


def load_tissue(folder: Path) -> Tissue | None:
    """The tissue network of a promoted model, from its weights; None where none ships with it."""
    said = json.loads((folder / "card.json").read_text(encoding="utf-8")).get("tissue")
    if not said:
        return None
    return Tissue(_below(TISSUE, load_file(folder / "weights.safetensors")), (said["seen"][0], said["seen"][1]))


def _below(place: str, tensors: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The tensors whose names begin with `place/`, without that."""
    return {name.removeprefix(f"{place}/"): each for name, each in tensors.items() if name.startswith(f"{place}/")}


def _write_history(path: Path, folders: list[Path]) -> None:
    """The networks' history.csv as one, with fold and round in front; rounds of a run that goes on from another are counted on."""
    lines: list[tuple[str, ...]] = [("fold", "round", "epoch", *MEASURED)]
    for folder in folders:
        recipe = read_recipe(folder.parent / "recipe.toml")
        before = 0
        if recipe.start:
            before = len(read_recipe(find_run(folder.parent.parent, recipe.start) / "recipe.toml").rounds)
        places = [
            (before + number, epoch)
            for number, spec in enumerate(recipe.rounds, start=1)
            for epoch in range(1, spec.epochs + 1)
        ]
        history = read_history(folder)
        for row, (number, epoch) in enumerate(places[: len(history["epoch"])]):
            measured = (f"{history[name][row]:.6g}" for name in MEASURED)
            lines.append((folder.name.removeprefix("fold"), str(number), str(epoch), *measured))
    path.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")


def _data(pictures: Pictures, recipe: Recipe) -> list[dict[str, Any]]:
    """Whose pictures they are, set by set: those of the recipe, then those kept outside."""
    titles, judged = recipe.titles, {each.set for each in recipe.judged}
    return [
        _set(pictures, name, titles[name], "trained on and judged" if name in judged else "trained on")
        for name in recipe.sets
    ] + [_set(pictures, name, titles[name], "judged only") for name in recipe.outside]


def _set(pictures: Pictures, name: str, title: str, use: str) -> dict[str, Any]:
    own = pictures.of(name)
    column = {key: values[own] for key, values in pictures.columns.items()}
    _, first = np.unique(pictures.women[own], return_index=True)
    ages = np.array([float(age) for age in column["age"][first] if age])
    return {
        "set": name,
        "title": title,
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


def _normal_benign(predictions: Predictions, pictures: Pictures, recipe: Recipe, shift: float) -> dict[str, Any]:
    """The given rule, and what it does on outside sets that have normals and benign findings to look at."""
    dataset, label = (pictures.columns[key][predictions.rows] for key in ("dataset", "label"))
    told: dict[str, Any] = {
        "validated": False,
        "rule": "What is not malignant divides by the strongest benign-looking cells of the lesion map: sigmoid(u) benign, with "
        f"u = {BENIGN_SCALE:g} * (their mean, benign against background) {shift:+.3f}. Given, not learned.",
        "scale": BENIGN_SCALE,
        "shift": shift,
    }
    for each in recipe.judged:
        own = (dataset == each.set) & np.isin(label, ("normal", "benign")) & (each.set in recipe.outside)
        if set(label[own].tolist()) == {"normal", "benign"}:
            auc = roc_auc_score(label[own] == "benign", predictions.benign_map[own])
            told |= {f"{each.set}_benign_against_normal_auc": round(float(auc), 3), f"{each.set}_n": int(own.sum())}
    return told
