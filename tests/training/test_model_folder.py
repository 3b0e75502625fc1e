from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mammo_core.training.model_folder import new_model


def test_a_model_is_there_whole_or_not_at_all_and_none_is_replaced(tmp_path: Path) -> None:
    with new_model(tmp_path, "a-1") as folder:
        (folder / "card.json").write_text("{}")
        assert not (tmp_path / "a-1").exists()
    assert [path.name for path in tmp_path.rglob("*")] == ["a-1", "card.json"]
    with pytest.raises(ValueError, match="no model is replaced"), new_model(tmp_path, "a-1"):
        pass
    with pytest.raises(OSError, match="full"), new_model(tmp_path, "b-1"):
        raise OSError("the disk is full")
    assert [path.name for path in tmp_path.iterdir()] == ["a-1"]


def test_what_a_killed_promotion_left_is_cleared_a_day_later(tmp_path: Path) -> None:
    old, fresh = tmp_path / ".making-old", tmp_path / ".making-fresh"
    for folder in (old, fresh):
        (folder / "a-1").mkdir(parents=True)
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    with new_model(tmp_path, "b-1"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".making-fresh", "b-1"}
