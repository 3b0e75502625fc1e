"""One fold: a network fitted to some women, watched on others, asked about the rest; resumable epoch by epoch.

Everything random in an epoch is drawn from seed, fold and epoch, and every decision is made from history.csv, so a run that was stopped
goes on as if it had not been: to the bit where the device adds in one order, as processors do, else to rounding.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers
from sklearn.metrics import roc_auc_score

from mammo_core.training.bench import schedule
from mammo_core.training.bench.augment import augmentation
from mammo_core.training.bench.batches import Batches, Take, class_weights, epoch_of, from_store
from mammo_core.training.bench.devices import devices
from mammo_core.training.bench.frozen import frozen_part
from mammo_core.training.bench.losses import PossibleLoss, loss_of, measures
from mammo_core.training.bench.parts import LEFT_OUT, TRAIN, VALIDATION
from mammo_core.training.bench.pictures import Say
from mammo_core.training.bench.samples import Samples
from mammo_core.training.bench.watching import Board, Watch
from mammo_core.training.lab import records
from mammo_core.training.lab.diary import Line
from mammo_core.training.lab.runs import Stopped
from mammo_core.training.networks import build
from mammo_core.training.recipes.classifier import Recipe, TrainingSpec
from mammo_core.training.replacing import replacing

LARGEST_CACHE = 2 << 30
"""Bytes that the features of a frozen part may take; above that they are made anew in every epoch."""
Places = npt.NDArray[np.int64]
Figures = dict[str, float]


@dataclass(frozen=True, eq=False)
class Fold:
    """What one fold works with: its folder and number, the samples and where their pictures lie, and who is in which part."""

    folder: Path
    number: int
    recipe: Recipe
    store: npt.NDArray[np.uint8]
    samples: Samples
    parts: dict[str, Places]
    weights: Path | None


def fit_fold(fold: Fold, line: Line) -> None:
    """Fit a fold, or go on where it was stopped, and write its folder. A fold that is done is left as it is.

    Raises Stopped when asked to stop, ValueError where the recipe cannot be met on this machine or with these women.
    """
    try:
        _fit(fold, line)
    except _Damaged as damaged:
        line.say(f"fold {fold.number}: {damaged} is damaged; the fold is fitted anew")
        for name in (records.CHECKPOINT, records.NETWORK, "history.csv"):
            (fold.folder / name).unlink(missing_ok=True)
        _fit(fold, line)


class _Damaged(Exception):
    """A file of a fold that was begun cannot be read back."""


def _fit(fold: Fold, line: Line) -> None:
    if (fold.folder / "predictions.csv").is_file():
        (fold.folder / records.CHECKPOINT).unlink(missing_ok=True)  # of a process that ended between the two
        return
    if not len(fold.parts[TRAIN]):
        raise ValueError("no woman is left to fit to")
    training = fold.recipe.training
    parts = training.accumulate * training.devices
    if training.batch % parts:
        raise ValueError(f"training.batch is {training.batch}, which does not divide into {parts}")
    with devices(training.devices, training.mixed_precision):
        built = build(fold.recipe, fold.weights)
        if built.remark:
            line.say(built.remark)
        line.start(built.weights)
        taken, take = _trained_part(built.model, fold, line.say)
        model = _compiled(taken, training)
        history = _resumed(fold, model)
        if not history:
            line.say(f"fold {fold.number}: {_counted(fold)}, starting weights: {built.weights}")
        _epochs(fold, line, model, built.model, take, history)
        _read_back(built.model, fold.folder / records.NETWORK)
        _predict(fold, model, take)
    (fold.folder / records.CHECKPOINT).unlink(missing_ok=True)


def training_network(network: Any, recipe: Recipe, seed: int) -> Any:
    """Stored bytes to probabilities: scaled to 0..1, changed at random in training, then the network."""
    stored = layers.Input(network.input_shape[1:], dtype="uint8", name="stored")
    grey = layers.Rescaling(1 / 255, dtype="float32", name="grey")(stored)
    for layer in augmentation(recipe.augmentation, seed):
        grey = layer(grey)
    return keras.Model(stored, network(grey))


def _trained_part(network: Any, fold: Fold, say: Say) -> tuple[Any, Take]:
    """What is fitted, and what goes in: pictures, or, where it pays, what a frozen part makes of them, once for all epochs."""
    take = from_store(fold.store, fold.samples)
    still = frozen_part(network) if not augmentation(fold.recipe.augmentation, 0) else None
    whole = training_network(network, fold.recipe, fold.recipe.seed + 1000 * fold.number)
    if still is None:
        return whole, take
    frozen, rest = still
    size = len(fold.samples) * int(np.prod(frozen.output_shape[1:])) * 4
    if size > LARGEST_CACHE:
        return whole, take
    say(f"the frozen layers' features are made once ({size / 1e6:.0f} MB)")
    read = training_network(frozen, fold.recipe, 0)
    features = _asked(read, take, np.arange(len(fold.samples)), fold.recipe)
    return rest, lambda places: features[places]


def _compiled(model: Any, training: TrainingSpec) -> Any:
    kind = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
    }[training.optimizer]
    options: dict[str, Any] = {"momentum": 0.9} if training.optimizer == "sgd" else {}
    if training.weight_decay:
        options["weight_decay"] = training.weight_decay
    if training.accumulate > 1:
        options["gradient_accumulation_steps"] = training.accumulate
    model.compile(kind(learning_rate=training.rate, **options), loss=loss_of(training), metrics=measures())
    model.optimizer.build(model.trainable_variables)
    return model


def _resumed(fold: Fold, model: Any) -> list[Figures]:
    """Read the checkpoint back, and the history up to it: an epoch that was written down but not kept is fitted again.

    A fold that was done has no checkpoint: where its predictions are gone, all its epochs stand, and its network is asked again.
    """
    training, checkpoint = fold.recipe.training, fold.folder / records.CHECKPOINT
    columns = records.read_history(fold.folder)
    done = len(columns["epoch"])
    if checkpoint.is_file():
        _read_back(model, checkpoint)
        done = int(model.optimizer.iterations) // -(-len(fold.parts[TRAIN]) // training.batch)
        if len(columns["epoch"]) < done:
            raise _Damaged("history.csv")
    elif not (
        (fold.folder / records.NETWORK).is_file()
        and schedule.ended(training, schedule.watched(columns, training.watch))
    ):
        return []
    return [{name: float(column[epoch]) for name, column in columns.items()} for epoch in range(done)]


def _read_back(model: Any, path: Path) -> None:
    """Load weights that this module wrote. Raises `_Damaged` where they are not there or torn."""
    try:
        model.load_weights(path)
    except Exception as error:  # HDF5 and Keras raise nearly anything
        if isinstance(error, MemoryError) or getattr(error, "errno", None) not in (None, errno.ENOENT):
            raise  # the machine failed, and the file may be whole
        raise _Damaged(path.name) from error


def _epochs(fold: Fold, line: Line, model: Any, network: Any, take: Take, history: list[Figures]) -> None:
    training, loss = fold.recipe.training, loss_of(fold.recipe.training)
    weights = class_weights(fold.samples, fold.recipe, fold.parts[TRAIN])
    board = Board(fold.folder / "tensorboard")
    while True:
        watched = schedule.watched({name: [row[name] for row in history] for name in records.HISTORY}, training.watch)
        if schedule.ended(training, watched):
            return
        epoch, began = len(history), time.perf_counter()
        if line.stop():
            raise Stopped
        reseed(model, fold.recipe.seed + 1000 * fold.number, epoch)
        rate = schedule.rate(training, watched)
        model.optimizer.learning_rate = rate
        seed = (fold.recipe.seed, fold.number, epoch)
        batches = epoch_of(take, fold.samples, weights, fold.parts[TRAIN], fold.recipe, seed)
        watch = Watch(line.stop, line.tell)
        fitted = model.fit(
            batches, epochs=epoch + 1, initial_epoch=epoch, shuffle=False, verbose=0, callbacks=[watch]
        ).history
        if watch.stopped:
            raise Stopped
        places = fold.parts[VALIDATION]
        said = _asked(model, take, places, fold.recipe)
        if not (np.isfinite(fitted["loss"][-1]) and np.isfinite(said).all()):
            raise ValueError(
                f"fold {fold.number}: in epoch {epoch + 1} the network's answers were no numbers any more; a lower training.rate may help"
            )
        seen = _figures(said, fold.samples.possible[places], loss)
        row = {"epoch": epoch + 1.0, **{name: float(fitted[name][-1]) for name in records.MEASURES}}
        row |= {f"val_{name}": value for name, value in seen.items()}
        row |= {"rate": rate, "seconds": time.perf_counter() - began, "waiting_s": watch.waited}
        history.append(row)
        board.write(epoch + 1, row)
        _keep(fold.folder, model, network, history, training)
        line.epoch(epoch + 1, row["seconds"])
        line.say(_spoken(fold.number, row))


def _keep(folder: Path, model: Any, network: Any, history: list[Figures], training: TrainingSpec) -> None:
    """The checkpoint comes last: what was written before it and not kept by it is written again."""
    columns = {name: [row[name] for row in history] for name in records.HISTORY}
    records.write_history(folder, columns)
    if schedule.best(schedule.watched(columns, training.watch)) == len(history) - 1:
        save(network, folder / records.NETWORK)
    save(model, folder / records.CHECKPOINT)


def save(model: Any, path: Path) -> None:
    """Weights, written whole or not at all."""
    with replacing(path) as half:
        model.save_weights(half)


def reseed(model: Any, seed: int, epoch: int) -> None:
    """Every layer's random numbers begin anew in each epoch, at a place of its own."""
    states = [each for each in model.variables if each.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.array([seed + number, epoch << 16], dtype="uint32"))


