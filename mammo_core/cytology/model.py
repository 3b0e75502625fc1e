"""A sealed model of features: its folder verified byte by byte, its graph asked for probabilities.

The folder is sealed as those of mammograms are (`inference.sealed`), and its card is of the kind "features". It scales
the features itself: they are given as they were measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mammo_core.inference import ArtefactMismatch, models_root
from mammo_core.inference.sealed import as_bytes, kind_of, open_sealed, write_seal

KIND = "features"
FILES = ("graph.xml", "graph.bin", "recipe.toml", "golden.json", "judged.csv", "history.csv")
"""What a model folder holds beside its card."""
CARD_KEYS = (
    "kind",
    "name",
    "version",
    "title",
    "classes",
    "features",
    "units",
    "evaluation",
    "folds",
    "not_for",
    "licence",
)
CLASSES = ("benign", "malignant")

GOLDEN_CASES = 3
GOLDEN_TOLERANCE = 1e-4
GOLDEN_FORMULA = "low + (high - low) * (0.5 + 0.5*sin(1.7*(k+1)*(j+1))) for feature j with its range low..high"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FeatureModel:
    """A verified model: its card, the digest that stands for the whole folder, its compiled graph, and its evidence."""

    folder: Path
    card: Mapping[str, Any] = field(repr=False)
    digest: str
    graph: Any = field(repr=False)
    evidence: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Name and version, as the folder carries it."""
        return f"{self.card['name']}-{self.card['version']}"

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features in the order in which they are given."""
        return tuple(feature["name"] for feature in self.card["features"])

    def probabilities(self, values: npt.ArrayLike) -> Floats:
        """(n,) probabilities of malignancy for (n, features) values in the units of the card.

        Raises:
            ValueError: another shape, or a value that is not finite.
        """
        given = np.asarray(values, np.float32)
        if given.ndim != 2 or given.shape[1] != len(self.features):
            raise ValueError(f"values must be (n, {len(self.features)}), not {given.shape}")
        if not np.isfinite(given).all():
            raise ValueError("a value is not finite")
        return _asked(self.graph, given) if len(given) else np.zeros(0)

    def beyond(self, values: npt.ArrayLike) -> list[tuple[str, ...]]:
        """For each of (n, features) values, the features that lie outside the range that was learned from."""
        low, high = _ranges(self.card)
        given = np.asarray(values, np.float64)
        outside = (given < low) | (given > high)
        return [tuple(np.array(self.features)[row].tolist()) for row in outside]


def feature_models(root: Path | str | None = None) -> list[Path]:
    """Folders of models of features under `root` (None: `models_root()`), by name; not verified."""
    root = models_root() if root is None else Path(root)
    return sorted(card.parent for card in root.glob("*/card.json") if kind_of(card.parent) == KIND)


def load_feature_model(folder: Path | str) -> FeatureModel:
    """Verify a model folder and compile its graph.

    Raises:
        ArtefactMismatch: a file is missing or differs from the card, the card differs from its seal, lacks a field or is of
            another kind, or a golden case is off by more than 1e-4.
    """
    folder = Path(folder)
    card, contents, digest = open_sealed(folder, CARD_KEYS, FILES)
    if card["kind"] != KIND or tuple(card["classes"]) != CLASSES:
        raise ArtefactMismatch(f"{folder.name}: card.json is not that of a model of features.")
    graph = _compile(folder, contents["graph.xml"], contents["graph.bin"], len(card["features"]))
    golden = json.loads(contents["golden.json"])["cases"]
    off = np.abs(_asked(graph, _golden_values(card, len(golden))) - [case["malignant"] for case in golden])
    if not golden or not off.max() <= GOLDEN_TOLERANCE:
        raise ArtefactMismatch(f"{folder.name}: a golden case of golden.json is off.")
    return FeatureModel(folder, card, digest, graph, {name: contents[name] for name in ("judged.csv", "history.csv")})


def seal_feature_model(folder: Path | str, card: Mapping[str, Any]) -> FeatureModel:
    """Write golden.json and card.json of a folder that holds all its other files, and load it back.

    Raises:
        ValueError: the folder lacks a file or the card a field.
    """
    folder = Path(folder)
    absent = [name for name in FILES if name != "golden.json" and not (folder / name).is_file()]
    lacking = [key for key in CARD_KEYS if key not in card]
    if absent or lacking:
        raise ValueError(f"To be sealed, {folder.name} still needs: {', '.join(absent + lacking)}.")
    xml, weights = ((folder / name).read_bytes() for name in ("graph.xml", "graph.bin"))
    graph = _compile(folder, xml, weights, len(card["features"]))
    answers = _asked(graph, _golden_values(card, GOLDEN_CASES))
    cases = [{"k": k, "malignant": float(answer)} for k, answer in enumerate(answers)]
    (folder / "golden.json").write_bytes(as_bytes({"formula": GOLDEN_FORMULA, "cases": cases}))
    write_seal(folder, card, FILES)
    return load_feature_model(folder)


def _compile(folder: Path, xml: bytes, weights: bytes, features: int) -> Any:
    """The graph, compiled for this processor in single precision."""
    import openvino

    core = openvino.Core()
    try:
        graph = core.compile_model(
            core.read_model(model=xml, weights=weights), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )
        fits = graph.input("features").partial_shape[1] == features and graph.output("malignant") is not None
    except RuntimeError as error:
        raise ArtefactMismatch(f"{folder.name}: the graph cannot be compiled.") from error
    if not fits:
        raise ArtefactMismatch(f"{folder.name}: the graph does not take {features} features.")
    return graph


def _asked(graph: Any, values: npt.NDArray[np.float32]) -> Floats:
    answer = graph.create_infer_request().infer({"features": values})["malignant"]
    return np.asarray(answer, np.float64).reshape(-1)


def _golden_values(card: Mapping[str, Any], cases: int) -> npt.NDArray[np.float32]:
    """(cases, features) inputs by the formula that golden.json states."""
    low, high = _ranges(card)
    k, j = np.indices((cases, low.size))
    waves = 0.5 + 0.5 * np.sin(1.7 * (k + 1) * (j + 1))
    return np.asarray(low + (high - low) * waves, np.float32)


def _ranges(card: Mapping[str, Any]) -> tuple[Floats, Floats]:
    low, high = np.array([feature["range"] for feature in card["features"]], np.float64).T
    return low, high
