"""Side and view that the name of a file speaks of, in the usual ways of naming.

`0_R-CC`, `RCC`, `right_mlo`, `Mass-Training_P_00001_LEFT_CC`, `22678622_61be534bc0a4c7c8_MG_R_CC_ANON`, `MLO_R`, `L MLO`,
`rechts_mlo`, `patient7/LEFT/CC`, `mdb001`. Whole words speak and the letters inside words do not, nor those of a digest
such as `4cc1d0`. What the file's name leaves open its folders may say. It knows no files, and guesses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mammo_core.exam import Laterality, View

_R, _L = Laterality.RIGHT, Laterality.LEFT
_SIDE_WORDS = {
    "RIGHT": _R,
    "LEFT": _L,
    "RECHTS": _R,
    "LINKS": _L,
    "DROIT": _R,
    "DROITE": _R,
    "GAUCHE": _L,
}
_SIDE_LETTERS = {"R": _R, "L": _L, "RT": _R, "LT": _L}
"""Sides only beside a view: alone they are initials as well."""
_SIDES = _SIDE_WORDS | _SIDE_LETTERS
_VIEWS = ("CC", "MLO", "ML", "LM", "LMO", "XCC", "XCCL", "XCCM")
"""Views beside a side; alone, only the first two are."""
_ALONE = _VIEWS[:2]

_SEGMENT = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_JOINED = re.compile(
    rf"(?P<side>{'|'.join(_SIDES)})(?P<view>{'|'.join(v for v in _VIEWS if v != 'LM')})"
    rf"|(?P<view_first>CC|MLO|ML)(?P<side_last>{'|'.join(_SIDES)})"
)
_PARTS = re.compile(r"[/\\]|(?<=\.zip)!", re.IGNORECASE)
_ENDING = re.compile(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{1,4}$")
_MIAS = re.compile(r"mdb(\d{3})(?:[lr][smlx])?", re.IGNORECASE)
_INBREAST = re.compile(r"^\d{8}_(?=[0-9a-f]{16}_MG_)")
"""The picture's own number, before that of the woman."""
_FOLDERS = 3
"""How many folders above a file are asked; the archives of CBIS-DDSM need three."""


@dataclass(frozen=True)
class NameSays:
    """What a name says: `view_code` is "" where it says no view, ML or XCCL where it is none of `View`.

    `rest` is the name without ending and with "*" for its words of side and view: equal for the pictures of one woman.
    """

    laterality: Laterality | None
    view_code: str
    rest: str


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    side: Laterality | None = None
    view: str = ""
    alone: bool = False
    """Whether it says something by itself."""


def what_a_name_says(name: str) -> NameSays:
    """Side and view of a file by its name, and by the folders in it ("a/b.png", "a.zip!b.png") where that leaves a gap.

    The last pair of side and view in a name counts; single words only if they do not contradict each other.
    """
    *folders, file = _PARTS.split(name)
    stem = _without_ending(file)
    parts = [*folders[-_FOLDERS:], stem]
    above = folders[:-_FOLDERS]
    if mias := _MIAS.fullmatch(stem):
        # Pairs of films of one woman, all of them MLO: the odd number is the left, the even one the right.
        number = int(mias[1])
        first = number - 1 + number % 2
        rest = f"mdb{first:03d}-{first + 1:03d} *"
        return NameSays(_L if number % 2 else _R, View.MLO.value, "/".join([*above, *parts[:-1], rest]))
    said = [_read(part) for part in parts]
    side, view, rest = said[-1]
    by_folder = (side, view)
    for folder_side, folder_view, _ in reversed(said[:-1]):
        by_folder = (by_folder[0] or folder_side, by_folder[1] or folder_view)
    if by_folder[1] and by_folder[0] is None:  # "patient7/L/CC.png": a letter that is all of a name is a side here
        said = [_a_letter(part) or found for part, found in zip(parts, said, strict=True)]
        by_folder = (next((side for side, _, _ in reversed(said) if side), None), by_folder[1])
    if all(by_folder):  # half an answer from a folder is chance: "links/17.png"
        side, view = by_folder
        folders = [*above, *(rest for _, _, rest in said[:-1])]
        rest = said[-1][2]
    return NameSays(side, view, "/".join([*folders, _INBREAST.sub("", rest)]))


def _a_letter(part: str) -> tuple[Laterality, str, str] | None:
    return (_SIDE_LETTERS[part.upper()], "", "*") if part.upper() in _SIDE_LETTERS else None


def side_and_view(name: str) -> tuple[Laterality | None, View | None, str]:
    """Side and standard view that a name speaks of, and the name without them (see `NameSays.rest`)."""
    says = what_a_name_says(name)
    return says.laterality, View(says.view_code) if says.view_code in tuple(View) else None, says.rest


def _without_ending(file: str) -> str:
    ending = _ENDING.search(file)
    if ending is None or any(word.alone for word in _words(ending[0])):
        return file
    return file[: ending.start()]


def _read(part: str) -> tuple[Laterality | None, str, str]:
    """Side, view and the rest of one part of a path."""
    words = _words(part)
    pairs = _pairs(part, words)
    if pairs:
        pair = pairs[-1]
        return pair.side, pair.view, f"{part[: pair.start]}*{part[pair.end :]}"
    sides = [word for word in words if word.alone and word.side]
    views = [word for word in words if word.alone and word.view]
    side = sides[0].side if len({word.side for word in sides}) == 1 else None
    view = views[0].view if len({word.view for word in views}) == 1 else ""
    rest = part
    for word in sorted([*(sides if side else []), *(views if view else [])], key=lambda word: -word.start):
        rest = f"{rest[: word.start]}*{rest[word.end :]}"
    return side, view, rest


def _words(part: str) -> list[_Word]:
    """The words of side and view in a part, and None-saying ones between them, in order."""
    words = []
    for segment in _SEGMENT.finditer(part):
        runs = list(_LETTERS.finditer(segment[0]))
        for run in runs:
            start = segment.start() + run.start()
            # Letters between digits on both sides are those of a digest; a joined pair hardly ever comes up in one.
            words.append(_word(run[0].upper(), start, start + len(run[0]), in_digest=len(runs) > 1))
        if not runs:
            words.append(_Word(segment.start(), segment.end()))
    return words


def _word(text: str, start: int, end: int, *, in_digest: bool) -> _Word:
    if joined := _JOINED.fullmatch(text):
        side, view = joined["side"] or joined["side_last"], joined["view"] or joined["view_first"]
        return _Word(start, end, _SIDES[side], view, alone=True)
    if in_digest:
        return _Word(start, end)
    if text in _VIEWS:
        return _Word(start, end, view=text, alone=text in _ALONE)
    return _Word(start, end, side=_SIDES.get(text), alone=text in _SIDE_WORDS)


def _pairs(part: str, words: list[_Word]) -> list[_Word]:
    """Side and view in one word, or in two that stand side by side, from left to right."""
    pairs, place = [], 0
    while place < len(words):
        word = words[place]
        if word.side and word.view:
            pairs.append(word)
        elif place + 1 < len(words):
            after = words[place + 1]
            between = part[word.end : after.start]
            side, view = word.side or after.side, word.view or after.view
            whole = bool(word.side or word.view) and bool(after.side or after.view) and not (after.side and after.view)
            if whole and side and view and not any(character.isalnum() for character in between):
                pairs.append(_Word(word.start, after.end, side, view, alone=True))
                place += 1
        place += 1
    return pairs
