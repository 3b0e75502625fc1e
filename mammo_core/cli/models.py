"""`models list` and `models verify`: which models there are, and whether every byte of them is what it should be."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from mammo_core.cli import UsageError
from mammo_core.cytology import feature_models, load_feature_model
from mammo_core.inference import (
    ArtefactMismatch,
    available,
    default_model,
    find_model,
    load_artefact,
    models_root,
)


def list_models() -> int:
    """Print name and title of every model; an asterisk marks the default. Those of features come last. Does not verify them."""
    folders, of_features = available(), feature_models()
    if not folders and not of_features:
        print(f"There is no model in {models_root()}.", file=sys.stderr)
        return 0
    try:
        default = default_model()
    except ValueError as error:
        raise UsageError(f"models/default: {error}") from error
    for folder in [*folders, *of_features]:
        try:
            title = json.loads((folder / "card.json").read_bytes())["title"]
        except (ValueError, KeyError, TypeError):
            title = "(its card cannot be read)"
        print(f"{'*' if folder == default else ' '} {folder.name}  {title}")
    return 0


def verify_models(names: Sequence[str]) -> int:
    """Verify the models named, or all; 2 where one is not what its card says, with the reason on stderr."""
    try:
        of_features = feature_models()
        known = {folder.name: folder for folder in of_features}
        folders = [known.get(name) or find_model(name) for name in names] or [*available(), *of_features]
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not folders:
        raise UsageError(f"there is no model in {models_root()}.")
    wrong = 0
    for folder in folders:
        try:
            load = load_feature_model if folder in of_features else load_artefact
            print(f"{folder.name}  verified, {load(folder).digest}")
        except ArtefactMismatch as mismatch:
            wrong += 1
            print(f"{folder.name}  NOT verified", flush=True)
            print(mismatch, file=sys.stderr)
    return 2 if wrong else 0
