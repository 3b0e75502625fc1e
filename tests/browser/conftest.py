"""The app in a real Chromium: one server for the tests of a file, and a browser with the example exam open for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.artefacts import HISTORY, judged_csv, make_artefact
from tests.browser import CHROMIUM
from tests.cytology import make_feature_model
from tests.servers import free_port, wait_for

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(models: Path, **more: str) -> Iterator[str]:
    """A fresh server that has answered no page yet; `more` is put into its environment."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"MAMMO_MODELS": str(models), **more})
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    points = [{"name": "US screening", "suspicion": 40.0}, {"name": "European screening", "suspicion": 60.0}]
    judged = {"specificity": [0.9, 0.8, 1.0], "sensitivity": [0.5, 0.4, 0.6], "unit": "exam", "n": 60, "n_cancer": 30}
    evidence = {"judged.csv": judged_csv(), "history.csv": HISTORY}
    make_artefact(root, evidence=evidence, operating_points=[point | judged for point in points])
    make_feature_model(root)
    return root


@pytest.fixture(scope="module")
def room(models: Path) -> Iterator[str]:
    with serving(models) as address:
        yield address


@pytest.fixture
def blank() -> Iterator[Any]:
    """A browser's page, with nothing loaded, of someone whose other programs are light."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        shown.set_default_timeout(60_000)
        yield shown
        browser.close()


@pytest.fixture
def page(blank: Any, room: str) -> Any:
    """The example exam on the wall, scored."""
    blank.goto(room)
    blank.get_by_text("Open the example exam").click()
    blank.wait_for_selector(".room-score")
    blank.locator(".pane img").nth(3).wait_for()
    return blank
