"""A tiny model of features, sealed as real ones are, for tests of the reader and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.cytology import FeatureModel, seal_feature_model

FEATURES = ("mean radius", "radius error", "worst concave points")
LOW, HIGH = np.array([5.0, 0.1, 0.0]), np.array([30.0, 3.0, 0.3])


def make_feature_model(root: Path, name: str = "tiny-cytology", **changes: Any) -> FeatureModel:
    """Says sigmoid(mean radius − 15): a model folder under `root`, with `changes` to its card."""
    import openvino as ov
    from openvino import opset13 as op

    folder = root / f"{name}-1"
    folder.mkdir(parents=True)
    features = op.parameter([-1, len(FEATURES)], np.float32, "features")
    radius = op.matmul(features, op.constant(np.array([[1.0], [0.0], [0.0]], np.float32)), False, False)
    said = op.sigmoid(op.subtract(radius, op.constant(np.float32(15))))
    for node, port in ((features, "features"), (said, "malignant")):
        node.output(0).get_tensor().set_names({port})
    ov.save_model(ov.Model([op.result(said)], [features]), folder / "graph.xml", compress_to_fp16=False)
    (folder / "recipe.toml").write_text('kind = "features"\n', encoding="utf-8")
    (folder / "judged.csv").write_text(judged_csv(), encoding="utf-8")
    (folder / "history.csv").write_text("fold,epoch,loss,accuracy\n0,1,0.5,0.8\n", encoding="utf-8")
    return seal_feature_model(folder, {**card(name), **changes})


def judged_csv(women: int = 80) -> str:
    rng, lines = np.random.default_rng(0), ["woman,fold,malignant,p_malignant"]
    for woman in range(women):
        malignant = woman % 2
        lines.append(f"w{woman},{woman % 4},{malignant},{np.clip(rng.normal(0.3 + 0.4 * malignant, 0.2), 0, 1):.4f}")
    return "\n".join(lines) + "\n"


def card(name: str) -> dict[str, Any]:
    one, share = {"accuracy": 0.9, "auc": 0.95, "seed": 1}, [0.9, 0.85, 0.95]
    ranges = zip(FEATURES, LOW.tolist(), HIGH.tolist(), strict=True)
    return {
        "kind": "features",
        "name": name,
        "version": "1",
        "title": "Tiny cytology",
        "classes": ["benign", "malignant"],
        "features": [
            {"name": name, "unit": "none", "range": [low, high], "median": {"benign": low, "malignant": high}}
            for name, low, high in ranges
        ],
        "units": "None to speak of.",
        "data": {"title": "Made up", "women": 80, "malignant": 40, "source": "this test"},
        "protocol": ["Four folds of made-up women."],
        "evaluation": {"n": 80, "n_malignant": 40, "margin": 0.5, "brier": 0.1, "ece": 0.05}
        | dict.fromkeys(("accuracy", "sensitivity", "specificity", "auc"), share),
        "folds": [{"fold": k, "n": 20, "n_malignant": 10, "accuracy": share, "auc": share} for k in range(4)],
        "checks": {"logistic": one, "permuted": one, "repeats": [one], "majority": 0.5},
        "not_for": ["Mammograms."],
        "limits": ["It is made up."],
        "licence": "Research use only.",
    }
