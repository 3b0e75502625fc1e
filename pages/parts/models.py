"""The models a page can offer, verified when they are first used; a model that does not verify gives its reason."""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st

from mammo_core.inference import MAPS, ArtefactMismatch, Network, available, default_model, load_artefact

NO_MODEL = "No scores: there is no model in the models folder."


def choices() -> list[Path]:
    """Model folders, the default first."""
    first = _default()
    return sorted(available(), key=lambda folder: folder != first)


def maps_of(folder: Path | None) -> tuple[str, ...]:
    """The kinds of heat map that a model's card says it makes, without loading the model; both where that cannot be told yet."""
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8")) if folder else {}
        return tuple(kind for kind in MAPS if kind in card.get("maps", MAPS))
    except (OSError, ValueError):
        return MAPS


def network(folder: Path | None) -> Network | str:
    """Load a model, or say in a sentence why there are no scores."""
    if folder is None:
        return NO_MODEL
    try:
        return _network(str(folder), max(path.stat().st_mtime_ns for path in folder.iterdir()))
    except ArtefactMismatch as mismatch:
        return f"No scores: the model could not be verified. {mismatch}"


def _default() -> Path | None:
    try:
        return default_model()
    except ValueError:
        return None


@st.cache_resource(max_entries=3, show_spinner=False)
def _network(folder: str, changed: int) -> Network:
    """One network for all sessions: it holds weights and no picture."""
    return Network(load_artefact(folder))
