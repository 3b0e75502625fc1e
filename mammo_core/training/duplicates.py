"""Copies of one picture on two sides of a split: turned, mirrored, rescaled, stretched or encoded anew, whatever they are called.

Mammograms are mostly black and much alike, so hashes of the whole picture collide. What is compared is the fine detail:
the strongest SIFT keypoints (Lowe 2004) of each picture with its contrast evened out. Keypoints of two pictures that
look alike make the pair a candidate; it is a copy where one affine map carries enough of them onto each other. The two
views or breasts of a woman are not copies. Pictures on one side are not compared, and a picture that cannot be read, or is
blank, is passed over.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.exam import Mammogram, Presentation
from mammo_core.intake import Reader
from mammo_core.presentation import render
from mammo_core.training.datasets import Row
from mammo_core.training.replacing import replacing

COPY = 35
"""Inliers from which a pair is a copy: copies had 46 or more of 256 (JPEG of quality 15 the fewest), strangers 27 or fewer."""
SIDE, KEYPOINTS, VOTERS = 256, 256, 128
"""Longest side in pixels that is looked at; keypoints kept of a picture; the strongest of them, that find candidates."""
CLOSE, VOTES = 0.94, 4.0
"""Cosine from which two keypoints look alike; how many must, for a candidate, those that many pictures have counting less."""
CELL = 512
"""Keypoints that are compared with each other, about."""
OFF, RATIO = 4.0, 0.85
"""Pixels by which an inlier may miss its place; how much nearer the nearest descriptor must be than the second (Lowe 2004, 7.1)."""
SECONDS = 60.0
"""Processor time that one file may take: on a busy machine none is passed over for being late."""
_MAKING = f"detail-1-{SIDE}-{KEYPOINTS}"
_LISTED = 10

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """Two pictures that are one, on different sides: `inliers` keypoints agree; `two` is `one`, mirrored or not, turned by `degrees`."""

    one: Row
    two: Row
    sides: tuple[Hashable, Hashable]
    inliers: int
    mirrored: bool
    degrees: int

    def __str__(self) -> str:
        how = ", mirrored" * self.mirrored + f", turned by {self.degrees}°" * (self.degrees != 0)
        first, second = (" / ".join(map(str, side)) if isinstance(side, tuple) else side for side in self.sides)
        return f"{self.one.file} ({first}) and {self.two.file} ({second}): {self.inliers} keypoints agree{how}"


class Leak(ValueError):
    """Copies of one picture stand on both sides of a split; `pairs` are they, the surest first."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = tuple(pairs)
        more = f"\nand {len(pairs) - _LISTED} more" if len(pairs) > _LISTED else ""
        listed = "\n".join(str(pair) for pair in pairs[:_LISTED])
        super().__init__(
            f"Copies of one picture stand on different sides of the split: {len(pairs)} pair{'s' * (len(pairs) != 1)}. "
            f"Give copies the same patient_id, or take them out.\n{listed}{more}"
        )


