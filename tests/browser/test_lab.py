"""A network trained from the page in real Chromium: the browser is closed meanwhile, and finds curves and figures afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mammo_core.training.recipes.checking import written
from tests.artefacts import make_artefact
from tests.browser import needs_chromium
from tests.browser.conftest import serving
from tests.training.bench import tiny

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.slow]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("lab")
    make_artefact(root / "models")
    (root / "models" / "recipes").mkdir()
    text = written(tiny.recipe(training__epochs=6))
    (root / "models" / "recipes" / "tiny.toml").write_text(text, encoding="utf-8")
    tiny.data_folder(root / "data" / "clinic")
    runs = {"MAMMO_RUNS": str(root / "runs"), "MAMMO_DATA": str(root / "data")}
    with serving(root / "models", **runs) as address:
        yield address


def test_a_run_goes_on_without_the_browser_and_another_waits_behind_it(blank: Any, lab: str) -> None:
    from playwright.sync_api import expect

    expect.set_options(30_000)
    blank.goto(f"{lab}/train")
    blank.get_by_label("Folder on the machine that runs this page").click()
    blank.get_by_role("option", name="clinic").click()
    blank.get_by_text("24 pictures of 24 women: 12 malignant, 12 benign.").wait_for()
    begins, out = (blank.get_by_role("button", name=name) for name in ("Start training", "Take out"))
    begins.click()
    blank.get_by_text("Last started from this page").wait_for()
    first = blank.get_by_text("Last started from this page").inner_text()
    begins.click()
    blank.wait_for_function("first => !document.body.innerText.includes(first)", arg=first)
    out.last.click()
    blank.get_by_role("heading", name="Broken off").wait_for()
    blank.goto("about:blank")

    blank.goto(f"{lab}/train")
    blank.get_by_text("Done: 6 epochs at most").wait_for()
    drawn = blank.locator(".st-key-live_loss .js-plotly-plot .scatterlayer .trace")
    expect(drawn).to_have_count(2)  # training and validation

    blank.get_by_text("Its figures ›").click()
    blank.get_by_role("heading", name="All runs").wait_for()
    blank.get_by_role("tab", name="Confusion").click()
    blank.get_by_text("named rightly").wait_for()


def test_nothing_moves_while_a_page_looks_again(blank: Any, lab: str) -> None:
    blank.goto(f"{lab}/train")
    parts = blank.locator(".st-key-live_loss, .st-key-live_auc, .st-key-start")
    blank.locator(".st-key-live_loss .js-plotly-plot").wait_for()
    blank.wait_for_timeout(1500)
    before = [part.bounding_box() for part in parts.all()]
    for _ in range(12):
        blank.wait_for_timeout(400)
        assert [part.bounding_box() for part in parts.all()] == before
