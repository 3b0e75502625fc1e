"""Files read in worker processes, each with a cap on memory and time, so that a hostile file costs one refusal.

A `Reader` unpacks archives here, one member at a time, and has every file decoded in a worker. A worker that takes too
much time is ended, one that dies is replaced, and either costs a `Refusal` of the file that it was at and nothing else.
What a worker does is in `worker`. Where the system has no memory cap (Windows, macOS) time cap and size checks stand alone, and the log
says so once.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any

from mammo_core.exam import Mammogram, Refusal
from mammo_core.intake.archive import Request, files
from mammo_core.intake.refusals import Refused
from mammo_core.intake.worker import OUT_OF_MEMORY, receive, send

SECONDS = 4.0
"""Processor time that one file may take; with what stands around it an answer comes within five seconds."""

PATIENCE = 4.0 if hasattr(signal, "setitimer") else 1.0
"""How many times as long by the clock: what a busy machine delays is not refused for it. 1 without the other cap."""

MEMORY = 2 << 30
"""Address space of one worker in bytes, of which the libraries take a quarter."""

PIPE = 1 << 20
"""Bytes that a pipe holds, where the system lets one say so (Linux): a picture comes through in a third of the time."""

VIEWS = 4
"""Workers that a process has at the most: one for each view of an exam, if it has so many cores."""

_START_SECONDS = 180.0
_ROOT = Path(__file__).resolve().parents[2]
_ONE_THREAD = {
    # Every thread of these libraries reserves address space, and a worker decodes one picture at a time.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
_log = logging.getLogger(__name__)


class ReaderFailed(RuntimeError):
    """No file can be read, whatever it is: this machine starts no worker."""


class Reader:
    """Reads files in `workers` processes; may be shared by threads, and closed by `with` or `close`.

    Workers start with the first file, or ahead of it by `warm`. `seconds` is the processor time that one file may take
    and `memory` the address space of one worker in bytes.
    """

    def __init__(self, workers: int = 1, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._workers = workers
        # Last in, first out: a lone reader stays with the worker that is already running.
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(_Worker(seconds, memory))

    def read(
        self, name: str, data: bytes, *, lenient: bool = False, request: Request | None = None
    ) -> Iterator[Mammogram | Refusal]:
        """What `read_bytes` says of `data`, file by file as each is read; a file that ends its worker is refused.

        `request` counts what several calls take in together; without one, each call is a request of its own.

        Raises:
            ReaderFailed: no worker can be started on this machine.
        """
        return self.read_all([(name, data)], lenient=lenient, request=request)

    def read_all(
        self, uploads: Iterable[tuple[str, bytes]], *, lenient: bool = False, request: Request | None = None
    ) -> Iterator[Mammogram | Refusal]:
        """What `read` says of many (name, data), in their order, all workers at work at once.

        Uploads are taken as they are needed: at most one more than there are workers is decoded ahead.
        """
        counted = Request() if request is None else request
        members = (member for name, data in uploads for member in files(name, data, counted))
        ahead: deque[Future[Mammogram | Refusal]] = deque()
        with ThreadPoolExecutor(self._workers) as pool:
            for name, content in members:
                ahead.append(pool.submit(self._answer, name, content, lenient))
                if len(ahead) > self._workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def warm(self, workers: int = 1) -> None:
        """Start so many workers, where none is at work on them, and do not wait for them."""
        taken = []
        with suppress(queue.Empty):
            for _ in range(workers):
                taken.append(self._idle.get_nowait())
                taken[-1].start()
        for worker in reversed(taken):
            self._idle.put(worker)

    def close(self) -> None:
        """End the workers, when each is done with the file that it is at."""
        ended = [self._idle.get() for _ in range(self._workers)]
        for worker in ended:
            worker.end()
            self._idle.put(worker)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _answer(self, name: str, content: bytes | Refused, lenient: bool) -> Mammogram | Refusal:
        if isinstance(content, Refused):
            return Refusal(name, content.code, content.sentence)
        worker = self._idle.get()
        try:
            return worker.ask(name, content, lenient)
        except Refused as refused:
            return Refusal(name, refused.code, refused.sentence)
        finally:
            self._idle.put(worker)


def shared() -> Reader:
    """The one `Reader` of this process, closed when it ends."""
    return _of_process(os.getpid())


@lru_cache(maxsize=1)
def _of_process(_pid: int) -> Reader:
    """A process that was forked from one with a reader must not talk into the other's pipes."""
    reader = Reader(workers=max(2, min(VIEWS, os.cpu_count() or 1)))
    atexit.register(reader.close)
    return reader


