"""What names say of side and view, and what they do not."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mammo_core.exam import Laterality, View
from mammo_core.intake.names import side_and_view, what_a_name_says

R, L, CC, MLO = Laterality.RIGHT, Laterality.LEFT, View.CC, View.MLO


@pytest.mark.parametrize(
    ("name", "side", "view"),
    [
        ("0_R-CC.png", R, "CC"),
        ("a/b/0_L-MLO.png", L, "MLO"),
        ("Smith_LCC.jpg", L, "CC"),
        ("Mass-Training_P_00694_RIGHT_CC_1.tif", R, "CC"),
        ("Mass-Training_P_00001_LEFT_CC", L, "CC"),
        ("Mass-Training_P_00001_LEFT_CC/1.2.826/1.2.827/000000.dcm", L, "CC"),
        ("22678622_61be534bc0a4c7c8_MG_R_CC_ANON.dcm", R, "CC"),
        ("20586908_6c613a14b80a8591_MG_L_ML_ANON.dcm", L, "ML"),
        ("A_1141_1.LEFT_CC", L, "CC"),
        ("A_1004_1.RIGHT_CC.png", R, "CC"),
        ("mdb003.pgm", L, "MLO"),
        ("mdb004.pgm", R, "MLO"),
        ("mdb028rl.pgm", R, "MLO"),
        ("right_mlo.png", R, "MLO"),
        ("left breast, CC view.png", L, "CC"),
        ("L MLO.png", L, "MLO"),
        ("MLO_R.png", R, "MLO"),
        ("MLOR.png", R, "MLO"),
        ("rcc.png", R, "CC"),
        ("Smith.RCC", R, "CC"),
        ("10006_CC_L.png", L, "CC"),
        ("rechts_mlo.png", R, "MLO"),
        ("CC links.png", L, "CC"),
        ("droite-cc.png", R, "CC"),
        ("MLO gauche.png", L, "MLO"),
        ("R_XCCL.png", R, "XCCL"),
        ("RCC_study_L-MLO.png", L, "MLO"),
        ("patient7/LEFT/CC.png", L, "CC"),
        ("patient7/L/CC.png", L, "CC"),
        ("patient7\\MLO\\R.png", R, "MLO"),
        ("upload.zip!LEFT/CC.png", L, "CC"),
        ("LEFT/0_R-CC.png", R, "CC"),
        ("a/R-CC/17.png", R, "CC"),
        ("12_left.png", L, ""),
        ("mlo_3.png", None, "MLO"),
    ],
)
def test_the_usual_ways_of_naming_are_read(name: str, side: Laterality | None, view: str) -> None:
    says = what_a_name_says(name)
    assert (says.laterality, says.view_code) == (side, view)


@pytest.mark.parametrize(
    "name",
    [
        "success.png",
        "copyright.png",
        "Carlcc.png",
        "leftovers.png",
        "R.png",
        "5 ML.png",
        "left_right.png",
        "links/17.png",
        "61be534bcc0a4.png",
        "7f3cc21.dicom",
        "10130_1360338805.webp",
        "1.2.840.113619.2.66.dcm",
        "mdb17.png",
        "",
    ],
)
def test_letters_inside_words_and_digests_say_nothing(name: str) -> None:
    says = what_a_name_says(name)
    assert (says.laterality, says.view_code) == (None, "")


@settings(deadline=None)
@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
@example("0cc1d2e3f405162738495a6b7c8d9e0f")
def test_a_digest_says_nothing(digest: str) -> None:
    assert what_a_name_says(f"{digest}.png").laterality is None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_name_has_an_answer(name: str) -> None:
    side_and_view(name)


WORDS = {R: ("R", "r", "RIGHT", "right", "Right", "rechts", "droit"), L: ("L", "l", "LEFT", "left", "links", "Gauche")}
STYLES = {
    "side first": "{stem}_{side}{between}{view}.png",
    "view first": "{stem}_{view}{between_words}{side}.jpg",
    "DDSM": "{stem}.{long}_{view}",
    "CBIS-DDSM": "Mass-Training_P_00001_{long}_{view}/{stem}/1-1.dcm",
    "CBIS-DDSM lesion": "Calc-Test_{stem}_{long}_{view}_1.tif",
    "INbreast": "22678622_61be534bc0a4c7c8_MG_{letter}_{view}_ANON.dcm",
    "folder of side": "{stem}/{side}/{view}.png",
    "folder of view": "{stem}/{view}/{side}.png",
    "archive": "{stem}.zip!{side}/{view}.png",
    "in folders": "{stem}/scan/{side}{between}{view}.tif",
}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(STYLES)),
    st.text("abdefghij0123456789", min_size=1, max_size=12),
    st.sampled_from([R, L]),
    st.integers(0, 5),
    st.sampled_from(["CC", "MLO"]),
    st.booleans(),
    st.sampled_from(["", "-", "_", " "]),
)
def test_a_name_in_any_style_is_read_back(
    style: str, stem: str, side: Laterality, word: int, view: str, lower: bool, between: str
) -> None:
    name = STYLES[style].format(
        stem=stem,
        side=WORDS[side][word],
        letter=side.value,
        long="RIGHT" if side is R else "LEFT",
        view=view.lower() if lower else view,
        between=between,
        between_words=between or "_",
    )
    assert side_and_view(name)[:2] == (side, View(view)), name


@settings(deadline=None)
@given(
    st.sampled_from(["{side}-{view}.png", "{side}/{view}.png", "x_{side}_{view}_1.dcm", "a/{view}/{side}.png"]),
    st.text("abdefghij0123456789", min_size=1, max_size=12),
)
def test_views_of_one_woman_share_the_rest_of_their_name(style: str, stem: str) -> None:
    names = [f"{stem}/{style.format(side=side, view=view)}" for side in ("R", "left") for view in ("CC", "mlo")]
    assert len({what_a_name_says(name).rest for name in names}) == 1
    assert what_a_name_says(f"other/{style.format(side='R', view='CC')}").rest != what_a_name_says(names[0]).rest


def test_the_rest_of_a_name_keeps_women_apart() -> None:
    assert what_a_name_says("mdb003.pgm").rest == what_a_name_says("mdb004.pgm").rest
    assert what_a_name_says("mdb004.pgm").rest != what_a_name_says("mdb005.pgm").rest
    one, other = "22678622_61be534bc0a4c7c8_MG_R_CC_ANON.dcm", "22678646_61be534bc0a4c7c8_MG_L_CC_ANON.dcm"
    assert what_a_name_says(one).rest == what_a_name_says(other).rest
