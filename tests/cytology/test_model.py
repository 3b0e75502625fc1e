"""A model of features is sealed like any other, and never offered for mammograms."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mammo_core.cli import main
from mammo_core.cytology import feature_models, load_feature_model
from mammo_core.cytology.model import FILES
from mammo_core.inference import ArtefactMismatch, available, default_model, find_model
from tests.artefacts import make_artefact
from tests.cytology import FEATURES, make_feature_model

SHIPPED = Path(__file__).parents[2] / "models" / "cytology-conv1d-1"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_feature_model(tmp_path_factory.mktemp("models")).folder


@pytest.fixture
def folder(sealed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sealed, tmp_path / sealed.name)


@pytest.mark.parametrize("name", ["card.json", *FILES])
def test_a_wrong_byte_anywhere_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtefactMismatch, match=name):
        load_feature_model(folder)


def test_it_answers_row_by_row_and_says_what_lies_beyond_what_it_learned_from(folder: Path) -> None:
    model = load_feature_model(folder)
    said = model.probabilities([[15.0, 1.0, 0.1], [1000.0, 1.0, 0.1]])
    assert np.allclose(said, [0.5, 1.0])
    assert model.beyond([[15.0, 1.0, 0.1], [1000.0, 0.0, 0.1]]) == [(), FEATURES[:2]]
    assert model.probabilities(np.zeros((0, 3))).shape == (0,)
    with pytest.raises(ValueError, match=r"\(n, 3\)"):
        model.probabilities([[1.0, 2.0]])
    with pytest.raises(ValueError, match="finite"):
        model.probabilities([[1.0, 2.0, np.nan]])


def test_it_is_no_model_of_mammograms_but_listed_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path))
    cells = make_feature_model(tmp_path, "a-first-by-name").folder
    assert (available(), default_model()) == ([], None)
    with pytest.raises(ValueError, match="no model"):
        find_model("a-first-by-name")
    pictures = make_artefact(tmp_path).folder
    assert (available(), default_model(), feature_models()) == ([pictures], pictures, [cells])
    assert main(["models", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == ["* tiny-1  Tiny test network", "  a-first-by-name-1  Tiny cytology"]
    assert main(["models", "verify"]) == 0
    assert main(["models", "verify", "a-first-by-name-1"]) == 0
    (cells / "graph.bin").write_bytes(b"other")
    assert main(["models", "verify", "a-first-by-name-1"]) == 2


def test_the_model_that_ships_verifies_and_tells_the_middle_of_both_kinds_apart() -> None:
    model = load_feature_model(SHIPPED)
    medians = [[feature["median"][kind] for feature in model.card["features"]] for kind in model.card["classes"]]
    benign, malignant = model.probabilities(medians)
    assert benign < 0.1 < 0.9 < malignant
    assert model.card["evaluation"]["accuracy"][0] >= 0.97
