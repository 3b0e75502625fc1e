"""The sentence on what a score means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.inference import map_meaning, meaning
from mammo_core.inference.meaning import in_words

CARD = {
    "exams_at_least": {
        "unit": "exam",
        "n": [200] * 50 + [70] * 22 + [4] * 20 + [0] * 9,
        "cancer": [100] * 50 + [49] * 42 + [0] * 9,
    }
}
CARD["exams_at_least"]["cancer"][72:92] = [3] * 20


def test_it_speaks_of_validation_exams_and_of_screening() -> None:
    assert meaning(CARD, 71.4) == (
        "Of the validation exams scored 71 or more, 7 in 10 had cancer; of all of them, 1 in 2. "
        "In screening about 1 woman in 160 has."
    )


def test_few_exams_are_counted_out() -> None:
    assert meaning(CARD, 80).startswith("Only 4 validation exams scored 80 or more, 3 with cancer; ")
    assert meaning(CARD, 100).startswith("None of the validation exams scored 100 or more; ")


def test_a_model_that_has_counted_breasts_does_not_speak_of_exams() -> None:
    counted = {"exams_at_least": CARD["exams_at_least"] | {"unit": "breast"}}
    assert meaning(counted, 80).startswith("Only 4 validation breasts scored 80 or more, 3 with cancer; ")
    assert not any("exam" in meaning(counted, score) for score in (0, 80, 100))


@given(st.floats(0, 100))
def test_it_never_gives_a_verdict(suspicion: float) -> None:
    sentence = meaning(CARD, suspicion).lower()
    assert not any(word in sentence for word in ("cancer detected", "normal", "healthy", "safe", "nan"))


def test_the_map_is_spoken_of_by_what_it_tells_alone() -> None:
    alone = [
        {"set": "RSNA, digital", "head": "maps", "auc": [0.546, 0.51, 0.58]},
        {"set": "RSNA, digital", "head": "texture", "auc": [0.66, 0.63, 0.69]},
        {"set": "mini-MIAS, film", "head": "maps", "auc": [0.77, 0.68, 0.86]},
    ]
    assert map_meaning({"heads_alone": alone}) == "Map alone, AUC: 0.55 RSNA, digital; 0.77 mini-MIAS, film."
    assert map_meaning({"heads_alone": alone[1:2]}) == map_meaning({}) == ""


@pytest.mark.parametrize("suspicion", [-1, 101, float("nan")])
def test_a_suspicion_off_the_scale_is_wrong_use(suspicion: float) -> None:
    with pytest.raises(ValueError, match=r"0\.\.100"):
        meaning(CARD, suspicion)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(7, 10, "7 in 10"), (50, 100, "1 in 2"), (1, 40, "1 in 40"), (33, 100, "1 in 3"), (0, 9, "none"), (9, 9, "all")],
)
def test_proportions_are_said_as_people_say_them(part: int, whole: int, words: str) -> None:
    assert in_words(part, whole) == words


@given(st.integers(1, 500), st.data())
def test_proportions_are_nearly_right(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(1, whole))
    words = in_words(part, whole)
    if " in " in words:
        a, b = map(int, words.split(" in "))
        assert abs(a / b - part / whole) <= 0.06
