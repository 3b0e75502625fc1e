"""A page run without a browser, and what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

NAVIGATION = Path(__file__).parents[2] / "pages/navigation.py"


def shown(page: str, **state: Any) -> AppTest:
    """The page in that file, once its state is set; it raised nothing."""
    app = AppTest.from_file(str(NAVIGATION), default_timeout=120).run().switch_page(page)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """Everything that it says in HTML and Markdown."""
    return " ".join(
        [*(element.proto.body for element in app.get("html")), *(element.value for element in app.markdown)]
    )
