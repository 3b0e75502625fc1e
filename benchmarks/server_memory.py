"""How much memory a server takes with open exams, for the table of docs/deploy.md; Linux and Chromium only.

A server is started, and 1, 3 and 6 readers open an exam each (four views of 3328x2560, made from the phantom, or the
folder given) in browsers of their own, with the heat map on, and see the report. MB are the proportional set size (what
is shared counts once) of the server and of its reader workers. Then the browsers close, and when the sessions' time
to live is over it is measured again. A run takes its place in benchmarks/results/server_memory.json by its name, and
the table is written from that file.

    python benchmarks/server_memory.py NAME [FOLDER] [--readers 1 3 6]
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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "server_memory.json"
PAGE = ROOT / "docs" / "deploy.md"


def main() -> None:
    """Start a server, open exams, close them, and say what it took."""
    from speed import make_exam

    parser = argparse.ArgumentParser(description="How much memory a server takes with open exams.")
    parser.add_argument("name", help="what is uploaded, as the table's row says it")
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
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    results[asked.name] = {"cores": os.cpu_count(), "files_mb": round(size / 1e6, 1), **measured}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    PAGE.write_text(filled(PAGE.read_text("utf-8"), results), "utf-8")


def filled(page: str, results: dict[str, Any]) -> str:
    """The page with its table made anew."""
    moments = ["started", *dict.fromkeys(key for run in results.values() for key in run if key.endswith("open"))]
    moments += ["all closed", "most"]
    rows = [
        [
            "MB of the server, with its reader workers",
            "started",
            *moments[1:-2],
            "after all have left",
            "highest, server",
        ]
    ]
    rows.append(["---"] * len(rows[0]))
    for name, run in results.items():
        both = [str(sum(run[m][part] for part in ("server", "workers"))) if m in run else "" for m in moments[:-1]]
        rows.append([f"{name} ({run['files_mb']:.0f} MB of files)", *both, str(run["most"]["server"])])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return re.sub(r"(<!-- memory -->\n).*(\n<!-- /memory -->)", rf"\g<1>{table}\g<2>", page, flags=re.DOTALL)


def measure(pid: int, address: str, exam: list[Path], numbers: list[int]) -> dict[str, Any]:
    """Memory before, with each number of readers, and after."""
    from playwright.sync_api import sync_playwright

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
