"""The fonts a report is set in, and what becomes of letters that none of them has.

Every letter is printed: by the first font that has it, else by its number, "[U+1F9EC]", and the page says so. No
letter is dropped or printed as an empty box.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

FOLDER = Path(__file__).parent / "fonts"

_KEPT = "\u200c\u200d"
"""Of the invisible signs only those that join or part letters are kept; Persian and Indic names need them."""


@dataclass(frozen=True)
class Font:
    """A font by the family's name, its file, and the file of its bold weight where it has one."""

    family: str
    regular: str
    bold: str = ""


FONTS = (
    Font("sans", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    Font("arabic", "NotoSansArabic-Regular.ttf", "NotoSansArabic-Bold.ttf"),
    Font("hebrew", "NotoSansHebrew-Regular.ttf", "NotoSansHebrew-Bold.ttf"),
    Font("armenian", "NotoSansArmenian-Regular.ttf"),
    Font("georgian", "NotoSansGeorgian-Regular.ttf"),
    Font("devanagari", "NotoSansDevanagari-Regular.ttf"),
    Font("thai", "NotoSansThai-Regular.ttf"),
    Font("math", "NotoSansMath-Regular.ttf"),
    Font("han", "DroidSansFallbackFull.ttf"),
    Font("hangul", "NanumGothicCoding.ttf"),
)
"""The first is that of the report; the others stand in, in this order, for letters it has not."""


def printable(text: str) -> tuple[str, tuple[str, ...]]:
    r"""The text as it can be printed, and the codes ("U+1F9EC") of the letters that no font has.

    Composed (NFC), tabs and other white space as spaces, line ends as "\n". Controls and invisible formatting signs,
    which print nothing, are left out; those that turn the direction of reading could make a page lie.
    """
    set_: list[str] = []
    absent: list[str] = []
    for letter in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")):
        category = unicodedata.category(letter)
        if letter == "\n" or letter in _KEPT:
            set_.append(letter)
        elif letter == "\t" or category[0] == "Z":
            set_.append(" ")
        elif category in ("Cc", "Cf"):
            continue
        elif font_of(letter) is not None:
            set_.append(letter)
        else:
            code = f"U+{ord(letter):04X}"
            set_.append(f"[{code}]")
            absent.append(code)
    return "".join(set_), tuple(dict.fromkeys(absent))


def fonts_for(text: str) -> tuple[Font, ...]:
    """The fonts beyond the report's own that a printable text needs."""
    needed = {font_of(letter) for letter in set(text) - set("\n" + _KEPT)}
    return tuple(font for font in FONTS[1:] if font in needed)


@cache
def font_of(letter: str) -> Font | None:
    """The first font that has a letter, or None."""
    return next((font for font in FONTS if ord(letter) in _letters(font)), None)


@cache
def _letters(font: Font) -> frozenset[int]:
    """Code points that both weights of a font have, with something to see: some fonts map letters to empty glyphs."""
    files = [font.regular, font.bold] if font.bold else [font.regular]
    sets = []
    for file in files:
        with TTFont(FOLDER / file, lazy=True) as opened:
            at = opened["loca"].locations
            glyphs = {code: opened.getGlyphID(name) for code, name in opened.getBestCmap().items()}
        sets.append(frozenset(code for code, glyph in glyphs.items() if glyph and at[glyph + 1] > at[glyph]))
    return frozenset.intersection(*sets) | {0x20}
