"""The app's start, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

RUNS = """
import sys
from app import app
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path
before = list(sys.path)
with modified_sys_path(str(app.script_path)):
    assert sys.path == before
"""


def test_no_run_changes_the_import_path_while_others_search_it() -> None:
    subprocess.run([sys.executable, "-c", RUNS], cwd=ROOT, check=True)
