"""The size of a picture, by its header alone: it is that of what reading the picture gives, turned where the file asks for it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from mammo_core.exam import Mammogram
from mammo_core.intake import read_bytes
from mammo_core.training.datasets import Lesion, read_dataset
from mammo_core.training.datasets.listing import size
from tests.training.datasets.layouts import table

ORIENTATION = 274


def encoded(kind: str, orientation: int, *, deep: bool = False) -> bytes:
    """A picture of 60 rows and 40 columns that asks to be turned so (CIPA DC-008, 4.6.4); 0: it asks nothing."""
    grey = np.add.outer(np.arange(60), np.arange(40))
    exif = Image.Exif()
    if orientation:
        exif[ORIENTATION] = orientation
    stream = BytesIO()
    Image.fromarray((grey * 256).astype(np.uint16) if deep else grey.astype(np.uint8)).save(stream, kind, exif=exif)
    return stream.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def moved_behind(png: bytes) -> bytes:
    """A PNG whose eXIf stands behind its pixels, where ImageMagick writes it."""
    start = png.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(png[start : start + 4], "big")
    last = png.index(b"IEND") - 4
    return png[:start] + png[end:last] + png[start:end] + png[last:]


def in_words(png: bytes, orientation: int) -> bytes:
    """A PNG that says by XMP instead, behind its pixels, how it wants to be turned."""
    said = b'XML:com.adobe.xmp\0\0\0\0\0<rdf:Description tiff:Orientation="%d"/>' % orientation
    last = png.index(b"IEND") - 4
    return png[:last] + chunk(b"iTXt", said) + png[last:]


WAYS: dict[str, Callable[[int], bytes]] = {
    "jpg": lambda orientation: encoded("JPEG", orientation),
    "webp": lambda orientation: encoded("WEBP", orientation),
    "tif": lambda orientation: encoded("TIFF", orientation),
    "deep tif": lambda orientation: encoded("TIFF", orientation, deep=True),
    "png": lambda orientation: encoded("PNG", orientation),
    "deep png": lambda orientation: encoded("PNG", orientation, deep=True),
    "png, said behind the pixels": lambda orientation: moved_behind(encoded("PNG", orientation)),
    "png, said in words": lambda orientation: in_words(encoded("PNG", 0), orientation),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("way", WAYS)
def test_a_picture_has_the_size_that_reading_it_gives(tmp_path: Path, way: str, orientation: int) -> None:
    path = tmp_path / f"a.{way.split(',')[0].split()[-1]}"
    path.write_bytes(WAYS[way](orientation))
    (read,) = read_bytes(path.name, path.read_bytes(), lenient=True)
    assert isinstance(read, Mammogram)
    assert size(path) == read.pixels.shape == ((40, 60) if orientation > 4 else (60, 40))


def test_boxes_of_a_picture_that_is_turned_lie_where_it_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded("JPEG", 6))
    table(tmp_path / "boxes.csv", ("file", "x0", "y0", "x1", "y1", "label"), [("a.jpg", 45, 5, 70, 15, "benign")])
    (row,) = read_dataset(tmp_path).rows
    assert row.lesions == (Lesion((5, 45, 15, 60), "benign"),)


def test_a_picture_that_is_torn_or_says_nonsense_of_itself_has_the_size_of_its_header(tmp_path: Path) -> None:
    path, turned = tmp_path / "a", moved_behind(encoded("PNG", 6))
    for torn in (encoded("PNG", 1)[:-20], turned[:-30], encoded("JPEG", 6).replace(b"Exif\0\0MM", b"Exif\0\0??")):
        path.write_bytes(torn)
        assert size(path) == (60, 40)


def test_no_pixel_is_decoded_to_measure_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda picture: pytest.fail("pixels were decoded"))
    for way, orientation in zip(WAYS, range(1, 9), strict=True):
        (tmp_path / "a").write_bytes(WAYS[way](orientation))
        size(tmp_path / "a")
