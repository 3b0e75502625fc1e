"""What looks like a breast and what does not; which film is inverted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFont

from mammo_core.exam import Mammogram
from mammo_core.intake import find_files, read_bytes
from mammo_core.intake.looks import looks_inverted, looks_like_a_breast
from mammo_core.presentation import bright_is_dense
from tests.preprocessing.phantoms import breast, filmed
from tests.shared import SHARED, needs_shared

Grey = npt.NDArray[Any]
ROWS, COLUMNS = 640, 480


def uniform(seed: int) -> Grey:
    return np.full((ROWS, COLUMNS), (0, 255, 128)[seed], np.uint8)


def noise(seed: int) -> Grey:
    rng = np.random.default_rng(seed)
    fields = (
        rng.integers(0, 256, (ROWS, COLUMNS)),
        rng.normal(3, 2, (ROWS, COLUMNS)).clip(0),
        rng.random((ROWS, COLUMNS)) > 0.97,
    )
    return (fields[seed] * 1).astype(np.uint16)


def gradient(seed: int) -> Grey:
    row, column = np.mgrid[:ROWS, :COLUMNS] / ROWS
    shapes = (row, column, row + column, np.hypot(row - 0.5, column - 0.2), np.exp(-6 * ((row - 0.4) ** 2 + column**2)))
    return (40000 * shapes[seed]).astype(np.uint16)


def page(seed: int) -> Grey:
    """Lines of words, black on white or white on black, on a full page or at its top."""
    rng = np.random.default_rng(seed)
    dark = seed == 1
    sheet = Image.new("L", (900, 1270), 12 if dark else 250)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=(18, 24, 30)[seed])
    for top in range(70, 1200 if seed < 2 else 500, 40):
        words = " ".join("".join(rng.choice(list("etaoinshrdlu"), rng.integers(2, 9))) for _ in range(9))
        draw.text((70, top), words, 235 if dark else 15, font=font)
    return np.asarray(sheet)


def screenshot(seed: int) -> Grey:
    """A window of panels and labels, light or dark, or a dialog in the middle."""
    rng = np.random.default_rng(seed)
    ground, panel, ink = ((240, 255, 30), (30, 70, 220), (60, 235, 20))[seed]
    screen = Image.new("L", (1280, 800), ground)
    draw, font = ImageDraw.Draw(screen), ImageFont.load_default(size=15)
    if seed == 2:
        draw.rectangle((390, 250, 890, 560), fill=panel)
        draw.rectangle((390, 250, 890, 280), fill=120)
        for row in range(8):
            draw.text((410, 300 + 28 * row), "The file could not be saved where it was", ink, font=font)
        return np.asarray(screen)
    draw.rectangle((0, 0, 1280, 50), fill=panel)
    draw.rectangle((0, 50, 240, 800), fill=panel)
    for row in range(20):
        draw.text((12, 70 + 34 * row), f"Entry {row}", ink, font=font)
    for place in range(6):
        left, top = 270 + place % 3 * 330, 90 + place // 3 * 340
        draw.rectangle((left, top, left + 300, top + 300), fill=panel, outline=128)
        draw.rectangle((left + 10, top + 10, left + 130, top + 80), fill=120)
        for row in range(9):
            draw.text(
                (left + 10, top + 100 + 20 * row), "lorem ipsum dolor sit amet"[: rng.integers(8, 26)], ink, font=font
            )
    return np.asarray(screen)


def photograph(seed: int) -> Grey:
    """Things of many tones before ground and sky, with the grain of a camera."""
    rng = np.random.default_rng(seed)
    rows, columns = 480, 640
    scene = np.repeat(240 - 60 * np.arange(rows, dtype=np.float32)[:, None] / rows, columns, axis=1)
    horizon = int(rng.integers(rows // 3, 2 * rows // 3))
    scene[horizon:] = 90 + 40 * rng.random()
    for _ in range(30):
        tone, x, y = float(rng.integers(10, 250)), int(rng.integers(columns)), int(rng.integers(rows))
        wide, high = (int(length) for length in rng.integers(8, 90, 2))
        if rng.random() < 0.5:
            cv2.rectangle(scene, (x, y), (x + wide, y + high), tone, -1)
        else:
            cv2.ellipse(scene, (x, y), (wide, high), float(rng.integers(180)), 0, 360, tone, -1)
    return np.clip(cv2.GaussianBlur(scene, (0, 0), 1.2) + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8)


def portrait(seed: int) -> Grey:
    rng = np.random.default_rng(seed)
    ground, coat, skin = ((220, 40, 180), (130, 70, 210), (30, 110, 200))[seed]
    picture = np.full((ROWS, COLUMNS), float(ground), np.float32)
    middle = COLUMNS // 2
    cv2.ellipse(picture, (middle, ROWS), (180, 220), 0, 0, 360, float(coat), -1)
    cv2.ellipse(picture, (middle, 280), (95, 130), 0, 0, 360, float(skin), -1)
    cv2.ellipse(picture, (middle, 210), (105, 80), 0, 180, 360, 15.0, -1)
    for eye in (-35, 35):
        cv2.ellipse(picture, (middle + eye, 260), (14, 8), 0, 0, 360, 20.0, -1)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 2) + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def chest_film(seed: int) -> Grey:
    """Two dark lungs with ribs beside a bright mediastinum; its surroundings black, bright, or inverted as a whole."""
    rng = np.random.default_rng(seed)
    rows, columns = 1000, 900
    row, column = np.mgrid[:rows, :columns].astype(np.float32)
    across, down = (column - columns / 2) / (columns / 2), row / rows
    film = np.full((rows, columns), 150, np.float32)
    film[np.abs(across) > 0.93 - 1.7 * np.maximum(0, 0.15 - down)] = 150 if seed == 1 else 15
    for side in (-1, 1):
        lung = ((across - side * 0.42) / 0.3) ** 2 + ((down - 0.45) / 0.33) ** 2 < 1
        film[lung] = 60
        for rib in range(9):
            film[lung & (np.abs(down - 0.18 - 0.07 * rib + 0.2 * (np.abs(across) - 0.4) ** 2) < 0.008)] += 22
    film[(np.abs(across) < 0.1) & (down < 0.9)] = 205
    film[((across - 0.15) / 0.28) ** 2 + ((down - 0.62) / 0.17) ** 2 < 1] = 190
    film = cv2.GaussianBlur(film, (0, 0), 8) + rng.normal(0, 4, film.shape)
    return np.clip(255 - film if seed == 2 else film, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("made", [uniform, noise, gradient, page, screenshot, photograph, portrait, chest_film])
def test_what_is_no_breast_is_seen_to_be_none(made: Callable[[int], Grey], seed: int) -> None:
    grey = made(seed)
    assert not looks_like_a_breast(grey)
    assert not looks_like_a_breast(grey, inverted=looks_inverted(grey))


@pytest.mark.parametrize("seed", [3, 4])
def test_gradients_from_anywhere_are_no_breast(seed: int) -> None:
    assert not looks_like_a_breast(gradient(seed))
    assert not looks_like_a_breast(gradient(seed), inverted=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "turn", [lambda g: g, lambda g: g[:, ::-1], lambda g: g[::-1], filmed, lambda g: np.pad(g, 40)]
)
@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int16])
def test_phantoms_look_like_a_breast_and_are_not_turned(seed: int, turn: Callable[[Grey], Grey], dtype: type) -> None:
    grey = np.ascontiguousarray(turn(breast(seed=seed)[0])).clip(0).astype(dtype)
    assert looks_like_a_breast(grey)
    assert not looks_inverted(grey)


@pytest.mark.parametrize("seed", range(3))
def test_inverted_phantoms_are_recognised(seed: int) -> None:
    grey = breast(seed=seed)[0]
    inverted = (4095 - grey.clip(0, 4095)).astype(np.uint16)
    assert looks_inverted(inverted)
    assert looks_like_a_breast(inverted, inverted=True)
    assert not looks_inverted(inverted, inverted=True)


def test_a_white_mount_around_film_does_not_make_it_inverted() -> None:
    grey = breast()[0]
    for wide in (20, 60, 120):
        assert not looks_inverted(np.pad(grey, wide, constant_values=grey.max()))


def test_a_picture_of_any_size_has_an_answer() -> None:
    for shape in ((1, 1), (3, 4000), (30, 30), (4000, 3)):
        assert looks_like_a_breast(np.ones(shape, np.uint8)) is False
        assert looks_inverted(np.ones(shape, np.uint8)) is False


def pictures_of(name: str) -> list[Grey]:
    with (SHARED / "data" / name / "manifest.csv").open() as lines:
        return [
            cv2.imread(str(SHARED / "data" / name / row["file"]), cv2.IMREAD_GRAYSCALE) for row in csv.DictReader(lines)
        ]


@pytest.mark.slow
@needs_shared("data")
@pytest.mark.parametrize(("name", "seen"), [("rsna", 0.9), ("cbis_ddsm_mass", 0.9), ("ddsm", 0.7), ("mini_mias", 0.9)])
def test_no_real_mammogram_is_refused_or_turned_and_inverted_ones_are_recognised(name: str, seen: float) -> None:
    """All 4,707 of them, but for one of RSNA's that is black. Inverted, a quarter of DDSM's, with black frames then, is left as it is."""
    pictures = [picture for picture in pictures_of(name) if np.percentile(picture, 99.5) > 0]
    assert sum(not looks_like_a_breast(picture) for picture in pictures) == 0
    assert sum(looks_inverted(picture) for picture in pictures) == 0
    assert sum(looks_inverted(255 - picture) for picture in pictures[::8]) > seen * len(pictures[::8])


@needs_shared("dicom/mammograms")
def test_real_mammograms_of_other_sources_look_like_a_breast() -> None:
    files = [*find_files([SHARED / "dicom" / "mammograms", SHARED / "exam"])]
    found = [item for path in files for item in read_bytes(path.name, path.read_bytes())]
    mammograms = [item for item in found if isinstance(item, Mammogram) and min(item.pixels.shape) >= 256]
    assert len(mammograms) >= 13
    for mammogram in mammograms:
        if "calibration" not in mammogram.name:
            assert looks_like_a_breast(bright_is_dense(mammogram)), mammogram.name
            assert not looks_inverted(bright_is_dense(mammogram)), mammogram.name
