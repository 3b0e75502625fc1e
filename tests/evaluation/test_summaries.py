"""The counts behind the sentence on what a score means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.evaluation import exams_at_least


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans())))
def test_counts_fall_from_everybody_and_cancers_are_among_them(exams):
    counts = exams_at_least([score for score, _ in exams], [cancer for _, cancer in exams])
    assert len(counts["n"]) == len(counts["cancer"]) == 101
    assert (counts["n"][0], counts["cancer"][0]) == (len(exams), sum(cancer for _, cancer in exams))
    assert (np.diff(counts["n"]) <= 0).all()
    assert (np.array(counts["cancer"]) <= counts["n"]).all()


def test_a_score_counts_at_its_own_place():
    counts = exams_at_least([71, 70.9, 100], [True, False, False])
    assert (counts["n"][71], counts["cancer"][71], counts["n"][70], counts["n"][100]) == (2, 1, 3, 1)


@pytest.mark.parametrize("scores", [[101.0], [-1.0], [float("nan")], [1.0, 2.0]])
def test_what_is_no_suspicion_is_refused(scores):
    with pytest.raises(ValueError, match="suspicion"):
        exams_at_least(scores, [True])
