"""A tiny network without training: honours the serving graph's contract, so that tests need no real model.

Malignant score: mean brightness of the canvas, times ten, less two; its lesion map is the pooled brightness itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.inference import Artefact, seal


def card(name: str = "tiny", version: str = "1") -> dict[str, Any]:
    n = [max(0, 200 - 2 * s) for s in range(101)]
    return {
        "name": name,
        "version": version,
        "title": "Tiny test network",
        "classes": ["normal", "benign", "malignant"],
        "canvas": [512, 320],
        "heads": ["brightness"],
        "calibration": {
            "default": "digital",
            "digital": {"weights": [1.0], "intercept": 0.0, "n": 200, "n_women": 100},
            "film": {"weights": [0.5], "intercept": -0.5, "n": 200, "n_women": 100},
        },
        "normal_benign": {"validated": False, "rule": "By the benign score."},
        "operating_points": [],
        "exams_at_least": {"unit": "exam", "source": "made up", "n": n, "cancer": [k // 2 for k in n]},
        "evaluation": [],
        "pointing": [],
        "limits": ["Made for tests."],
        "licence": "none",
        "trained_on": {},
        "cross_validated": "Never.",
    }


def graph(maps: Sequence[str] = ("lesion", "gradcam")) -> Any:
    import openvino as ov
    from openvino import opset13 as op

    def ints(*values: int) -> Any:
        return op.constant(np.array(values, np.int64))

    def floats(*values: float) -> Any:
        return op.constant(np.array(values, np.float32))

    canvas = op.parameter([-1, 512, 320, 1], np.float32, name="canvas")
    calibration = op.parameter([-1, 2], np.float32, name="calibration")
    channels_first = op.transpose(canvas, ints(0, 3, 1, 2))
    cells = op.avg_pool(channels_first, [16, 16], [0, 0], [0, 0], [16, 16], False)
    mean = op.squeeze(op.reduce_mean(cells, ints(2, 3), keep_dims=True), ints(2, 3))
    z = op.subtract(op.multiply(mean, floats(10.0)), floats(2.0))
    u = op.subtract(floats(1.0), z)
    weight, intercept = (op.gather(calibration, ints(i), ints(1)) for i in (0, 1))
    weighed = op.add(op.multiply(weight, z), intercept)
    scores = op.concat([op.negative(u), u, weighed], 1)
    malignant = op.sigmoid(weighed)
    rest = op.subtract(floats(1.0), malignant)
    benign = op.multiply(rest, op.sigmoid(u))
    normal = op.multiply(rest, op.sigmoid(op.negative(u)))
    shares = [op.multiply(cells, floats(share)) for share in (0.2, 0.8)]
    lesion = op.concat([op.subtract(floats(1.0), cells), *shares], 1)
    gradcam = op.concat([op.relu(op.negative(cells)), cells, cells], 1)
    outputs = {
        "scores": scores,
        "probabilities": op.concat([normal, benign, malignant], 1),
        "gradcam": gradcam,
        "lesion": lesion,
    }
    results = []
    for name in ("scores", "probabilities", *maps):
        node = outputs[name]
        node.output(0).get_tensor().set_names({name})
        results.append(op.result(node))
    for parameter in (canvas, calibration):
        parameter.output(0).get_tensor().set_names({parameter.get_friendly_name()})
    return ov.Model(results, [canvas, calibration], "tiny")


def judged_csv(women: int = 60, seed: int = 0) -> str:
    """Exams of as many women, and two pictures of each; every other one has cancer, and scores 20 points more."""
    rng, lines = np.random.default_rng(seed), ["set,unit,how,woman,malignant,suspicion,fold"]
    for unit, repeats in (("image", 2), ("exam", 1)):
        for woman in range(women):
            cancer = woman % 2
            scores = np.clip(rng.normal(30 + 20 * cancer, 15, repeats), 0, 100)
            lines += [
                f'"Made up, digital",{unit},held out,{woman},{cancer},{score:.3f},{woman % 5}' for score in scores
            ]
    return "\n".join(lines) + "\n"


HISTORY = "fold,round,epoch,loss\n" + "".join(
    f"{f},{r},{e},{1 / (e + r)}\n" for f in (0, 1) for r in (1, 2) for e in (1, 2)
)


def make_artefact(
    root: Path, name: str = "tiny", version: str = "1", evidence: Mapping[str, str] | None = None, **changes: Any
) -> Artefact:
    """A sealed model folder under `root`, with `evidence` (file name, text) and `changes` to its card."""
    import openvino as ov

    folder = root / f"{name}-{version}"
    folder.mkdir(parents=True)
    ov.save_model(graph(changes.get("maps", ("lesion", "gradcam"))), folder / "graph.xml", compress_to_fp16=False)
    (folder / "weights.safetensors").write_bytes(b"no weights to speak of")
    (folder / "recipe.toml").write_text("[network]\n", encoding="utf-8")
    for each, text in (evidence or {}).items():
        (folder / each).write_text(text, encoding="utf-8")
    return seal(folder, {**card(name, version), **changes})
