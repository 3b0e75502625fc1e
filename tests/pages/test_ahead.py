"""What the server does before the first reader comes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY = """
import gc, sys
from pages.parts.ahead import get_ready
get_ready()
print(gc.get_freeze_count(), *sys.modules)
"""


def imported(page: Path) -> set[str]:
    """The modules that a page imports by name, ours and others."""
    tree = ast.walk(ast.parse(page.read_text(encoding="utf-8")))
    return {each.module for each in tree if isinstance(each, ast.ImportFrom) and each.module}


def ready(**changed: str) -> list[str]:
    """How many objects are set aside once a server is ready, then the modules it has imported."""
    environment = {**os.environ, **changed}
    ran = subprocess.run(
        [sys.executable, "-c", READY], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


def test_what_pages_import_is_imported_and_out_of_the_collectors_way() -> None:
    frozen, *modules = ready()
    pages = list((ROOT / "pages").glob("*.py"))
    assert len(pages) >= 6
    for page in pages:
        assert imported(page) <= set(modules), page.name
    assert int(frozen) > 100_000
    assert "keras" not in modules
    assert "openvino" in modules  # the default model has been loaded


def test_a_server_whose_lab_is_closed_imports_nothing_of_it() -> None:
    modules = ready(MAMMO_LAB="0")
    assert imported(ROOT / "pages" / "read.py") <= set(modules)
    assert not [name for name in modules if name.startswith("mammo_core.training")]


def test_a_server_without_models_gets_ready_too() -> None:
    modules = ready(MAMMO_MODELS="/nonexistent")
    assert "openvino" not in modules
