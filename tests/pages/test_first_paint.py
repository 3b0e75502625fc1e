"""The style travels with every page that is served, and changes no other answer."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from pages.parts.first_paint import FirstPaint
from pages.parts.look import ROOM, dress

PAGE = b"<!DOCTYPE html><html><head><title>Room</title></head><body></body></html>"


def answer(kind: bytes, content: bytes, parts: int = 1) -> Any:
    """A server that answers so, packed if that is asked for, and says when the file behind it was made."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        packed = (b"accept-encoding", b"gzip") in scope["headers"]
        body = gzip.compress(content) if packed else content
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"etag", b'"1"')]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        step = -(-len(body) // parts)
        for begins in range(0, len(body), step):
            more = begins + step < len(body)
            await send({"type": "http.response.body", "body": body[begins : begins + step], "more_body": more})

    return app


def asked(app: Any, accept: bytes = b"text/html,*/*", method: str = "GET") -> tuple[dict[bytes, bytes], bytes]:
    said: list[Any] = []

    async def keep(message: Any) -> None:
        said.append(message)

    async def nothing() -> Any:
        return {"type": "http.request"}

    headers = [(b"accept", accept), (b"accept-encoding", b"gzip")]
    asyncio.run(FirstPaint(app)({"type": "http", "method": method, "headers": headers}, nothing, keep))
    return dict(said[0]["headers"]), b"".join(message["body"] for message in said[1:])


@pytest.mark.parametrize("parts", [1, 3])
def test_a_page_is_dark_before_any_script_and_brings_the_style(parts: int) -> None:
    headers, body = asked(answer(b"text/html; charset=utf-8", PAGE, parts))
    assert body.index(b'name="color-scheme" content="dark"') < body.index(b"<title>")
    assert body.endswith(dress().encode())
    assert f"--room: {ROOM}" in dress()
    assert headers[b"content-length"] == str(len(body)).encode()


def test_a_browser_keeps_no_page_by_the_mark_of_the_undressed_file() -> None:
    headers, _ = asked(answer(b"text/html", PAGE))
    assert b"etag" not in headers


@pytest.mark.parametrize(
    ("kind", "accept", "method"),
    [(b"image/png", b"text/html", "GET"), (b"text/html", b"*/*", "GET"), (b"text/html", b"text/html", "HEAD")],
)
def test_what_is_no_page_is_left_as_it_is(kind: bytes, accept: bytes, method: str) -> None:
    headers, body = asked(answer(kind, PAGE), accept, method)
    assert headers[b"etag"] == b'"1"'
    assert b"color-scheme" not in (body if kind == b"image/png" else gzip.decompress(body))
