"""docs/deploy.md says what was measured."""

import importlib.util
import json
import re

from tests.deploy.server import ROOT


def test_the_table_of_memory_is_made_of_the_results() -> None:
    spec = importlib.util.spec_from_file_location("server_memory", ROOT / "benchmarks" / "server_memory.py")
    server_memory = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(server_memory)
    page = server_memory.PAGE.read_text("utf-8")
    results = json.loads(server_memory.RESULTS.read_text("utf-8"))
    assert server_memory.filled(page, results) == page
    (table,) = re.findall(r"<!-- memory -->\n(.*)\n<!-- /memory -->", page, re.DOTALL)
    assert len(table.splitlines()) == len(results) + 2
