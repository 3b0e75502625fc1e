"""Image to breast to exam: the stated rule and what is said of missing and disagreeing views."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.exam import Exam, ImageResult, Laterality, Mammogram, View
from mammo_core.inference import combine
from mammo_core.inference.combine import DISAGREEMENT

R, L = Laterality.RIGHT, Laterality.LEFT
CC, MLO = View.CC, View.MLO

probability = st.floats(0.001, 0.999)
place = st.tuples(st.sampled_from([R, L, None]), st.sampled_from([CC, MLO, None]))
pictures = st.lists(st.tuples(place, probability), min_size=1, max_size=8)


def build(taken: list[tuple[tuple[Laterality | None, View | None], float]]) -> tuple[Exam, dict[str, ImageResult]]:
    mammograms, images = [], {}
    for number, ((side, view), p) in enumerate(taken):
        mammograms.append(
            Mammogram(str(number), f"{number}.png", np.empty((0, 0), np.uint8), laterality=side, view=view)
        )
        rest = (1 - p) / 2
        images[str(number)] = ImageResult(str(number), np.array([rest, rest, p], np.float32), 100 * p, {})
    return Exam("exam", "exam", tuple(mammograms)), images


@given(pictures)
def test_an_exam_is_the_higher_of_its_breasts(taken) -> None:
    result = combine(*reordered(taken))
    assert result.malignant == max(breast.malignant for breast in result.breasts)
    assert result.suspicion == pytest.approx(100 * result.malignant)


@given(pictures)
def test_a_breast_lies_between_its_views(taken) -> None:
    exam, images = build(taken)
    for breast in combine(exam, "m-1", images).breasts:
        of_views = [float(images[i].probabilities[2]) for i in breast.image_ids]
        assert min(of_views) - 1e-6 <= breast.malignant <= max(of_views) + 1e-6
        assert 0 <= breast.spread <= 100


@given(pictures, st.randoms(use_true_random=False))
def test_order_makes_no_difference(taken, random) -> None:
    exam, images = build(taken)
    shuffled = list(exam.mammograms)
    random.shuffle(shuffled)
    first = combine(exam, "m-1", images)
    second = combine(Exam("exam", "exam", tuple(shuffled)), "m-1", images)
    assert first.malignant == second.malignant
    assert first.remarks == second.remarks


@given(pictures, st.integers(0, 7), st.floats(0.001, 0.999))
def test_a_higher_picture_never_lowers_the_exam(taken, which, p) -> None:
    which %= len(taken)
    raised = list(taken)
    raised[which] = (taken[which][0], max(p, taken[which][1]))
    assert combine(*reordered(raised)).malignant >= combine(*reordered(taken)).malignant - 1e-9


@given(probability, probability, probability)
def test_repeats_of_a_view_count_as_one(p, again, other) -> None:
    breast = combine(*reordered([((R, CC), p), ((R, CC), again), ((R, MLO), other)])).breasts[0]
    log_odds = [np.log(q / (1 - q)) for q in (p, again, other)]
    wanted = ((log_odds[0] + log_odds[1]) / 2 + log_odds[2]) / 2
    assert breast.malignant == pytest.approx(1 / (1 + np.exp(-wanted)), abs=1e-5)


def reordered(taken):
    exam, images = build(taken)
    return exam, "m-1", images


def test_pictures_without_a_side_are_breasts_of_their_own() -> None:
    result = combine(*reordered([((None, CC), 0.2), ((None, CC), 0.8), ((R, CC), 0.5)]))
    assert [breast.laterality for breast in result.breasts] == [R, None, None]
    assert result.malignant == pytest.approx(0.8)


def test_the_very_same_picture_counts_once() -> None:
    exam, images = build([((R, CC), 0.2), ((R, MLO), 0.6)])
    twice = Exam("exam", "exam", (*exam.mammograms, exam.mammograms[0]))
    assert combine(twice, "m-1", images).breasts[0].image_ids == ("0", "1")


def test_certainty_stays_finite() -> None:
    breast = combine(*reordered([((R, CC), 0.0), ((R, MLO), 1.0)])).breasts[0]
    assert breast.malignant == pytest.approx(0.5)


def test_nothing_scored_gives_no_score() -> None:
    exam, _ = build([((R, CC), 0.5)])
    result = combine(exam, "m-1", {}, {"0": ("implant", "Not scored.")})
    assert (result.malignant, result.suspicion, result.breasts) == (None, None, ())
    assert result.not_scored == {"0": ("implant", "Not scored.")}


def test_missing_views_are_named() -> None:
    one = combine(*reordered([((R, CC), 0.5), ((L, CC), 0.5), ((R, MLO), 0.5)]))
    assert one.remarks == ("L-MLO is missing.",)
    three = combine(*reordered([((R, CC), 0.5)]))
    assert three.remarks == ("L-CC, R-MLO and L-MLO are missing.",)


def test_pictures_of_unknown_place_are_said_and_no_view_is_called_missing_without_any_known() -> None:
    assert combine(*reordered([((None, None), 0.5)])).remarks == ("Side or view of 1 picture is not known.",)


def test_views_that_disagree_are_said() -> None:
    four = [((R, CC), 0.5), ((R, MLO), 0.5), ((L, CC), 0.4), ((L, MLO), 0.72)]
    assert combine(*reordered(four)).remarks == ("The two views of the left breast differ by 32 points.",)
    four[3] = ((L, MLO), 0.4 + DISAGREEMENT / 100 - 0.01)
    assert combine(*reordered(four)).remarks == ()


def test_what_is_odd_in_a_picture_is_said_with_its_place_and_once() -> None:
    pixels = np.empty((0, 0), np.uint8)
    turned = Mammogram("a", "a.png", pixels, laterality=R, view=CC, remarks=("Turned.",))
    loose = Mammogram("b", "Smith.png", pixels, remarks=("Two sides.",))
    remarks = combine(Exam("exam", "exam", (turned, turned, loose)), "", {}).remarks
    assert [remark for remark in remarks if "Turned" in remark] == ["R-CC: Turned."]
    assert not any("Smith" in remark for remark in remarks)
    assert "A picture of unknown side or view: Two sides." in remarks
