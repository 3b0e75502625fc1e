from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from mammo_core.training.bench import pictures
from mammo_core.training.bench.pictures import Crop, decode
from mammo_core.training.lab.runs import Stopped
from tests.training.bench.tiny import data_folder


def test_a_picture_is_decoded_once_anew_when_it_changes_and_named_when_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(data_folder(tmp_path / "data", 6).rglob("*.png"))
    torn = tmp_path / "torn.png"
    torn.write_bytes(paths[0].read_bytes()[:200])
    heard: list[str] = []
    first = decode([*paths, torn], (32, 24), "breast", tmp_path / "cache", heard.append)
    assert first.store.shape == (6, 32, 24)
    assert (np.sort(first.slot[:-1]) == np.arange(6)).all()
    assert first.slot[-1] == -1
    assert first.refused[0].startswith("torn.png: ")
    again = decode([*reversed(paths), torn], (32, 24), "breast", tmp_path / "cache", heard.append)
    assert heard == ["decoded 7 of 7 pictures"], "nothing was decoded twice"
    assert (again.store[again.slot[:-1]] == first.store[first.slot[:-1]][::-1]).all()

    paths[0].write_bytes(paths[1].read_bytes())
    os.utime(paths[0], ns=(1, 1))
    monkeypatch.setattr(pictures, "CHUNK", 1)
    with pytest.raises(Stopped):
        decode(paths, (32, 24), "breast", tmp_path / "cache", stop=lambda: True)
    changed = decode(paths, (32, 24), "breast", tmp_path / "cache", heard.append)
    assert len(heard) == 1, "what was decoded before the stop was kept"
    assert (changed.store[changed.slot[0]] == changed.store[changed.slot[1]]).all()


def test_a_whole_picture_is_stretched_and_a_torn_index_costs_one_picture(tmp_path: Path) -> None:
    paths = sorted(data_folder(tmp_path / "data", 4).rglob("*.png"))
    decode(paths[:2], (20, 20), "whole", tmp_path / "cache")
    index = tmp_path / "cache" / f"whole-20x20-{pictures.MAKING}" / "index.jsonl"
    index.write_text(index.read_text()[:-20])
    heard: list[str] = []
    found = decode(paths, (20, 20), "whole", tmp_path / "cache", heard.append)
    assert heard == ["decoded 3 of 3 pictures"]
    assert len(set(found.slot.tolist())) == 4
    assert found.store[found.slot[0]].max() > 200


def test_a_file_that_is_not_there_is_named_and_looked_for_again(tmp_path: Path) -> None:
    paths = sorted(data_folder(tmp_path / "data", 4).rglob("*.png"))
    aside = paths[1].rename(tmp_path / "aside.png")
    found = decode(paths, (20, 20), "whole", tmp_path / "cache")
    assert (found.slot >= 0).tolist() == [True, False, True, True]
    assert found.refused == (f"{paths[1].name}: It cannot be opened.",)
    aside.rename(paths[1])
    assert (decode(paths, (20, 20), "whole", tmp_path / "cache").slot >= 0).all()


def test_an_index_of_pixels_that_are_gone_is_not_believed(tmp_path: Path) -> None:
    paths = sorted(data_folder(tmp_path / "data", 4).rglob("*.png"))
    first = decode(paths, (20, 20), "whole", tmp_path / "cache")
    wanted = np.array(first.store[first.slot])
    (tmp_path / "cache" / f"whole-20x20-{pictures.MAKING}" / "pixels").unlink()
    decode(paths[2:], (20, 20), "whole", tmp_path / "cache")
    again = decode(paths, (20, 20), "whole", tmp_path / "cache")
    assert (again.store[again.slot] == wanted).all()


def test_canvases_that_were_made_in_another_way_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(data_folder(tmp_path / "data", 2).rglob("*.png"))
    heard: list[str] = []
    decode(paths, (32, 24), "breast", tmp_path / "cache", heard.append)
    monkeypatch.setattr(pictures, "canvas", lambda mammogram, size, crop: np.full(size, 7, np.uint8))
    monkeypatch.setattr(pictures, "MAKING", pictures.MAKING + 1)
    found = decode(paths, (32, 24), "breast", tmp_path / "cache", heard.append)
    assert (found.store[found.slot] == 7).all()
    assert heard == ["decoded 2 of 2 pictures"] * 2


def older(cache: Path, name: str) -> Path:
    """A store as an earlier making left it."""
    (cache / name).mkdir(parents=True)
    for file in ("pixels", "index.jsonl", "lock"):
        (cache / name / file).write_bytes(b"{}")
    return cache / name


def test_what_older_makings_left_is_removed_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = sorted(data_folder(tmp_path / "data", 2).rglob("*.png"))
    monkeypatch.setattr(pictures, "MAKING", 10)
    cache = tmp_path / "cache"
    gone = [older(cache, name) for name in ("breast-32x24-9", "whole-64x48-1")]
    kept = [older(cache, name) for name in ("breast-64x48-10", "whole-32x24-11", "breast-32x24-9-mine", "keypoints-1")]
    heard: list[str] = []
    decode(paths, (32, 24), "breast", cache, heard.append)
    assert heard == [
        "removed what older versions decoded: breast-32x24-9, whole-64x48-1",
        "decoded 2 of 2 pictures",
    ]
    assert not any(folder.exists() for folder in gone)
    assert all((folder / "pixels").is_file() for folder in kept)
    decode(paths, (32, 24), "breast", cache, heard.append)
    assert len(heard) == 2


def test_what_another_process_reads_or_writes_is_not_removed_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(data_folder(tmp_path / "data", 2).rglob("*.png"))
    cache = tmp_path / "cache"
    reader = (
        "import sys; from pathlib import Path; from mammo_core.training.bench.pictures import decode\n"
        "decode([Path(sys.argv[1])], (32, 24), 'breast', Path(sys.argv[2])); print('mapped', flush=True); sys.stdin.read()"
    )
    read, written = cache / f"breast-32x24-{pictures.MAKING}", cache / "whole-64x48-0"
    monkeypatch.setattr(pictures, "MAKING", pictures.MAKING + 1)
    command = [sys.executable, "-c", reader, str(paths[0]), str(cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mapped\n"
        older(cache, written.name)
        with FileLock(written / "lock"):
            decode(paths, (32, 24), "breast", cache)
        assert (read / "pixels").is_file()
        assert (written / "pixels").is_file()
        process.communicate()
    decode(paths, (32, 24), "breast", cache)
    assert not read.exists()
    assert not written.exists()


MADE = {
    "whole": [[70, 14, 0], [195, 175, 11], [194, 196, 22], [129, 54, 0]],
    "breast": [[153, 111, 18], [162, 168, 137], [162, 171, 141], [148, 114, 21]],
}
"""Means of 4×3 parts of one picture's canvas, as the present `MAKING` makes it."""


@pytest.mark.parametrize("crop", ["whole", "breast"])
def test_whoever_changes_how_a_canvas_is_made_counts_its_version_up(crop: Crop, tmp_path: Path) -> None:
    (path,) = data_folder(tmp_path / "data", 1).rglob("*.png")
    found = decode([path], (32, 24), crop, tmp_path / "cache")
    means = found.store[found.slot[0]].reshape(4, 8, 3, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(means, MADE[crop], atol=1, err_msg="other pixels: count MAKING up, and write these here")
    assert pictures.MAKING == 1
