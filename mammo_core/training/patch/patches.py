"""Which squares of which canvases the patch network sees: lesions, background, its own false alarms."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.recipes.patch import Round

SOFT_MALIGNANT = 0.7
"""Label of the hottest spot in a breast known to have cancer somewhere."""
SPOTS = 4
"""False alarms taken from one picture."""
APART = 3
"""Cells (of 16 pixels) between two spots of one picture."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Places on canvases: `picture` (m,), `centre` (m, 2) in canvas pixels."""

    picture: npt.NDArray[np.int64]
    centre: npt.NDArray[np.float64]


NO_SPOTS = Spots(np.zeros(0, np.int64), np.zeros((0, 2)))


@dataclass(frozen=True, eq=False)
class Mined:
    """What the last round's network found: `false_alarms`, and the hottest spots `in_cancers` without boxes."""

    false_alarms: Spots = field(default=NO_SPOTS)
    in_cancers: Spots = field(default=NO_SPOTS)


def hottest(maps: npt.NDArray[np.float32], pictures: npt.NDArray[np.int64], cell: int, count: int) -> Spots:
    """The `count` hottest cells of each (rows, columns) map that stand APART cells from one another."""
    found, places = [], []
    for picture, heat in zip(pictures, maps, strict=True):
        left = heat.copy()
        for _ in range(count):
            row, column = np.unravel_index(int(np.argmax(left)), left.shape)
            found.append(picture)
            places.append(((row + 0.5) * cell, (column + 0.5) * cell))
            left[max(0, row - APART) : row + APART + 1, max(0, column - APART) : column + APART + 1] = -1
    return Spots(np.array(found, dtype=np.int64), np.array(places, dtype=np.float64).reshape(-1, 2))


class PatchBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of (crops uint8 (batch, side, side, 1), soft labels (batch, 3)) for one round, the same for the same seed.

    Half of a batch is background; benign and malignant lesions share the rest, those of the sets `masses` and others in turn.
    Raises ValueError where the `chosen` pictures have no benign or no malignant lesion.
    """

    def __init__(
        self,
        pictures: Pictures,
        chosen: npt.NDArray[np.bool_],
        round_: Round,
        masses: tuple[str, ...],
        mined: Mined,
        side: int,
        seed: int,
    ) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=16)
        self.round, self.side, self.seed, self.mined, self.epoch = round_, side, seed, mined, 0
        self.pictures = pictures
        usable = chosen[pictures.box_picture]
        mass = pictures.of(*masses)[pictures.box_picture]
        self.lesions = {
            (kind, is_mass): np.flatnonzero(usable & (pictures.box_malignant == kind) & (mass == is_mass))
            for kind in (False, True)
            for is_mass in (False, True)
        }
        for kind, name in ((False, "benign"), (True, "malignant")):
            if not len(self.lesions[kind, True]) + len(self.lesions[kind, False]):
                raise ValueError(f"of the pictures to fit to none has a {name} lesion with a position")
        boxed = np.isin(np.arange(len(pictures.canvases)), pictures.box_picture)
        self.boxed = np.flatnonzero(chosen & boxed)
        self.clear = np.flatnonzero(chosen & ~boxed & ~pictures.malignant)
        self.boxes_of = {
            int(picture): pictures.boxes[pictures.box_picture == picture] for picture in np.unique(pictures.box_picture)
        }

    def __len__(self) -> int:
        return self.round.steps

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        spec = self.round
        soft = spec.soft_malignant if len(self.mined.in_cancers.picture) else 0
        hard = spec.hard_negatives if len(self.mined.false_alarms.picture) else 0
        lesions = spec.batch // 2 - soft
        benign = lesions // 2
        crops, labels = [], []
        for number in range(lesions):
            malignant = number >= benign
            picture, centre = self._lesion(malignant, rng)
            crops.append(self._crop(picture, centre))
            labels.append((0.0, 0.0, 1.0) if malignant else (0.0, 1.0, 0.0))
        for number in range(spec.batch - lesions - soft):
            picture, centre = self._spot(self.mined.false_alarms, rng) if number < hard else self._background(rng)
            crops.append(self._crop(picture, centre))
            labels.append((1.0, 0.0, 0.0))
        for _ in range(soft):
            picture, centre = self._spot(self.mined.in_cancers, rng)
            crops.append(self._crop(picture, centre))
            labels.append((0.85 - SOFT_MALIGNANT, 0.15, SOFT_MALIGNANT))
        smoothed = np.array(labels, dtype=np.float32) * (1 - spec.smoothing) + spec.smoothing / 3
        return np.stack(crops)[..., None], smoothed

    def _lesion(self, malignant: bool, rng: np.random.Generator) -> tuple[int, npt.NDArray[np.float64]]:
        masses, others = self.lesions[malignant, True], self.lesions[malignant, False]
        of_mass = len(others) == 0 or rng.random() < (0.6 if malignant else 0.85)
        number = rng.choice(masses if of_mass and len(masses) else others)
        top, left, bottom, right = self.pictures.boxes[number]
        spread = np.minimum(np.array([bottom - top, right - left]) / 2, self.side / 8)
        centre = np.array([top + bottom, left + right]) / 2 + rng.uniform(-1, 1, 2) * spread * 0.5
        return int(self.pictures.box_picture[number]), centre

    def _background(self, rng: np.random.Generator) -> tuple[int, npt.NDArray[np.float64]]:
        for _ in range(20):
            picture = int(rng.choice(self.clear if len(self.clear) and rng.random() < 0.5 else self.boxed))
            inside = self.pictures.breasts[picture]
            rows, columns = inside.shape
            centre = rng.uniform((0, 0), (rows, columns))
            if not inside[int(centre[0]), int(centre[1])]:
                continue
            boxes = self.boxes_of.get(picture, np.zeros((0, 4)))
            margin = self.side / 5
            near = (
                (boxes[:, 0] - margin < centre[0])
                & (centre[0] < boxes[:, 2] + margin)
                & (boxes[:, 1] - margin < centre[1])
                & (centre[1] < boxes[:, 3] + margin)
            )
            if not near.any():
                break
        return picture, centre

    def _spot(self, spots: Spots, rng: np.random.Generator) -> tuple[int, npt.NDArray[np.float64]]:
        number = int(rng.integers(len(spots.picture)))
        return int(spots.picture[number]), spots.centre[number] + rng.uniform(-12, 12, 2)

    def _crop(self, picture: int, centre: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
        rows, columns = self.pictures.canvases.shape[1:]
        row = min(max(math.floor(centre[0]), 0), rows - 1)
        column = min(max(math.floor(centre[1]), 0), columns - 1)
        crop, reach = np.zeros((self.side, self.side), np.uint8), self.side // 2
        top, left = max(0, reach - row), max(0, reach - column)
        part = self.pictures.canvases[
            picture, max(0, row - reach) : row - reach + self.side, max(0, column - reach) : column - reach + self.side
        ]
        crop[top : top + part.shape[0], left : left + part.shape[1]] = part
        return crop
