"""Data sets of tiny pictures, laid out as the real ones are."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.intake.phantoms import code, dataset, saved

SIZE = (64, 32)
"""Rows and columns of every picture here."""

CBIS_MASSES = (
    "patient_id",
    "breast_density",
    "left or right breast",
    "image view",
    "abnormality id",
    "abnormality type",
    "mass shape",
    "mass margins",
    "assessment",
    "pathology",
    "subtlety",
    "image file path",
    "cropped image file path",
    "ROI mask file path",
)
CBIS_CALCIFICATIONS = tuple(
    {"breast_density": "breast density", "mass shape": "calc type", "mass margins": "calc distribution"}.get(name, name)
    for name in CBIS_MASSES
)


def picture(path: Path, seed: int = 0, size: tuple[int, int] = SIZE) -> Path:
    """A grey picture in the format that the ending says, another for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)
    if path.suffix == ".pgm":
        path.write_bytes(b"P5 %d %d 255\n" % (size[1], size[0]) + pixels.tobytes())
        return path
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, {".jpg": "JPEG", ".webp": "WebP"}.get(path.suffix, "PNG"))
    path.write_bytes(stream.getvalue())
    return path


def dicom(path: Path, side: str = "L", view: str = "399162004") -> Path:
    """A digital mammogram as DICOM; `view` is its SNOMED code, by default CC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = dataset(np.zeros(SIZE, np.uint16), ImageLaterality=side, ViewCodeSequence=[code(view)])
    path.write_bytes(saved(made))
    return path


def table(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]], delimiter: str = ",") -> Path:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def rsna(root: Path, ending: str = ".dcm") -> Path:
    """Two women, three pictures; one file is not there."""
    lines = """site_id,patient_id,image_id,laterality,view,age,cancer,biopsy,invasive,BIRADS,implant,density,machine_id
