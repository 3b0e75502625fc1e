"""A model folder, sealed when it is promoted and verified byte for byte whenever it is loaded.

The card names the SHA-256 of every other file and carries a seal over its own bytes, so that no byte of the folder
can change unseen; the golden cases then show that this runtime on this processor gives the numbers the network gave
when it was sealed. Whatever does not agree is an `ArtefactMismatch`: nothing is repaired, guessed or half loaded.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.exam import CLASSES, FloatArray, Source
from mammo_core.inference.sealed import (
    MAMMOGRAMS,
    ArtefactMismatch,
    as_bytes,
    kind_of,
    open_sealed,
    read_file,
    write_seal,
)
from mammo_core.preprocessing import CANVAS

OTHER_FILES = ("graph.xml", "graph.bin", "weights.safetensors", "recipe.toml", "golden.json")
"""What a model folder holds beside its card."""

EVIDENCE = ("judged.csv", "history.csv")
"""What it may hold beside these: what the figures were made of. Sealed with the rest where it is there."""

GOLDEN_CASES = 2
GOLDEN_TOLERANCE = 1e-4
SEED_FORMULA = "0.5 + 0.5*sin(0.013*(k+1)*row) * cos(0.021*(k+1)*column)"

CARD_KEYS = (
    "name",
    "version",
    "title",
    "classes",
    "canvas",
    "heads",
    "calibration",
    "operating_points",
    "exams_at_least",
)
VIEWS = 4
"""Pictures of an exam, which are scored at once."""

MAPS = ("lesion", "gradcam")
"""Kinds of maps a network may make, that which is shown first in front. A card that names none has both."""

SIDES = (64, 2048)
"""Least and most rows or columns of a canvas."""


@dataclass(frozen=True, eq=False)
class Artefact:
    """A verified model: its card, and its compiled graph.

    Attributes:
        folder: where it was loaded from.
        card: the card as in docs/architecture.md.
        digest: SHA-256 (hex) of the card's bytes; since the card names all other files, of the whole model.
        graph: the compiled OpenVINO model.
        evidence: bytes of those of `EVIDENCE` that the card names, as they were verified.
    """

    folder: Path
    card: Mapping[str, Any] = field(repr=False)
    digest: str
    graph: Any = field(repr=False)
    evidence: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Name and version, as folder and results carry it."""
        return f"{self.card['name']}-{self.card['version']}"

    @property
    def canvas(self) -> tuple[int, int]:
        """Rows and columns of the network's input."""
        return _canvas(self.card)

    @property
    def whole(self) -> bool:
        """Whether the network looks at the whole picture instead of the breast's box."""
        return bool(self.card.get("crop", "breast") == "whole")

    @property
    def maps(self) -> tuple[str, ...]:
        """The kinds of `MAPS` that the network makes; it may make none."""
        return _maps(self.card)

    def calibration(self, source: Source) -> tuple[float, ...]:
        """A weight for every head, then the intercept, for pictures of `source`; the card's default where it has none of its own."""
        return _calibration(self.card, source.value)


def load_artefact(folder: Path | str, threads: int | None = None, at_once: int = VIEWS) -> Artefact:
    """Verify a model folder and compile its graph, on `threads` threads (None: as many as the machine has).

    `at_once` pictures are scored at a time, each by a share of the threads: on few cores that takes less time than one picture
    after another on all of them.

    Raises:
        ArtefactMismatch: a file is missing or differs from the card, the card differs from its seal or lacks a
            field, or a golden case is off by more than 1e-4.
    """
    folder = Path(folder)
    card, contents, digest = open_sealed(folder, CARD_KEYS, OTHER_FILES)
    _check_card(folder, card)
    # The very bytes that were verified are compiled; the files are not read a second time.
    graph = _compile(folder, contents["graph.xml"], contents["graph.bin"], _maps(card), threads, at_once)
    _check_golden(folder, json.loads(contents["golden.json"]), card, graph)
    evidence = {name: contents[name] for name in EVIDENCE if name in contents}
    return Artefact(folder, card, digest, graph, evidence)


def seal(folder: Path | str, card: Mapping[str, Any]) -> Artefact:
    """Write golden.json and card.json of a model folder that holds all its other files, and load it back.

    `card` is everything of docs/architecture.md but "files" and "seal", which are made here.

    Raises:
        ValueError: the folder lacks a file or the card a field.
        ArtefactMismatch: the graph does not honour the contract.
    """
    folder = Path(folder)
    absent = [name for name in OTHER_FILES if name != "golden.json" and not (folder / name).is_file()]
    lacking = [key for key in CARD_KEYS if key not in card]
    if absent or lacking:
        raise ValueError(f"To be sealed, {folder.name} still needs: {', '.join(absent + lacking)}.")
    graph = _compile(folder, read_file(folder, "graph.xml"), read_file(folder, "graph.bin"), _maps(card))
    cases = [{"k": k, "probabilities": _golden_answer(graph, card, k)} for k in range(GOLDEN_CASES)]
    (folder / "golden.json").write_bytes(as_bytes({"seed_formula": SEED_FORMULA, "cases": cases}))
    there = [name for name in EVIDENCE if (folder / name).is_file()]
    write_seal(folder, card, (*OTHER_FILES, *there))
    return load_artefact(folder)


