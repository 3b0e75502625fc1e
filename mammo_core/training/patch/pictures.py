"""The public pictures as training sees them: canvases, labels, women, and lesion boxes on the canvas.

A data folder holds one folder a set, each with `manifest.csv`, `images/` and perhaps `boxes.csv`. Reading one outlines
every breast, which takes minutes, so the result can be packed into one file and read back.
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mammo_core.preprocessing import CANVAS, prepare_grey
from mammo_core.training.datasets.manifest import volume_of
from mammo_core.training.datasets.twice import known_twice

FOLDS = 5
NO_FOLD = -1
COLUMNS = (
    "file",
    "dataset",
    "patient_id",
    "laterality",
    "view",
    "label",
    "age",
    "density",
    "machine",
    "site",
    "volume",
    "split_official",
)
LESION_LABELS = ("benign", "malignant")


@dataclass(frozen=True, eq=False)
class Pictures:
    """n pictures of several sets.

    `canvases` (n, rows, columns) uint8, `breasts` the same shape bool; `columns` the manifests' columns as (n,)
    strings. `boxes` (m, 4) float (top, left, bottom, right) on the canvas, `box_picture` (m,) the picture each lies
    on, `box_malignant` (m,) bool.
    """

    canvases: npt.NDArray[np.uint8]
    breasts: npt.NDArray[np.bool_]
    columns: dict[str, npt.NDArray[np.str_]]
    boxes: npt.NDArray[np.float64]
    box_picture: npt.NDArray[np.int64]
    box_malignant: npt.NDArray[np.bool_]

    @property
    def malignant(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the picture is labelled malignant."""
        return np.asarray(self.columns["label"] == "malignant")

    @property
    def women(self) -> npt.NDArray[np.str_]:
        """(n,) patient ids, unique across sets."""
        return self.columns["patient_id"]

    @property
    def places(self) -> dict[tuple[str, str], int]:
        """The row of each picture by its set and file."""
        keys = zip(self.columns["dataset"].tolist(), self.columns["file"].tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    def of(self, *sets: str) -> npt.NDArray[np.bool_]:
        """(n,) whether the picture belongs to one of the named sets."""
        return np.isin(self.columns["dataset"], sets)

    def folds(self) -> npt.NDArray[np.int64]:
        """(n,) the fifth of the women each picture belongs to: crc32(patient id) mod 5."""
        return np.array([zlib.crc32(woman.encode()) % FOLDS for woman in self.women], dtype=np.int64)


def read_pictures(data: Path, sets: tuple[str, ...], canvas: tuple[int, int] = CANVAS) -> Pictures:
    """Read every picture of `sets` under `data` on a `canvas` of so many rows and columns; a woman of two names has the first.

    Raises FileNotFoundError naming a set that is not there.
    """
    rows: list[dict[str, str]] = []
    boxes: dict[str, list[tuple[float, float, float, float, str]]] = {}
    for name in sets:
        manifest = data / name / "manifest.csv"
        if not manifest.is_file():
            raise FileNotFoundError(f"no manifest.csv for the set {name} under {data}")
        for row in csv.DictReader(manifest.open(encoding="utf-8")):
            told = {key: row.get(key) or "" for key in COLUMNS} | {"path": str(data / name / row["file"])}
            rows.append(told | {"volume": volume_of(row)})
        table = data / name / "boxes.csv"
        if table.is_file():
            for row in csv.DictReader(table.open(encoding="utf-8")):
                corners = (float(row["y0"]), float(row["x0"]), float(row["y1"]), float(row["x1"]), row["label"])
                boxes.setdefault(str(data / name / row["file"]), []).append(corners)
    first = known_twice(row["patient_id"] for row in rows)
    for row in rows:
        row["patient_id"] = first.get(row["patient_id"], row["patient_id"])
    paths = [row["path"] for row in rows]
    with ProcessPoolExecutor() as pool:
        done = list(pool.map(partial(_outlined, canvas), paths, [boxes.get(path, []) for path in paths], chunksize=16))
    found = [(index, *box) for index, (_, _, each) in enumerate(done) for box in each]
    return Pictures(
        np.stack([canvas for canvas, _, _ in done]),
        np.stack([breast for _, breast, _ in done]),
        {key: np.array([row[key] for row in rows]) for key in COLUMNS},
        np.array([box[1:5] for box in found], dtype=np.float64).reshape(-1, 4),
        np.array([box[0] for box in found], dtype=np.int64),
        np.array([box[5] == "malignant" for box in found], dtype=bool),
    )


def _outlined(
    canvas: tuple[int, int], path: str, boxes: list[tuple[float, float, float, float, str]]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], list[tuple[float, float, float, float, str]]]:
    prepared = prepare_grey(np.asarray(Image.open(path).convert("L"), dtype=np.float32), canvas=canvas)
    moved = []
    for top, left, bottom, right, label in boxes:
        corners = prepared.transform.points_to_canvas(np.array([[top, left], [bottom, right]]) - 0.5)
        low, high = corners.min(axis=0), corners.max(axis=0)
        moved.append((low[0], low[1], high[0], high[1], label))
    return np.round(prepared.canvas * 255).astype(np.uint8), prepared.breast, moved


def pack(pictures: Pictures, path: Path, quality: int = 90) -> None:
    """Write `pictures` to one file; canvases as WebP of the given quality, which costs a little sharpness."""
    with ThreadPoolExecutor() as pool:
        canvases = list(pool.map(lambda canvas: _webp(canvas, quality), pictures.canvases))
    np.savez(
        path,
        canvases=np.frombuffer(b"".join(canvases), dtype=np.uint8),
        lengths=np.array([len(each) for each in canvases], dtype=np.int64),
        breasts=np.frombuffer(zlib.compress(np.packbits(pictures.breasts, axis=None).tobytes(), 9), dtype=np.uint8),
        shape=np.array(pictures.canvases.shape, dtype=np.int64),
        columns=np.frombuffer(
            json.dumps({key: value.tolist() for key, value in pictures.columns.items()}).encode(), dtype=np.uint8
        ),
        boxes=pictures.boxes,
        box_picture=pictures.box_picture,
        box_malignant=pictures.box_malignant,
    )


def unpack(path: Path) -> Pictures:
    """Read what `pack` wrote."""
    with np.load(path) as stored:
        shape = tuple(int(side) for side in stored["shape"])
        ends = np.cumsum(stored["lengths"])
        blob = stored["canvases"].tobytes()
        with ThreadPoolExecutor() as pool:
            canvases = np.stack(
                list(pool.map(lambda end, length: _grey(blob[end - length : end]), ends, stored["lengths"]))
            )
        bits = np.frombuffer(zlib.decompress(stored["breasts"].tobytes()), dtype=np.uint8)
        columns = {key: np.array(value) for key, value in json.loads(stored["columns"].tobytes()).items()}
        return Pictures(
            canvases,
            np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape).astype(bool),
            columns,
            stored["boxes"],
            stored["box_picture"],
            stored["box_malignant"],
        )


def _webp(canvas: npt.NDArray[np.uint8], quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(canvas).save(stream, "WEBP", quality=quality, method=2)
    return stream.getvalue()


def _grey(stored: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(stored)).convert("L"))
