"""How soon the app shows an exam, in headless Chromium on the same machine, as JSON on standard output.

From the last byte of the upload (the end of its last request) to the first view on screen, to all four, and to the scores. The
exam is the one of `speed.py`: four views of 3328x2560, JPEG Lossless. One warm server; each turn is a new browser session.

    python benchmarks/app_time.py > benchmarks/results/app.json
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TURNS = 7
WATCH = """
window.seen = {};
const note = (name) => { window.seen[name] ??= Date.now(); };
const inner = (root) => [...root.querySelectorAll('*')].filter((each) => each.shadowRoot);
const roots = (root) => [root, ...inner(root).flatMap((each) => roots(each.shadowRoot))];
const look = () => {
  const images = roots(document).flatMap((root) => [...root.querySelectorAll('.pane img')]);
  const shown = images.filter((image) => image.complete && image.naturalWidth);
  if (shown.length >= 1) note('first_view');
  if (shown.length >= 4) note('four_views');
  if (document.querySelector('.room-score')) note('scores');
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


def main() -> None:
    """Measure, after one turn that is not counted."""
    from benchmarks.speed import make_exam

    with tempfile.TemporaryDirectory() as made, served() as address:
        exam = make_exam(Path(made))
        turns = [turn(address, sorted(exam.iterdir())) for _ in range(TURNS + 1)][1:]
    middle = {name: round(statistics.median(each[name] for each in turns), 2) for name in turns[0]}
    slowest = {name: round(max(each[name] for each in turns), 2) for name in turns[0]}
    from mammo_core.inference import default_model

    folder = default_model()
    assert folder is not None
    found = {"cores": os.cpu_count(), "model": folder.name, "turns": TURNS, "median_s": middle, "slowest_s": slowest}
    print(json.dumps(found, indent=1))


@contextmanager
def served() -> Iterator[str]:
    """Run the app and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def turn(address: str, files: list[Path]) -> dict[str, float]:
    """Seconds from the end of the upload to what is on screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(address)
        page.get_by_text("Open the example exam").wait_for()
        page.wait_for_timeout(2000)
        uploaded: list[float] = []

        def finished(request: Any) -> None:
            if "upload_file" in request.url and request.method in ("PUT", "POST"):
                uploaded.append(time.time())

        page.on("requestfinished", finished)
        page.evaluate(WATCH)
        page.locator("input[type=file]").first.set_input_files(files)
        page.wait_for_function("window.seen.scores && window.seen.four_views")
        seen = page.evaluate("window.seen")
        browser.close()
    return {name: seen[name] / 1000 - max(uploaded) for name in ("first_view", "four_views", "scores")}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
