"""Picture files: what is kept, what is turned, what is refused."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from mammo_core.exam import Laterality, Mammogram, Refusal
from mammo_core.intake import read_bytes
from mammo_core.intake.picture import read_picture
from mammo_core.presentation import bright_is_dense
from tests.intake.phantoms import dataset, encoded, ramp, saved
from tests.preprocessing.phantoms import breast


def phantom(dtype: str = "u2", top: int = 4095) -> npt.NDArray[Any]:
    """A breast of (400, 320) that begins at 0 and reaches `top`."""
    grey, _ = breast()
    low, high = grey.min(), grey.max()
    return ((grey - low) * (top / (high - low))).astype(dtype)


def read(data: bytes, name: str = "picture.png") -> Mammogram:
    (mammogram,) = read_bytes(name, data)
    assert isinstance(mammogram, Mammogram), mammogram
    return mammogram


def refused(data: bytes, name: str = "picture.png") -> Refusal:
    (refusal,) = read_bytes(name, data)
    assert isinstance(refusal, Refusal), refusal
    return refusal


def pillow(pixels: npt.NDArray[Any], kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("ending", "dtype"),
    [(".png", "u1"), (".png", "u2"), (".tiff", "u1"), (".tiff", "u2"), (".pgm", "u1"), (".pgm", "u2"), (".bmp", "u1")],
)
def test_grey_pictures_keep_their_values_and_depth(ending: str, dtype: str) -> None:
    pixels = phantom(dtype, top=np.iinfo(dtype).max)
    mammogram = read(encoded(ending, pixels), name="misnamed.dcm")
    assert mammogram.pixels.dtype == pixels.dtype
    np.testing.assert_array_equal(mammogram.pixels, pixels)
    assert mammogram.bits_stored == 8 * pixels.dtype.itemsize
    assert not mammogram.inverted


def test_a_picture_of_the_same_pixels_is_the_same_image_as_the_dicom() -> None:
    pixels = phantom()
    assert read(encoded(".png", pixels)).image_id == read(saved(dataset(pixels))).image_id
    assert read(encoded(".png", pixels)).image_id != read(encoded(".png", pixels + 1)).image_id


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tiff"])
def test_colour_files_of_grey_pictures_are_grey(ending: str) -> None:
    pixels = phantom("u1", 255)
    mammogram = read(encoded(ending, np.dstack([pixels] * 3)))
    assert mammogram.pixels.ndim == 2
    assert np.abs(mammogram.pixels.astype(int) - pixels).mean() < 3


def test_alpha_is_dropped_and_palettes_are_looked_up() -> None:
    pixels = phantom("u1", 255)
    opaque = np.dstack([pixels] * 3 + [np.full_like(pixels, 40)])
    np.testing.assert_array_equal(read(encoded(".png", opaque)).pixels, pixels)
    np.testing.assert_array_equal(read(encoded(".png", np.dstack([phantom()] * 3))).pixels, phantom())
    stream = BytesIO()
    Image.fromarray(pixels).convert("P").save(stream, "PNG")
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, pixels)


def test_a_pgm_of_twelve_bits_is_kept_as_stored() -> None:
    pixels = phantom()
    binary = b"P5\n# scanned\n320 400\n4095\n" + pixels.astype(">u2").tobytes()
    text = b"P2 320 400 4095\n" + b" ".join(b"%d" % value for value in pixels.ravel())
    for data in (binary, text):
        mammogram = read(data)
        np.testing.assert_array_equal(mammogram.pixels, pixels)
        assert mammogram.bits_stored == 12
    assert refused(binary[:-2]).code == "truncated"
    assert refused(text[:-200]).code == "truncated"
    assert refused(binary.replace(b"4095", b"4000")).code == "damaged"


def tiff(
    pixels: npt.NDArray[np.uint16], order: str, *, tiled: bool = False, deflated: bool = False, photometric: int = 1
) -> bytes:
    """A grey TIFF of 16 bits in one strip, or in tiles of 64 x 64, of the byte `order` "<" or ">"."""
    rows, columns = pixels.shape
    if tiled:
        padded = np.pad(pixels, ((0, -rows % 64), (0, -columns % 64)))
        pieces = [padded[y : y + 64, x : x + 64] for y in range(0, rows, 64) for x in range(0, columns, 64)]
    else:
        pieces = [pixels]
    packed = [piece.astype(f"{order}u2").tobytes() for piece in pieces]
    if deflated:
        packed = [zlib.compress(piece) for piece in packed]
    starts = np.cumsum([8, *map(len, packed)])
    lists = struct.pack(f"{order}{len(packed)}I", *starts[:-1]) + struct.pack(
        f"{order}{len(packed)}I", *map(len, packed)
    )
    where = int(starts[-1])
    short, long = 3, 4
    single = len(packed) == 1
    first = (where, where + 4 * len(packed)) if not single else (int(starts[0]), len(packed[0]))
    tags = [
        (256, long, 1, columns),
        (257, long, 1, rows),
        (258, short, 1, 16),
        (259, short, 1, 8 if deflated else 1),
        (262, short, 1, photometric),
        (277, short, 1, 1),
        *([] if tiled else [(273, long, 1, first[0]), (278, long, 1, rows), (279, long, 1, first[1])]),
        *([(322, short, 1, 64), (323, short, 1, 64)] if tiled else []),
        *([(324, long, len(packed), first[0]), (325, long, len(packed), first[1])] if tiled else []),
    ]
    directory = struct.pack(f"{order}H", len(tags))
    for tag, kind, count, value in sorted(tags):
        directory += struct.pack(f"{order}HHI", tag, kind, count)
        directory += struct.pack(
            f"{order}HH" if kind == short else f"{order}I", *((value, 0) if kind == short else (value,))
        )
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", where + len(lists))
    return head + b"".join(packed) + lists + directory + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("deflated", [False, True])
def test_tiffs_of_twelve_bits_in_sixteen_as_scanners_write_them(order: str, tiled: bool, deflated: bool) -> None:
    mammogram = read(tiff(phantom(), order, tiled=tiled, deflated=deflated))
    np.testing.assert_array_equal(mammogram.pixels, phantom())


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_packed_tiffs_keep_their_values(compression: str, dtype: str) -> None:
    pixels = phantom(dtype, 255)
    np.testing.assert_array_equal(read(pillow(pixels, "TIFF", compression=compression)).pixels, pixels)


def test_eight_bits_with_white_as_zero_are_kept_as_stored() -> None:
    mammogram = read(pillow(phantom("u1", 255), "TIFF", tiffinfo={262: 0}))  # Pillow swaps them as it writes
    assert mammogram.inverted
    np.testing.assert_array_equal(mammogram.pixels, 255 - phantom("u1", 255))
    np.testing.assert_array_equal(bright_is_dense(mammogram), phantom("u1", 255))


@pytest.mark.parametrize("order", ["<", ">"])
def test_white_as_zero_is_shown_with_dense_tissue_bright(order: str) -> None:
    mammogram = read(tiff((4095 - phantom()).astype("u2"), order, photometric=0))
    assert mammogram.inverted
    assert not mammogram.remarks
    np.testing.assert_array_equal(bright_is_dense(mammogram), phantom())


@pytest.mark.parametrize("ending", [".png", ".tiff", ".pgm"])
@pytest.mark.parametrize(("dtype", "top"), [("u1", 255), ("u2", 65535)])
def test_inverted_film_is_recognised_marked_and_said(ending: str, dtype: str, top: int) -> None:
    pixels = (top - phantom(dtype, top)).astype(dtype)
    mammogram = read(encoded(ending, pixels))
    assert mammogram.inverted
    assert mammogram.remarks
    np.testing.assert_array_equal(mammogram.pixels, pixels)
    np.testing.assert_array_equal(bright_is_dense(mammogram), phantom(dtype, top))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_that_a_file_asks_for_is_applied(kind: str, orientation: int) -> None:
    upright = phantom("u1", 255)
    # What a camera stores for each orientation: the inverse of what a reader has to do.
    lying = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    options: dict[str, Any] = {"tiffinfo": {274: orientation}} if kind == "TIFF" else {"exif": exif}
    if kind == "WEBP":
        options["lossless"] = True
    mammogram = read(pillow(np.ascontiguousarray(lying), kind, **options))
    assert mammogram.pixels.shape == upright.shape
    assert np.abs(mammogram.pixels.astype(int) - upright).mean() < 3


def test_colour_photographs_stacks_and_ink_are_refused() -> None:
    pixels = phantom("u1", 255)
    assert refused(encoded(".png", np.dstack([pixels, 255 - pixels, pixels]))).code == "colour"
    stack = pillow(pixels, "TIFF", save_all=True, append_images=[Image.fromarray(pixels)])
    assert refused(stack).code == "several_frames"
    assert refused(encoded(".tiff", pixels.astype(np.float32))).code == "unsupported_pixels"
    for kind in ("JPEG", "TIFF"):
        stream = BytesIO()
        Image.fromarray(pixels).convert("CMYK").save(stream, kind)
        assert refused(stream.getvalue()).code == "colour"


def test_small_pictures_are_refused_and_read_only_leniently() -> None:
    small = encoded(".png", phantom()[:255])
    assert refused(small).code == "too_small"
    assert refused(encoded(".png", phantom()[:, :255])).code == "too_small"
    assert read_picture("small.png", small, lenient=True).pixels.shape == (255, 320)
    assert read(encoded(".png", phantom()[72:328, :256])).pixels.shape == (256, 256)


def test_what_shows_no_breast_is_refused_and_read_only_leniently() -> None:
    page = encoded(".png", ramp())
    assert refused(page).code == "no_breast"
    np.testing.assert_array_equal(read_picture("page.png", page, lenient=True).pixels, ramp())


def test_a_huge_picture_is_refused_by_its_header() -> None:
    assert refused(b"P5\n60000 60000\n255\n" + bytes(100)).code == "too_large"


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tiff", ".pgm", ".bmp", ".webp"])
def test_cut_pictures_are_refused(ending: str) -> None:
    data = encoded(ending, phantom("u1", 255))
    assert refused(data[: len(data) // 2]).code == "truncated"


def test_side_and_view_come_from_the_name() -> None:
    data = encoded(".png", phantom())
    right, lateral = read(data, "0_R-CC.png"), read(data, "20586908_6c613a14b80a8591_MG_L_ML_ANON.png")
    assert (right.laterality, right.view, right.view_code) == (Laterality.RIGHT, right.view, "CC")
    assert (lateral.laterality, lateral.view, lateral.view_code) == (Laterality.LEFT, None, "ML")
    assert replace(right, name="").image_id == lateral.image_id
