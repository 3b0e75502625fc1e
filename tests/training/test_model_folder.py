from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mammo_core.training.model_folder import free_version, new_model, wrong_version


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


@pytest.mark.parametrize(
    ("there", "version", "free"),
    [
        ([], "1.0", "1.0"),
        (["1.0"], "1.0", "1.1"),
        (["1.0", "1.1", "1.3"], "1.0", "1.2"),
        (["1.9"], "1.9", "1.10"),
        (["1"], "1", "1.1"),
        (["b"], "b", "b.1"),
    ],
)
def test_the_next_free_version_is_that_which_no_model_has(
    tmp_path: Path, there: list[str], version: str, free: str
) -> None:
    for each in there:
        (tmp_path / f"a-{each}").mkdir()
    assert free_version(tmp_path, "a", version) == free
    assert not wrong_version(free)


@pytest.mark.parametrize("version", ["", " ", "1.", ".1", "1-1", "1 1", "../1", "1/2", "1..2", "1\n", "é"])
def test_a_version_that_no_folder_can_be_told_by_is_named(version: str) -> None:
    assert wrong_version(version).startswith(f"“{version}” is no version")
