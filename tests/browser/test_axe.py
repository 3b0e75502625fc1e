"""Every page and state in real Chromium before axe, the accessibility checker: no finding but those named here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser import needs_chromium
from tests.browser.conftest import serving
from tests.cytology import FEATURES
from tests.lab_runs import make_run
from tests.pages.test_model import PARTS

pytestmark = [pytest.mark.browser, needs_chromium]

STREAMLITS_OWN = {
    "presentation-role-conflict": "the uploader's drop zone has a role and a name (minor)",
    "region": "popovers stand outside the main landmark (moderate)",
}
"""Rules broken inside Streamlit where neither style nor label reaches."""


def findings(page: Any) -> list[tuple[str, str, list[str]]]:
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_timeout(700)
    broken = Axe().run(page).response["violations"]
    return [
        (rule["id"], rule["impact"], [node["html"][:120] for node in rule["nodes"]])
        for rule in broken
        if rule["id"] not in STREAMLITS_OWN
    ]


def test_the_empty_room(blank: Any, room: str) -> None:
    blank.goto(room)
    blank.get_by_text("Open the example exam").wait_for()
    assert findings(blank) == []
    blank.goto(f"{room}/report")
    blank.get_by_text("No exam is open").wait_for()
    assert findings(blank) == []


def test_an_exam_its_heat_map_and_what_opens_above_it(page: Any) -> None:
    assert findings(page) == []
    page.get_by_text("Heat map", exact=True).click()
    page.locator(".pane .focus").first.wait_for()
    assert findings(page) == []
    for name in ("Light", "Views", "Open"):
        page.locator(".st-key-bar").get_by_role("button", name=name).last.click()
        page.get_by_role("dialog").wait_for()
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")


def test_files_that_were_not_read(page: Any, tmp_path: Path) -> None:
    files = [tmp_path / f"letter {number}.txt" for number in range(30)]
    for file in files:
        file.write_text("Dear colleague")
    page.locator(".st-key-bar").get_by_role("button", name="Open").last.click()
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_text("30 files not read").click()
    page.get_by_text("letter 29.txt").wait_for()
    assert findings(page) == []


def test_the_report(page: Any) -> None:
    page.get_by_text("Write the report").click()
    page.locator(".room-pages img").nth(1).wait_for()
    assert findings(page) == []
    page.get_by_role("button", name="Add a finding, right breast").click()
    page.get_by_text("Description of finding").wait_for()
    assert findings(page) == []


def test_every_part_of_the_model_page(blank: Any, room: str) -> None:
    blank.goto(f"{room}/model")
    for part in PARTS:
        blank.get_by_role("tab", name=part).click()
        blank.wait_for_timeout(2000)
        assert findings(blank) == [], part


LAB_PARTS = [
    "Learning",
    "Separation",
    "Confusion",
    "Thresholds",
    "Calibration",
    "Subgroups",
    "Worst errors",
    "Stated",
    "Promote",
]


def test_the_labs_pages(blank: Any, models: Path, tmp_path: Path) -> None:
    names = [make_run(tmp_path / "runs", name, draws=20).name for name in ("one", "two")]
    with serving(models, MAMMO_RUNS=str(tmp_path / "runs"), MAMMO_DATA=str(tmp_path)) as address:
        blank.goto(f"{address}/train")
        blank.locator(".st-key-live_loss .js-plotly-plot").wait_for()
        assert findings(blank) == []
        blank.goto(f"{address}/runs")
        blank.get_by_label("Runs to look at, side by side").click()
        blank.get_by_role("option", name=names[0]).click()
        blank.keyboard.press("Escape")
        for part in LAB_PARTS:
            blank.get_by_role("tab", name=part).click()
            blank.wait_for_timeout(1500)
            assert findings(blank) == [], part


def test_the_cytology_page_its_answer_and_its_figures(blank: Any, room: str, tmp_path: Path) -> None:
    blank.goto(f"{room}/cytology")
    blank.get_by_text("Template with two example rows").wait_for()
    assert findings(blank) == []
    table = tmp_path / "table.csv"
    table.write_text(f"case,{','.join(FEATURES)}\nA-1,15,0.3,0.1\n" + "B-2,15,zero,0.1\n" * 30)
    blank.set_input_files("input[type=file]", table)
    blank.get_by_text("1 ROW ANSWERED, 30 NOT").wait_for()
    assert findings(blank) == []
    with blank.expect_download() as coming:
        blank.get_by_text("Data as CSV").click()
    coming.value.save_as(tmp_path / "answer.csv")
    heads, *rows = (tmp_path / "answer.csv").read_text().splitlines()
    assert heads.startswith("row,case,probability malignant")
    assert rows == ["2,A-1,0.5,"]
    for part in ("How good it is", "What it is not for"):
        blank.get_by_role("tab", name=part).click()
        blank.wait_for_timeout(2000)
        assert findings(blank) == [], part
