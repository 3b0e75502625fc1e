"""The layers of a recipe's network and their parameters, spelled out by a process that may import Keras."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import streamlit as st

from pages.parts.lab import errands
from pages.parts.look import write

EVERY = 1.0


def layers(recipe: Path, variant: str) -> None:
    """Show the table of a recipe's network, or that it is being made."""
    st.fragment(_shown, run_every=EVERY)(recipe, variant)


def _shown(recipe: Path, variant: str) -> None:
    log = _place(recipe, variant)
    errand = errands.stands(log)
    if errand is None or (errand.code is None and not errand.runs):
        arguments = ["networks", str(recipe)]
        errands.send([*arguments, "--variant", variant] if variant else arguments, log)
        errand = errands.stands(log)
    if errand is None or errand.runs:
        write("quiet", "The network is being built, to count its parameters. This takes some seconds.")
    elif errand.code:
        write("amber", "It could not be built.")
        st.code(errand.said[-800:], language=None, wrap_lines=True)
    else:
        st.code(errand.said, language=None, height=320)


def _place(recipe: Path, variant: str) -> Path:
    """A file of this server's own, another one when the recipe changes."""
    state = f"{recipe}|{recipe.stat().st_mtime_ns}|{variant}"
    return _folder() / f"{hashlib.sha256(state.encode()).hexdigest()[:16]}.txt"


@st.cache_resource(show_spinner=False)
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="mammo-layers-"))
