"""Pictures as the training of patch networks sees them: canvases, labels, women, and lesion boxes on the canvas.

A data folder holds one folder a set, each in any layout that `datasets` reads. Reading one outlines every breast, which takes
minutes, so the result can be packed into one file and read back.
"""

from __future__ import annotations

import io
import json
import os
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from PIL import Image

from mammo_core.exam import Mammogram
from mammo_core.intake import read_bytes
from mammo_core.preprocessing import CANVAS, prepare
from mammo_core.training.datasets import Row, Table, read_dataset
from mammo_core.training.datasets.twice import under_one_name
from mammo_core.training.recipes.patch import FOLDS
from mammo_core.training.replacing import replacing

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
)
Say = Callable[[str], None]


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
        return np.array([fold_of(woman) for woman in self.women], dtype=np.int64)


def fold_of(woman: str) -> int:
    """The fifth of the women that one belongs to."""
    return zlib.crc32(woman.encode()) % FOLDS


def read_rows(data: Path, sets: Iterable[str], say: Say = lambda line: None) -> tuple[Row, ...]:
    """The pictures of `sets`, folders below `data` in any layout, each under its folder's name; a woman of two names has the first.

    `say` hears what a set's reader noted, and which files are missing. Raises FileNotFoundError naming a set that is not there,
    ValueError naming a wrong row.
    """
    rows: list[Row] = []
    for name in sets:
        if not (data / name).exists():
            raise FileNotFoundError(f"there is no folder for the set {name} under {data}")
        table = read_dataset(data / name)
        for note in table.notes:
            say(f"{name}: {note}")
        if table.missing:
            say(f"{name}: {len(table.missing)} files are named and not there, the first: {table.missing[0]}")
        rows += [replace(row, dataset=name) for row in table.rows]
    return under_one_name(Table(tuple(rows))).rows


def sides(rows: Sequence[Row], judged: Iterable[str], outside: Iterable[str]) -> list[str]:
    """Where each picture stands when networks are fitted and judged: its woman's fifth, an outside set, or neither.

    "not judged" are women whom none of the sets `judged` or `outside` holds.
    """
    fitted, kept_apart = set(judged), set(outside)
    known = {row.patient_id for row in rows if row.dataset in fitted | kept_apart}
    return [
        "outside"
        if row.dataset in kept_apart
        else f"fifth {fold_of(row.patient_id)}"
        if row.patient_id in known
        else "not judged"
        for row in rows
    ]


def read_pictures(
    data: Path, sets: Iterable[str], canvas: tuple[int, int] = CANVAS, say: Say = lambda line: None
) -> Pictures:
    """Read every picture of `sets`; arguments and errors as of `read_rows` and `outlined`."""
    return outlined(read_rows(data, sets, say), canvas, say)


def outlined(
    rows: Sequence[Row],
    canvas: tuple[int, int] = CANVAS,
    say: Say = lambda line: None,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Pictures:
    """The pictures of `rows` on a `canvas` of so many rows and columns; `tell` hears how many are done, and of how many.

    Pictures that cannot be read are left out, and `say` hears why. Raises ValueError where none is left, and what `tell` raises.
    """
    done = []
    with ProcessPoolExecutor(initializer=_end_with, initargs=(os.getpid(),)) as pool:
        try:
            for found in pool.map(partial(_outlined, canvas), rows, chunksize=16):
                done.append(found)
                tell(len(done), len(rows))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for row, found in zip(rows, done, strict=True):
        if isinstance(found, str):
            say(f"left out: {row.file} of {row.dataset}: {found}")
    kept = [(row, found) for row, found in zip(rows, done, strict=True) if not isinstance(found, str)]
    if not kept:
        raise ValueError(f"none of {len(rows)} pictures can be read")
    boxes = [(index, *box) for index, (_, (_, _, each)) in enumerate(kept) for box in each]
    return Pictures(
        np.stack([canvas for _, (canvas, _, _) in kept]),
        np.stack([breast for _, (_, breast, _) in kept]),
        {key: np.array([_told(row, key) for row, _ in kept]) for key in COLUMNS},
        np.array([box[1:5] for box in boxes], dtype=np.float64).reshape(-1, 4),
        np.array([box[0] for box in boxes], dtype=np.int64),
        np.array([box[5] == "malignant" for box in boxes], dtype=bool),
    )


def _end_with(parent: int) -> None:
    """End this process soon after its `parent` has, who may be killed and say nothing."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _told(row: Row, key: str) -> str:
    value = getattr(row, key)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _outlined(
    canvas: tuple[int, int], row: Row
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], list[tuple[float, float, float, float, str]]] | str:
    """A picture as the reading page prepares it, with its lesions' boxes on the canvas; why not, where it cannot be read."""
    try:
        found = next(iter(read_bytes(row.path.name, row.path.read_bytes(), lenient=True)), None)
    except OSError:
        return "It cannot be opened."
    if not isinstance(found, Mammogram):
        return found.sentence if found else "The file holds no picture."
    prepared = prepare(found, canvas)
    moved = []
    for lesion in row.lesions:
        top, left, bottom, right = lesion.box
        corners = prepared.transform.points_to_canvas(np.array([[top, left], [bottom, right]]) - 0.5)
        low, high = corners.min(axis=0), corners.max(axis=0)
        moved.append((low[0], low[1], high[0], high[1], lesion.label))
    return np.round(prepared.canvas * 255).astype(np.uint8), prepared.breast, moved


def pack(pictures: Pictures, path: Path, quality: int = 90) -> None:
    """Write `pictures` to one file; canvases as WebP of the given quality, which costs a little sharpness."""
    with ThreadPoolExecutor() as pool:
        canvases = list(pool.map(lambda canvas: _webp(canvas, quality), pictures.canvases))
    columns = json.dumps({key: value.tolist() for key, value in pictures.columns.items()}).encode()
    with replacing(path) as half, half.open("wb") as stream:
        np.savez(
            stream,
            canvases=np.frombuffer(b"".join(canvases), dtype=np.uint8),
            lengths=np.array([len(each) for each in canvases], dtype=np.int64),
            breasts=np.frombuffer(zlib.compress(np.packbits(pictures.breasts, axis=None).tobytes(), 9), dtype=np.uint8),
            shape=np.array(pictures.canvases.shape, dtype=np.int64),
            columns=np.frombuffer(columns, dtype=np.uint8),
            boxes=pictures.boxes,
            box_picture=pictures.box_picture,
            box_malignant=pictures.box_malignant,
        )


def prepared(path: Path | None, canvas: tuple[int, int], read: Callable[[], Pictures]) -> Pictures:
    """Unpack the pictures at `path`, which are read and packed first where they are not there yet; without a path they are only read.

    Raises ValueError where that file is none of prepared pictures, or they lie on another `canvas`.
    """
    if path is None:
        return read()
    if not path.is_file():
        pack(read(), path)
    try:
        found = unpack(path)
    except (ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} holds no prepared pictures, or is damaged") from error
    if found.canvases.shape[1:] != canvas:
        raise ValueError(f"{path} holds pictures on a canvas of {found.canvases.shape[1:]}, wanted {canvas}")
    return found


def unpack(path: Path) -> Pictures:
    """Read what `pack` wrote."""
    with path.open("rb") as stream, np.load(stream) as stored:
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
