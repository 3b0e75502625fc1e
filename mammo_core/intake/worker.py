"""What runs in a worker process of `isolation`: it reads the files that it is handed and answers through pipes, and nothing else.

It imports `intake` alone, not the program that started it (as `multiprocessing` would: Streamlit, or a script without a main guard),
prints nowhere, writes no core file, leaves Ctrl-C to its parent and leaves with it.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from typing import IO, Any

OUT_OF_MEMORY = 12
"""ENOMEM, as an exit code."""


def serve(memory: int, seconds: float) -> None:
    """Be a worker: read files as they are asked for on standard input, until that is closed.

    Whatever a decoder prints goes nowhere: the answers have a file descriptor of their own.
    """
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from mammo_core.intake import reading

    send(answers, _cap_memory(memory))
    try:
        while True:
            name, data, lenient = receive(questions)
            _leave_after(seconds)
            (answer,) = reading.read_bytes(name, data, lenient=lenient)
            _leave_after(0)
            send(answers, answer)
            del data, answer
    except EOFError:
        return
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def _cap_memory(memory: int) -> bool:
    """Whether the system keeps this process within `memory` bytes of address space; macOS says so and does not."""
    try:
        import resource
    except ImportError:
        return False
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the patient's picture
    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    except (ValueError, OSError):
        return False
    return sys.platform != "darwin"


def _leave_after(seconds: float) -> None:
    """Have the system end this process after so much more processor time, whatever it is at; zero takes that back."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def send(pipe: IO[bytes], message: Any) -> None:
    """Write a message: sizes, its pickle, then arrays and bytes as they are, without another copy of them."""
    buffers: list[pickle.PickleBuffer] = []
    parts = [pickle.dumps(message, protocol=5, buffer_callback=buffers.append)]
    views = [memoryview(part) for part in parts] + [buffer.raw() for buffer in buffers]
    pipe.write(struct.pack(f"<Q{len(views)}Q", len(views), *(view.nbytes for view in views)))
    for view in views:
        pipe.write(view)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read a message; arrays come read-only. Raises EOFError where the pipe ends."""
    (count,) = struct.unpack("<Q", _exactly(pipe, 8))
    sizes = struct.unpack(f"<{count}Q", _exactly(pipe, 8 * count))
    head, *buffers = [_exactly(pipe, size) for size in sizes]
    return pickle.loads(head, buffers=buffers)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
