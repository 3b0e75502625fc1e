"""How fast an exam is read, as ratios against the usual way in the same run, as JSON on standard output.

Four views of 3328x2560, 12 bits, JPEG Lossless, are made from the phantom. The usual way (`peer`): pydicom with its default
decoders, the same preprocessing, `keras.Model.predict` and tf-keras-vis' `Gradcam`, one view after another, with the shipped
network on all cores. The least that could be done (`floor`): the fastest decoder and the serving graph alone, all cores busy.
Every figure is a median; seconds differ from computer to computer, ratios less.

    python benchmarks/speed.py warm    > warm.json      bytes to probabilities and four heat maps in memory
    python benchmarks/speed.py cold    > cold.json      the same exam by `analyse`, process start included
    python benchmarks/speed.py stages  > stages.json    where the time goes, one view on one core
    python benchmarks/speed.py workers > workers.json   64 pictures with one worker and with two, one thread each
    python benchmarks/speed.py memory  > memory.json    peak memory of `analyse` along 500 pictures
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHAPE = (3328, 2560)
GRAIN = 9
"""Standard deviation of the noise, of 4095: a file of about 4.5 MB, as detectors give them."""
Uploads = list[tuple[str, bytes]]


def main() -> None:
    """Measure what is asked for."""
    measures = {"warm": warm, "cold": cold, "stages": stages, "workers": workers, "memory": memory}
    parser = argparse.ArgumentParser(description="How fast an exam is read.")
    parser.add_argument("what", choices=[*measures, "peer-once"])
    parser.add_argument("exam", nargs="?", type=Path, help="a folder of four views (default: made anew)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        exam = asked.exam or make_exam(Path(made))
        if asked.what == "peer-once":
            peer()(read(exam))
            return
        from mammo_core.inference import default_model

        folder = default_model()
        assert folder is not None
        print(json.dumps({"cores": os.cpu_count(), "model": folder.name, **measures[asked.what](exam)}, indent=1))


def make_exam(folder: Path, copies: int = 1) -> Path:
    """Write the phantom's four views at full size, with grain of their own in every copy."""
    import cv2
    import imagecodecs
    import numpy as np
    import pydicom
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGLosslessSV1

    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((ROOT / "examples" / "exam").glob("*.dcm")):
        dataset = pydicom.dcmread(file)
        large = cv2.resize(dataset.pixel_array.astype(np.float32), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
        for copy in range(copies):
            grain = np.random.default_rng(copy).normal(0, GRAIN, SHAPE).astype(np.float32)
            pixels = np.clip(large + grain * (large > 20), 0, 4095).astype(np.uint16)
            dataset.Rows, dataset.Columns = SHAPE
            dataset.PixelData = encapsulate([imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=12)])
            dataset["PixelData"].VR = "OB"
            dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
            dataset.StudyInstanceUID = f"1.2.826.0.1.3680043.8.498.{copy + 1}"
            dataset.SOPInstanceUID = f"{dataset.StudyInstanceUID}.{len(list(folder.iterdir())) + 1}"
            dataset.save_as(folder / f"{copy:03d}_{file.name}")
    return folder


def read(exam: Path) -> Uploads:
    """Names and bytes of the exam's files."""
    return [(path.name, path.read_bytes()) for path in sorted(exam.glob("*.dcm"))]


def ours(uploads: Uploads) -> list[Any]:
    """Bytes to probabilities and a heat map for each view, as the library does it."""
    import mammo_core
    from mammo_core.inference import heat_map

    (exam,), refusals = mammo_core.read_uploads(uploads)
    assert not refusals, refusals
    result = mammo_core.analyse(exam)
    assert len(result.images) == len(uploads), result.not_scored
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda m: heat_map(m, result.images[m.image_id], "gradcam"), exam.mammograms))