2,10006,462822612,L,CC,61.0,0,0,0,,0,,29
2,10006,1459541791,L,MLO,61.0,0,1,0,,0,B,29
1,10130,388811999,R,CC,,1,1,1,0,0,C,49
1,10130,613462606,R,MLO,,1,1,1,0,0,C,49
"""
    root.mkdir(parents=True, exist_ok=True)
    (root / "train.csv").write_text(lines)
    rows = [line.split(",") for line in lines.splitlines()[1:]]
    for number, row in enumerate(rows[:3]):
        path = root / "train_images" / row[1] / f"{row[2]}{ending}"
        dicom(path, row[3]) if ending == ".dcm" else picture(path, number)
    return root


def mias(root: Path, lines: Iterable[str] = (), folder: str = "") -> Path:
    """Films of the mini-MIAS database, with the README in front of the table."""
    lines = tuple(lines) or (
        "mdb001 G CIRC B 535 425 197",
        "mdb002 G CIRC B 522 280 69",
        "mdb003 D NORM ",
        "mdb005 F CIRC B 477 133 30",
        "mdb005 F CIRC M 500 168 26",
        "mdb216 D CALC M *NOTE 3*",
    )
    text = "INFORMATION:\n\nThis file lists the films in the MIAS database\n\n" + "\n".join(lines) + "\n"
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / "Info.txt").write_text(text, encoding="ascii")
    for number, film in enumerate(dict.fromkeys(line.split()[0] for line in lines)):
        picture(root / folder / f"{film}.pgm", number, (64, 64))
    return root


def cbis_path(kind: str, part: str, woman: str, side: str, view: str, number: int = 1) -> str:
    """The path of a full mammogram as the case descriptions give it."""
    folder = f"{kind}-{part}_{woman}_{side}_{view}"
    return f"{folder}/1.3.6.1.4.1.9590.100.1.2.{number}/1.3.6.1.4.1.9590.100.1.3.{number}/000000.dcm"


def cbis(root: Path, rows: Mapping[str, Iterable[tuple[str, str, str, str]]], lists: str = "") -> Path:
    """The lists of CBIS-DDSM, by name as in "mass_train", of (woman, side, view, pathology); no pictures."""
    number = 0
    for name, cases in rows.items():
        kind, part = name.split("_")
        written = []
        for woman, side, view, pathology in cases:
            number += 1
            path = cbis_path(
                {"mass": "Mass", "calc": "Calc"}[kind],
                {"train": "Training", "test": "Test"}[part],
                woman,
                side,
                view,
                number,
            )
            kinds = ("mass", "OVAL", "CIRCUMSCRIBED") if kind == "mass" else ("calcification", "PUNCTATE", "CLUSTERED")
            written.append([woman, 3, side, view, 1, *kinds, 4, pathology, 4, path, path + "\n", path + "\n"])
        columns = CBIS_MASSES if kind == "mass" else CBIS_CALCIFICATIONS
        table(root / lists / f"{kind}_case_description_{part}_set.csv", columns, written)
    return root


def inbreast(root: Path, rows: Iterable[tuple[str, str, str, str, str]], woman: str = "6c613a14b80a8591") -> Path:
    """INbreast: rows of (file name, side, view, ACR, BI-RADS); a DICOM file for each, all of one woman."""
    rows = list(rows)
    columns = ("Patient ID", "Patient age", "Laterality", "View", "Acquisition date", "File Name", "ACR", "Bi-Rads")
    written = [
        ("removed", "removed", side, view, "201001", name, acr, birads) for name, side, view, acr, birads in rows
    ]
    table(root / "INbreast.csv", columns, [*written, [""] * 8], ";")
    for name, side, view, _, _ in rows:
        dicom(root / "AllDICOMs" / f"{name}_{woman}_MG_{side}_{view.replace('MLO', 'ML')}_ANON.dcm", side)
    return root


def vindr(root: Path) -> Path:
    """Two studies with a picture each, the second with two findings, one of them without a category."""
    breasts = "study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density,split"
    findings = (
        "image_id,study_id,series_id,laterality,view_position,height,width,breast_birads,breast_density,"
        "finding_categories,finding_birads,xmin,ymin,xmax,ymax,split"
    )
    box = (-3.5, 10, 20, 30.25)
    table(
        root / "breast-level_annotations.csv",
        breasts.split(","),
        [
            ("s1", "e1", "i1", "L", "CC", 64, 32, "BI-RADS 1", "DENSITY C", "training"),
            ("s2", "e2", "i2", "R", "MLO", 64, 32, "BI-RADS 4", "DENSITY B", "test"),
        ],
    )
    table(
        root / "finding_annotations.csv",
        findings.split(","),
        [
            ("i1", "s1", "e1", "L", "CC", 64, 32, "BI-RADS 1", "DENSITY C", "['No Finding']", *[""] * 5, "training"),
            ("i2", "s2", "e2", "R", "MLO", 64, 32, "BI-RADS 4", "DENSITY B", "['Mass']", "BI-RADS 4", *box, "test"),
            ("i2", "s2", "e2", "R", "MLO", 64, 32, "BI-RADS 4", "DENSITY B", "['Skin Retraction']", "", *box, "test"),
        ],
    )
    table(
        root / "metadata.csv",
        ("SOP Instance UID", "Patient's Age", "Manufacturer's Model Name"),
        [("i1", "053Y", "Planmed Nuance"), ("i2", "", "Mammomat Inspiration")],
    )
    dicom(root / "images" / "s1" / "i1.dicom")
    dicom(root / "images" / "s2" / "i2.dicom", "R", "399368009")
    return root


def cmmd(root: Path, delimiter: str = ",") -> Path:
    """Two women: one with both breasts in pictures and one in the sheet, one whose folder is not there."""
    table(
        root / "CMMD_clinicaldata_revision.csv",
        ("ID1", "LeftRight", "Age", "number", "abnormality", "classification", "subtype"),
        [
            ("D2-0001", "L", 44, 2, "calcification", "Malignant", "Luminal B"),
            ("D1-0007", "R", 52, 2, "mass", "Benign", ""),
        ],
        delimiter,
    )
    series = root / "CMMD" / "D2-0001" / "07-18-2010-NA-NA-79377" / "1.000000-NA-70244"
    for number, (side, view) in enumerate([("L", "399162004"), ("L", "399368009"), ("R", "399162004")], start=1):
        dicom(series / f"1-{number}.dcm", side, view)
    return root


def ddsm(root: Path) -> Path:
    """A cancer case (right breast outlined in MLO alone) and a normal one, converted to half the scanner's size."""
    case = root / "cancers" / "cancer_01" / "case0001"
    case.mkdir(parents=True)
    views = ("LEFT_CC", "LEFT_MLO", "RIGHT_CC", "RIGHT_MLO")
    lines = ["", "ics_version 1.0", "filename C-0001-1", "PATIENT_AGE 65", "FILM_TYPE REGULAR", "DENSITY 2"]
    lines += ["DIGITIZER LUMISYS LASER", "SEQUENCE"]
    grid = f"LINES {2 * SIZE[0]} PIXELS_PER_LINE {2 * SIZE[1]} BITS_PER_PIXEL 12 RESOLUTION 50"
    lines += [f"{view} {grid} {'OVERLAY' if view == 'RIGHT_MLO' else 'NON_OVERLAY'}" for view in views]
    (case / "C-0001-1.ics").write_text("\n".join(lines))
    for number, view in enumerate(views):
        picture(case / f"C_0001_1.{view}.png", number)
    (case / "C_0001_1.RIGHT_MLO.OVERLAY").write_text(
        "TOTAL_ABNORMALITIES 1\nABNORMALITY 1\nLESION_TYPE MASS SHAPE OVAL MARGINS ILL_DEFINED\nASSESSMENT 4\n"
        "SUBTLETY 3\nPATHOLOGY MALIGNANT\nTOTAL_OUTLINES 2\nBOUNDARY\n10 20 2 2 2 4 4 6 6 6 0 0 #\nCORE\n11 21 2 6 #\n"
    )
    normal = root / "normals" / "normal_01" / "case0200"
    normal.mkdir(parents=True)
    (normal / "A-0200-1.ics").write_text(f"PATIENT_AGE 50\nDENSITY 1\nLEFT_CC {grid} NON_OVERLAY\n")
    picture(normal / "A_0200_1.LEFT_CC.LJPEG.png", 9)
    return root


