"""The Runs page in real Chromium at 1280 × 800, with a dozen runs: figures are in sight, and the table sorts in a place of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import needs_chromium
from tests.browser.conftest import serving
from tests.lab_runs import make_run

pytestmark = [pytest.mark.browser, needs_chromium]
HEIGHT = 800


@pytest.fixture(scope="module")
def runs_page(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("a-dozen")
    for number in range(12):
        make_run(root, f"n{number:02}", women=24, created=f"2024-05-{number + 1:02}T07:08:09+00:00", draws=5)
    with serving(models, MAMMO_RUNS=str(root)) as address:
        yield f"{address}/runs"


def test_with_a_dozen_runs_the_choice_and_the_first_figure_are_in_sight(blank: Any, runs_page: str) -> None:
    blank.goto(runs_page)
    figure = blank.locator(".js-plotly-plot").first
    figure.locator(".scatterlayer .trace").first.wait_for()
    assert blank.get_by_label("Runs to look at, side by side").bounding_box()["y"] < HEIGHT
    assert figure.locator(".gtitle").first.bounding_box()["y"] < HEIGHT - 40


def test_a_press_on_a_head_sorts_the_table(blank: Any, runs_page: str) -> None:
    """Its cells are drawn; beside them lies a table for those who cannot see it, in the same order."""
    blank.goto(runs_page)
    table = blank.get_by_test_id("stDataFrame")
    first = table.locator('[role="gridcell"]').filter(has_text="-1-2024").first
    first.wait_for(state="attached")
    assert first.text_content().startswith("n11-")
    table.locator(".dvn-scroller").click(position={"x": 60, "y": 16})
    blank.wait_for_function(
        "name => document.querySelector('[data-testid=stDataFrame] [role=gridcell]').textContent.startsWith(name)",
        arg="n00-",
    )


def test_the_last_tick_of_a_curves_axis_is_written(blank: Any, runs_page: str) -> None:
    blank.goto(runs_page)
    blank.get_by_role("tab", name="Separation").click()
    roc = blank.locator(".js-plotly-plot").filter(has_text="ROC curve")
    roc.locator(".xtick").first.wait_for()
    ticks = [tick.text_content() for tick in roc.locator(".xtick text").all() if tick.is_visible()]
    assert ticks[-1] == "100 %"
