"""A reader's way through the room in real Chromium, at 1280×800."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.artefacts import make_artefact

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("models")
    make_artefact(models)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"MAMMO_MODELS": str(models)})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def page(room: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": 1280, "height": 800})
        shown.set_default_timeout(60_000)
        shown.goto(room)
        shown.get_by_text("Open the example exam").click()
        shown.wait_for_selector(".room-score")
        shown.wait_for_function("document.querySelector('.room-score') !== null")
        shown.locator(".pane img").nth(3).wait_for()
        yield shown
        browser.close()


def test_four_views_are_seen_without_scrolling(page: Any) -> None:
    boxes = [pane.bounding_box() for pane in page.locator(".pane").all()]
    assert len(boxes) == 4
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= 800.5 and box["height"] > 300 for box in boxes)
    assert page.evaluate("document.documentElement.scrollHeight <= 800")


def test_zoom_survives_a_change_of_light_and_the_heat_map(page: Any) -> None:
    pane = page.locator(".pane").first
    page.mouse.move(400, 200)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    zoomed = pane.get_attribute("data-view")
    page.get_by_text("Invert", exact=True).click()
    page.get_by_text("inverted").first.wait_for()
    page.get_by_text("Heat map", exact=True).click()
    page.locator(".pane .focus").first.wait_for()
    assert pane.get_attribute("data-view") == zoomed
    pane.dblclick()
    assert pane.get_attribute("data-view") != zoomed


def test_pixels_cannot_be_had_without_the_sessions_token(page: Any, room: str) -> None:
    url = page.locator(".pane img").first.get_attribute("src")
    _, token, name = url.split("/")
    assert page.request.get(f"{room}/pixels/{token}/{name}").status == 200
    assert page.request.get(f"{room}/pixels/{'x' * len(token)}/{name}").status == 404
    page.get_by_role("button", name="Close exam").click()
    page.get_by_text("Open the example exam").wait_for()
    assert page.request.get(f"{room}/pixels/{token}/{name}").status == 404
