"""The app under watch: a server started by environment, as the container starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.artefacts import make_artefact
from tests.servers import free_port, wait_for

ROOT = Path(__file__).parents[2]
HERE = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "None"}


@dataclass(frozen=True)
class Watch:
    """An environment in which every Python process tells what it does; its home and temporary files are in `folder`."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        # Without CI: some libraries behave better where they are told that nobody uses them.
        kept = {name: value for name, value in os.environ.items() if name != "CI"}
        here = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        path = os.pathsep.join([str(Path(__file__).with_name("watch")), str(ROOT)])
        return kept | here | {"PYTHONPATH": path, "WATCH_LOG": str(self.folder / "log")}

    @property
    def called(self) -> set[str]:
        """Hosts other than this one that were looked up or called."""
        return {str(host) for host, *_ in self._told("called") if str(host) not in HERE}

    @property
    def wrote(self) -> set[str]:
        """Files that were opened for writing, devices apart; a temporary file without a name gives its folder."""
        return {path for path in self._told("wrote") if not path.startswith("/dev/")}

    def holds(self, pid: int) -> int:
        """Pictures that a process has in memory."""
        before = len(self._told("holds"))
        os.kill(pid, signal.SIGUSR2)
        for _ in range(100):
            if len(self._told("holds")) > before:
                return int(self._told("holds")[-1])
            time.sleep(0.1)
        raise TimeoutError("The process does not answer.")

    def _told(self, what: str) -> list:
        lines = map(json.loads, (self.folder / "log").read_text("utf-8").splitlines())
        return [line[what] for line in lines if what in line]


@dataclass(frozen=True)
class Server:
    address: str
    port: int
    pid: int
    watch: Watch
    said: Path
    """What it printed and logged."""


@contextmanager
def serving(folder: Path, base: str, **other: str) -> Iterator[Server]:
    """A server with a made model, ready, at http://127.0.0.1:port/base; `other` settings are environment variables."""
    watch, models = Watch(folder / "home"), folder / "models"
    watch.folder.mkdir()
    models.mkdir()
    make_artefact(models)
    port = free_port()
    settings = {
        "MAMMO_MODELS": str(models),
        "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_BASE_URL_PATH": base,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    said = folder / "said"
    with said.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=watch.environment | settings | other, stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(f"http://127.0.0.1:{port}/{base}", port, process.pid, watch, said)
    try:
        wait_for(server.address)
        yield server
    finally:
        process.terminate()
        process.wait(20)
