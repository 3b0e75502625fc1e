"""The network at work on synthetic breasts."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_core.exam import CLASSES, Exam, Laterality, Mammogram, Source, View
from mammo_core.inference import Network, heat_map
from tests.artefacts import make_artefact


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return Network(make_artefact(tmp_path_factory.mktemp("models")))


def breast(lesion: tuple[int, int] | None = (300, 100), **changes) -> Mammogram:
    """A half ellipse at the left edge, a bright spot in it."""
    rows, columns = np.indices((600, 400))
    inside = ((rows - 300) / 260) ** 2 + (columns / 300) ** 2 < 1
    grey = np.where(inside, 400.0 + 100 * np.sin(rows / 40) * np.cos(columns / 30), 0.0)
    if lesion:
        grey += 3000 * inside * np.exp(-((rows - lesion[0]) ** 2 + (columns - lesion[1]) ** 2) / (2 * 25**2))
    picture = Mammogram("a" * 64, "breast.png", grey.astype(np.uint16), bits_stored=16)
    return replace(picture, **changes)


def test_probabilities_are_calibrated_and_sum_to_one(network: Network) -> None:
    result = network.score(breast())
    assert result.probabilities.dtype == np.float32
    assert result.probabilities.sum() == pytest.approx(1, abs=1e-6)
    assert result.suspicion == pytest.approx(100 * result.probabilities[2])
    assert {kind: stack.shape for kind, stack in result.maps.items()} == {
        "lesion": (3, 32, 20),
        "gradcam": (3, 32, 20),
    }


def test_film_is_calibrated_as_film(network: Network) -> None:
    digital, film = (network.score(breast(source=s)).probabilities[2] for s in (Source.DIGITAL, Source.FILM))
    log_odds = [float(np.log(p / (1 - p))) for p in (digital, film)]
    assert log_odds[1] == pytest.approx(0.5 * log_odds[0] - 0.5, abs=1e-4)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_focus_and_the_map_lie_where_the_spot_is(network: Network, mirrored: bool) -> None:
    picture = breast()
    if mirrored:
        picture = replace(picture, pixels=np.ascontiguousarray(picture.pixels[:, ::-1]))
    column = 299 if mirrored else 100
    result = network.score(picture)
    top, left, bottom, right = result.foci[0].box
    assert top <= 300 < bottom
    assert left <= column < right
    heat = heat_map(picture, result)
    assert heat.shape == picture.pixels.shape
    assert 0 < heat.max() <= 1
    assert heat[300, column] > 0.8 * heat.max()
    # the map is looked at on the canvas: its maximum lies within a canvas pixel of the one on the picture
    assert heat[result.foci[0].peak] == pytest.approx(result.foci[0].value, rel=0.01)
    assert heat[result.foci[0].peak] > 0.99 * heat.max()


def test_gradcam_comes_on_a_scale_of_its_own(network: Network) -> None:
    picture = breast()
    heat = heat_map(picture, network.score(picture), "gradcam", "malignant")
    assert heat.max() == pytest.approx(1, abs=0.05)


def test_a_map_that_says_nothing_is_not_painted(network: Network) -> None:
    picture = breast()
    result = network.score(picture)
    flat = replace(result, maps={"lesion": np.full((3, 32, 20), 0.4, np.float32)})
    assert not heat_map(picture, flat).any()


def test_no_halo_of_the_map_stands_outside_the_skin(network: Network) -> None:
    picture = breast()
    result = network.score(picture)
    lesion = np.random.default_rng(0).uniform(0, 0.3, (3, 32, 20)).astype(np.float32)
    lesion[2, 15:17] = np.linspace(0.9, 0.5, 20)  # high inside, and on through the skin
    heat = heat_map(picture, replace(result, maps={"lesion": lesion}))
    rows, columns = np.indices(heat.shape)
    outside = ((rows - 300) / 260) ** 2 + (columns / 300) ** 2 > 1.03  # some 4 pixels beyond the skin
    assert heat.max() > 0.5
    assert not heat[outside].any()


def test_wrong_use_says_what_was_wrong(network: Network) -> None:
    picture = breast()
    result = network.score(picture)
    with pytest.raises(ValueError, match="saliency"):
        heat_map(picture, result, "saliency")
    with pytest.raises(ValueError, match="cyst"):
        heat_map(picture, result, "lesion", "cyst")
    with pytest.raises(ValueError, match=r"breast\.png"):
        heat_map(picture, replace(result, image_id="b" * 64))
    with pytest.raises(ValueError, match="implant"):
        network.score(replace(picture, unscored=("implant", "The breast has an implant.")))


def test_an_exam_is_scored_but_for_what_is_not_to_be(network: Network) -> None:
    right = breast(image_id="1" * 64, laterality=Laterality.RIGHT, view=View.CC)
    implant = breast(image_id="2" * 64, laterality=Laterality.LEFT, view=View.CC, unscored=("implant", "Implant."))
    result = network.score_exam(Exam("e", "e", (right, implant)))
    assert list(result.images) == ["1" * 64]
    assert result.not_scored == {"2" * 64: ("implant", "Implant.")}
    assert result.model == "tiny-1"
    assert len(result.breasts) == 1


@pytest.mark.parametrize("level", [0, 1000])
def test_a_picture_of_one_grey_is_scored_and_has_no_focus(network: Network, level: int) -> None:
    blank = Mammogram("c" * 64, "blank.png", np.full((300, 200), level, np.uint16), bits_stored=16)
    result = network.score(blank)
    assert np.isfinite(result.probabilities).all()
    assert result.foci == ()
    assert len(CLASSES) == len(result.probabilities)
