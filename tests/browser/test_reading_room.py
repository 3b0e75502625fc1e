"""A reader's way through the room in real Chromium, at 1280×800."""

from __future__ import annotations

from typing import Any

from tests.browser import needs_chromium

pytestmark = needs_chromium


def test_four_views_are_seen_without_scrolling(page: Any) -> None:
    boxes = [pane.bounding_box() for pane in page.locator(".pane").all()]
    assert len(boxes) == 4
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= 800.5 and box["height"] > 300 for box in boxes)
    assert page.evaluate("document.documentElement.scrollHeight <= 800")


def test_zoom_survives_a_change_of_light_and_the_heat_map(page: Any) -> None:
    pane = page.locator(".pane").first
    page.mouse.move(400, 200)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    zoomed = pane.get_attribute("data-view")
    page.get_by_text("Invert", exact=True).click()
    page.get_by_text("inverted").first.wait_for()
    page.get_by_text("Heat map", exact=True).click()
    page.locator(".pane .focus").first.wait_for()
    assert pane.get_attribute("data-view") == zoomed
    pane.dblclick()
    assert pane.get_attribute("data-view") != zoomed


def test_pixels_cannot_be_had_without_the_sessions_token(page: Any, room: str) -> None:
    url = page.locator(".pane img").first.get_attribute("src")
    _, token, name = url.split("/")
    assert page.request.get(f"{room}/pixels/{token}/{name}").status == 200
    assert page.request.get(f"{room}/pixels/{'x' * len(token)}/{name}").status == 404
    page.get_by_role("button", name="Close exam").click()
    page.get_by_text("Open the example exam").wait_for()
    assert page.request.get(f"{room}/pixels/{token}/{name}").status == 404
