"""A report written in real Chromium: words outlast pages and a reload, leaving with unsaved ones asks, files come down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.browser import needs_chromium

pytestmark = needs_chromium

PRESS = 80
"""Milliseconds a finger takes; a click without any comes before the field has given up its words."""


def to_report(page: Any) -> None:
    page.get_by_text("Report ›").click()
    page.locator(".room-pages img").nth(1).wait_for()


def to_read(page: Any) -> None:
    page.get_by_text("‹ Read").click(delay=PRESS)
    page.locator(".pane img").nth(3).wait_for()


def test_a_report_is_written_left_and_found_again_and_downloaded(page: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    expect.set_options(30_000)
    to_report(page)
    page.get_by_role("button", name="Add a finding, right breast").click()
    page.get_by_label("Description of finding 1, right").fill("Irregular, spiculated")
    to_read(page)  # straight from the field
    to_report(page)
    assert page.get_by_label("Description of finding 1, right").input_value() == "Irregular, spiculated"
    page.get_by_role("radio", name="4C").first.click()
    page.get_by_text("High suspicion for malignancy.").wait_for()
    page.get_by_label("Reader's name").fill("Dr Anna Example")
    page.get_by_label("Reader's name").press("Enter")
    page.get_by_text("The reader's name is missing.").wait_for(state="hidden")
    with page.expect_download() as coming:
        page.get_by_role("button", name="PDF", exact=True).click()
    coming.value.save_as(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "PHANTOM" not in coming.value.suggested_filename
    with page.expect_download() as coming:
        page.get_by_role("button", name="Draft", exact=True).click()
    draft = tmp_path / "draft.json"
    coming.value.save_as(draft)
    assert json.loads(draft.read_text())["assessment"]["reader"] == "Dr Anna Example"

    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.wait_for_timeout(1000)
    page.reload()  # all is saved: nobody asks
    page.get_by_text("Open one on the Read page").click(delay=PRESS)
    assert asked == []
    page.get_by_text("Open the example exam").click()
    page.wait_for_selector(".room-score")
    to_report(page)
    page.get_by_text("Load a draft").click()
    page.set_input_files("input[type=file]", draft)
    name = page.get_by_label("Reader's name")
    name.and_(page.locator("[value='Dr Anna Example']")).wait_for()
    expect(name).to_have_count(1)  # for a moment the fields before stand beside the new ones


def test_leaving_with_unsaved_words_asks_first(page: Any) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    to_report(page)
    page.get_by_label("Comment").click()
    page.keyboard.type("Half a sen")
    page.reload()
    page.get_by_text("No exam is open").wait_for()
    assert asked == ["beforeunload"]


def test_whose_exam_it_is_stays_in_sight_while_the_form_scrolls(page: Any) -> None:
    to_report(page)
    page.get_by_label("Reader's name").scroll_into_view_if_needed()
    whose = page.locator(".room-who").bounding_box()
    assert whose["y"] >= 0
    assert page.get_by_label("Reader's name").bounding_box()["y"] < 800
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight <= 800")


SHEET = """() => {
  const roots = [...document.querySelectorAll(".st-key-pages *")].map((element) => element.shadowRoot);
  return roots.filter(Boolean).map((root) => root.querySelector("img")).find(Boolean);
}"""
"""The paper's first page."""


def test_the_paper_stays_where_it_is_while_words_are_added(page: Any) -> None:
    to_report(page)
    paper = page.locator(".st-key-paper")
    paper.evaluate("paper => paper.scrollTop = 300")
    shown = page.locator(".room-pages img").first.get_attribute("src")
    page.evaluate(f"""() => {{
      window.empty = 0;
      const look = () => {{
        window.empty += !({SHEET})()?.naturalWidth;
        requestAnimationFrame(look);
      }};
      requestAnimationFrame(look);
    }}""")
    page.get_by_role("radio", name="4C").first.click()
    page.wait_for_function(f"before => ({SHEET})()?.getAttribute('src') !== before", arg=shown)
    assert paper.evaluate("paper => paper.scrollTop") == 300
    assert page.evaluate("window.empty") == 0
