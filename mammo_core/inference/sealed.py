"""Sealed folders: a card that names the SHA-256 of every other file, and carries a seal over its own bytes.

What lies in the folder, and what is done with it, is up to the room that opens it. Whatever does not agree is an
`ArtefactMismatch`: nothing is repaired, guessed or half read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_SEAL = re.compile(rb'"seal": "([0-9a-f]{64})"')
_UNSEALED = b'"seal": ""'

MAMMOGRAMS = "mammograms"
"""Kind of a model whose card names none: it reads mammograms."""


class ArtefactMismatch(Exception):
    """A model folder is not what its card says; the message names the file and what is wrong with it."""


def read_file(folder: Path, name: str) -> bytes:
    """Bytes of the file `name` in `folder`; ArtefactMismatch where it is elsewhere or cannot be read."""
    if Path(name).name != name:
        raise ArtefactMismatch(f"{folder.name}: the card names {name!r}, which is not in the folder.")
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtefactMismatch(f"{folder.name}: {name} cannot be read ({error.strerror}).") from error


def open_sealed(
    folder: Path, keys: Iterable[str], files: Iterable[str]
) -> tuple[dict[str, Any], dict[str, bytes], str]:
    """Verify a sealed folder whose card must have `keys` and which must hold `files`.

    Returns:
        the card; the bytes of every file that it names, as they were verified; SHA-256 (hex) of the card's bytes, which
        stands for the whole folder.

    Raises:
        ArtefactMismatch: a file is missing or differs from the card; the card differs from its seal or lacks a key.
    """
    content = read_file(folder, "card.json")
    marks = _SEAL.findall(content)
    if len(marks) != 1 or hashlib.sha256(_SEAL.sub(_UNSEALED, content)).hexdigest().encode() != marks[0]:
        raise ArtefactMismatch(f"{folder.name}: card.json is not the card that was sealed.")
    card: dict[str, Any] = json.loads(content)
    lacking = [key for key in (*keys, "files") if key not in card]
    if lacking:
        raise ArtefactMismatch(f"{folder.name}: card.json lacks {', '.join(lacking)}.")
    contents = {name: read_file(folder, name) for name in {*files, *card["files"]}}
    for name, held in sorted(contents.items()):
        if card["files"].get(name) != hashlib.sha256(held).hexdigest():
            raise ArtefactMismatch(f"{folder.name}: {name} is not the file that the card names.")
    return card, contents, hashlib.sha256(content).hexdigest()


def write_seal(folder: Path, card: Mapping[str, Any], files: Iterable[str]) -> None:
    """Write card.json with the SHA-256 of `files`, which are there already, and its seal.

    Raises:
        ValueError: the card holds a seal of its own.
    """
    digests = {name: hashlib.sha256(read_file(folder, name)).hexdigest() for name in files}
    unsealed = as_bytes({**card, "files": digests, "seal": ""})
    if unsealed.count(_UNSEALED) != 1:
        raise ValueError('A card holds "seal" once, at its end.')
    mark = hashlib.sha256(unsealed).hexdigest().encode()
    (folder / "card.json").write_bytes(unsealed.replace(_UNSEALED, b'"seal": "' + mark + b'"'))


def as_bytes(content: Mapping[str, Any]) -> bytes:
    """JSON as model folders hold it."""
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def kind_of(folder: Path) -> str:
    """What the model in `folder` reads, by its card, which is not verified; mammograms where that cannot be told."""
    try:
        return str(json.loads((folder / "card.json").read_bytes())["kind"])
    except (OSError, ValueError, KeyError, TypeError):
        return MAMMOGRAMS
