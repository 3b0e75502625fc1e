"""The server's lifetime: made ready before the first reader comes; what closed browsers leave behind forgotten in its time.

Streamlit keeps the session of a closed browser for `server.disconnectedSessionTTL` seconds, so that a broken connection
costs no words; but it lets go of those that are over only when another browser closes. On a quiet server the last exams
of the day would lie in memory over night.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit.runtime import get_instance
from streamlit.runtime.app_session import AppSession

from pages.parts.ahead import get_ready

EVERY = 5.0
"""Seconds between two looks."""


@asynccontextmanager
async def lifetime(_app: st.App) -> AsyncIterator[None]:
    """Get ready, then look for sessions that are over for as long as the server runs."""
    get_ready()
    # Streamlit has no public way to them. Should it change, the server does not start.
    waiting = get_instance()._session_mgr._session_storage._cache

    async def look() -> None:
        while True:
            await asyncio.sleep(EVERY)
            over = waiting.expire()
            for _, info in over:
                _end(info.session)
            if over:
                del over, info
                gc.collect()  # a session and what it holds point at each other
                _give_back()

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()


def _end(session: AppSession) -> None:
    """End a session. The scripts that ran last still hold its desk, its state, and what its buttons were to be given."""
    state = session.session_state
    if "desk" in state:
        desk = state["desk"]
        desk.shelf.clear()
        desk.__init__()
    state.__init__()  # as new; its own `clear` leaves the buttons
    session.shutdown()


def _give_back() -> None:
    """Return what is free to the system: the C library of Linux keeps it, and with it what was written there."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
