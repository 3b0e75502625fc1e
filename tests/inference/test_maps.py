"""Networks that make no lesion map, or no map at all: what they give, and what they are refused for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammo_core.exam import CLASSES
from mammo_core.inference import ArtefactMismatch, Network, heat_map
from mammo_core.preprocessing import whole_picture
from tests.artefacts import make_artefact
from tests.inference.test_network import breast


def test_a_card_that_names_no_maps_has_both(tmp_path: Path) -> None:
    assert make_artefact(tmp_path).maps == ("lesion", "gradcam")


def test_without_a_lesion_map_the_class_activation_map_is_the_heat_map_and_no_focus_is_made_up(tmp_path: Path) -> None:
    network = Network(make_artefact(tmp_path, maps=["gradcam"]))
    result = network.score(breast())
    assert list(result.maps) == ["gradcam"]
    assert result.foci == ()
    heat = heat_map(breast(), result)
    assert heat.max() == pytest.approx(1, abs=0.05)
    assert heat[300, 100] > 0.95
    with pytest.raises(ValueError, match="There is no map 'lesion'; there are gradcam"):
        heat_map(breast(), result, "lesion")


def test_a_network_without_maps_still_scores(tmp_path: Path) -> None:
    result = Network(make_artefact(tmp_path, maps=[])).score(breast())
    assert result.maps == {}
    assert len(result.probabilities) == len(CLASSES)
    with pytest.raises(ValueError, match="there are none"):
        heat_map(breast(), result)


def test_a_network_of_whole_pictures_sees_all_of_one_and_its_map_comes_back_to_the_same_place(tmp_path: Path) -> None:
    network = Network(make_artefact(tmp_path, crop="whole"))
    for picture, column in ((breast(), 100), (replace(breast(), pixels=np.fliplr(breast().pixels)), 299)):
        seen = whole_picture(picture, (512, 320))
        assert (seen.min(), seen.max()) == (0, 1)
        assert network.score(picture).probabilities[2] == pytest.approx(
            1 / (1 + np.exp(2 - 10 * seen.mean())), abs=1e-4
        )
        heat = heat_map(picture, network.score(picture), "gradcam")
        row, at = np.unravel_index(heat.argmax(), heat.shape)
        assert (row, at) == (pytest.approx(300, abs=15), pytest.approx(column, abs=15))


def test_a_graph_that_lacks_a_map_its_card_names_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tests.artefacts as made

    small = made.graph(["gradcam"])
    monkeypatch.setattr(made, "graph", lambda _maps: small)
    with pytest.raises(ArtefactMismatch, match="lacks lesion"):
        make_artefact(tmp_path, maps=["lesion", "gradcam"])
