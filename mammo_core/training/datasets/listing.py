"""What the readers of data sets share: rows of CSV files that can be named when they are wrong.

It opens lists, and of a picture no more than its header; which row means what is the readers' business.
"""

from __future__ import annotations

import csv
import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pydicom
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngImageFile

from mammo_core.training.datasets.table import Box, Lesion, Row

PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
"""What folders and lists call the official parts of a set, and what a table calls them."""
_IDLE = ("", "data", "image", "images", "picture", "pictures", "split")
"""Words, without "set" behind them, that say no more beside a part: "train_set", "Test images"."""
_LESIONS = ("mass", "calc")
"""CBIS-DDSM was divided twice: a list that knows both divisions says `mass-train` and `calc-test`."""

DELIMITERS = ",;\t"
"""What parts the cells of a list; spreadsheets of many countries write semicolons, or tabs."""

Record = dict[str, str]

_DECIMAL_COMMA = re.compile(r"^(\d{1,3}),(\d{1,2})$")
"""Three digits behind a comma would be thousands."""
_WORD = re.compile(r"[^\W_]+")
_VIEWS = {"CRANIOCAUDAL": "CC", "MEDIOLATERALOBLIQUE": "MLO"}


@contextmanager
def named(path: Path, row: str) -> Iterator[None]:
    """Put the file and the row before whatever a ValueError in the block says."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}, {row}: {error}") from error


def records(
    path: Path, columns: Iterable[str], also: Iterable[str] = (), once: str = ""
) -> Iterator[tuple[str, Record]]:
    """The rows of a CSV file with their names: "row 2" is the first, as a spreadsheet counts; empty rows are passed over.

    Cells are stripped; commas, semicolons or tabs part them, whichever the heading has most of. Capitals make no difference
    in the names of `columns` and of `also`, columns that may be missing; what stands in the column `once` stands there in one row only.

    Raises:
        ValueError: one of `columns` is missing, one of them or of `also` is there twice, the file is no text in UTF-8, a
            quotation mark is left open, a row has more cells than the heading, or says again what is said once.
    """
    row, seen = "row 1", dict[str, str]()
    with path.open(newline="", encoding="utf-8-sig") as stream:
        try:
            heading = stream.readline()
            stream.seek(0)
            reader = csv.reader(stream, delimiter=max(DELIMITERS, key=heading.count), strict=True)
            asked = {column.casefold(): column for column in (*columns, *also)}
            names = [asked.get(cell.strip().casefold(), cell.strip()) for cell in next(reader, [])]
            if missing := [column for column in columns if column not in names]:
                raise ValueError(f"{path} has no column {', '.join(missing)}")
            if twice := [column for column in (*columns, *also) if names.count(column) > 1]:
                raise ValueError(f"{path} has more than one column {', '.join(twice)}")
            for count, cells in enumerate(reader, start=2):
                row = f"row {count}"
                stripped = [cell.strip() for cell in cells]
                if any(stripped[len(names) :]):
                    raise ValueError(f"{path}, {row}: there are more cells than in the heading")
                if any(stripped):
                    stripped += [""] * (len(names) - len(stripped))
                    record = dict(zip(names, stripped, strict=False))
                    if (first := seen.setdefault(record.get(once, ""), row)) != row and record.get(once):
                        raise ValueError(f"{path}, {row}: {once} {record[once]} stands in {first} already")
                    yield row, record
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is no text in UTF-8; save it as such") from error
        except csv.Error as error:
            raise ValueError(f"{path} is no CSV text after {row}: {error}") from error


def heading(path: Path) -> list[str]:
    """The column names of a CSV file, whatever parts them; none where it cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return [name.strip().strip('"') for name in re.split(f"[{DELIMITERS}]", stream.readline())]
    except (OSError, UnicodeDecodeError):
        return []


def needed(record: Record, column: str) -> str:
    """A cell that must hold something.

    Raises:
        ValueError: it is empty.
    """
    if not record[column]:
        raise ValueError(f"{column} is empty")
    return record[column]


def number(text: str, what: str) -> float:
    """A finite number.

    Raises:
        ValueError: the text is none.
    """
    try:
        read = float(text)
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise ValueError(f"{what} is {text!r}, which is no number")
    return read


def age(text: str) -> float | None:
    """Years, also as DICOM writes them ("061Y") or with a decimal comma ("51,5"); None where nothing is said.

    Raises:
        ValueError: the text is no age.
    """
    decimal = _DECIMAL_COMMA.sub(r"\1.\2", text.removesuffix("Y"))
    years = number(decimal, "the age") if text else None
    if years is not None and years < 0:
        raise ValueError(f"the age is {text!r}, less than nothing")
    return years


