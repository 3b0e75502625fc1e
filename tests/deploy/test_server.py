"""A reader's way through a server that stands under a path of its proxy: everything works, and nothing leaves or stays."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
import pytest

from tests.browser import CHROMIUM, needs_chromium
from tests.deploy.server import ROOT, Server, Watch, serving

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Visit:
    server: Server
    requests: list[str]
    failed: list[str]
    pictures: int
    score: str


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The example's views uncompressed: each is of the size that a web server likes to put in a file meanwhile."""
    folder = tmp_path_factory.mktemp("views")
    for path in sorted((ROOT / "examples" / "exam").glob("*.dcm")):
        view = pydicom.dcmread(path)
        view.decompress(generate_instance_uid=False)
        view.save_as(folder / path.name)
    found = sorted(folder.iterdir())
    assert len(found) == 4
    assert all(path.stat().st_size > 1.5 * MEGABYTE for path in found)
    return found


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory, views: list[Path]) -> Iterator[Visit]:
    """Read, Report and Model pages, each seen with the uploaded exam."""
    from playwright.sync_api import sync_playwright

    with serving(tmp_path_factory.mktemp("server"), "rooms/mammo") as server:
        requests: list[str] = []
        failed: list[str] = []
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(60_000)
            page.on("request", lambda request: requests.append(request.url))
            page.on("websocket", lambda socket: requests.append(socket.url))
            page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
            page.goto(server.address)
            page.locator("input[type=file]").set_input_files(views)
            score = page.locator(".room-score").first.inner_text()
            page.locator(".pane img").nth(3).wait_for()
            pictures = page.locator(".pane img").evaluate_all("all => all.filter(one => one.naturalWidth > 100).length")
            page.get_by_text("Report ›").click()
            page.locator(".room-pages img").nth(1).wait_for()
            page.goto(f"{server.address}/model")
            page.get_by_text("Tiny test network").first.wait_for()
            page.wait_for_load_state("networkidle")
            browser.close()
        yield Visit(server, requests, failed, pictures, score)


@needs_chromium
def test_pictures_scores_and_pages_come_under_a_base_path(visit: Visit) -> None:
    # Opened by its own address, a page tries whether its name is part of the base path; Streamlit's own habit.
    assert [url for url in visit.failed if "/model/_stcore/" not in url] == []
    assert visit.pictures == 4
    assert float(visit.score) >= 0
    paths = [urlsplit(url).path for url in visit.requests if not url.startswith(("data:", "blob:"))]
    assert [path for path in paths if not path.startswith("/rooms/mammo")] == []
    assert sum("/pixels/" in path for path in paths) >= 6


@needs_chromium
def test_the_browser_asks_nobody_but_the_server(visit: Visit) -> None:
    urls = [url for url in visit.requests if not url.startswith(("data:", "blob:"))]
    assert len(urls) > 20
    assert {urlsplit(url).netloc for url in urls} == {f"127.0.0.1:{visit.server.port}"}


@needs_chromium
def test_the_server_calls_nobody(visit: Visit) -> None:
    assert visit.server.watch.called == set()


@needs_chromium
def test_an_upload_leaves_memory_for_no_file(visit: Visit) -> None:
    assert visit.server.watch.wrote == set()


@needs_chromium
def test_the_servers_log_holds_no_name_and_no_address_of_a_picture(visit: Visit, views: list[Path]) -> None:
    said = visit.server.said.read_text("utf-8")
    assert "Streamlit app" in said
    names = {str(pydicom.dcmread(view).PatientName) for view in views} | {view.name for view in views}
    assert [name for name in (*names, "pixels/", "/report") if name in said] == []


def soon(true: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


@needs_chromium
def test_a_closed_exam_and_a_closed_browser_leave_no_picture_in_memory(tmp_path: Path, views: list[Path]) -> None:
    from playwright.sync_api import sync_playwright

    limit = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "3"}
    with serving(tmp_path, "", **limit) as server, sync_playwright() as playwright:

        def pictures() -> int:
            return server.watch.holds(server.pid)

        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(server.address)
        page.locator("input[type=file]").set_input_files(views)
        page.wait_for_selector(".room-score")
        assert pictures() >= 4
        page.get_by_role("button", name="Close exam").click()
        page.get_by_text("Open the example exam").wait_for()
        assert soon(lambda: pictures() == 0)

        page.locator("input[type=file]").set_input_files(views)
        page.wait_for_selector(".room-score")
        page.get_by_text("Report ›").click()
        page.locator(".room-pages img").nth(1).wait_for()
        assert pictures() >= 4
        browser.close()
        assert soon(lambda: pictures() == 0)


READ_AND_SCORE = """
import pathlib, mammo_core
files = sorted(pathlib.Path("examples/exam").glob("*.dcm"))
exams, refusals = mammo_core.read_uploads([(file.name, file.read_bytes()) for file in files])
print(mammo_core.analyse(exams[0]).suspicion)
"""


def test_the_library_calls_nobody_and_writes_nothing(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    command = [sys.executable, "-c", READ_AND_SCORE]
    ran = subprocess.run(command, cwd=ROOT, env=watch.environment, capture_output=True, text=True, check=True)
    assert 0 <= float(ran.stdout) <= 100
    assert (watch.called, watch.wrote) == (set(), set())


def test_the_watch_sees_calls_and_files(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    code = "import socket, tempfile; tempfile.TemporaryFile(); socket.getaddrinfo('nobody.invalid', 443)"
    subprocess.run([sys.executable, "-c", code], env=watch.environment, stderr=subprocess.DEVNULL, check=False)
    assert watch.called == {"nobody.invalid"}
    assert {Path(path).parent for path in watch.wrote} <= {tmp_path, tmp_path.parent}
    assert watch.wrote
