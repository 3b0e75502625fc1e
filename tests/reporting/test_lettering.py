"""Letters and fonts: what has a font is printed with it, what has none is never dropped."""

from __future__ import annotations

import unicodedata

from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.reporting.lettering import FOLDER, FONTS, font_of, fonts_for, printable


@settings(deadline=None)  # the first letter reads the fonts
@given(st.text())
def test_no_visible_letter_is_lost(text: str) -> None:
    printed, absent = printable(text)
    for letter in unicodedata.normalize("NFC", text):
        visible = unicodedata.category(letter)[0] not in "CZ" or unicodedata.category(letter) in ("Co", "Cs", "Cn")
        if visible:
            assert letter in printed or f"[U+{ord(letter):04X}]" in printed
            assert (letter in printed) or f"U+{ord(letter):04X}" in absent


def test_words_are_set_in_the_first_font_that_has_them() -> None:
    families = {
        "Ελένη Łukasz Ёлкина é ș ř": [],
        "فاطمة، ژاله": ["arabic"],
        "שָׂרָה": ["hebrew"],
        "王小明 花子 カナ": ["han"],
        "김민지 쀍": ["hangul"],
        "≥ 5 mm →": ["math"],
    }
    for words, wanted in families.items():
        assert [font.family for font in fonts_for(printable(words)[0])] == wanted


def test_a_letter_that_a_font_maps_to_an_empty_glyph_is_not_its_letter() -> None:
    for letter in "山Aא한ا":
        font = font_of(letter)
        assert font is not None
        opened = TTFont(FOLDER / font.regular)
        assert opened["glyf"][opened.getBestCmap()[ord(letter)]].numberOfContours != 0


def test_signs_that_turn_the_direction_of_reading_are_left_out() -> None:
    assert printable("12\u202e34\u2066\u200f") == ("1234", ())
    assert printable("می\u200cشود") == ("می\u200cشود", ())


def test_white_space_is_a_space_and_lines_stay() -> None:
    assert printable("a\tb\u00a0c\r\nd\re") == ("a b c\nd\ne", ())


def test_a_lone_surrogate_is_printed_by_its_number() -> None:
    assert printable("a\ud800") == ("a[U+D800]", ("U+D800",))


def test_every_font_ships_and_all_stay_under_ten_megabytes() -> None:
    files = {name for font in FONTS for name in (font.regular, font.bold) if name}
    assert files == {path.name for path in FOLDER.glob("*.ttf")}
    assert sum((FOLDER / name).stat().st_size for name in files) < 10_000_000
