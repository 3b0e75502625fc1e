"""Where networks point: the highest point of the map that ships, inside the breast, by those who had not seen the woman."""

from __future__ import annotations

import numpy as np

from tests.training.patch.synthetic import pictures


def test_the_highest_point_lies_in_the_breast() -> None:
    from mammo_core.training.patch.pointing import highest

    breast = np.zeros((64, 48), bool)
    breast[8:56, :24] = True
    map_ = np.zeros((4, 3), np.float32)
    map_[0, 2], map_[1, 0] = 1.0, 0.4  # the hotter one lies beside the breast
    row, column = highest(map_, breast)
    assert breast[int(row), int(column)]
    assert (abs(row - 23.5), abs(column - 7.5)) <= (1.5, 8)


def test_pictures_that_were_not_pointed_at_do_not_count() -> None:
    from mammo_core.training.patch.pointing import pointed

    made = pictures(n=160)
    rows = np.unique(made.box_picture[made.box_malignant & made.of("cbis_ddsm_mass")[made.box_picture]]).tolist()
    centres = {row: made.boxes[(made.box_picture == row) & made.box_malignant][0] for row in rows}
    right = {row: ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for row, box in centres.items()}
    found = pointed(right, made, "cbis_ddsm_mass", np.random.default_rng(0))
    assert (found["n"], found["hit_rate"]) == (len(rows), 1.0)
    half = {row: right[row] if number % 2 else (0.0, 47.0) for number, row in enumerate(rows)}
    assert pointed(half, made, "cbis_ddsm_mass", np.random.default_rng(0))["hit_rate"] < 0.6
    few = dict(list(right.items())[:3])
    assert pointed(few, made, "cbis_ddsm_mass", np.random.default_rng(0))["n"] == 3


def test_a_smoothed_map_keeps_its_sum_and_range_and_finds_the_middle_of_two_cells() -> None:
    from mammo_core.training.patch.serving import Smoothed

    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), (2, 5, 4)).astype(np.float32).transpose(0, 3, 1, 2)
    fine = np.asarray(Smoothed()(shares))
    assert fine.shape == (2, 3, 10, 8)
    np.testing.assert_allclose(fine.sum(axis=1), 1, atol=1e-5)
    assert shares.min() <= fine.min() <= fine.max() <= shares.max()
    flat = np.asarray(Smoothed()(np.full((1, 1, 5, 4), 0.3, np.float32)))
    np.testing.assert_allclose(flat, 0.3, atol=1e-6)
    two = np.zeros((1, 1, 6, 6), np.float32)
    two[0, 0, 2, 2], two[0, 0, 3, 2] = 0.9, 0.9
    assert np.unravel_index(int(np.asarray(Smoothed()(two))[0, 0].argmax()), (12, 12))[0] in (5, 6)
