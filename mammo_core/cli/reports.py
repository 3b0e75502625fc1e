"""`analyse --pdf`: the report of every exam as PDF and JSON, once all files are analysed.

Pictures are read again, one exam at a time, since none is kept while an archive is worked through. A report is named
by its exam's id. One that is there already, for the same pictures, model and program, is not written again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from mammo_core import __version__
from mammo_core.exam import Exam, Mammogram
from mammo_core.inference import Artefact, Network
from mammo_core.intake import Request, group, shared
from mammo_core.intake.archive import files
from mammo_core.intake.refusals import Refused
from mammo_core.reporting import report


def write_reports(
    exams: Sequence[Exam], places: Mapping[str, Path], artefact: Artefact, folder: Path, now: datetime, force: bool
) -> None:
    """Write <exam_id>.pdf and .json of every exam into `folder`; `places` says in which file a picture of a name is.

    Exams come without pixels. `force` writes those anew that are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    to_do = [exam for exam in exams if force or not _is_done(exam, artefact, folder)]
    network = Network(artefact)
    for light in tqdm(to_do, unit="report", file=sys.stderr, desc="reports"):
        exam = _whole(light, places)
        if exam is None:
            print(f"mammo_core analyse: no report of exam {light.exam_id}: its files have changed.", file=sys.stderr)
            continue
        made = report(exam, network.score_exam(exam), None, now=now, card=artefact.card)
        _write(folder / f"{exam.exam_id}.pdf", made.pdf)
        _write(folder / f"{exam.exam_id}.json", json.dumps(made.json, indent=1).encode() + b"\n")


def _is_done(exam: Exam, artefact: Artefact, folder: Path) -> bool:
    """Whether the exam's report is there and would say the same. The JSON is written last, and vouches for the PDF."""
    try:
        there = json.loads((folder / f"{exam.exam_id}.json").read_bytes())
        pictures = [picture["image_id"] for picture in there["exam"]["pictures"]]
        programs = there["programs"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    wanted = {"mammo_core": __version__, "model": artefact.name}
    same = pictures == [m.image_id for m in exam.mammograms] and programs == wanted
    return same and (folder / f"{exam.exam_id}.pdf").is_file()


def _whole(light: Exam, places: Mapping[str, Path]) -> Exam | None:
    """The exam with its pixels, under the id it goes by in exams.jsonl; None if a picture of it is no longer there."""
    names = {m.name for m in light.mammograms}
    paths = dict.fromkeys(places[m.name] for m in light.mammograms)
    found = {m.name: m for path in paths for m in _pictures(path, names)}
    if any(m.name not in found or found[m.name].image_id != m.image_id for m in light.mammograms):
        return None
    mammograms = tuple(found[m.name] for m in light.mammograms)
    return replace(group(mammograms)[0], exam_id=light.exam_id, mammograms=mammograms)


def _pictures(path: Path, names: set[str]) -> Iterator[Mammogram]:
    """Those of a file's pictures that go by one of the names; of a ZIP no other member is decoded."""
    try:
        content = path.read_bytes()
    except OSError:
        return
    for name, member in files(str(path), content, Request()):
        if name in names and not isinstance(member, Refused):
            yield from (item for item in shared().read(name, member) if isinstance(item, Mammogram))


def _write(path: Path, content: bytes) -> None:
    """Write so that whoever reads finds the old file or the new one, never a part."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    os.replace(draft, path)
