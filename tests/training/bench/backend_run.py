"""Run in a process of its own: one fold on the backend in KERAS_BACKEND, on as many (virtual) devices as asked, then once more on one.

Arguments: a folder, and how many devices. Prints how far the probabilities of the two are apart.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

FOLDER, COUNT = Path(sys.argv[1]), int(sys.argv[2])
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf

    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [one] * COUNT)

import numpy as np  # noqa: E402

from mammo_core.training.bench.fit import Fold, fit_fold  # noqa: E402
from mammo_core.training.lab import records  # noqa: E402
from mammo_core.training.lab.diary import Line  # noqa: E402
from tests.training.bench.tiny import pictures, recipe, tiny_samples  # noqa: E402

PARTS = {"train": np.arange(24), "validation": np.arange(24, 32), "test": np.arange(32, 40)}
LINE = Line(lambda line: None, lambda: False, lambda weights: None, lambda batch, of: None, lambda epoch, seconds: None)


def fitted(folder: Path, devices: int) -> records.Predictions:
    asked = recipe(training__epochs=4, training__rate=0.05, training__devices=devices, network__dropout=0.0)
    asked = replace(asked, network=replace(asked.network, head=("pool", "dense 8")))
    (folder / "fold0").mkdir(parents=True)
    fit_fold(Fold(folder / "fold0", 0, asked, pictures(40), tiny_samples(40, asked), PARTS, None), LINE)
    return records.read_predictions(folder)


several, alone = fitted(FOLDER / "several", COUNT), fitted(FOLDER / "alone", 1)
truth = several.columns["label"] == "malignant"
print("learnt", bool(several.score[truth].min() > several.score[~truth].max()))
print("apart", float(np.abs(several.probabilities - alone.probabilities).max()))
