"""Copies of one picture on two sides of a split: turned, mirrored, rescaled, stretched or encoded anew, whatever they are called.

Mammograms are mostly black and much alike, so hashes of the whole picture collide. What is compared are `keypoints`. Where those of
two pictures look alike the pair is a candidate; it is a copy where one affine map carries enough of them onto each other. The two
views or breasts of a woman are not copies. Copies on one side do not matter, and a picture that cannot be read, or is blank, is passed
over. What one search found of the same pictures the next one knows, however they are divided.
"""

from __future__ import annotations

import errno
import hashlib
import math
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mammo_core.training.datasets import Row
from mammo_core.training.keypoints import Floats, Marks, marked
from mammo_core.training.progress import Progress, Tell
from mammo_core.training.replacing import replacing

COPY = 35
"""Inliers from which a pair is a copy: copies had 46 or more of 256 (JPEG of quality 15 the fewest), strangers 27 or fewer."""
VOTERS = 128
"""The strongest keypoints of a picture, which find candidates."""
CLOSE, VOTES = 0.94, 4.0
"""Cosine from which two keypoints look alike; how many must, for a candidate, those that many pictures have counting less."""
CELL = 512
"""Keypoints that are compared with each other, about."""
OFF, RATIO = 4.0, 0.85
"""Pixels by which an inlier may miss its place; how much nearer the nearest descriptor must be than the second (Lowe 2004, 7.1)."""
_SEARCH = f"pairs-1-{VOTERS}-{CLOSE:g}-{VOTES:g}-{CELL}-{OFF:g}-{RATIO:g}"
_LISTED = 10

Pairs = npt.NDArray[np.int64]
"""(k, 5) candidates: places of the two pictures, whether one is mirrored, the inliers (-1: not asked yet) and the degrees it is turned."""


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
    rows: Sequence[Row], sides: Sequence[Hashable], cache: Path | None = None, tell: Tell = lambda at: None
) -> None:
    """Raise `Leak` where `near_duplicates` finds a pair, FileNotFoundError where a picture is gone, so that no copy was looked for."""
    if pairs := near_duplicates(rows, sides, cache, tell):
        raise Leak(pairs)
    if gone := next((row.path for row in rows if not row.path.is_file()), None):
        raise FileNotFoundError(errno.ENOENT, "the file is no longer there", str(gone))


def near_duplicates(
    rows: Sequence[Row], sides: Sequence[Hashable], cache: Path | None = None, tell: Tell = lambda at: None
) -> list[Pair]:
    """Every two pictures on different sides that are copies of each other, the surest first.

    Args:
        rows: the pictures.
        sides: (n,) where each stands: the name of a part, or a tuple of them, one a fold, to ask about all folds at once.
        cache: a folder that keeps the keypoints of every file seen, by its path, size and time of change, and which pairs were found alike.
        tell: hears again and again, every second or so, how far it is; what it raises ends the search.

    Raises:
        ValueError: there are not as many sides as rows.
    """
    if len(rows) != len(sides):
        raise ValueError(f"{len(sides)} sides for {len(rows)} pictures")
    if len(set(sides)) < 2:
        return []
    marks: list[Marks] = []
    for each in marked([row.path for row in rows], cache):
        marks.append(each)
        tell(Progress(len(marks), len(rows), "pictures", "read"))
    kept = None if cache is None else cache / _SEARCH / f"{_digest(marks)}.npy"
    pairs = _kept(kept)
    if pairs is None:
        pairs = _candidates(marks, tell)
        _keep(kept, pairs)
    numbers = {side: number for number, side in enumerate(dict.fromkeys(sides))}
    side = np.array([numbers[each] for each in sides])
    apart = np.flatnonzero(side[pairs[:, 0]] != side[pairs[:, 1]])
    unknown = apart[pairs[apart, 3] < 0].tolist()
    for done, place in enumerate(unknown):
        tell(Progress(done, len(unknown), "pairs that look alike", "laid over each other"))
        a, b, mirrored = pairs[place, :3].tolist()
        pairs[place, 3:] = _agreement(marks[a], marks[b], bool(mirrored))
    if unknown:
        _keep(kept, pairs)
    found = [
        Pair(rows[a], rows[b], (sides[a], sides[b]), inliers, bool(mirrored), degrees)
        for a, b, mirrored, inliers, degrees in pairs[apart].tolist()
        if inliers >= COPY
    ]
    return sorted(found, key=lambda pair: -pair.inliers)


def _digest(marks: Sequence[Marks]) -> str:
    """What tells these keypoints, in this order, from any others: of them alone the candidates are made."""
    told = hashlib.sha256()
    for each in marks:
        told.update(len(each.points).to_bytes(4, "little") + each.points.tobytes() + each.descriptors.tobytes())
    return told.hexdigest()[:32]


def _kept(path: Path | None) -> Pairs | None:
    """What an earlier search found of the same pictures; None where there was none, or its file was torn by a machine that failed."""
    if path is None:
        return None
    with suppress(FileNotFoundError, EOFError, ValueError):
        pairs: Pairs = np.load(path)
        return pairs
    return None


def _keep(path: Path | None, pairs: Pairs) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as half:
            np.save(half, pairs)


def _candidates(marks: Sequence[Marks], tell: Tell) -> Pairs:
    """Pairs of pictures, as they are or one mirrored, in which keypoints worth VOTES look alike.

    Descriptors are sorted into cells around descriptors drawn at random, and compared within a cell only: a copy loses some
    votes to the borders of cells, and the search grows with the number of pictures instead of its square. A keypoint that
    many pictures have is worth little (inverse document frequency, Sivic & Zisserman 2003).
    """
    few = [each.descriptors[:VOTERS] for each in marks]
    owner = np.repeat(np.arange(len(few)), [len(each) for each in few])
    pairs = [np.zeros((0, 5), np.int64)]
    if not owner.size:
        return pairs[0]
    plain = np.concatenate(few)
    drawn = np.random.default_rng(0).choice(len(plain), -(-len(plain) // CELL), replace=False)
    anchors = _unit(plain[drawn]).T
    for mirrored in (False, True):
        other = _mirrored(plain) if mirrored else plain
        cells, other_cells = _nearest(plain, anchors), _nearest(other, anchors)
        codes, worth = [np.zeros(0, np.int64)], [np.zeros(0)]
        for cell in range(len(drawn)):
            done = (mirrored + cell / len(drawn)) / 2  # a cell holds keypoints of all pictures: a share of every one's
            tell(Progress(round(done * len(marks)), len(marks), "pictures", "compared"))
            here, there = np.flatnonzero(cells == cell), np.flatnonzero(other_cells == cell)
            if here.size and there.size:
                first = np.flatnonzero(np.diff(owner[there], prepend=-1))
                alike = _unit(plain[here]) @ _unit(other[there]).T > CLOSE
                voter, place = np.nonzero(np.logical_or.reduceat(alike, first, axis=1))
                pictures = np.bincount(voter, minlength=here.size)[voter]
                a, b = owner[here[voter]], owner[there[first[place]]]
                once = a < b
                codes.append((a * len(marks) + b)[once])
                worth.append(np.maximum(1 - np.log(pictures) / np.log(CELL), 0)[once])
        found, place = np.unique(np.concatenate(codes), return_inverse=True)
        chosen = found[np.bincount(place, np.concatenate(worth), len(found)) >= VOTES]
        table = np.full((len(chosen), 5), -1, np.int64)
        table[:, 0], table[:, 1], table[:, 2] = chosen // len(marks), chosen % len(marks), mirrored
        pairs.append(table)
    return np.concatenate(pairs)


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
