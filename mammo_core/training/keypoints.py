"""The strongest keypoints of a picture's fine detail, kept on disk: what copies are known by.

SIFT (Lowe 2004) on the picture with its contrast evened out, at one size. A file is known by its path, size and time of change, so a
changed one is looked at anew. What cannot be read, or is blank, has no keypoints.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import Mammogram, Presentation
from mammo_core.intake import Reader
from mammo_core.presentation import render
from mammo_core.training.replacing import replacing

SIDE, KEYPOINTS = 256, 256
"""Longest side in pixels that is looked at; keypoints kept of a picture."""
SECONDS = 60.0
"""Processor time that one file may take: on a busy machine none is passed over for being late."""
_MAKING = f"detail-1-{SIDE}-{KEYPOINTS}"

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Marks:
    """The strongest keypoints of a picture, strongest first: (k, 2) x and y in pixels, (k, 128) uint8 descriptors."""

    points: Floats
    descriptors: npt.NDArray[np.uint8]


NO_MARKS = Marks(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))


def keypoints(mammogram: Mammogram) -> Marks:
    """The keypoints of one picture, whose longest side is taken as SIDE pixels."""
    grey = render(mammogram, Presentation()).astype(np.float32)
    scale = SIDE / max(grey.shape)
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    detail = small - cv2.GaussianBlur(small, (0, 0), 4)
    # The film's edge and letters must not take all places.
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 10)) + 4
    evened = np.clip(128 + 40 * detail / contrast, 0, 255).astype(np.uint8)
    found, descriptors = cv2.SIFT.create(KEYPOINTS, contrastThreshold=0.02).detectAndCompute(evened, None)
    if not found:
        return NO_MARKS
    strongest = np.argsort([-each.response for each in found], kind="stable")[:KEYPOINTS]
    points = np.array([found[place].pt for place in strongest], np.float32)
    return Marks(points, descriptors[strongest].astype(np.uint8))


def marked(paths: Sequence[Path], cache: Path | None) -> Iterator[Marks]:
    """The keypoints of every file: from the cache, or decoded in worker processes and found in threads."""
    folder = None if cache is None else cache / _MAKING
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    workers = os.cpu_count() or 1
    with Reader(workers, SECONDS) as reader, ThreadPoolExecutor(workers + 1) as pool:

        def of(path: Path) -> Marks:
            try:
                kept = None if folder is None else folder / f"{file_key(path)}.npz"
                if kept is not None and (known := _kept(kept)):
                    return known
                data = path.read_bytes()
            except OSError:  # it was there when the lists were read
                return NO_MARKS
            found = next(iter(reader.read(path.name, data, lenient=True)), None)
            if not isinstance(found, Mammogram):
                return NO_MARKS
            marks = keypoints(found)
            if kept is not None:
                with replacing(kept) as half:
                    np.savez(half, points=marks.points, descriptors=marks.descriptors)
            return marks

        yield from pool.map(of, paths)


def _kept(path: Path) -> Marks | None:
    """What the cache holds; None where that is nothing, or was torn by a machine that failed."""
    with suppress(FileNotFoundError, EOFError, ValueError, KeyError, BadZipFile), np.load(path) as stored:
        return Marks(stored["points"], stored["descriptors"])
    return None


def file_key(path: Path) -> str:
    """What tells a file from every other, and from itself after a change. Raises OSError where it is not there."""
    state = path.stat()
    return hashlib.sha256(f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}".encode()).hexdigest()[:32]
