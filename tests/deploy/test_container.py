"""The Dockerfile, as far as it can be tested without Docker: what goes in, who runs it, and that its commands work."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.deploy.server import ROOT, Server, serving

APART = {".git", ".venv", "benchmarks", "data", "docs", "runs", "shared", "tests"}


def instructions() -> list[tuple[str, str]]:
    """(INSTRUCTION, rest) in their order, continued lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for line in lines if line for word, _, rest in [line.partition(" ")]]


def all_of(word: str) -> list[str]:
    return [rest for said, rest in instructions() if said == word]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in all_of("ENV") for pair in shlex.split(rest))


def copied() -> list[str]:
    return [source for rest in all_of("COPY") for source in shlex.split(rest)[:-1]]


def pins() -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))


def left_out() -> set[str]:
    (argument,) = all_of("ARG")
    return set(argument.partition("=")[2].strip('"').split("|"))


def test_the_base_is_a_slim_python_of_one_minor_version_that_the_project_takes() -> None:
    (base,) = all_of("FROM")
    version = re.fullmatch(r"python:(3\.\d+)-slim-\w+", base)
    assert version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"{version[1]}.0" in SpecifierSet(project["requires-python"])


def test_the_app_is_run_by_a_user_who_is_not_root() -> None:
    words = [word for word, _ in instructions()]
    (user,) = all_of("USER")
    number, _, group = user.partition(":")
    assert int(number) > 0
    assert int(group) > 0
    assert max(index for index, word in enumerate(words) if word in ("RUN", "COPY")) < words.index("USER")


def test_what_is_copied_is_in_the_repository_and_is_no_data() -> None:
    listed = subprocess.run(["git", "ls-files", *copied()], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = [Path(line) for line in listed.stdout.splitlines()]
    for source in copied():
        assert any(path == Path(source) or Path(source) in path.parents for path in tracked), source
    assert not APART.intersection(Path(source).parts[0] for source in copied())
    assert "." not in copied()


def test_the_builder_is_given_what_is_copied_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    allowed = [line[1:] for line in lines if line[0] == "!"]
    assert sorted(allowed) == sorted(copied())
    assert lines[1 : len(allowed) + 1] == [f"!{name}" for name in allowed]  # what is ruled out again comes after
    assert {"models/*/run", "**/__pycache__", ".streamlit/secrets.toml"} <= set(lines[len(allowed) + 1 :])


def test_packages_are_pinned_wheels() -> None:
    (pip,) = [line for line in all_of("RUN") if "pip install" in line]
    for part in ("--no-deps", "--only-binary :all:", "-r serving.txt", "&& pip check"):
        assert part in pip
    kept = subprocess.run(
        ["grep", "-vE", f"^({'|'.join(sorted(left_out()))})==", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert set(re.findall(r"^([a-z0-9._-]+)==", kept, re.MULTILINE)) == pins() - left_out()


def test_nothing_that_stays_needs_what_is_left_out() -> None:
    assert left_out() <= pins()
    for name in pins() - left_out() - {"colorama"}:  # Windows only
        wanted = [Requirement(line) for line in requires(name) or []]
        needed = {canonicalize_name(w.name) for w in wanted if w.marker is None or w.marker.evaluate({"extra": ""})}
        assert not needed & left_out(), name


def test_the_app_runs_without_what_is_left_out() -> None:
    code = (
        "import sys, pathlib\n"
        "for name in ('tensorflow', 'keras', 'tf_keras_vis', 'clang', 'grpc'): sys.modules[name] = None\n"
        "import app, mammo_core, mammo_core.reporting\n"
        "files = sorted(pathlib.Path('examples/exam').glob('*.dcm'))\n"
        "exams, _ = mammo_core.read_uploads([(file.name, file.read_bytes()) for file in files])\n"
        "assert mammo_core.analyse(exams[0]).images\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def healthy(server: Server, **other: str) -> bool:
    """What the health check says, run as Docker would in the container's environment."""
    (check,) = all_of("HEALTHCHECK")
    word, *command = json.loads(check.partition(" CMD ")[2])
    assert word == "python"
    base = server.address.partition(str(server.port))[2]
    settings = {"STREAMLIT_SERVER_PORT": str(server.port), "STREAMLIT_SERVER_BASE_URL_PATH": base} | other
    ran = subprocess.run([sys.executable, *command], env=os.environ | environment() | settings, capture_output=True)
    return ran.returncode == 0


def test_the_command_serves_by_environment_and_the_health_check_tells_whether(tmp_path: Path) -> None:
    (command,) = all_of("CMD")
    assert json.loads(command) == ["streamlit", "run", "app.py"]
    assert environment()["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"
    assert environment()["STREAMLIT_SERVER_PORT"] == "8501" == all_of("EXPOSE")[0]
    with serving(tmp_path, "mammo") as server:
        assert healthy(server)
        assert healthy(server, STREAMLIT_SERVER_BASE_URL_PATH="/mammo/")
        assert not healthy(server, STREAMLIT_SERVER_BASE_URL_PATH="")
    assert not healthy(server)
