"""Time of a four-view exam from bytes to scores, cold and warm, as JSON on standard output.

Seconds differ from computer to computer and from hour to hour, so every time also stands as a ratio to the time
that decoding the same files' pixels with pydicom took in the same run. Cold is a fresh process that has
everything still to do (imports, model, exam), warm is the median of exams after it. Nothing is rendered or written.

    python benchmarks/exam_time.py examples/exam --repeats 5 > exam_time.json
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COLD = "import sys; sys.path.insert(0, sys.argv[1]); from benchmarks.exam_time import once; once(sys.argv[2:])"


def read(paths: list[str]) -> list[tuple[str, bytes]]:
    """Names and bytes of the exam's files."""
    return [(Path(path).name, Path(path).read_bytes()) for path in paths]


def once(paths: list[str]) -> tuple[str, float]:
    """The model's name, and seconds from bytes in memory to the exam's score."""
    import mammo_core

    uploads = read(paths)
    start = time.perf_counter()
    exams, refusals = mammo_core.read_uploads(uploads)
    if refusals or len(exams) != 1:
        raise SystemExit(f"{len(exams)} exams and {len(refusals)} refusals; the files of one exam are wanted")
    result = mammo_core.analyse(exams[0])
    seconds = time.perf_counter() - start
    if result.suspicion is None:
        raise SystemExit(f"no score: {sorted(set(result.not_scored.values()))}")
    return result.model, seconds


def decode(paths: list[str]) -> float:
    """Seconds pydicom takes to decode the pixels of the same files, nothing else."""
    import pydicom

    uploads = read(paths)
    start = time.perf_counter()
    for _, content in uploads:
        _ = pydicom.dcmread(io.BytesIO(content)).pixel_array
    return time.perf_counter() - start


def cold(paths: list[str]) -> float:
    """Seconds of a whole fresh process that scores the exam."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", COLD, str(ROOT), *paths], check=True)
    return time.perf_counter() - start


def measure(paths: list[str], repeats: int) -> dict[str, Any]:
    """All times of one exam; `*_ratio` are multiples of the decoding time."""
    decode(paths)
    cold_times = [cold(paths) for _ in range(min(repeats, 3))]
    model, _ = once(paths)
    warm_times, decode_times = [], []
    for _ in range(repeats):
        decode_times.append(decode(paths))
        warm_times.append(once(paths)[1])
    decoding, cold_time, warm_time = (statistics.median(times) for times in (decode_times, cold_times, warm_times))
    return {
        "files": [Path(path).name for path in paths],
        "model": model,
        "repeats": repeats,
        "decode_s": round(decoding, 4),
        "cold_s": round(cold_time, 3),
        "warm_s": round(warm_time, 3),
        "warm_range_s": [round(min(warm_times), 3), round(max(warm_times), 3)],
        "cold_ratio": round(cold_time / decoding, 1),
        "warm_ratio": round(warm_time / decoding, 2),
    }


def main() -> None:
    """Measure one exam's files, DICOM all."""
    parser = argparse.ArgumentParser(description="Time a four-view exam, cold and warm, against decoding its files.")
    parser.add_argument("exam", type=Path, help="a folder with the DICOM files of one exam")
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    paths = sorted(str(path) for path in asked.exam.glob("*.dcm"))
    if not paths:
        parser.error(f"no DICOM file in {asked.exam}")
    print(json.dumps(measure(paths, asked.repeats), indent=1))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