def peer() -> Callable[[Uploads], list[Any]]:
    """The usual way: the network built in Keras, and a function from files to heat maps."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import cv2
    import keras
    import numpy as np
    import pydicom
    from tf_keras_vis.gradcam import Gradcam

    from mammo_core.exam import Source
    from mammo_core.inference import default_model, load_artefact
    from mammo_core.preprocessing import prepare_grey
    from mammo_core.training.patch.networks import POOLED
    from mammo_core.training.patch.promote import load_members, load_tissue
    from mammo_core.training.patch.serving import serving_network

    folder = default_model()
    assert folder is not None
    members = load_members(folder)
    canvas = max(member.canvas for member in members)
    tissue = load_tissue(folder)
    networks = [serving_network([each], (1.0, 0.0), None if number else tissue) for number, each in enumerate(members)]
    whole = np.array([load_artefact(folder).calibration(Source.DIGITAL)], np.float32)
    without = whole if tissue is None else np.delete(whole, -2, axis=1)
    calibrations = [without if number else whole for number in range(len(members))]
    gradcams = [Gradcam(keras.Model(each.inputs, each.output["scores"]), clone=False) for each in networks]

    def score(uploads: Uploads) -> list[Any]:
        heats = []
        for _, content in uploads:
            dataset = pydicom.dcmread(io.BytesIO(content))
            pixels, inverted = dataset.pixel_array, dataset.PhotometricInterpretation == "MONOCHROME1"
            seen = {each: prepare_grey(pixels, inverted=inverted, canvas=each) for each in {m.canvas for m in members}}
            cams = []
            for member, network, gradcam, calibration in zip(members, networks, gradcams, calibrations, strict=True):
                inputs = [seen[member.canvas].canvas[None, ..., None], calibration]
                network.predict(inputs, verbose=0)
                cam = gradcam(
                    lambda scores: scores[:, 2],
                    inputs,
                    penultimate_layer=POOLED,
                    seek_penultimate_conv_layer=False,
                    expand_cam=False,
                )
                cams.append(cv2.resize(np.asarray(cam[0]), canvas[::-1]))
            heats.append(seen[canvas].transform.to_mammogram(np.mean(cams, axis=0)))
        return heats

    return score


def floor(uploads: Uploads) -> Callable[[], None]:
    """The fastest decoder and the serving graph alone, on as many threads as there are cores."""
    import imagecodecs
    import numpy as np
    import openvino
    import pydicom
    from pydicom.encaps import get_frame

    from mammo_core.exam import Source
    from mammo_core.inference import default_model, load_artefact
    from mammo_core.preprocessing import prepare_grey

    folder = default_model()
    assert folder is not None
    artefact = load_artefact(folder)
    cores = os.cpu_count() or 1
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": str(cores), "INFERENCE_NUM_THREADS": str(cores)}
    graph = core.compile_model(core.read_model(folder / "graph.xml"), "CPU", settings)
    frames = [get_frame(pydicom.dcmread(io.BytesIO(data)).PixelData, 0, number_of_frames=1) for _, data in uploads]
    calibration = np.array([artefact.calibration(Source.DIGITAL)], np.float32)
    decoded = [imagecodecs.jpeg8_decode(frame) for frame in frames]
    canvases = [prepare_grey(pixels, canvas=artefact.canvas).canvas[None, ..., None] for pixels in decoded]
    requests = [graph.create_infer_request() for _ in frames]
    pool = ThreadPoolExecutor(cores)

    def one(number: int) -> None:
        imagecodecs.jpeg8_decode(frames[number])
        requests[number].infer({"canvas": canvases[number], "calibration": calibration})

    return lambda: list(pool.map(one, range(len(frames)))) and None


def seconds(work: Callable[[], Any], repeats: int) -> list[float]:
    """Time of each of `repeats` runs, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def warm(exam: Path, repeats: int = 9) -> dict[str, Any]:
    """All three ways, turn by turn."""
    uploads = read(exam)
    usual, least = peer(), floor(uploads)
    ways: dict[str, Callable[[], Any]] = {"ours": lambda: ours(uploads), "peer": lambda: usual(uploads), "floor": least}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for work in ways.values():
        work()
    for _ in range(repeats):
        for name, work in ways.items():
            times[name] += seconds(work, 1)
    middle = {name: statistics.median(found) for name, found in times.items()}
    return {
        "views": len(uploads),
        "bytes": sum(len(data) for _, data in uploads),
        **{f"{name}_s": round(value, 4) for name, value in middle.items()},
        "ours_range_s": [round(min(times["ours"]), 4), round(max(times["ours"]), 4)],
        "peer_to_ours": round(middle["peer"] / middle["ours"], 2),
        "ours_to_floor": round(middle["ours"] / middle["floor"], 2),
    }


def cold(exam: Path, repeats: int = 3) -> dict[str, Any]:
    """`python -m mammo_core analyse` against the usual way, each from the start of a process to its end."""
    times: dict[str, list[float]] = {"ours": [], "peer": []}
    with tempfile.TemporaryDirectory() as out:
        for turn in range(repeats):
            ways = {
                "ours": ["-m", "mammo_core", "analyse", str(exam), "--out", f"{out}/{turn}"],
                "peer": [str(Path(__file__)), "peer-once", str(exam)],
            }
            for name, arguments in ways.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, *arguments], check=True, cwd=ROOT, capture_output=True)
                times[name].append(time.perf_counter() - start)
    middle = {name: statistics.median(found) for name, found in times.items()}
    return {
        **{f"{name}_s": round(value, 3) for name, value in middle.items()},
        "peer_to_ours": round(middle["peer"] / middle["ours"], 2),
    }


