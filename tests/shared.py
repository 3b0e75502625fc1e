"""Where the collected test files lie: `../shared` beside the repository, or the folder in MAMMO_SHARED."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MAMMO_SHARED", Path(__file__).parents[1] / ".." / "shared")).resolve()


def needs_shared(part: str) -> pytest.MarkDecorator:
    """Skips a test where that part of the collected files is not there."""
    return pytest.mark.skipif(not (SHARED / part).exists(), reason=f"the collected files are not here: {part}")
