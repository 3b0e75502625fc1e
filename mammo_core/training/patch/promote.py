"""From a run to an artefact: the serving graph, the weights, the recipe and a card with the figures, sealed.

A promoted network's card carries the figures of the fold networks that were judged on women they had not seen, and says whose
figures they are.
"""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score

from mammo_core.exam import CLASSES
from mammo_core.inference import Artefact, seal
from mammo_core.training.export import export
from mammo_core.training.model_folder import new_model
from mammo_core.training.patch import pointing
from mammo_core.training.patch.cases import JUDGED, write_judged
from mammo_core.training.patch.ensemble import TISSUE, head_names, load_member, together
from mammo_core.training.patch.judge import heads_alone, judge, weighed
from mammo_core.training.patch.pictures import NO_FOLD, Pictures
from mammo_core.training.patch.predictions import Predictions, folds_done, read_predictions, trained_on
from mammo_core.training.patch.recipe import Recipe, read_ensemble, read_recipe, read_tissue
from mammo_core.training.patch.sentences import (
    LICENCE,
    LIMITS,
    NO_DEVICE,
    OF_TISSUE,
    beaten,
    not_for,
    of_the_map,
    prevalence,
    protocol,
    whose,
    whose_tissue,
    whose_together,
)
from mammo_core.training.patch.serving import Member, serving_network
from mammo_core.training.patch.tissue import Tissue

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
    sisters = [run / f"fold{each}" for each in judged]
    asked = [
        (source, NO_FOLD if fold is None else fold),
        *((sister, each) for sister, each in zip(sisters, judged, strict=True) if each != fold),
    ]
    said, folder_of = read_predictions(asked, pictures), {number: folder for folder, number in asked}
    return _make(
        models,
        source / "recipe.toml",
        (recipe.name, recipe.version, recipe.title, recipe.seed),
        [load_member(source)],
        said,
        pointing.figures(said.rows, [(folder_of[fold],) for fold in said.fold.tolist()], pictures, recipe.seed),
        pictures,
        recipe,
        sisters,
        {
            "trained_on": _counts(pictures, trained_on(source, pictures, recipe.sets)),
            "cross_validated": whose(fold, judged),
            "members": [source.name],
            "held_out_fold": fold,
        },
    )


def promote_ensemble(path: Path, runs: Path, pictures: Pictures, models: Path) -> Artefact:
    """Make `models/<name>-<version>/` of the networks that an ensemble's recipe names, each a folder below `runs`.

    Raises ValueError where one of them is not there, or they differ in sets or heads.
    """
    ensemble = read_ensemble(path)
    folders = [runs / member for member in ensemble.members]
    for folder in folders:
        if not (folder / "weights.safetensors").is_file() or not (folder / "predictions.csv").is_file():
            raise ValueError(f"{folder} holds no trained network that was judged")
    recipes = [read_recipe(folder / "recipe.toml") for folder in folders]
    recipe = recipes[0]
    if any((each.sets, each.outside, each.heads) != (recipe.sets, recipe.outside, recipe.heads) for each in recipes):
        raise ValueError(f"{path.name}: its members differ in sets or heads")
    tissue = runs / ensemble.tissue if ensemble.tissue else None
    if tissue is not None and not (tissue / "predictions.csv").is_file():
        raise ValueError(f"{tissue} holds no tissue network that was judged")
    if tissue is not None and read_tissue(tissue / "recipe.toml").canvas != max(each.canvas for each in recipes):
        raise ValueError(f"{path.name}: its tissue network was fitted on another canvas than its members")
    found = together(folders, pictures, recipe.sets, tissue)
    said = found.said
    return _make(
        models,
        path,
        (ensemble.name, ensemble.version, ensemble.title, ensemble.seed),
        found.members,
        said.predictions,
        pointing.figures(said.predictions.rows, said.speakers, pictures, ensemble.seed),
        pictures,
        recipe,
        folders,
        {
            "trained_on": _counts(pictures, pictures.of(*recipe.sets)),
            "cross_validated": whose_together(folders) + (whose_tissue(tissue) if tissue else ""),
            "members": [*ensemble.members, *([ensemble.tissue] if ensemble.tissue else [])],
            "held_out_fold": None,
        },
        (found.tissue, tissue) if found.tissue and tissue else None,
    )


