"""Files worked through in order, by this process or by several; answers come back in the order of the files.

Worker processes are spawned, load the model once, share the processor's cores fairly, leave Ctrl-C to the process that
started them, and leave with it. Each has files decoded by a reader process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from mammo_core.cli import UsageError
from mammo_core.cli.picture import Note, analyse_file
from mammo_core.inference import Artefact, Network, load_artefact
from mammo_core.intake import shared

AHEAD = 4
"""Files given out per worker beyond those answered for: enough to keep all busy, few enough to keep memory bounded."""


def work_through(
    files: Sequence[Path], artefact: Artefact, out: Path, workers: int, threads: int
) -> Generator[tuple[Path, Note], None, None]:
    """Yield each file with its note, in the order of `files`, heat maps written under `out`.

    One worker is this process, in which `threads` files are worked on at once; several are processes of one file each, and
    share the threads.

    Raises:
        UsageError: a worker process died, as happens when memory runs out.
    """
    workers = min(workers, len(files))
    pool: Executor
    if workers <= 1:
        shared().warm(threads)
        network = Network(artefact)
        pool = ThreadPoolExecutor(threads)
        one = partial(analyse_file, network=network, out=out)
    else:
        share = max(1, threads // workers)
        pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(artefact.folder, out, share)
        )
        one = partial(_one)
    waiting: deque[tuple[Path, Future[Note]]] = deque()
    try:
        for path in files:
            waiting.append((path, pool.submit(one, path)))
            if len(waiting) >= AHEAD * max(workers, threads):
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    except BrokenProcessPool as error:
        raise UsageError("a worker process died; run again with fewer workers, what is done is kept.") from error
    finally:
        pool.shutdown(cancel_futures=True)


_network: Network
_out: Path


def _begin(folder: Path, out: Path, threads: int) -> None:
    """Set up one worker process."""
    global _network, _out
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    cv2.setNumThreads(threads)
    shared().warm()
    _network, _out = Network(load_artefact(folder, threads, at_once=1)), out


def _leave_with_parent() -> None:
    """End this process when the one that started it is gone, even if that was killed and could not say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _one(path: Path) -> Note:
    return analyse_file(path, _network, _out)
