"""`analyse`: files and folders in; images.jsonl, exams.jsonl, heat maps and, where asked for, reports out.

One file at a time is read, scored and let go, so memory does not grow with the archive; what is kept of a picture is
its line and the few header fields that say which exam it belongs to, never a patient's name. Every finished file is
noted at once: a run that was stopped goes on where it was. Files that were noted for other paths stay noted, but
images.jsonl and exams.jsonl speak of the paths of the latest run alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from tqdm import tqdm

from mammo_core.cli import UsageError
from mammo_core.cli.notes import NOTES, Notes, write_whole
from mammo_core.cli.paths import files_in
from mammo_core.cli.picture import Note, light_mammogram, refused_line
from mammo_core.cli.workers import work_through
from mammo_core.exam import CLASSES, Exam, ExamResult, ImageResult, Mammogram, Refusal
from mammo_core.inference import (
    Artefact,
    ArtefactMismatch,
    combine,
    default_model,
    find_model,
    load_artefact,
    models_root,
)
from mammo_core.intake import group, say_passed_over, shared, sift

IMAGES, EXAMS, HEATMAPS, REPORTS = "images.jsonl", "exams.jsonl", "heatmaps", "reports"


def analyse(asked: argparse.Namespace) -> int:
    """Carry out `analyse PATH… --out DIR [--model NAME] [--workers N] [--force] [--pdf]`.

    Raises:
        UsageError: a path does not exist or cannot be read, DIR cannot be written, or the model cannot be used.
    """
    files = files_in(asked.paths, asked.out, (HEATMAPS, REPORTS, IMAGES, EXAMS, NOTES))
    shared().warm(asked.workers)  # readers start while the model loads
    artefact = _model(asked.model, asked.workers)
    out: Path = asked.out
    try:
        (out / HEATMAPS).mkdir(parents=True, exist_ok=True)
        if not files:
            print("mammo_core analyse: there is no file in the paths given.", file=sys.stderr)
        with closing(Notes(out, artefact.digest, forget=asked.force)) as notes:
            _finish(files, artefact, out, notes, asked.workers)
            exams = _conclude([notes.of(path) for path in files], artefact.name, out)
            if asked.pdf:
                from mammo_core.cli.reports import write_reports  # costs time at the start, and is rarely asked for

                places = {header["name"]: path for path in files for header in notes.of(path)["headers"]}
                write_reports(exams, places, artefact, out / REPORTS, datetime.now().astimezone(), asked.force)
            if said := say_passed_over(sum(notes.of(path)["passed_over"] for path in files)):
                print(f"mammo_core analyse: {said}", file=sys.stderr)
    except OSError as error:
        # Files that cannot be read are refusals by now: what is left is the output.
        raise UsageError(f"{out} cannot be written: {error}") from error
    return 0


def _model(name: str | None, workers: int) -> Artefact:
    try:
        folder = default_model() if name is None else find_model(name)
        if folder is None:
            raise UsageError(f"there is no model in {models_root()}.")
        return load_artefact(folder, threads=workers, at_once=workers)
    except (ValueError, ArtefactMismatch) as error:
        raise UsageError(str(error)) from error


def _finish(files: Sequence[Path], artefact: Artefact, out: Path, notes: Notes, workers: int) -> None:
    """Analyse the files that are not noted as done, noting each; images.jsonl grows as they come."""
    done = _done(files, notes)
    to_do = [path for path in files if path not in done]
    if to_do:
        # The exams of an earlier run are no longer those of images.jsonl.
        (out / EXAMS).unlink(missing_ok=True)
    write_whole(out / IMAGES, _lines(done.values()))
    with (
        (out / IMAGES).open("a", encoding="utf-8") as images,
        tqdm(total=len(files), initial=len(done), unit="file", file=sys.stderr, desc="analyse") as bar,
        closing(work_through(to_do, artefact, out, workers)) as work,
    ):
        for path, note in work:
            notes.add(path, note)
            _append(images, _lines([note]))
            bar.update()


def _done(files: Iterable[Path], notes: Notes) -> dict[Path, Note]:
    """The files that need not be analysed again, with their notes.

    Heat maps of a study of several women are deleted, so that they are not missed here; one whose study has become that
    of one woman, since files were left out or changed, lacks its map and is analysed again.
    """
    current = [path for path in files if notes.is_current(path)]
    mixed = _of_several_women(_mammograms(notes.of(path) for path in current))
    return {path: notes.of(path) for path in current if notes.has_heat_maps(path, without=mixed)}


def _lines(notes: Iterable[Note]) -> list[dict[str, Any]]:
    return [line for note in notes for line in note["lines"]]


def _mammograms(notes: Iterable[Note]) -> list[Mammogram]:
    return [light_mammogram(header) for note in notes for header in note["headers"]]


def _append(images: TextIO, lines: Iterable[dict[str, Any]]) -> None:
    for line in lines:
        images.write(json.dumps(line) + "\n")
    images.flush()
    os.fsync(images.fileno())


def _conclude(notes: Sequence[Note], model: str, out: Path) -> list[Exam]:
    """Write both files whole, in the order of the input, delete heat maps that no line names; gives the exams."""
    lines = _lines(notes)
    images = {line["image_id"]: _result(line) for line in lines if line["status"] == "scored"}
    not_scored = {
        line["image_id"]: (line["reason"]["code"], line["reason"]["sentence"])
        for line in lines
        if line["status"] == "not_scored"
    }
    mammograms = _mammograms(notes)
    mixed = _of_several_women(mammograms)
    lines = [refused_line(mixed[line["file"]]) if line["file"] in mixed else line for line in lines]
    mammograms = [m for m in mammograms if m.name not in mixed]
    grouped = group(mammograms)
    files_of = _files_by_exam(grouped, mammograms)
    exams = []
    for exam, files in zip(grouped, files_of, strict=True):
        ids = [m.image_id for m in exam.mammograms]
        result = combine(
            exam,
            model,
            {i: images[i] for i in ids if i in images},
            {i: not_scored[i] for i in ids if i in not_scored},
        )
        exams.append(_exam_line(result, files))
    write_whole(out / IMAGES, lines)
    write_whole(out / EXAMS, exams)
    # What was refused only now has no heat map either; a copy of it elsewhere may name the same one.
    for heatmap in {line["heatmap"] for line in _lines(notes)} - {line["heatmap"] for line in lines} - {None}:
        (out / heatmap).unlink(missing_ok=True)
    return grouped


def _of_several_women(mammograms: Sequence[Mammogram]) -> dict[str, Refusal]:
    """Pictures, by file, of studies that hold more than one woman: known only when all files have been read."""
    return {refusal.name: refusal for refusal in sift(mammograms)[1] if refusal.code == "several_women"}


def _files_by_exam(exams: Sequence[Exam], mammograms: Sequence[Mammogram]) -> list[list[str]]:
    """Files of each exam; a copy of a picture, which an exam holds only once, is named with the picture it copies."""
    exam_of = {id(m): place for place, exam in enumerate(exams) for m in exam.mammograms}
    first: dict[tuple[str, str], int] = {}
    named: list[list[str]] = [[] for _ in exams]
    for m in mammograms:
        picture = (m.image_id, m.study_uid or str(Path(m.name).parent))
        place = exam_of.get(id(m), first.get(picture))
        if place is not None:
            first.setdefault(picture, place)
            named[place].append(m.name)
    return named


def _result(line: dict[str, Any]) -> ImageResult:
    probabilities = np.array([line["probabilities"][name] for name in CLASSES], np.float32)
    return ImageResult(line["image_id"], probabilities, line["suspicion"], maps={})


def _exam_line(result: ExamResult, files: Sequence[str]) -> dict[str, Any]:
    return {
        "exam_id": result.exam_id,
        "files": list(files),
        "model": result.model,
        **result.as_json(),
    }
