"""Side and view of a picture by its place in a data set: by its name, and by folders that are called nothing else.

In an upload a folder called "left" is chance; in a set that is sorted into folders it is how the set was sorted. Such a folder
counts as part of the name, so that `left/P07.png` and `right/P07.png` differ as `P07_left.png` and `P07_right.png` do.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePosixPath

from mammo_core.intake.names import NameSays, what_a_name_says
from mammo_core.training.datasets.listing import view

_WORD = re.compile(r"[^\W_]+")
_SIDES = {"L": "LEFT", "R": "RIGHT"}
_EXPORTED = re.compile(r"_(?:png|jpe?g|bmp|tiff?|webp|pgm|dcm|dicom)\.rf\.[0-9a-z]{16,}(?=\.)", re.IGNORECASE)
_WOMEN = (
    re.compile(r"(?:mass|calc)-(?:training|test)_(p_\d{5})(?!\d)", re.IGNORECASE),
    re.compile(r"(\d{1,5})_\d{6,10}(?![^\W_])"),
    re.compile(r"([0-9a-f]{32})_[0-9a-f]{32}(?![^\W_])"),
)
"""CBIS-DDSM's names; a number of a woman and one of a picture, as RSNA's are converted; a study's and a picture's, as VinDr-Mammo's."""
_IDLE = ("BREAST", "BREASTS", "SIDE", "VIEW", "VIEWS")
"""Words that say no more beside a side or a view."""


def what_a_place_says(file: str) -> NameSays:
    """Side and view of a file, named with slashes from the set's folder on; `rest` lacks folders of side and view."""
    return what_a_name_says(with_folders(file))


def with_folders(file: str) -> str:
    """The place without folders of side and view, and their words in the file's name as far as it does not say them itself."""
    *folders, name = file.split("/")
    own = what_a_name_says(name)
    sides, views = ([said for folder in folders if (said := side_and_view(folder)[k])][-1:] for k in (0, 1))
    sides, views = [] if own.laterality else sides, [] if own.view_code else views
    folders = [folder for folder in folders if not any(side_and_view(folder))]
    if not (sides or views):
        return "/".join([*folders, name])
    # Of all ways the first that says the most: beside the view of a folder the L of P07_L is a side.
    ways = [name, *(way for words in (views, sides, [*sides, *views]) for way in _beside(name, "_".join(words)))]
    if sides and not own.view_code and "*" in (lone := rest_of(name)):
        ways.insert(0, lone.replace("*", sides[0]) + PurePosixPath(name).suffix)
    best = max(ways, key=lambda way: _told(what_a_name_says(way)))
    return "/".join([*folders, best])


def before_export(file: str) -> str:
    """The place that a file had before Roboflow exported it, which gives each version of one picture a number of its own."""
    return _EXPORTED.sub("", file)


def woman_of(stem: str) -> str:
    """The woman whom a name without ending gives in the way of a public set, "" where it does not."""
    return next((found[1] for names in _WOMEN if (found := names.match(stem))), "")


def rest_of(place: str) -> str:
    """A place with "*" for its side and view, equal for the pictures, or folders, of one woman; L and R may stand alone in it.

    Alone they are initials as well, so they tell no side; but two women taken for one do no harm to a split.
    """
    says = what_a_name_says(place)
    if says.laterality is None and not says.view_code:
        for beside in _beside(place, "CC"):
            if (lone := what_a_name_says(beside)).laterality:
                return lone.rest
    return says.rest


@cache
def side_and_view(folder: str) -> tuple[str, str]:
    """The side ("LEFT", "RIGHT") and the view that a folder is called by and by nothing else; "" what it is not."""
    words = [word for word in _WORD.findall(folder.upper()) if word not in _IDLE]
    name = view(" ".join(_SIDES.get(word, word) for word in words))
    says = what_a_name_says(name)
    if not name or any(map(str.isalnum, says.rest)):
        return "", ""
    return _SIDES[says.laterality] if says.laterality else "", says.view_code


def _beside(place: str, words: str) -> tuple[str, str]:
    """A place with words before and behind the file's name."""
    file = PurePosixPath(place)
    return str(file.with_name(f"{words}_{file.name}")), str(file.with_name(f"{file.stem}_{words}{file.suffix}"))


def _told(says: NameSays) -> int:
    return bool(says.laterality) + bool(says.view_code)
