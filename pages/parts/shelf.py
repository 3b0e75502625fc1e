"""The pixels one browser session may load, under a URL that only it knows.

A picture lies on its session's shelf and nowhere else; the register of shelves holds them weakly, so that a session
that ends takes its pictures along. An unknown token and an unknown picture look the same to whoever asks.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response

ROOM = 160
"""Pictures kept at once; the longest unused gives way."""

_MAKERS = ThreadPoolExecutor(thread_name_prefix="pictures")
_SHELVES: WeakValueDictionary[str, Shelf] = WeakValueDictionary()
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def _name(of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()[:32]


class Shelf:
    """PNG pictures of one session by name; `None` stands for a picture that has nothing to show."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self._pictures: OrderedDict[str, Future[bytes | None]] = OrderedDict()
        _SHELVES[self.token] = self

    def url(self, of: object, make: Callable[[], bytes | None]) -> str | None:
        """URL of the picture of `of` (anything with a telling repr), made now if it is not here yet."""
        url = self.promise(of, make)
        return None if self._pictures[_name(of)].result() is None else url

    def promise(self, of: object, make: Callable[[], bytes | None]) -> str:
        """URL of a picture that is being made from now on; whoever loads it waits for it, and the page goes on meanwhile."""
        name = _name(of)
        if name not in self._pictures:
            self._pictures[name] = _MAKERS.submit(make)
        self._pictures.move_to_end(name)
        while len(self._pictures) > ROOM:
            self._pictures.popitem(last=False)
        return f"pixels/{self.token}/{name}.png"

    def picture(self, name: str) -> bytes | None:
        """The bytes under a name, or None."""
        picture = self._pictures.get(name)
        return picture.result() if picture else None

    def settle(self) -> None:
        """Wait until every picture is made."""
        wait(list(self._pictures.values()))

    def clear(self) -> None:
        """Forget every picture."""
        self._pictures.clear()


def serve(request: Request) -> Response:
    """Answer for one picture."""
    shelf = _SHELVES.get(request.path_params["token"])
    picture = shelf.picture(request.path_params["name"].removesuffix(".png")) if shelf else None
    if picture is None:
        return Response(status_code=404, headers=_HEADERS)
    return Response(picture, media_type="image/png", headers=_HEADERS)