def require_clean(
    rows: Sequence[Row],
    sides: Sequence[Hashable],
    cache: Path | None = None,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Raise `Leak` where `near_duplicates` finds a pair, FileNotFoundError where a picture is gone, so that no copy was looked for."""
    if pairs := near_duplicates(rows, sides, cache, between):
        raise Leak(pairs)
    if gone := next((row.path for row in rows if not row.path.is_file()), None):
        raise FileNotFoundError(errno.ENOENT, "the file is no longer there", str(gone))


def near_duplicates(
    rows: Sequence[Row],
    sides: Sequence[Hashable],
    cache: Path | None = None,
    between: Callable[[], None] = lambda: None,
) -> list[Pair]:
    """Every two pictures on different sides that are copies of each other, the surest first.

    Args:
        rows: the pictures.
        sides: (n,) where each stands: the name of a part, or a tuple of them, one a fold, to ask about all folds at once.
        cache: a folder that keeps the keypoints of every file seen, by its path, size and time of change.
        between: called again and again, every second or so; what it raises ends the search.

    Raises:
        ValueError: there are not as many sides as rows.
    """
    if len(rows) != len(sides):
        raise ValueError(f"{len(sides)} sides for {len(rows)} pictures")
    if len(set(sides)) < 2:
        return []
    marks = []
    for each in _marked([row.path for row in rows], cache):
        marks.append(each)
        between()
    numbers = {side: number for number, side in enumerate(dict.fromkeys(sides))}
    pairs = []
    for a, b, mirrored in _candidates(marks, np.array([numbers[side] for side in sides]), between):
        between()
        inliers, degrees = _agreement(marks[a], marks[b], mirrored)
        if inliers >= COPY:
            pairs.append(Pair(rows[a], rows[b], (sides[a], sides[b]), inliers, mirrored, degrees))
    return sorted(pairs, key=lambda pair: -pair.inliers)


@dataclass(frozen=True, eq=False)
class Marks:
    """The strongest keypoints of a picture, strongest first: (k, 2) x and y in pixels, (k, 128) uint8 descriptors."""

    points: Floats
    descriptors: npt.NDArray[np.uint8]


def keypoints(mammogram: Mammogram) -> Marks:
    """The keypoints of one picture, whose longest side is taken as SIDE pixels."""
    grey = render(mammogram, Presentation()).astype(np.float32)
    scale = SIDE / max(grey.shape)
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    detail = small - cv2.GaussianBlur(small, (0, 0), 4)
    contrast = (
        np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 10)) + 4
    )  # the film's edge and letters must not take all places
    evened = np.clip(128 + 40 * detail / contrast, 0, 255).astype(np.uint8)
    found, descriptors = cv2.SIFT.create(KEYPOINTS, contrastThreshold=0.02).detectAndCompute(evened, None)
    if not found:
        return Marks(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))
    strongest = np.argsort([-each.response for each in found], kind="stable")[:KEYPOINTS]
    points = np.array([found[place].pt for place in strongest], np.float32)
    return Marks(points, descriptors[strongest].astype(np.uint8))


def _marked(paths: Sequence[Path], cache: Path | None) -> Iterator[Marks]:
    """The keypoints of every file: from the cache, or decoded in worker processes and found in threads."""
    folder = None if cache is None else cache / _MAKING
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    workers = os.cpu_count() or 1
    with Reader(workers, SECONDS) as reader, ThreadPoolExecutor(workers + 1) as pool:

        def marked(path: Path) -> Marks:
            try:
                kept = None if folder is None else folder / f"{file_key(path)}.npz"
                if kept is not None and (known := _kept(kept)):
                    return known
                data = path.read_bytes()
            except OSError:  # it was there when the lists were read
                return Marks(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))
            found = next(iter(reader.read(path.name, data, lenient=True)), None)
            if not isinstance(found, Mammogram):
                return Marks(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))
            marks = keypoints(found)
            if kept is not None:
                with replacing(kept) as half:
                    np.savez(half, points=marks.points, descriptors=marks.descriptors)
            return marks

        yield from pool.map(marked, paths)


def _kept(path: Path) -> Marks | None:
    """What the cache holds; None where that is nothing, or was torn by a machine that failed."""
    with suppress(FileNotFoundError, EOFError, ValueError, KeyError, BadZipFile), np.load(path) as stored:
        return Marks(stored["points"], stored["descriptors"])
    return None


def file_key(path: Path) -> str:
    """What tells a file from every other, and from itself after a change. Raises OSError where it is not there."""
    state = path.stat()
    return hashlib.sha256(f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}".encode()).hexdigest()[:32]


def _candidates(
    marks: Sequence[Marks], sides: npt.NDArray[np.int64], between: Callable[[], None]
) -> list[tuple[int, int, bool]]:
    """Pairs of pictures on different sides, as they are or one mirrored, in which keypoints worth VOTES look alike.

    Descriptors are sorted into cells around descriptors drawn at random, and compared within a cell only: a copy loses some
    votes to the borders of cells, and the search grows with the number of pictures instead of its square. A keypoint that
    many pictures have is worth little (inverse document frequency, Sivic & Zisserman 2003).
    """
    few = [each.descriptors[:VOTERS] for each in marks]
    owner = np.repeat(np.arange(len(few)), [len(each) for each in few])
    if not owner.size:
        return []
    plain = np.concatenate(few)
    drawn = np.random.default_rng(0).choice(len(plain), -(-len(plain) // CELL), replace=False)
    anchors = _unit(plain[drawn]).T
    pairs = []
    for mirrored in (False, True):
        other = _mirrored(plain) if mirrored else plain
        cells, other_cells = _nearest(plain, anchors), _nearest(other, anchors)
        codes, worth = [np.zeros(0, np.int64)], [np.zeros(0)]
        for cell in range(len(drawn)):
            between()
            here, there = np.flatnonzero(cells == cell), np.flatnonzero(other_cells == cell)
            if here.size and there.size:
                first = np.flatnonzero(np.diff(owner[there], prepend=-1))
                alike = _unit(plain[here]) @ _unit(other[there]).T > CLOSE
                voter, place = np.nonzero(np.logical_or.reduceat(alike, first, axis=1))
                pictures = np.bincount(voter, minlength=here.size)[voter]
                a, b = owner[here[voter]], owner[there[first[place]]]
                apart = (a < b) & (sides[a] != sides[b])
                codes.append((a * len(marks) + b)[apart])
                worth.append(np.maximum(1 - np.log(pictures) / np.log(CELL), 0)[apart])
        found, place = np.unique(np.concatenate(codes), return_inverse=True)
        chosen = found[np.bincount(place, np.concatenate(worth), len(found)) >= VOTES]
        pairs += [(code // len(marks), code % len(marks), mirrored) for code in chosen.tolist()]
    return pairs


def _agreement(one: Marks, two: Marks, mirrored: bool) -> tuple[int, int]:
    """How many keypoints of `one` the best affine map carries onto their likes in `two`, and by how many degrees it turns."""
    alike = _unit(_mirrored(one.descriptors) if mirrored else one.descriptors) @ _unit(two.descriptors).T
    if min(alike.shape) < 3:
        return 0, 0
    apart = np.sqrt(np.maximum(2 - 2 * alike, 0))
    nearest = apart.argmin(axis=1)
    two_nearest = np.partition(apart, 1, axis=1)
    mutual = apart.argmin(axis=0)[nearest] == np.arange(len(nearest))
    kept = mutual & (two_nearest[:, 0] < RATIO * two_nearest[:, 1])
    if kept.sum() < 3:
        return 0, 0
    points = one.points * np.array([-1 if mirrored else 1, 1], np.float32)
    matrix, inliers = cv2.estimateAffine2D(points[kept], two.points[nearest[kept]], ransacReprojThreshold=OFF)
    if matrix is None or not np.isfinite(matrix).all():
        return 0, 0
    # The turn nearest to the map (Higham 1986), counted counter-clockwise as the reader sees it.
    return int(inliers.sum()), round(math.degrees(math.atan2(matrix[0, 1] - matrix[1, 0], matrix[0, 0] + matrix[1, 1])))


def _unit(descriptors: npt.NDArray[np.uint8]) -> Floats:
    """Roots of the descriptors, of length one: cosines of them compare histograms as such (Arandjelovic & Zisserman 2012)."""
    roots = np.sqrt(descriptors.astype(np.float32))
    length: Any = np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6)
    return np.asarray(roots / length)


def _mirrored(descriptors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The descriptors that the mirrored picture has: 4 × 4 places seen from the other side, 8 directions turned the other way."""
    cells = descriptors.reshape(-1, 4, 4, 8)
    return np.ascontiguousarray(cells[:, ::-1, :, -np.arange(8) % 8].reshape(-1, 128))


def _nearest(descriptors: npt.NDArray[np.uint8], anchors: Floats, step: int = 8192) -> npt.NDArray[np.int64]:
    """(n,) the anchor that each descriptor is most like, of (128, m) anchors."""
    parts = [(_unit(descriptors[k : k + step]) @ anchors).argmax(axis=1) for k in range(0, len(descriptors), step)]
    return np.concatenate(parts)
