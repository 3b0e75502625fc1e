"""Pictures to exams, and files to read from paths.

DICOM pictures belong together by study, and never those of two women; others by a name that differs in side and view
only. A name that says nothing is an exam of its own. It refuses the same picture twice in one request, and a study with
more than one woman. It reads no pixels and opens no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mammo_core.exam import Exam, Laterality, Mammogram, Refusal, View
from mammo_core.intake.names import what_a_name_says
from mammo_core.intake.refusals import Refused


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


def sift(found: Iterable[Mammogram | Refusal]) -> tuple[list[Mammogram], list[Refusal]]:
    """What one request brought, parted into the pictures that are to be grouped and the refusals, both in order.

    To the refusals of reading it adds those of copies ("duplicate", which names the first of them) and of every picture
    in a study of more than one woman ("several_women").
    """
    found = list(found)
    women = _women(item for item in found if isinstance(item, Mammogram))
    first: dict[str, str] = {}
    mammograms, refusals = [], []
    for item in found:
        if isinstance(item, Refusal):
            refusals.append(item)
        elif len(women.get(item.study_uid, ())) > 1:
            refusals.append(_refusal(item, Refused("several_women")))
        elif item.image_id in first:
            refusals.append(_refusal(item, Refused("duplicate", first[item.image_id])))
        else:
            first[item.image_id] = item.name
            mammograms.append(item)
    return mammograms, refusals


def group(mammograms: Iterable[Mammogram]) -> list[Exam]:
    """Exams in the order their first picture came, each with its pictures in reading order.

    A picture given twice counts once per exam; a study of several women is an exam for each of them.
    """
    mammograms = list(mammograms)
    women = _women(mammograms)
    together: dict[tuple[str, ...], list[Mammogram]] = {}
    for mammogram in mammograms:
        mixed = len(women.get(mammogram.study_uid, ())) > 1
        key = (*_key(mammogram), mammogram.patient) if mixed else _key(mammogram)
        members = together.setdefault(key, [])
        if all(other.image_id != mammogram.image_id for other in members):
            members.append(mammogram)
    return [_exam(key, members) for key, members in together.items()]


def reassign(mammogram: Mammogram, laterality: Laterality | None, view: View | None) -> Mammogram:
    """The same picture as another breast or view; whether it may be scored does not change."""
    return replace(mammogram, laterality=laterality, view=view, view_code=view.value if view else mammogram.view_code)


def _women(mammograms: Iterable[Mammogram]) -> dict[str, set[str]]:
    """The patient IDs in each study; a picture without one may be of any of them."""
    women: dict[str, set[str]] = {}
    for mammogram in mammograms:
        if mammogram.study_uid and mammogram.patient:
            women.setdefault(mammogram.study_uid, set()).add(mammogram.patient)
    return women


def _refusal(mammogram: Mammogram, refused: Refused) -> Refusal:
    return Refusal(mammogram.name, refused.code, refused.sentence)


def _key(mammogram: Mammogram) -> tuple[str, ...]:
    if mammogram.study_uid:
        return "study", mammogram.study_uid
    says = what_a_name_says(mammogram.name)
    if says.laterality is None and not says.view_code:
        return "picture", mammogram.name, mammogram.image_id
    return "names", mammogram.patient, says.rest


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
        parts = (part.replace("*", "").strip(" _-.") for part in reversed(key[-1].split("/")))
        return next((part for part in parts if part), "Exam")
    return "Exam" if first.study_uid else PurePosixPath(first.name.replace("\\", "/")).stem
