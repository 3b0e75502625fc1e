"""The nginx configuration of docs/deploy.md, run as it stands there but for places: TLS, a password, and the app behind."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, needs_chromium
from tests.deploy.server import ROOT, serving

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (apt install nginx-light)"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
]

FRAME = """
{user}
daemon off;
pid {at}/pid;
error_log {at}/error.log warn;
events {{}}
http {{
    access_log {at}/access.log;
    client_body_temp_path {at}/bodies;
    proxy_temp_path {at}/answers;
    fastcgi_temp_path {at}/a; uwsgi_temp_path {at}/b; scgi_temp_path {at}/c;
{server}
}}
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the proxy, whose reader is `reader` with the password `secret`."""
    at, port = tmp_path_factory.mktemp("nginx"), free_port()
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1"),
        *("-keyout", f"{at}/key", "-out", f"{at}/certificate"),
    )
    (at / "readers").write_text(f"reader:{openssl('passwd', '-apr1', 'secret')}")
    (said,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text("utf-8"), re.DOTALL)
    with serving(tmp_path_factory.mktemp("server"), "mammo") as server:
        places = {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "reading.example.org": "localhost",
            "/etc/ssl/reading.pem": f"{at}/certificate",
            "/etc/ssl/private/reading.key": f"{at}/key",
            "/etc/nginx/readers": f"{at}/readers",
            "127.0.0.1:8501": f"127.0.0.1:{server.port}",
        }
        for place, here in places.items():
            assert said.count(place) == 1
            said = said.replace(place, here)
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not see what a test wrote
        (at / "nginx.conf").write_text(FRAME.format(at=at, server=said, user=user))
        nginx = subprocess.Popen([NGINX, "-c", str(at / "nginx.conf"), "-e", str(at / "error.log")])
        try:
            for _ in range(50):
                with socket.socket() as door:
                    if door.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"https://localhost:{port}/mammo/"
        finally:
            nginx.terminate()
            nginx.wait(20)
    assert "pixels" not in (at / "access.log").read_text()
    assert "temporary file" not in (at / "error.log").read_text()  # where nginx would lay what it passes on


def test_an_exam_is_read_through_the_proxy_and_only_with_the_password(front: str) -> None:
    from playwright.sync_api import sync_playwright

    views = sorted((ROOT / "examples" / "exam").glob("*.dcm"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        stranger = browser.new_context(ignore_https_errors=True)
        for path in ("", "_stcore/health", "pixels/token/name.png"):
            assert stranger.request.get(front + path).status == 401
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.set_default_timeout(60_000)
        page.goto(front.replace("https://", "https://reader:secret@"))  # so that the WebSocket has them too
        page.locator("input[type=file]").set_input_files(views)
        page.wait_for_selector(".room-score")
        page.locator(".pane img").nth(3).wait_for()
        shown = page.locator(".pane img").evaluate_all("all => all.filter(one => one.naturalWidth > 100).length")
        browser.close()
    assert shown == 4


def test_a_body_over_the_limit_is_refused_by_the_proxy(front: str, tmp_path: Path) -> None:
    head = ["-H", "Content-Length: 600000000", "-H", "Expect:", "-u", "reader:secret", "-X", "PUT"]
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    said = subprocess.run(
        [curl, "-sk", "-o", "/dev/null", "-w", "%{http_code}", *head, "--max-time", "20", front + "_stcore/health"],
        capture_output=True,
        text=True,
    )
    assert said.stdout == "413"
