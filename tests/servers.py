"""What every test that starts the app as a process of its own needs: a port, and the moment from which it answers."""

from __future__ import annotations

import socket
import time
import urllib.request


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(address: str) -> None:
    """Return once the app at `address` is up. Raises TimeoutError where it is not within a minute."""
    late = time.monotonic() + 60
    while time.monotonic() < late:
        try:
            urllib.request.urlopen(address.rstrip("/") + "/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"The app at {address} does not answer.")