def _asked(model: Any, take: Take, places: Places, recipe: Recipe) -> npt.NDArray[np.float32]:
    """(n, ...) what the network says of the samples at `places`."""
    batch = recipe.training.batch // recipe.training.accumulate
    if not len(places):
        return np.zeros((0, *model.output_shape[1:]), dtype=np.float32)
    nothing = np.zeros((int(places.max()) + 1, 1), dtype=np.float32)
    said = model.predict(Batches(take, nothing, nothing[:, 0], places, batch), verbose=0)
    return np.asarray(said, dtype=np.float32)[: len(places)]


def _figures(said: npt.NDArray[np.float32], possible: npt.NDArray[np.float32], loss: PossibleLoss) -> Figures:
    """The measures of `losses`, exactly, of (n, classes) probabilities; nan where there is nothing to measure."""
    if not len(said):
        return dict.fromkeys(records.MEASURES, float("nan"))
    certain = possible.sum(axis=1) == 1
    known = certain | (possible[:, -1] == 0)
    found, truth = said.argmax(axis=1), possible[:, -1] == 1
    right = possible[np.arange(len(said)), found] == 1
    last = certain & truth
    both = len(set(truth[known].tolist())) == 2
    return {
        "loss": float(np.mean(np.asarray(loss.call(possible[:, None], said)))),
        "accuracy": float(right[certain].mean()) if certain.any() else float("nan"),
        "auc": float(roc_auc_score(truth[known], said[known, -1])) if both else float("nan"),
        "recall": float((found[last] == said.shape[1] - 1).mean()) if last.any() else float("nan"),
    }


def _predict(fold: Fold, model: Any, take: Take) -> None:
    lines: list[tuple[Mapping[str, str], Sequence[float]]] = []
    for part, places in fold.parts.items():
        if part != TRAIN:
            said = _asked(model, take, places, fold.recipe)
            told = [fold.samples.about(int(place), fold.recipe, part) for place in places]
            lines += zip(told, said.tolist(), strict=True)
    records.write_predictions(fold.folder, fold.recipe.classes, lines)


def _counted(fold: Fold) -> str:
    """Pictures and women of every part, and of those who are in none, if any are."""
    women = fold.samples.women
    placed = np.concatenate(list(fold.parts.values()))
    others = np.setdiff1d(np.arange(len(fold.samples)), placed)
    parts = fold.parts | ({LEFT_OUT: others} if others.size else {})
    return ", ".join(f"{part} {len(at)} of {len(set(women[at]))} women" for part, at in parts.items())


def _spoken(number: int, row: Figures) -> str:
    told = ", ".join(f"{name} {row[name]:.3f}" for name in ("loss", "auc", "val_loss", "val_auc"))
    return f"fold {number} epoch {row['epoch']:.0f}: {told}, {row['seconds']:.1f} s, {row['waiting_s']:.1f} s waiting"