def coco(root: Path) -> Path:
    """Roboflow's form: a file among the pictures of each part, with a class that stands for all."""
    content = {
        "images": [
            {"id": 1, "file_name": "a_L_CC.png"},
            {"id": 2, "file_name": "b.png"},
            {"id": 3, "file_name": "c.png"},
        ],
        "annotations": [
            {"id": 7, "image_id": 1, "category_id": 2, "bbox": [3, 4, 10, 20]},
            {"id": 8, "image_id": 1, "category_id": 1, "bbox": [1, 2, 5.5, 6]},
        ],
        "categories": [{"id": 0, "name": "lesions"}, {"id": 1, "name": "Benign"}, {"id": 2, "name": "malignant mass"}],
    }
    for number, name in enumerate(("a_L_CC.png", "b.png")):
        picture(root / "valid" / name, number)
    (root / "valid" / "_annotations.coco.json").write_text(json.dumps(content))
    return root


def yolo(root: Path, names: str = "names: ['benign', 'malignant']") -> Path:
    """Ultralytics' form: images/ and labels/, a folder a part in each."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: images/val\n{names}\n")
    for number, file in enumerate(("train/a.jpg", "val/b.png")):
        picture(root / "images" / file, number)
    (root / "labels" / "train").mkdir(parents=True)
    (root / "labels" / "train" / "a.txt").write_text("1 0.5 0.25 0.5 0.25\n\n")
    return root


def class_folders(root: Path, files: Iterable[str]) -> Path:
    """A picture at each of these places."""
    for number, file in enumerate(files):
        picture(root / file, number)
    return root
