"""Pictures to exams, and files to read from paths.

DICOM pictures belong together by study; others by a name that differs in side and view only, within
one folder. A name that says nothing is an exam of its own. It reads no pixels and opens no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mammo_core.exam import Exam, Laterality, Mammogram, View
from mammo_core.intake.picture import side_and_view


def find_files(paths: Iterable[Path | str]) -> Iterator[Path]:
    """Every file under the paths, in order of name; hidden files and folders are passed over.

    A path that was named itself is always given, hidden or not, and even if it does not exist.
    """
    for path in map(Path, paths):
        if path.is_dir():
            yield from (
                file
                for file in sorted(path.rglob("*"))
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        else:
            yield path


def group(mammograms: Iterable[Mammogram]) -> list[Exam]:
    """Exams in the order their first picture came, each with its pictures in reading order.

    A picture given twice counts once per exam.
    """
    together: dict[tuple[str, ...], list[Mammogram]] = {}
    for mammogram in mammograms:
        members = together.setdefault(_key(mammogram), [])
        if all(other.image_id != mammogram.image_id for other in members):
            members.append(mammogram)
    return [_exam(key, members) for key, members in together.items()]


def reassign(mammogram: Mammogram, laterality: Laterality | None, view: View | None) -> Mammogram:
    """The same picture as another breast or view; whether it may be scored does not change."""
    return replace(mammogram, laterality=laterality, view=view, view_code=view.value if view else mammogram.view_code)


def _key(mammogram: Mammogram) -> tuple[str, ...]:
    if mammogram.study_uid:
        return "study", mammogram.study_uid
    folder = str(PurePosixPath(mammogram.name.replace("\\", "/")).parent)
    side, view, rest = side_and_view(mammogram.name)
    if side is None and view is None:
        return "picture", mammogram.name, mammogram.image_id
    return "names", mammogram.patient, folder, rest


def _exam(key: tuple[str, ...], members: list[Mammogram]) -> Exam:
    ordered = tuple(sorted(members, key=_place))
    text = "\0".join([*key, *sorted(mammogram.image_id for mammogram in ordered)])
    first = ordered[0]
    return Exam(
        exam_id=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        label=_label(key, first),
        mammograms=ordered,
        study_date=next((m.study_date for m in ordered if m.study_date), ""),
        accession=next((m.accession for m in ordered if m.accession), ""),
    )


def _place(mammogram: Mammogram) -> tuple[int, int]:
    """Reading order R-CC, L-CC, R-MLO, L-MLO, then the rest as they came."""
    if mammogram.view is None or mammogram.laterality is None:
        return 2, 0
    return tuple(View).index(mammogram.view), tuple(Laterality).index(mammogram.laterality)


def _label(key: tuple[str, ...], first: Mammogram) -> str:
    if first.patient:
        return first.patient
    if key[0] == "names":
        stem = key[-1].replace("*", "").strip(" _-.")
        return stem or PurePosixPath(key[-2]).name or "Exam"
    name = PurePosixPath(first.name.replace("\\", "/"))
    return "Exam" if first.study_uid else name.stem
