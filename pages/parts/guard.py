"""Asks before the browser's page is left with words that were not saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from pages.parts.desk import Desk
from pages.parts.look import COMPONENTS


def guard(desk: Desk) -> None:
    """Put the guard on the page; it draws nothing."""
    unsaved = desk.written.unsaved(desk.exams)
    words = [repr(desk.written.of(exam)) for exam in unsaved]
    # `words` is told apart only: the guard is to hear of every change, since typed words count until they are here.
    _component()(key="guard", data={"unsaved": bool(unsaved), "words": hash(tuple(words))}, height=0)


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component("guard", js=(COMPONENTS / "guard.js").read_text(encoding="utf-8"))
