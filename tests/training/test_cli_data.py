"""`data check` on small sets of made-up breasts."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammo_core.cli import main
from mammo_core.training.progress import Progress, on_terminal
from tests.preprocessing.phantoms import breast
from tests.training.datasets.layouts import table

COLUMNS = ("file", "dataset", "patient_id", "laterality", "view", "label", "machine", "site")


def shot(path: Path, seed: int, *, inverted: bool = False, turned: bool = False) -> None:
    grey = breast(seed=seed)[0]
    pixels = (grey / grey.max() * 255).clip(0, 255).astype(np.uint8)
    pixels = np.ascontiguousarray(np.rot90(pixels)) if turned else pixels
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), 255 - pixels if inverted else pixels)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rows: a copy, a turned copy, an inverted picture, a broken file, a missing one."""
    root = tmp_path_factory.mktemp("data") / "clinic"
    rows = [
        ("a.png", "clinic", "W1", "L", "CC", "malignant", "M1", "north"),
        ("b.png", "clinic", "W2", "L", "CC", "benign", "M2", "north"),
        ("copy of a.png", "clinic", "W3", "L", "CC", "benign", "M2", "south"),
        ("b turned.png", "clinic", "W4", "R", "MLO", "benign", "M2", "south"),
        ("inverted.png", "clinic", "W5", "R", "MLO", "malignant", "M1", ""),
        ("broken.png", "clinic", "W5", "R", "CC", "malignant", "M1", ""),
        ("gone.png", "clinic", "W6", "R", "CC", "normal", "M1", ""),
    ]
    table(root / "manifest.csv", COLUMNS, rows)
    shot(root / "a.png", 1)
    shot(root / "b.png", 2)
    shot(root / "copy of a.png", 1)
    shot(root / "b turned.png", 2, turned=True)
    shot(root / "inverted.png", 3, inverted=True)
    (root / "broken.png").write_bytes((root / "a.png").read_bytes()[:500])
    return root


@pytest.fixture(scope="module")
def printed(clinic: Path) -> str:
    """What the command prints, run as users run it; it says on stderr if Keras came along."""
    asked = f"main(['data', 'check', {str(clinic)!r}, '--runs', {str(clinic.parent / 'runs')!r}])"
    code = f"import sys; from mammo_core.cli import main; code = {asked}; print('keras' in sys.modules, file=sys.stderr); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"
    return done.stdout


def section(printed: str, heading: str) -> list[str]:
    blocks = printed.split("\n\n")
    return next(block for block in blocks if block.startswith(heading)).splitlines()


def test_it_says_layout_pictures_and_women(printed: str) -> None:
    assert printed.splitlines()[0].endswith("clinic: layout manifest")
    assert printed.splitlines()[1] == "6 pictures of 5 women, 0 marked lesions"


def test_it_crosses_class_with_view_machine_and_site(printed: str) -> None:
    assert section(printed, "view")[1].split() == ["L", "CC", "3", "3", "2", "1", "33"]
    heading, first, second = section(printed, "set, machine")
    assert heading.endswith("women  benign  malignant  % malignant")
    assert first.split() == ["clinic,", "M1", "3", "2", "0", "3", "100"]
    assert second.split() == ["clinic,", "M2", "3", "3", "3", "0", "0"]
    assert [line.split()[1] for line in section(printed, "set, site")[1:]] == ["north", "not", "south"]


def test_it_lists_what_is_missing_and_what_cannot_be_read(printed: str) -> None:
    assert section(printed, "missing files") == ["missing files: 1", "  gone.png"]
    assert section(printed, "files that cannot be read")[1].startswith("  broken.png: The file")


def test_it_finds_identical_pixels_and_says_what_differs(printed: str) -> None:
    assert section(printed, "pictures with identical pixels") == [
        "pictures with identical pixels: 1",
        "  a.png = copy of a.png (different women and labels)",
    ]


def test_it_finds_a_turned_copy_under_another_womans_name(printed: str) -> None:
    heading, pair = section(printed, "turned, mirrored")
    assert heading.endswith(": 1")
    assert "b.png (W2)" in pair
    assert "b turned.png (W4)" in pair


def test_it_finds_inverted_pictures(printed: str) -> None:
    assert section(printed, "pictures stored inverted")[1:] == ["  inverted.png"]


