"""Rounds of patches: only what was chosen, the same for the same seed, spots apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mammo_core.training.patch.patches import APART, Mined, PatchBatches, Spots, hottest
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.recipes.patch import Round
from tests.training.patch.synthetic import pictures

SIDE = 48
MASSES = ("cbis_ddsm_mass",)
PLAIN = Round(1, 4, 16, 1e-3, 0.0, False, 0, 0)
SECOND = Round(1, 4, 16, 1e-3, 0.1, True, 4, 2)


def numbered() -> Pictures:
    """Every picture wholly of its own grey, so that a crop says where it comes from."""
    made = pictures(n=48)
    greys = np.arange(1, 49, dtype=np.uint8)[:, None, None]
    return replace(made, canvases=np.broadcast_to(greys, made.canvases.shape).copy())


def mined(chosen: np.ndarray) -> Mined:
    clear, cancers = np.flatnonzero(chosen)[:3], np.flatnonzero(chosen)[3:5]
    return Mined(Spots(clear, np.full((3, 2), 60.0)), Spots(cancers, np.full((2, 2), 50.0)))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 4), st.integers(0, 1000), st.sampled_from([PLAIN, SECOND]))
def test_a_picture_that_is_not_chosen_is_never_served(fold: int, seed: int, round_: Round) -> None:
    made = numbered()
    chosen = made.of("rsna", "cbis_ddsm_mass", "ddsm") & (made.folds() != fold)
    batches = PatchBatches(made, chosen, round_, MASSES, mined(chosen), SIDE, seed)
    for index in range(len(batches)):
        crops, _ = batches[index]
        served = set(crops.max(axis=(1, 2, 3)).tolist()) - {0}
        assert served <= {int(number) + 1 for number in np.flatnonzero(chosen)}


def test_the_same_seed_gives_the_same_batches() -> None:
    made = pictures()
    chosen = ~made.of("mini_mias")
    one, same, other = (PatchBatches(made, chosen, SECOND, MASSES, mined(chosen), SIDE, seed) for seed in (5, 5, 6))
    for index in range(4):
        np.testing.assert_array_equal(one[index][0], same[index][0])
        np.testing.assert_array_equal(one[index][1], same[index][1])
    assert not np.array_equal(one[0][0], other[0][0])
    before = one[0][0]
    one.on_epoch_end()
    assert not np.array_equal(before, one[0][0])


@pytest.mark.parametrize("round_", [PLAIN, SECOND])
def test_half_of_a_batch_is_background(round_: Round) -> None:
    made = pictures()
    chosen = ~made.of("mini_mias")
    crops, labels = PatchBatches(made, chosen, round_, MASSES, mined(chosen), SIDE, 0)[0]
    assert crops.shape == (16, SIDE, SIDE, 1)
    assert crops.dtype == np.uint8
    assert (labels.argmax(axis=1) == 0).sum() == 8
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("film", ["ddsm", "cbis_ddsm_mass"])
def test_one_film_set_is_enough(film: str) -> None:
    made = numbered()
    crops, labels = PatchBatches(made, made.of(film), PLAIN, MASSES, Mined(), SIDE, 0)[0]
    of_film = (np.flatnonzero(made.of(film)) + 1).tolist()
    assert set(crops.max(axis=(1, 2, 3)).tolist()) <= set(of_film)
    assert set(labels.argmax(axis=1).tolist()) == {0, 1, 2}


def test_a_crop_has_its_centre_in_the_middle() -> None:
    made = pictures()
    made.canvases[:] = 0
    made.canvases[1, 70, 30] = 255
    batches = PatchBatches(made, ~made.of("mini_mias"), PLAIN, MASSES, Mined(), SIDE, 0)
    assert np.argwhere(batches._crop(1, np.array([70.5, 30.5]))).tolist() == [[SIDE // 2, SIDE // 2]]


@given(
    arrays.arrays(np.float32, (2, 14, 11), elements=st.floats(0, 1, width=32)),
    st.integers(1, 2),
)
def test_hot_spots_of_a_picture_keep_their_distance(maps: np.ndarray, count: int) -> None:
    spots = hottest(maps, np.array([7, 3]), 16, count)
    assert spots.picture.tolist() == [7] * count + [3] * count
    for number, heat in zip((7, 3), maps, strict=True):
        places = spots.centre[spots.picture == number] / 16 - 0.5
        row, column = places[0].astype(int)
        assert heat[row, column] == heat.max()
        for first in range(count):
            for second in range(first):
                assert np.abs(places[first] - places[second]).max() > APART


def test_the_hottest_spot_is_given_in_canvas_pixels() -> None:
    heat = np.zeros((1, 8, 6), np.float32)
    heat[0, 5, 2] = 1
    assert hottest(heat, np.array([0]), 16, 1).centre.tolist() == [[88.0, 40.0]]
