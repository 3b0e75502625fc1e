"""What the repository promises to whoever clones it."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TRAINING_ONLY = ("tensorflow", "keras", "tf_keras_vis")
LARGEST = 45 * 1024 * 1024


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def imported_by(code: str) -> set[str]:
    """Top-level modules that a fresh process holds after running `code`."""
    code += "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def readme_figures():
    spec = importlib.util.spec_from_file_location("readme_figures", ROOT / "benchmarks" / "readme_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


READ_AND_SCORE = """
import pathlib, mammo_core, mammo_core.inference
files = sorted(pathlib.Path("examples/exam").glob("*.dcm"))
exams, refusals = mammo_core.read_uploads([(file.name, file.read_bytes()) for file in files])
assert len(exams) == 1 and not refusals, (exams, refusals)
mammo_core.analyse(exams[0])
"""


def test_reading_and_scoring_an_exam_does_not_import_tensorflow():
    assert not imported_by(READ_AND_SCORE).intersection(TRAINING_ONLY)


def test_the_app_does_not_import_tensorflow():
    assert not imported_by("import app").intersection(TRAINING_ONLY)


def test_importing_the_library_imports_no_heavy_room():
    assert not imported_by("import mammo_core").intersection({*TRAINING_ONLY, "openvino", "streamlit", "cv2"})


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned(name):
    lines = [line.strip() for line in (ROOT / name).read_text("utf-8").splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if not re.match(r"[a-z0-9._-]+==[^\s;]+( ;.*)?$", line)] == []


def test_both_requirement_files_agree_and_hold_every_dependency():
    pins = {
        name: set(re.findall(r"^([a-z0-9._-]+==[^\s;]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    }
    assert pins["requirements.txt"] <= pins["requirements-dev.txt"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    names = {pin.partition("==")[0] for pin in pins["requirements.txt"]}
    assert {re.split(r"[<>=]", wanted)[0] for wanted in project["project"]["dependencies"]} <= names


def test_the_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) < 200
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_figures_in_the_readme_are_those_of_cards_and_results():
    text = (ROOT / "README.md").read_text("utf-8")
    assert readme_figures().filled(text, ROOT / "models") == text


def test_figures_are_made_from_a_card(tmp_path):
    card = {
        "name": "patch",
        "version": "1",
        "title": "Patch network",
        "cross_validated": "Figures are those of five sisters.",
        "evaluation": [
            {
                "set": "RSNA",
                "unit": "breast",
                "n": 1500,
                "n_women": 771,
                "n_cancer": 460,
                "auc": [0.7449, 0.7, 0.8],
                "baseline_auc": None,
                "how": "cross-validated",
            }
        ],
        "operating_points": [
            {
                "name": "US screening",
                "suspicion": 41.25,
                "unit": "exam",
                "specificity": [0.889, 0.86, 0.91],
                "sensitivity": [0.4, 0.3, 0.5],
                "n": 771,
                "n_cancer": 400,
            }
        ],
        "pointing": [{"set": "CBIS", "n": 9, "hit_rate": 0.39, "hit_rate_15px": 0.56, "centre": 0.1, "random": 0.05}],
        "limits": ["Film and digital differ."],
    }
    (tmp_path / "patch-1").mkdir()
    (tmp_path / "patch-1" / "card.json").write_text(json.dumps(card), "utf-8")
    results = tmp_path / "results"
    results.mkdir()
    ratios = {"cores": 2, "ours_s": 0.3, "peer_s": 3.66, "floor_s": 0.2, "peer_to_ours": 12.2, "ours_to_floor": 1.5}
    (results / "warm.json").write_text(json.dumps(ratios), "utf-8")
    blocks = "".join(f"a\n<!-- {name} -->\nold\n<!-- /{name} -->\nb" for name in ("figures", "speed"))
    made = readme_figures().filled(blocks, tmp_path, results)
    assert "2 cores: 0.30 s, which is 12.2 times as fast" in made
    assert "| RSNA | breasts | 771 | 1500, 460 | 0.74 (0.70–0.80) | none | cross-validated |" in made
    assert "| US screening | 41.2 | 88.9 % (86.0–91.0) | 40.0 % (30.0–50.0) | 771 exams, 400 |" in made
    assert "| CBIS | 9 | 39 % | 56 % | 10 % | 5 % |" in made
    assert "* Film and digital differ." in made
    assert "old" not in made


def test_no_tracked_file_is_too_large_to_clone():
    assert [path for path in tracked() if path.stat().st_size > LARGEST] == []


def test_no_environment_or_run_is_tracked():
    unwanted = {".venv", "runs", "__pycache__"}
    assert [path for path in tracked() if unwanted.intersection(path.relative_to(ROOT).parts)] == []
