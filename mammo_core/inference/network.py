"""A verified network at work: one picture or one exam in, results out, and its maps, if it makes any, on the mammogram's own grid.

Scores from pixels alone; a picture that its own file marks as unfit (`unscored`) is passed by with its reason. May be
called from several threads; as many pictures are scored at once as the artefact was loaded for.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import CLASSES, Exam, ExamResult, FloatArray, Focus, ImageResult, Mammogram
from mammo_core.inference.artefact import Artefact
from mammo_core.inference.combine import combine
from mammo_core.inference.foci import find_foci, says_nothing
from mammo_core.preprocessing import CANVAS, CanvasTransform, NetworkInput, prepare, whole_picture

HALF_CELL = 1 / 64
"""Part of the canvas' rows by which a map's maximum may miss the breast: half a cell of a 32×20 map, which knows no better."""


class Network:
    """A model ready to score: `Network(load_artefact(folder))`."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact
        self._at_once = int(artefact.graph.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self._at_once):
            self._requests.put(artefact.graph.create_infer_request())

    @property
    def name(self) -> str:
        """Name and version of the model."""
        return self.artefact.name

    def score(self, mammogram: Mammogram) -> ImageResult:
        """Calibrated probabilities, maps on the canvas grid, and foci on the mammogram's grid.

        Raises:
            ValueError: the mammogram is marked as not to be scored, or holds no pixels.
        """
        if mammogram.unscored is not None:
            raise ValueError(f"{mammogram.name} is not to be scored: {mammogram.unscored[1]}")
        if not mammogram.pixels.size:
            raise ValueError(f"{mammogram.name} holds no pixels.")
        seen = _prepared(mammogram, self.artefact.canvas)
        canvas = whole_picture(mammogram, self.artefact.canvas) if self.artefact.whole else seen.canvas
        inputs = {
            "canvas": canvas[None, :, :, None],
            "calibration": np.array([self.artefact.calibration(mammogram.source)], np.float32),
        }
        request = self._requests.get()
        try:
            outputs = request.infer(inputs)
            probabilities = np.array(outputs["probabilities"][0], np.float32)
            maps = {kind: np.array(outputs[kind][0], np.float32) for kind in self.artefact.maps}
        finally:
            self._requests.put(request)
        if self.artefact.whole:
            maps = {kind: np.stack([seen.transform.from_whole(each) for each in stack]) for kind, stack in maps.items()}
        foci = find_foci(_shown(_on_canvas(maps["lesion"][2], seen), seen), seen.breast) if "lesion" in maps else ()
        return ImageResult(
            image_id=mammogram.image_id,
            probabilities=probabilities,
            suspicion=100.0 * float(probabilities[2]),
            maps=maps,
            foci=tuple(_placed(focus, seen.transform) for focus in foci),
        )

    def score_exam(self, exam: Exam) -> ExamResult:
        """Every picture of an exam that is to be scored, combined by breast and exam; the others with their reason."""
        not_scored = {m.image_id: m.unscored for m in exam.mammograms if m.unscored is not None}
        to_score = {m.image_id: m for m in exam.mammograms if m.unscored is None}
        with ThreadPoolExecutor(self._at_once) as pool:
            images = dict(zip(to_score, pool.map(self.score, to_score.values()), strict=True))
        return combine(exam, self.name, images, not_scored)


def heat_map(
    mammogram: Mammogram, result: ImageResult, kind: str | None = None, class_name: str = "malignant"
) -> FloatArray:
    """One map of `result` (None: its lesion map, or the first it has) on the mammogram's own grid: (rows, columns) float32, 0..1.

    A lesion map holds probabilities, smoothed; Grad-CAM has no unit and is divided by its own maximum. A map that is flat, or
    whose maximum lies outside the breast, comes back as zeros: it says nothing, and nothing is to be painted. Outside the
    breast every map is 0.

    Raises:
        ValueError: `kind` or `class_name` is unknown, or `result` is that of another picture.
    """
    if kind is None:
        kind = "lesion" if "lesion" in result.maps else next(iter(result.maps), "lesion")
    if kind not in result.maps:
        raise ValueError(f"There is no map {kind!r}; there are {', '.join(result.maps) or 'none'}.")
    if class_name not in CLASSES:
        raise ValueError(f"There is no class {class_name!r}; there are {', '.join(CLASSES)}.")
    if result.image_id != mammogram.image_id:
        raise ValueError(f"The result is not that of {mammogram.name}.")
    seen = _prepared(mammogram)
    heat = _on_canvas(result.maps[kind][CLASSES.index(class_name)], seen)
    if kind == "gradcam":
        heat = heat / max(float(heat.max()), float(np.finfo(np.float32).tiny))
    return seen.transform.to_mammogram(_shown(heat, seen))


# What preprocessing made of a picture lives exactly as long as the picture does: an exam that is let go leaves nothing.
_PREPARED: WeakKeyDictionary[Mammogram, NetworkInput] = WeakKeyDictionary()


def _prepared(mammogram: Mammogram, canvas: tuple[int, int] | None = None) -> NetworkInput:
    """The network's input of a mammogram on `canvas`; None where any will do, as for bringing maps back."""
    seen = _PREPARED.get(mammogram)
    if seen is None or canvas not in (None, seen.canvas.shape):
        seen = _PREPARED[mammogram] = prepare(mammogram, canvas or CANVAS)
    return seen


def _on_canvas(map_: FloatArray, seen: NetworkInput) -> FloatArray:
    """A map of cells on the canvas' own pixels."""
    return np.asarray(cv2.resize(map_, seen.canvas.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _reach(seen: NetworkInput) -> npt.NDArray[np.bool_]:
    """Where on the canvas a map's maximum may lie: the breast and half a map cell around it."""
    size = 2 * round(HALF_CELL * seen.breast.shape[0]) + 1
    return np.asarray(cv2.dilate(seen.breast.view(np.uint8), np.ones((size, size), np.uint8)).view(np.bool_))


def _shown(heat: FloatArray, seen: NetworkInput) -> FloatArray:
    """A map on the canvas as it may be shown: 0 outside the breast, and all 0 where it says nothing."""
    shown = seen.breast & (not says_nothing(heat, _reach(seen)))
    return np.asarray(np.where(shown, heat, np.float32(0)))


def _placed(focus: Focus, transform: CanvasTransform) -> Focus:
    """A focus on the canvas as one on the mammogram's grid."""
    top, left, bottom, right = focus.box
    points = np.array([focus.peak, (top - 0.5, left - 0.5), (bottom - 0.5, right - 0.5)])
    on_picture = transform.points_to_mammogram(points)
    rows, columns = transform.shape
    peak = np.clip(np.rint(on_picture[0]), 0, (rows - 1, columns - 1)).astype(int)
    edges = np.sort(on_picture[1:] + 0.5, axis=0)
    box = np.concatenate([np.floor(edges[0]), np.ceil(edges[1])]).clip(0, (rows, columns, rows, columns)).astype(int)
    return replace(focus, peak=tuple(peak.tolist()), box=tuple(box.tolist()))
