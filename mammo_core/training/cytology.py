"""Training on the features of cell nuclei: a recipe, the Conv1D network it asks for, and women judged by networks that had not seen them.

Every network scales the features by the women it was fitted to; the last epoch is taken, so that no choice is made on the women judged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mammo_core.cytology.model import CLASSES
from mammo_core.training.lab.records import HISTORY, write_history, write_predictions, write_split
from mammo_core.training.recipes.features import DATA, FeatureNetwork, FeatureRecipe
from mammo_core.training.recipes.words import Word, read_words

CHANNELS = 3
"""Mean, standard error and worst value of each characteristic, in this order in the set."""
MARGIN = 0.5
"""A woman is called malignant from this probability on."""

Floats = npt.NDArray[np.float32]
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Women:
    """(n, features) `values` as they were measured, (n,) `malignant`, and the `features`' names."""

    features: tuple[str, ...]
    values: Floats
    malignant: npt.NDArray[np.bool_]

    @property
    def ids(self) -> list[str]:
        """A woman's place in the set stands for her."""
        return [f"{DATA}-{place}" for place in range(len(self.malignant))]


def wisconsin() -> Women:
    """The Wisconsin diagnostic set: 569 women with a mass, an aspirate each (Street, Wolberg & Mangasarian 1993)."""
    found = load_breast_cancer()
    malignant = found.target == list(found.target_names).index("malignant")
    return Women(tuple(map(str, found.feature_names)), found.data.astype(np.float32), malignant)


def network(recipe: FeatureRecipe, values: Floats) -> Any:
    """The network, not fitted yet; it scales by mean and variance of `values` (n, features)."""
    spec, layers = recipe.network, keras.layers
    features = keras.Input((values.shape[1],), name="features")
    scaled = layers.Normalization(mean=values.mean(axis=0), variance=values.var(axis=0), name="scale")(features)
    flow = layers.Permute((2, 1), name="places")(layers.Reshape((CHANNELS, -1), name="channels")(scaled))
    for place, word in enumerate(read_words(spec.layers)):
        flow = _layer(word, spec, f"{word.kind}_{place}")(flow)
    return keras.Model(features, layers.Dense(1, activation="sigmoid", name="malignant")(flow), name="cytology")


def _layer(word: Word, spec: FeatureNetwork, name: str) -> Any:
    layers = keras.layers
    match word.kind:
        case "conv":
            return layers.Conv1D(word.units, spec.kernel, padding="same", activation="relu", name=name)
        case "dense":
            return layers.Dense(word.units, activation="relu", name=name)
        case "norm":
            return layers.BatchNormalization(momentum=0.9, name=name)
        case "maxpool":
            return layers.MaxPool1D(2, name=name)
        case "dropout":
            return layers.Dropout(spec.dropout, name=name)
        case _:
            return layers.Flatten(name=name)


def fit(recipe: FeatureRecipe, values: Floats, malignant: npt.NDArray[np.bool_], seed: int) -> tuple[Any, Any]:
    """A network fitted to (n, features) `values`, and its loss and accuracy by epoch."""
    keras.utils.set_random_seed(seed)
    made, spec = network(recipe, values), recipe.training
    steps = spec.epochs * -(-len(values) // spec.batch)
    made.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(spec.rate, steps), weight_decay=spec.weight_decay
        ),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=-(-len(values) // spec.batch),  # an epoch at a go: steps this small are mostly waiting
    )
    history = made.fit(values, malignant.astype(np.float32), batch_size=spec.batch, epochs=spec.epochs, verbose=0)
    return made, history.history


def crossvalidate(
    recipe: FeatureRecipe, women: Women, run: Path, say: Say, at: Callable[[int], None] = lambda fold: None
) -> None:
    """Fit the folds, the further divisions, the controls and the network of all women, and write the run folder.

    `at` hears which fold is begun, and their number when all are done.
    """
    for number, (_, fitted, judged) in enumerate(_folds(recipe, women, recipe.seed)):
        at(number)
        made, history = fit(recipe, women.values[fitted], women.malignant[fitted], recipe.seed + number)
        folder = run / f"fold{number}"
        folder.mkdir(exist_ok=True)
        said = _asked(made, women.values[judged])
        parts = {
            women.ids[place]: "test" if place in set(judged.tolist()) else "train" for place in range(len(women.ids))
        }
        write_split(folder, parts)
        write_predictions(
            folder, CLASSES, [(_about(women, place), (1 - p, p)) for place, p in zip(judged, said, strict=True)]
        )
        write_history(folder, _history(history))
        say(f"fold {number}: {_accuracy(said, women.malignant[judged]):.3f} right of {len(judged)}")
    at(recipe.protocol.k)
    checks = {
        "repeats": [
            _division(recipe, women, recipe.seed + 100 * (1 + repeat), say) for repeat in range(recipe.protocol.repeats)
        ],
        "permuted": _division(recipe, women, recipe.seed, say, permuted=True),
        "logistic": _logistic(recipe, women),
        "majority": float(max(women.malignant.mean(), 1 - women.malignant.mean())),
    }
    (run / "checks.json").write_text(json.dumps(checks, indent=1) + "\n", encoding="utf-8")
    fit_all(recipe, women, run, say)


