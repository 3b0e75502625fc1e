"""Overlap of the found breast boxes with hand-drawn ones, as JSON on standard output.

The overlap is the area that two boxes share over the area that either covers (IoU), on the pictures' own grid.

    python benchmarks/breast_box.py ../shared/data/rsna > breast_box.json
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Box = tuple[float, float, float, float]


def overlap(one: Box, other: Box) -> float:
    """Shared area over covered area of two (top, left, bottom, right) boxes."""
    height = min(one[2], other[2]) - max(one[0], other[0])
    width = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, height) * max(0.0, width)
    covered = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    return shared / covered


def overlaps(folder: Path) -> dict[str, float]:
    """File to overlap, for every row of the folder's `breast_boxes.csv` (file, x0, y0, x1, y1)."""
    import numpy as np
    from PIL import Image

    from mammo_core.preprocessing import find_outline

    found = {}
    with (folder / "breast_boxes.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            grey = np.asarray(Image.open(folder / row["file"]).convert("L"), dtype=np.float32)
            drawn = (float(row["y0"]), float(row["x0"]), float(row["y1"]), float(row["x1"]))
            found[row["file"]] = overlap(find_outline(grey).box, drawn)
    return found


def main() -> None:
    """Measure one folder's pictures."""
    parser = argparse.ArgumentParser(description="Overlap of found breast boxes with hand-drawn ones.")
    parser.add_argument("folder", type=Path, help="a folder with breast_boxes.csv and the pictures it names")
    asked = parser.parse_args()
    if not (asked.folder / "breast_boxes.csv").is_file():
        parser.error(f"no breast_boxes.csv in {asked.folder}")
    found = overlaps(asked.folder)
    figures = {
        "n": len(found),
        "mean_iou": round(statistics.mean(found.values()), 4),
        "median_iou": round(statistics.median(found.values()), 4),
        "lowest": {file: round(value, 4) for file, value in sorted(found.items(), key=lambda each: each[1])[:5]},
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
