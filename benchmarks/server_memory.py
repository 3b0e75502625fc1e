"""How much memory a server takes with open exams, as JSON on standard output; Linux and Chromium only.

A server is started, and 1, 3 and 6 readers open an exam each (four views of 3328x2560, made from the phantom, or the
folder given) in browsers of their own, with the heat map on, and see the report. MB are the proportional set size (what
is shared counts once) of the server and of its reader workers. Then the browsers close, and when the sessions' time
to live is over it is measured again.

    python benchmarks/server_memory.py [FOLDER] [--readers 1 3 6] > server_memory.json
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from speed import make_exam

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Start a server, open exams, close them, and say what it took."""
    parser = argparse.ArgumentParser(description="How much memory a server takes with open exams.")
    parser.add_argument("exam", nargs="?", type=Path, help="a folder of views (default: made anew)")
    parser.add_argument("--readers", nargs="+", type=int, default=[1, 3, 6])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = asked.exam or make_exam(Path(made))
        exam = sorted(path for path in folder.iterdir() if path.suffix in (".dcm", ".png"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            measured = measure(server.pid, f"http://127.0.0.1:{port}", exam, asked.readers)
        finally:
            server.terminate()
        size = sum(path.stat().st_size for path in exam)
    print(json.dumps({"cores": os.cpu_count(), "files_mb": round(size / 1e6, 1), **measured}, indent=1))


def measure(pid: int, address: str, exam: list[Path], numbers: list[int]) -> dict[str, Any]:
    """Memory before, with each number of readers, and after."""
    wait_for(address)
    found: dict[str, Any] = {"started": memory(pid)}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = 0
        for readers in numbers:
            for _ in range(opened, readers):
                read(browser, address, exam)
            opened = readers
            time.sleep(2)
            found[f"{readers} open"] = memory(pid)
        browser.close()
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    time.sleep(settings["server"]["disconnectedSessionTTL"] + 15)
    return found | {"all closed": memory(pid), "most": {"server": status(pid, "VmHWM")}}


def read(browser: Browser, address: str, exam: list[Path]) -> None:
    """Open an exam in a browser of its own, look at all of it, and stay."""
    page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.locator("input[type=file]").set_input_files(exam)
    page.wait_for_selector(".room-score")
    page.locator(".pane img").nth(3).wait_for()
    page.get_by_text("Heat map", exact=True).click()
    page.locator(".pane img").nth(4).wait_for()
    page.get_by_text("Report ›").click()
    page.locator(".room-pages img").nth(1).wait_for()


def memory(pid: int) -> dict[str, int]:
    """MB of the server and of each process under it."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    workers = [int(child) for child in listed.stdout.split()]
    return {"server": proportional(pid), "workers": sum(map(proportional, workers)), "of them": len(workers)}


def proportional(pid: int) -> int:
    """MB of a process, what it shares with others in proportion."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return round(int(found[1]) / 1024)


def status(pid: int, name: str) -> int:
    """MB of a line of a process's status."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return round(int(found[1]) / 1024)


def wait_for(address: str) -> None:
    """Return when the server answers."""
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    main()
