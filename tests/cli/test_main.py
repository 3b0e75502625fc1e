"""The command line's frame: help, version, models, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from mammo_core import __version__
from mammo_core.cli import main
from tests.artefacts import make_artefact

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", "mammo_core", *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_version() -> None:
    answer = run("--version")
    assert (answer.returncode, answer.stdout) == (0, f"mammo_core {__version__}\n")


@pytest.mark.parametrize(
    "words",
    ["", "analyse", "render", "models", "models list", "models verify", "train", "evaluate", "point"],
)
def test_help_everywhere(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*words.split(), "--help"])
    assert stopped.value.code == 0
    assert "usage: python -m mammo_core" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["", "analyze x", "analyse", "analyse x", "analyse x --out y --workers 0", "models"])
def test_wrong_usage_is_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words.split())
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_wrong_usage_is_2_as_a_process_too() -> None:
    answer = run("analyse")
    assert answer.returncode == 2
    assert "PATH" in answer.stderr


def test_models_are_listed_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    assert main(["models", "list"]) == 0
    assert main(["models", "verify"]) == 2
    make_artefact(tmp_path, "one", "1")
    second = make_artefact(tmp_path, "two", "1")
    (tmp_path / "default").write_text("two-1\n")
    capsys.readouterr()
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == ["  one-1  Tiny test network", "* two-1  Tiny test network"]
    assert main(["models", "verify"]) == 0
    (second.folder / "graph.bin").write_bytes(b"")
    assert main(["models", "verify"]) == 2
    assert "graph.bin" in capsys.readouterr().err
    assert main(["models", "verify", "one-1"]) == 0
    assert main(["models", "verify", "three"]) == 2
    (tmp_path / "default").write_text("three-1\n")
    assert main(["models", "list"]) == 2
