"""On the path of a Python process, this writes down whom it and its children call, and which files they write.

On SIGUSR2 it writes down how many pictures the process holds.

Python imports it by its name at every start; the log is the file that `WATCH_LOG` names, one JSON object a line.
"""

import gc
import json
import os
import signal
import sys

_WRITES = os.O_WRONLY | os.O_RDWR


def _watch(log: int) -> None:
    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            said = {"called": arguments[1]}
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            said = {"called": arguments[:1]}
        elif (
            event == "open" and not isinstance(arguments[0], int) and arguments[2] & _WRITES
        ):  # a number was opened before
            said = {"wrote": str(arguments[0])}
        else:
            return
        os.write(log, json.dumps(said, default=str).encode() + b"\n")

    def count(*_: object) -> None:
        held = sum(type(thing).__name__ == "Mammogram" for thing in gc.get_objects())
        os.write(log, json.dumps({"holds": held}).encode() + b"\n")

    sys.addaudithook(note)
    signal.signal(signal.SIGUSR2, count)


_watch(os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