def inside(text: str) -> str:
    """A file's place as a list gives it, from the list's folder on: with slashes and without detours, so that it has one name.

    Raises:
        ValueError: it leaves the folder.
    """
    place = posixpath.normpath(text.replace("\\", "/"))
    if place.startswith(("/", "../")) or place == "..":
        raise ValueError(f"{text} lies outside the folder of its list")
    return place


def side(text: str) -> str:
    """The letter of a side ("L", "left"), "" of nothing.

    Raises:
        ValueError: the text is neither.
    """
    return one_of(text, {"": "", "L": "L", "LEFT": "L", "R": "R", "RIGHT": "R"}, "the laterality")


def view(text: str) -> str:
    """The code of a standard view ("CC", "cranio-caudal", "mediolateral oblique"); another word as it is, in capitals."""
    return _VIEWS.get("".join(filter(str.isalpha, text.upper())), text.upper())


def part_of_folder(name: str) -> str:
    """The official part that a folder is called by ("Train_Set"), "" if by none; one with a number, "test_01", may be a woman's."""
    words = [word for each in _WORD.findall(name.lower()) if (word := each.removesuffix("set")) not in _IDLE]
    return PARTS.get(words[0], "") if len(words) == 1 else ""


def part(text: str) -> str:
    """The official part that a list names ("training"; "calc-test" is a test part); another word as it is."""
    lesion, _, half = text.lower().replace("_", "-").partition("-")
    return PARTS.get(half if lesion in _LESIONS else text.lower(), text)


def one_of(text: str, meanings: dict[str, str], what: str) -> str:
    """What a word stands for; capitals make no difference.

    Raises:
        ValueError: the word is none of them.
    """
    if text.upper() not in meanings:
        known = ", ".join(word or "nothing" for word in meanings)
        raise ValueError(f"{what} is {text!r}, not one of: {known}")
    return meanings[text.upper()]


def worst(labels: Iterable[str]) -> str:
    """The label of a picture that has several."""
    order = ("normal", "not_malignant", "benign", "malignant")
    return max(labels, key=order.index)


def size(path: Path) -> tuple[int, int]:
    """Rows and columns that reading a picture gives, from its header: turned where the file asks for it (EXIF).

    Raises:
        ValueError: the file is no picture.
    """
    with (
        suppress(OSError, ValueError, SyntaxError, Image.DecompressionBombError),  # all of them Pillow's
        Image.open(path) as picture,
    ):
        return (picture.width, picture.height) if _lies_on_its_side(picture) else (picture.height, picture.width)
    with suppress(Exception):  # a broken header makes pydicom raise nearly anything
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Rows", "Columns"])
        return int(header.Rows), int(header.Columns)
    raise ValueError(f"{path} is no picture that can be measured")


def _lies_on_its_side(picture: Image.Image) -> bool:
    """Whether rows and columns change places when the picture is turned as it wants to be."""
    if picture.format == "TIFF":
        return False  # Pillow has turned its size already
    with suppress(Exception):  # torn files make Pillow raise nearly anything, and reading refuses them
        if isinstance(picture, PngImageFile) and "exif" not in picture.info:
            # Some programs write it behind the pixels. Pillow's own `getexif` decodes them to get there; these two step over them.
            picture.load_prepare()
            picture.load_end()
        return Image.Image.getexif(picture).get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    return False


def edges(path: Path | None) -> tuple[float, float]:
    """Where boxes in pixels end: rows and columns of a picture, endless where there is none that can be read.

    Decoding refuses such a file by name; its boxes need keep no other picture back.
    """
    try:
        return size(path) if path else (math.inf, math.inf)
    except ValueError:
        return math.inf, math.inf


def clipped(box: Box, rows: float, columns: float, label: str) -> Lesion:
    """A lesion whose box is cut off at the edges of its picture.

    Raises:
        ValueError: nothing of it is left.
    """
    top, left, bottom, right = box
    if bottom <= 0 or right <= 0 or top >= rows or left >= columns:
        raise ValueError(
            f"a box from ({top:g}, {left:g}) to ({bottom:g}, {right:g}) lies outside its picture of {rows:g} rows and "
            f"{columns:g} columns"
        )
    return Lesion((max(top, 0.0), max(left, 0.0), min(bottom, rows), min(right, columns)), label)


def in_both_parts(rows: Sequence[Row]) -> list[str]:
    """Women with pictures in more than one official part, in order; sets that share women share their division, too."""
    parts: dict[str, set[str]] = {}
    for row in rows:
        if row.part:
            parts.setdefault(row.patient_id, set()).add(row.part)
    return sorted(woman for woman, found in parts.items() if len(found) > 1)


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what it counts: 1 picture, 2 pictures."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def some(names: Iterable[str], shown: int = 10) -> str:
    """The first of these names, each once and in order, and how many there are more."""
    found = sorted(set(names))
    return ", ".join(found[:shown]) + (f" and {len(found) - shown:,} more" if len(found) > shown else "")