def fit_all(recipe: FeatureRecipe, women: Women, run: Path, say: Say) -> None:
    """Fit the network of all women and write its graph into the run, in float32: the features' scales differ too much for less."""
    made, _ = fit(recipe, women.values, women.malignant, recipe.seed)
    (run / "all").mkdir(exist_ok=True)
    named = keras.Model(made.input, {"malignant": made.output})
    named.export(str(run / "all" / "graph.xml"), format="openvino", verbose=False)
    say(f"all women: {made.count_params():,} parameters")


def _folds(recipe: FeatureRecipe, women: Women, seed: int) -> list[tuple[int, Any, Any]]:
    """(seed of the network, places fitted to, places judged) of every fold of one division."""
    division = StratifiedKFold(recipe.protocol.k, shuffle=True, random_state=seed)
    parts = division.split(women.values, women.malignant)
    return [(seed + number, fitted, judged) for number, (fitted, judged) in enumerate(parts)]


def _division(recipe: FeatureRecipe, women: Women, seed: int, say: Say, permuted: bool = False) -> dict[str, float]:
    """Accuracy and AUC of one further division; `permuted`: fitted to labels that were dealt out anew, which tell nothing."""
    said = np.zeros(len(women.malignant))
    for own, fitted, judged in _folds(recipe, women, seed):
        labels = women.malignant[fitted]
        if permuted:
            labels = np.random.default_rng(own).permutation(labels)
        made, _ = fit(recipe, women.values[fitted], labels, own)
        said[judged] = _asked(made, women.values[judged])
    return _told(said, women, seed, f"division by seed {seed}{', labels permuted' if permuted else ''}", say)


def _logistic(recipe: FeatureRecipe, women: Women) -> dict[str, float]:
    """What a logistic regression with scikit-learn's defaults reaches on the same folds."""
    said = np.zeros(len(women.malignant))
    for _, fitted, judged in _folds(recipe, women, recipe.seed):
        made = make_pipeline(StandardScaler(), LogisticRegression()).fit(women.values[fitted], women.malignant[fitted])
        said[judged] = made.predict_proba(women.values[judged])[:, 1]
    return _told(said, women, recipe.seed, "logistic regression", lambda line: None)


def _told(said: npt.NDArray[np.float64], women: Women, seed: int, what: str, say: Say) -> dict[str, float]:
    found = {
        "seed": seed,
        "accuracy": _accuracy(said, women.malignant),
        "auc": float(roc_auc_score(women.malignant, said)),
    }
    say(f"{what}: accuracy {found['accuracy']:.3f}, AUC {found['auc']:.3f}")
    return found


def _asked(made: Any, values: Floats) -> npt.NDArray[np.float64]:
    return np.asarray(made(values, training=False), np.float64)[:, 0]


def _accuracy(said: npt.NDArray[np.float64], malignant: npt.NDArray[np.bool_]) -> float:
    return float(np.mean((said >= MARGIN) == malignant))


def _about(women: Women, place: int) -> dict[str, str]:
    """What is known of a prediction: whose it is, nothing of a picture."""
    return {
        "file": f"{DATA}, row {place + 1}",
        "dataset": DATA,
        "patient_id": women.ids[place],
        "label": CLASSES[int(women.malignant[place])],
        "part": "test",
    }


def _history(found: Any) -> dict[str, list[float]]:
    epochs = len(found["loss"])
    known = {"epoch": list(range(1, epochs + 1)), "loss": found["loss"], "accuracy": found["accuracy"]}
    return {name: known.get(name, [float("nan")] * epochs) for name in HISTORY}