class _Worker:
    """One process and the talk with it; starts anew by itself when its process is gone."""

    def __init__(self, seconds: float, memory: int) -> None:
        self._seconds, self._memory = seconds, memory
        self._process: subprocess.Popen[bytes] | None = None
        self._greeted = False

    def start(self) -> subprocess.Popen[bytes]:
        """The process that is there, or a new one where there is none or it died."""
        if self._process is not None and self._process.poll() is not None:
            self.end()
        if self._process is None:
            code = f"from mammo_core.intake.worker import serve; serve({self._memory}, {self._seconds})"
            path = os.pathsep.join([str(_ROOT), *filter(None, sys.path)])
            start: partial[subprocess.Popen[bytes]] = partial(
                subprocess.Popen,
                [sys.executable, "-P", "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path},
                process_group=0 if os.name == "posix" else None,  # Ctrl-C in a terminal is not meant for it
            )
            try:
                self._process = start(pipesize=PIPE)
            except PermissionError:  # a user's pipes may hold 64 MB in all
                self._process = start()
        return self._process

    def ask(self, name: str, data: bytes, lenient: bool) -> Mammogram | Refusal:
        """Have one file read. Raises Refused where that ends the process, ReaderFailed where none can be started."""
        process = self.start()
        if not self._greeted:
            self._greet(process)
        answer, in_time = self._talk(process, (name, pickle.PickleBuffer(data), lenient), PATIENCE * self._seconds)
        if answer is not None:
            return answer  # type: ignore[no-any-return]
        self.start()  # the next file finds it running
        code = process.returncode
        if not in_time or code == -getattr(signal, "SIGPROF", -1):
            raise Refused("took_too_long")
        _log.warning("A process that reads files ended with exit code %s; it is replaced.", code)
        # Nobody else kills it but a system that runs out of memory.
        out_of_memory = code in (OUT_OF_MEMORY, -getattr(signal, "SIGKILL", 9))
        raise Refused("too_much_memory" if out_of_memory else "crashed")

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                with suppress(OSError):  # what was left in it has nowhere to go
                    pipe.close()
        self._process, self._greeted = None, False

    def _greet(self, process: subprocess.Popen[bytes]) -> None:
        capped, _ = self._talk(process, None, _START_SECONDS)
        if capped is None:
            raise ReaderFailed("The process that reads files could not be started.")
        if not capped:
            _say_that_memory_is_not_capped()
        self._greeted = True

    def _talk(self, process: subprocess.Popen[bytes], question: Any, seconds: float) -> tuple[Any, bool]:
        """The answer (None if the process died over it) and whether it was in time; a late process is ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        answer = None
        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            if question is not None:
                send(process.stdin, question)
            answer = receive(process.stdout)
        except (OSError, EOFError):
            process.wait()
        except BaseException:  # Ctrl-C in the middle of an answer: the rest of it would be taken for the next one
            self.end()
            raise
        finally:
            timer.cancel()
            timer.join()
        if answer is None or late.is_set():
            self.end()
        return answer, not late.is_set()


@cache
def _say_that_memory_is_not_capped() -> None:
    _log.warning("This system caps no memory of a process: files are read under a time cap and size checks alone.")
