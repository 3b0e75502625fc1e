"""What closed browsers leave behind is forgotten when its time is up, though nobody else comes.

Streamlit keeps the session of a closed browser for `server.disconnectedSessionTTL` seconds, so that a broken connection
costs no words; but it looks for those that are over only when another session begins or ends. On a quiet server the
last exams of the day would lie in memory over night.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st
from streamlit.runtime import get_instance

EVERY = 5.0
"""Seconds between two looks."""


@asynccontextmanager
async def forgetting(app: st.App) -> AsyncIterator[None]:
    """Look for sessions that are over for as long as the server runs."""
    look = asyncio.create_task(_look())
    try:
        yield
    finally:
        look.cancel()
        with suppress(asyncio.CancelledError):
            await look


async def _look() -> None:
    there: set[str] = set()
    while True:
        await asyncio.sleep(EVERY)
        # Streamlit has no public word for it; to ask for all sessions is what makes it drop those that are over.
        now = {info.session.id for info in get_instance()._session_mgr.list_sessions()}
        if there - now:
            gc.collect()  # a session and what it holds point at each other
        there = now
