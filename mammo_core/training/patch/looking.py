"""What a patch network looked at: the lesion map and the Grad-CAM that it would ship with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import keras
import numpy as np

from mammo_core.exam import FloatArray
from mammo_core.training.patch.ensemble import load_member
from mammo_core.training.patch.serving import serving_network

GAP = 15
"""Pixels of the canvas across which black inside the breast is breast all the same."""


def looker(run: Path, fold: int, method: str) -> Callable[[FloatArray], FloatArray]:
    """A function from a (rows, columns, 1) canvas in 0..1 to its (rows, columns) malignant map in 0..1.

    The lesion map is a probability as it is; Grad-CAM is divided by its highest value. Beside the breast both are 0. The heads weigh
    the same: what each is worth by source, a run does not know. Raises FileNotFoundError where there is no network of that fold.
    """
    folder = run / f"fold{fold}"
    if not (folder / "weights.safetensors").is_file():
        raise FileNotFoundError(f"{run.name} holds no network of fold {fold}")
    member = load_member(folder)
    heads = member.tensors["head/weights"].shape[1]
    network = serving_network([member], (1.0, 0.0))
    asked = keras.Model(network.inputs, network.output[method])
    calibration = np.array([[1.0 / heads] * heads + [0.0]], dtype=np.float32)

    def look(picture: FloatArray) -> FloatArray:
        heat = np.asarray(asked([picture[None].astype(np.float32), calibration], training=False))[0, 2]
        if method == "gradcam":
            heat = heat / max(float(heat.max()), np.finfo(np.float32).tiny)
        rows, columns = picture.shape[:2]
        breast = cv2.morphologyEx((picture[..., 0] > 0).astype(np.float32), cv2.MORPH_CLOSE, np.ones((GAP, GAP)))
        return np.asarray(np.clip(cv2.resize(heat, (columns, rows)), 0, 1) * breast, dtype=np.float32)

    return look
