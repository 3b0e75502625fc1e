"""The room by keyboard alone, in real Chromium."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import needs_chromium

pytestmark = [pytest.mark.browser, needs_chromium]

FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (at === document.body) return null;
  const rings = [at, at.closest("label")].filter(Boolean).map((ring) => getComputedStyle(ring));
  const border = getComputedStyle(at, "::after");
  const ring = [...rings.map((style) => `${style.outlineStyle} ${style.outlineColor}`),
                `${border.borderTopStyle} ${border.borderTopColor}`];
  return [at.getAttribute("aria-label") || at.innerText.split("\\n")[0].trim(), ring.includes("solid rgb(77, 163, 255)")];
}"""
"""Name of what the keyboard is on, and whether it wears the ring."""


def by_tab(page: Any) -> dict[str, bool]:
    page.evaluate("document.activeElement?.blur()")
    found: dict[str, bool] = {}
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None or at[0] in found:
            break
        found[at[0]] = at[1]
    return found


def test_tab_reaches_every_control_and_a_ring_shows_which(page: Any) -> None:
    page.get_by_text("Heat map", exact=True).click()
    page.locator(".pane .focus").first.wait_for()
    page.mouse.click(700, 22)  # away from the switch: a ring is for the keyboard
    found = by_tab(page)
    found |= by_tab(page)  # the first round begins where the click was
    wanted = ["Window", "Light", "Invert", "Views", "Open", "Close exam", "R-CC", "L-CC", "R-MLO", "L-MLO"]
    wanted += ["Heat map", "Opacity", "Kind of heat map", "Class of the heat map", "Write the report ›"]
    assert set(wanted) <= set(found)
    assert [name for name, ring in found.items() if not ring] == []


def test_a_picture_is_zoomed_moved_and_put_back_by_keys(page: Any) -> None:
    pane = page.locator(".pane").nth(1)
    pane.focus()
    hung = pane.get_attribute("data-view")
    seen = [hung]
    for key in ("+", "ArrowRight", "ArrowDown", "-"):
        page.keyboard.press(key)
        seen.append(pane.get_attribute("data-view"))
    assert len(set(seen)) == len(seen)
    page.keyboard.press("0")
    assert pane.get_attribute("data-view") == hung


def test_the_keyboard_stays_where_it_was_when_the_page_runs_again(page: Any) -> None:
    page.locator(".st-key-invert input").focus()
    page.keyboard.press("Space")
    page.get_by_text("inverted").first.wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate(FOCUSED)[0] == "Invert"


def test_tab_leads_into_an_open_popover_and_escape_back(page: Any) -> None:
    page.get_by_role("button", name="Light").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[0] == "Brightness"
    page.keyboard.press("ArrowRight")
    page.get_by_text("changed").first.wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate(FOCUSED)[0] == "Light"