def models_root() -> Path:
    """The folder that holds the models: MAMMO_MODELS where that is set, else `models/` beside the package."""
    given = os.environ.get("MAMMO_MODELS")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "models"


def available(root: Path | str | None = None) -> list[Path]:
    """Folders under `root` (None: `models_root()`) of models of mammograms, by name, the newest version of each first; not verified."""
    root = models_root() if root is None else Path(root)
    if not root.is_dir():
        return []
    folders = [
        folder for folder in root.iterdir() if (folder / "card.json").is_file() and kind_of(folder) == MAMMOGRAMS
    ]
    newest_first = sorted(folders, key=lambda folder: _version(folder.name), reverse=True)
    return sorted(newest_first, key=lambda folder: folder.name.rpartition("-")[0])


def default_model(root: Path | str | None = None) -> Path | None:
    """The model that `root/default` names, else the newest version of the first name; None where there is no model."""
    root = models_root() if root is None else Path(root)
    named = root / "default"
    if named.is_file():
        return find_model(named.read_text(encoding="utf-8").strip(), root)
    return next(iter(available(root)), None)


def find_model(name: str, root: Path | str | None = None) -> Path:
    """Folder of the model `name` ("name-version", or a bare name for its newest version).

    Raises:
        ValueError: there is no such model; the message lists those there are.
    """
    folders = available(root)
    for folder in folders:
        if folder.name == name:
            return folder
    for folder in folders:
        if folder.name.rpartition("-")[0] == name:
            return folder
    there = ", ".join(folder.name for folder in folders) or "none"
    raise ValueError(f"There is no model {name!r}. Models here: {there}.")


def golden_canvas(k: int, canvas: tuple[int, int] = CANVAS) -> FloatArray:
    """Input (rows, columns) float32 of golden case `k`, by the formula that golden.json states."""
    row, column = np.indices(canvas, dtype=np.float64)
    wave = 0.5 + 0.5 * np.sin(0.013 * (k + 1) * row) * np.cos(0.021 * (k + 1) * column)
    return wave.astype(np.float32)


def _version(folder_name: str) -> tuple[tuple[int, str], ...]:
    """Sort key of a version: numbers count as numbers, 10 after 9."""
    parts = re.findall(r"\d+|[^\d.]+", folder_name.rpartition("-")[2])
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _check_card(folder: Path, card: Mapping[str, Any]) -> None:
    if tuple(card["classes"]) != CLASSES or not all(SIDES[0] <= side <= SIDES[1] for side in _canvas(card)):
        raise ArtefactMismatch(f"{folder.name}: card.json states classes or a canvas that are not ours.")


def _compile(
    folder: Path, xml: bytes, weights: bytes, maps: tuple[str, ...], threads: int | None = None, at_once: int = 1
) -> Any:
    """The graph, compiled for this processor in single precision (served scores must equal the trained ones)."""
    import openvino

    threads = threads or os.cpu_count() or 1
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": str(threads),
        "NUM_STREAMS": str(min(threads, at_once)),
    }
    core = openvino.Core()
    try:
        graph = core.compile_model(core.read_model(model=xml, weights=weights), "CPU", settings)
    except RuntimeError as error:
        raise ArtefactMismatch(f"{folder.name}: the graph cannot be compiled.") from error
    inputs = {name for port in graph.inputs for name in port.get_names()}
    outputs = {name for port in graph.outputs for name in port.get_names()}
    absent = ({"canvas", "calibration"} - inputs) | ({"scores", "probabilities", *maps} - outputs)
    if absent:
        raise ArtefactMismatch(f"{folder.name}: the graph lacks {', '.join(sorted(absent))}.")
    return graph


def _check_golden(folder: Path, golden: Mapping[str, Any], card: Mapping[str, Any], graph: Any) -> None:
    if not golden["cases"]:
        raise ArtefactMismatch(f"{folder.name}: golden.json holds no case.")
    for case in golden["cases"]:
        off = np.abs(np.subtract(_golden_answer(graph, card, case["k"]), case["probabilities"])).max()
        if not off <= GOLDEN_TOLERANCE:
            raise ArtefactMismatch(f"{folder.name}: golden case {case['k']} is off by {off:.2g}.")


def _golden_answer(graph: Any, card: Mapping[str, Any], k: int) -> list[float]:
    calibration = np.array([_calibration(card, card["calibration"]["default"])], np.float32)
    inputs = {"canvas": golden_canvas(k, _canvas(card))[None, :, :, None], "calibration": calibration}
    return [float(p) for p in graph.create_infer_request().infer(inputs)["probabilities"][0]]


def _maps(card: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(kind for kind in MAPS if kind in card.get("maps", MAPS))


def _canvas(card: Mapping[str, Any]) -> tuple[int, int]:
    rows, columns = card["canvas"]
    return int(rows), int(columns)


def _calibration(card: Mapping[str, Any], source: str) -> tuple[float, ...]:
    entries = card["calibration"]
    entry = entries[source if source in entries and source != "default" else entries["default"]]
    return (*map(float, entry["weights"]), float(entry["intercept"]))
