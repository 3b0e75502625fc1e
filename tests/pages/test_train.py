"""What the Train page says of pictures, of the search for copies, and of runs that cannot go on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo_core.training.bench import queue
from mammo_core.training.bench import recipe as recipes
from tests.lab_runs import make_recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a recipe, two data sets side by side, and no runs; the queue is not served."""
    for name in ("runs", "data", "models"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"MAMMO_{name.upper()}", str(tmp_path / name))
    (tmp_path / "models" / "recipes").mkdir()
    recipe = make_recipe(classes=("benign", "malignant"))
    (tmp_path / "models" / "recipes" / "tiny.toml").write_text(recipes.write(recipe), encoding="utf-8")
    for number in range(8):
        folder = tmp_path / "data" / "all" / ("clinic", "hospital")[number % 2] / ("benign", "malignant")[number // 4]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), np.full((8, 8), 9 * number, np.uint8))
    monkeypatch.setattr(queue, "_start_runner", lambda root: None)
    return tmp_path


def shown(**state: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages/navigation.py"), default_timeout=120).run().switch_page("train.py")
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return " ".join(
        [*(element.proto.body for element in app.get("html")), *(element.value for element in app.markdown)]
    )


def starts(app: AppTest) -> bool:
    return not next(each for each in app.button if each.label == "Start training").disabled


def test_one_wrong_set_of_several_is_named_the_others_are_shown_and_nothing_starts(lab: Path) -> None:
    assert starts(shown(data_folder="all"))
    wrong = lab / "data" / "all" / "wrong" / "manifest.csv"
    wrong.parent.mkdir()
    wrong.write_text("file,patient_id,label\na.png,W1,odd\n", encoding="utf-8")
    app = shown(data_folder="all")
    said = words(app)
    assert "Not read: wrong. " in said
    assert "manifest.csv, row 2: a label is one of" in said
    assert "8 pictures of 8 women: 4 malignant, 4 benign." in said
    assert "clinic" in said
    assert "none is left out unasked" in said
    assert "Choose pictures first." not in said
    assert not starts(app)