def test_lists_alone_are_read_without_the_pictures(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(clinic), "--lists"]) == 0
    said = capsys.readouterr().out
    assert "missing files: 1" in said
    assert "identical" not in said


def test_long_lists_are_cut_unless_all_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"{number}.png", "", f"W{number}", "", "", "benign", "", "") for number in range(26)]
    table(tmp_path / "manifest.csv", COLUMNS, rows)
    shot(tmp_path / "0.png", 1)
    assert main(["data", "check", str(tmp_path), "--lists"]) == 0
    assert "  and 5 more; --all lists them" in capsys.readouterr().out
    assert main(["data", "check", str(tmp_path), "--lists", "--all"]) == 0
    assert "  25.png" in capsys.readouterr().out


@pytest.mark.parametrize("lists", [(), ("--lists",)])
def test_a_list_of_which_no_picture_is_there_ends_with_1_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lists: tuple[str, ...]
) -> None:
    table(tmp_path / "manifest.csv", COLUMNS, [("gone.png", "", "W1", "", "", "benign", "", "")])
    assert main(["data", "check", str(tmp_path), *lists]) == 1
    said = capsys.readouterr()
    assert "missing files: 1\n  gone.png" in said.out
    assert f"No picture was found in {tmp_path}" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["."], "in none of the layouts"),
        (["."], "; see docs/datasets.md"),
        ([".", "--layout", "rsna"], "; see docs/datasets.md"),
        ([".", "nowhere"], "nowhere does not exist"),
        ([".", "--layout", "dicomdir"], "'dicomdir' is no layout"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data", "check", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_row_ends_with_2_and_names_file_and_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(tmp_path / "manifest.csv", COLUMNS, [("a.png", "", "W1", "", "", "odd", "", "")])
    assert main(["data", "check", str(tmp_path)]) == 2
    assert "manifest.csv, row 2: a label is one of" in capsys.readouterr().err


@pytest.mark.parametrize("together", [True, False])
def test_one_wrong_set_of_several_is_named_and_the_others_are_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], together: bool
) -> None:
    for name, label in (("first", "benign"), ("second", "odd"), ("third", "malignant")):
        table(tmp_path / name / "manifest.csv", COLUMNS, [("a.png", "", name, "", "", label, "", "")])
        shot(tmp_path / name / "a.png", 1)
    paths = [tmp_path] if together else [tmp_path / name for name in ("first", "second", "third")]
    assert main(["data", "check", "--lists", *map(str, paths)]) == 1
    said = capsys.readouterr()
    assert f"{tmp_path / 'second'} is not read: " in said.err
    assert "manifest.csv, row 2: a label is one of" in said.err
    assert "2 pictures of 2 women" in said.out
    assert [line.split()[0] for line in section(said.out, "set")[1:]] == ["first", "third"]


def test_what_the_search_for_copies_found_is_kept_beside_the_runs(
    clinic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    assert main(["data", "check", str(clinic), "--runs", str(runs)]) == 0
    first = capsys.readouterr().out
    kept = {path: path.stat().st_mtime_ns for path in runs.rglob("*.np[yz]")}
    assert {path.suffix for path in kept} == {".npy", ".npz"}
    assert main(["data", "check", str(clinic), "--runs", str(runs)]) == 0
    assert capsys.readouterr().out == first
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.np[yz]")} == kept


def test_a_folder_that_cannot_be_written_to_keeps_nobody_from_checking(
    clinic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert main(["data", "check", str(clinic), "--runs", str(tmp_path / "file")]) == 0
    assert "b turned.png" in capsys.readouterr().out


def test_on_a_terminal_the_search_is_a_line_that_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for kind, shown in ((Terminal, True), (io.StringIO, False)):
        monkeypatch.setattr(sys, "stderr", kind())
        with on_terminal() as tell:
            for done in range(1, 11):
                tell(Progress(done, 10, "pictures", "read"))
            for done in range(5):
                tell(Progress(done, 5, "pairs", "laid over each other"))
            said = sys.stderr.getvalue()
        assert ("copies: pictures read" in said) == shown
        assert ("copies: pairs laid over each other" in said) == shown
        assert "\n" not in said
