"""The room's style travels with the browser's page itself.

Browsers show white until the first style is there, and what is styled late jumps when its style arrives: so the ground
and every measure stand in the HTML that is loaded first. No other answer is changed.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.parts.look import dress

DARK = b'<head><meta name="color-scheme" content="dark">'
"""What a browser paints before any style sheet has come."""

NOT_ASKED = (b"accept-encoding", b"if-none-match", b"if-modified-since")
"""A page is asked for whole and plain, whatever the browser could do with."""


class FirstPaint:
    """Puts the style into every HTML page that is served: at its end, since of equal rules the last one counts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope.get("method") != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        page = b""

        async def dressed(message: Message) -> None:
            nonlocal start, page
            if message["type"] == "http.response.start" and "text/html" in Headers(scope=message).get(
                "content-type", ""
            ):
                start = message
            elif start and message["type"] == "http.response.body":
                page += message.get("body", b"")
                if message.get("more_body"):
                    return
                page = page.replace(b"<head>", DARK, 1) + dress().encode()
                headers = MutableHeaders(scope=start)
                headers["content-length"] = str(len(page))
                # They stand for the file without its style: a browser would keep an old one.
                for name in ("etag", "last-modified"):
                    del headers[name]
                await send(start)
                await send({"type": "http.response.body", "body": page})
            else:
                await send(message)

        plain = [(name, value) for name, value in scope["headers"] if name not in NOT_ASKED]
        await self._app({**scope, "headers": plain}, receive, dressed)