def stages(exam: Path, repeats: int = 15) -> dict[str, Any]:
    """Milliseconds of every stage for one view, on one core; `pipe` is what the reader process costs."""
    import cv2
    import imagecodecs
    import pydicom
    from pydicom.encaps import get_frame

    from mammo_core.exam import Presentation
    from mammo_core.hanging import hang, heat_png, picture_png
    from mammo_core.inference import Network, default_model, heat_map, load_artefact
    from mammo_core.intake import Reader, group, read_bytes
    from mammo_core.preprocessing import CanvasTransform, find_outline, prepare

    cv2.setNumThreads(1)
    name, data = read(exam)[-1]
    frame = get_frame(pydicom.dcmread(io.BytesIO(data)).PixelData, 0, number_of_frames=1)
    (mammogram,) = read_bytes(name, data)
    folder = default_model()
    assert folder is not None
    network = Network(load_artefact(folder, threads=1))
    seen, result = prepare(mammogram, network.artefact.canvas), network.score(mammogram)
    heat = heat_map(mammogram, result, "gradcam")
    pane = next(iter(hang(group([mammogram])[0]).panes.values()))
    outline = find_outline(mammogram.pixels)
    transform = CanvasTransform(outline.shape, outline.box, flipped=False)
    with Reader() as reader:
        work: dict[str, Callable[[], Any]] = {
            "decode": lambda: imagecodecs.jpeg8_decode(frame),
            "read (decode, header, SHA-256)": lambda: read_bytes(name, data),
            "read in its own process": lambda: list(reader.read(name, data)),
            "outline, on full size": lambda: find_outline(mammogram.pixels),
            "resize, on full size": lambda: transform.to_canvas(mammogram.pixels),
            "prepare (outline, resize, contrast)": lambda: prepare(mammogram, network.artefact.canvas),
            "score (network, foci)": lambda: network.score(mammogram),
            "map on the picture's grid": lambda: heat_map(mammogram, result, "gradcam"),
            "PNG of the picture": lambda: picture_png(pane, Presentation()),
            "PNG of the map": lambda: heat_png(pane, heat),
        }
        table = {stage: round(1000 * statistics.median(seconds(each, repeats)), 1) for stage, each in work.items()}
    return {"canvas": list(seen.canvas.shape), "ms": table}


def workers(exam: Path, pictures: int = 64) -> dict[str, Any]:
    """`analyse` of so many pictures by one worker and by two, one thread each."""
    times = {}
    with tempfile.TemporaryDirectory() as made:
        archive = make_exam(Path(made) / "archive", copies=pictures // 4)
        for count in (1, 2):
            command = [sys.executable, "-m", "mammo_core", "analyse", str(archive), "--out", f"{made}/{count}"]
            command += ["--workers", str(count)]
            start = time.perf_counter()
            subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
            times[count] = time.perf_counter() - start
    return {
        "pictures": pictures,
        "one_s": round(times[1], 2),
        "two_s": round(times[2], 2),
        "one_to_two": round(times[1] / times[2], 2),
    }


def memory(exam: Path, pictures: int = 500) -> dict[str, Any]:
    """Peak memory in MB of `analyse` and of its reader, each time another tenth of the pictures is done."""
    with tempfile.TemporaryDirectory() as made:
        folder, out = Path(made) / "archive", Path(made) / "out"
        folder.mkdir()
        views = [path.read_bytes() for path in sorted(exam.glob("*.dcm"))]
        for number in range(pictures):
            (folder / f"{number:04d}.dcm").write_bytes(views[number % len(views)])
        process = subprocess.Popen(
            [sys.executable, "-m", "mammo_core", "analyse", str(folder), "--out", str(out)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        curve: list[dict[str, float]] = []
        while process.poll() is None:
            time.sleep(0.2)
            done = _lines(out / "images.jsonl")
            if done >= len(curve) * pictures // 10:
                with suppress(OSError, IndexError):  # it ended just now
                    readers = [_peak(pid) for pid in _children(process.pid)]
                    curve.append(
                        {"pictures": done, "analyse_mb": _peak(process.pid), "reader_mb": max(readers, default=0.0)}
                    )
        if process.returncode:
            raise SystemExit(f"analyse ended with {process.returncode}")
    return {"pictures": pictures, "curve": curve}


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak(pid: int) -> float:
    """High-water mark of resident memory (Linux), in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
