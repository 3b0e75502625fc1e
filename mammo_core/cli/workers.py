"""Files worked through in order, several at once; answers come back in the order of the files.

Workers are threads, each with one core's share of the network: decoding has processes of its own, and what is left (the
network, resizing, packing) lets other threads go on meanwhile. The model is in memory once, however many workers there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2

from mammo_core.cli.picture import Note, analyse_file
from mammo_core.inference import Artefact, Network

AHEAD = 4
"""Files given out per worker beyond those answered for: enough to keep all busy, few enough to keep memory bounded."""


def work_through(
    files: Sequence[Path], artefact: Artefact, out: Path, workers: int
) -> Generator[tuple[Path, Note], None, None]:
    """Yield each file with its note, in the order of `files`, heat maps written under `out`."""
    cv2.setNumThreads(1)  # each worker keeps to its core
    network = Network(artefact)
    waiting: deque[tuple[Path, Future[Note]]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for path in files:
            waiting.append((path, pool.submit(analyse_file, path, network, out)))
            if len(waiting) >= AHEAD * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
