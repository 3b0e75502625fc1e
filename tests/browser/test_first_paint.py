"""How a page begins in real Chromium: dressed at the first request, dark from the first paint, and quiet until it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser import needs_chromium
from tests.browser.conftest import serving

pytestmark = [pytest.mark.browser, needs_chromium]

WATCH = """
window.grounds = new Set();
const dark = (element) => getComputedStyle(element).backgroundColor;
const look = () => {
  const all = [document.documentElement, document.body, document.querySelector(".stApp")];
  for (const element of all) if (element && performance.getEntriesByType("paint").length) window.grounds.add(dark(element));
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
window.moved = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) window.moved += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""
"""Keeps every ground that was painted, and how far things moved (cumulative layout shift, what follows a click too)."""

LITTLE = 0.1
"""Below this a page counts as good: https://web.dev/articles/cls."""


@pytest.mark.parametrize(("path", "seen"), [("/model", "Tiny test network"), ("/report", "No exam is open")])
def test_a_fresh_server_dresses_whichever_page_is_asked_for_first(
    blank: Any, models: Path, path: str, seen: str
) -> None:
    with serving(models) as address:
        blank.goto(address + path)
        blank.get_by_text(seen).wait_for()
        assert blank.title() == "Mammography reading room"
        assert blank.locator("[data-testid=stSidebarNav]").count() == 0
        assert blank.locator("[data-testid=stHeader]").is_hidden()


@pytest.mark.parametrize("path", ["", "/report", "/model", "/cytology", "/train", "/runs"])
def test_no_page_is_white_for_a_moment(blank: Any, room: str, path: str) -> None:
    blank.add_init_script(WATCH)
    blank.goto(room + path)
    blank.locator(".st-key-front, .st-key-sheet, .st-key-lab_sheet").wait_for()
    blank.wait_for_timeout(500)
    assert blank.evaluate("[...window.grounds]") == ["rgb(14, 17, 22)"]
    assert blank.evaluate("window.moved") < LITTLE


def test_nothing_moves_when_scores_arrive_nor_when_the_heat_map_comes_and_goes(blank: Any, room: str) -> None:
    blank.add_init_script(WATCH)
    blank.goto(room)
    blank.get_by_text("Open the example exam").click()
    blank.locator(".pane img").nth(3).wait_for()
    parts = blank.locator(".pane, .st-key-heat_on, .st-key-heat_class, .st-key-to_report")
    before = [part.bounding_box() for part in parts.all()]
    blank.wait_for_selector(".room-score")
    blank.wait_for_timeout(1000)
    assert blank.evaluate("window.moved") < LITTLE
    blank.evaluate("window.moved = 0")
    for _ in range(2):
        blank.get_by_text("Heat map", exact=True).click()
        blank.wait_for_timeout(1000)
        assert [part.bounding_box() for part in parts.all()] == before
    assert blank.evaluate("window.moved") < 0.001