def _make(
    models: Path,
    recipe_file: Path,
    named: tuple[str, str, str, int],
    members: list[Member],
    predictions: Predictions,
    pointed: list[dict[str, Any]],
    pictures: Pictures,
    recipe: Recipe,
    judged: list[Path],
    said: dict[str, Any],
    tissue: tuple[Tissue, Path] | None = None,
) -> Artefact:
    """`tissue` is the tissue network that ships with the members, and the run that it comes from."""
    name, version, title, seed = named
    seen, tissue_run = tissue or (None, None)
    with new_model(models, f"{name}-{version}") as folder:
        dataset = pictures.columns["dataset"][predictions.rows]
        clear = np.isin(dataset, recipe.sets) & ~pictures.malignant[predictions.rows]
        shift = -BENIGN_SCALE * float(np.quantile(predictions.benign_map[clear], 1 - BENIGN_SHARE))
        export(serving_network(members, (BENIGN_SCALE, shift), seen), folder / "graph.xml")
        tensors = {
            f"member{number}/{name}": tensor
            for number, member in enumerate(members)
            for name, tensor in member.tensors.items()
        }
        if seen is not None:
            tensors |= {f"{TISSUE}/{name}": tensor for name, tensor in seen.tensors.items()}
        save_file(tensors, folder / "weights.safetensors")
        shutil.copyfile(recipe_file, folder / "recipe.toml")
        evidence = {f"{source.parent.name}/{source.name}": source for source in judged}
        if tissue_run is not None:
            evidence[tissue_run.name] = tissue_run
        for place, source in evidence.items():
            (folder / "run" / place).mkdir(parents=True, exist_ok=True)
            for each in EVIDENCE:
                shutil.copyfile(source / each, folder / "run" / place / each)
        _write_history(folder / "history.csv", judged)
        write_judged(folder / "judged.csv", predictions, weighed(predictions, pictures)[1], pictures)
        data = _data(pictures, recipe)
        heads = head_names(recipe, seen is not None)
        figures = judge(predictions, pictures, np.random.default_rng(seed))
        alone = heads_alone(predictions, pictures, heads, np.random.default_rng(seed))
        card = {
            "name": name,
            "version": version,
            "title": title,
            "classes": list(CLASSES),
            "canvas": list(max(member.canvas for member in members)),
            "heads": heads,
            **figures,
            "heads_alone": alone,
            "pointing": pointed,
            "normal_benign": _normal_benign(
                predictions.benign_map, dataset, pictures.columns["label"][predictions.rows], shift
            ),
            "not_for": not_for(data, figures["operating_points"]),
            "limits": [
                NO_DEVICE,
                prevalence(figures["calibration"]),
                *LIMITS,
                *([OF_TISSUE] if seen else []),
                *of_the_map(alone),
                *beaten(figures["evaluation"]),
            ],
            "protocol": protocol(said["held_out_fold"], len(members)),
            "licence": LICENCE,
            "data": data,
            **said,
            "architectures": [{"canvas": list(member.canvas), "patch": member.patch} for member in members],
            "tissue": None if seen is None else {"seen": list(seen.seen)},
        }
        artefact = seal(folder, card)
    return replace(artefact, folder=models / folder.name)


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
    """The networks' history.csv as one, with the fold in front; rounds of a run that goes on from another are counted on."""
    lines: list[str] = []
    for folder in folders:
        recipe = read_recipe(folder / "recipe.toml")
        before = (
            len(read_recipe(folder.parent.parent / recipe.start / folder.name / "recipe.toml").rounds)
            if recipe.start
            else 0
        )
        with (folder / "history.csv").open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        lines += [",".join(("fold", *rows[0]))] * (not lines)
        for row in rows:
            counted = row | {"round": str(int(row["round"]) + before)}
            lines.append(",".join((folder.name.removeprefix("fold"), *counted.values())))
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
