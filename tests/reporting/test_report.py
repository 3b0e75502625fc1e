"""The report: what is on its pages and in its JSON, and that the same input gives the same bytes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pypdf
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings

from mammo_core.exam import Exam, ExamResult
from mammo_core.reporting import Assessment, Breast, Finding, Report, amend, report, sign
from tests.reporting.cases import CARD, NOW, exam, pages, scored, unscored
from tests.reporting.strategies import assessments
from tests.reporting.test_assessment import COMPLETE

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
WORDS = "An oval mass with a partly hidden margin, and a long story to be told about it. " * 6


def made(assessment: Assessment | None = COMPLETE, of: Exam | None = None, **changes: Any) -> Report:
    of = of or exam()
    result = changes.pop("result", None) or scored(of)
    return report(of, result, assessment, now=NOW, card=CARD, **changes)


def told(of: Report) -> str:
    return " ".join(" ".join(pages(of.pdf)).split())


def test_the_reader_has_a_page_and_the_model_another() -> None:
    reader, model = pages(made().pdf)
    for words in (
        "heterogeneously dense",
        "Right: BI-RADS 4C",
        "Left: BI-RADS 1",
        "Mass, 12 mm, upper outer, 10 o'clock",
    ):
        assert words in " ".join(reader.split())
    assert "Tissue diagnosis" in reader
    assert "0–100" not in reader
    for words in (
        "no part of the reader's report",
        "US screening 41.2",
        "European screening 47.5",
        "focus 1",
        "no focus",
    ):
        assert words in " ".join(model.split())
    assert "BI-RADS" not in model
    assert "Tissue" not in model
    for limit in CARD["limits"]:
        assert limit in model


def test_every_page_says_whose_it_is_and_which_page() -> None:
    for number, page in enumerate(pages(made().pdf), start=1):
        for words in ("ID-4711", "ACC-17", "2024-01-02", f"page {number} of 2", "Research use only"):
            assert words in page


def test_what_is_not_given_has_no_page() -> None:
    assert len(pages(made(None).pdf)) == 1
    assert "No reader's report was printed with it." in told(made(None))
    alone = report(exam(), None, COMPLETE, now=NOW)
    assert len(pages(alone.pdf)) == 1
    assert alone.json["model"] is None
    with pytest.raises(ValueError, match="needs an assessment"):
        report(exam(), None, None, now=NOW)


def test_what_the_reader_left_open_is_printed_as_open() -> None:
    said = told(made(Assessment()))
    assert "Not stated." in said
    assert "Right: not stated" in said
    assert "No finding described." in said
    assert "Reader not stated" in said


def test_draft_signed_and_amended_are_marked() -> None:
    signed = sign(COMPLETE, NOW)
    reopened = amend(signed, "Side corrected")
    amended = sign(reopened, NOW + timedelta(hours=2))
    assert "DRAFT, NOT SIGNED" in told(made())
    assert "SIGNED" in told(made(signed))
    assert "NOT SIGNED" not in told(made(signed))
    assert "Signed by Dr Anna Example" in told(made(signed))
    assert "Signed on 2024-01-03 09:30 UTC" in told(made(signed))
    assert "DRAFT OF VERSION 2, NOT SIGNED" in told(made(reopened))
    said = told(made(amended))
    assert "AMENDED, VERSION 2" in said
    assert "2024-01-03 11:30 UTC" in said
    assert "Side corrected" in said


@pytest.mark.parametrize(("paper", "size"), [("A4", (595.3, 841.9)), ("Letter", (612.0, 792.0))])
@pytest.mark.parametrize("count", [1, 2, 4, 7, 30])
def test_any_number_of_views_is_two_pages_of_either_paper(count: int, paper: str, size: tuple[float, float]) -> None:
    pdf = made(of=exam(count), paper=paper).pdf
    with pypdfium2.PdfDocument(pdf) as document:
        assert [page.get_size() for page in document] == [pytest.approx(size, abs=0.1)] * 2
    assert len(pdf) < 1_000_000
    if count < 4:
        assert "no L-MLO" in told(made(of=exam(count), paper=paper))


def test_nothing_runs_off_the_paper_however_long_the_words() -> None:
    finding = Finding("mass", "upper outer", 10, "middle", 12.0, WORDS)
    crowded = replace(
        COMPLETE,
        right=Breast((finding,) * 30, "5"),
        left=Breast((finding,) * 3, "3"),
        comment=WORDS * 20,
        recommendation=WORDS * 5,
        reader="Dr Maximiliane von und zu Hohenlohe-Waldenburg " * 9,
    )
    of = exam(label="Wolfeschlegelsteinhausenbergerdorff " * 8, accession="9" * 200)
    for paper in ("A4", "Letter"):
        pdf = made(sign(crowded, NOW), of=of, paper=paper).pdf
        assert len(pages(pdf)) == 2
        assert "Shortened to fit; the whole is in the report's JSON." in told(Report(pdf, {}, 2))
        with pypdfium2.PdfDocument(pdf) as document:
            for page in document:
                width, height = page.get_size()
                for found in page.get_objects():
                    left, bottom, right, top = found.get_bounds()
                    assert left >= 20
                    assert right <= width - 20
                    assert bottom >= 15
                    assert top <= height - 20
    whole = made(crowded, of=of).json["reader"]["assessment"]
    assert whole["comment"] == WORDS * 20
    assert len(whole["breasts"]["R"]["findings"]) == 30


def test_short_words_are_not_shortened() -> None:
    assert "Shortened" not in told(made())


def test_pictures_that_are_not_scored_say_why() -> None:
    of = exam()
    without = made(of=of, result=unscored(of))
    assert "None of these pictures is scored." in told(without)
    assert "US screening" not in told(without)
    assert "The breast holds an implant" in told(without)
    assert without.json["model"]["suspicion"] is None


def test_names_are_printed_in_every_script() -> None:
    names = ["Łukasz Żółć", "Ελένη Παπαδοπούλου", "Наталья Ёлкина", "山田 花子", "王小明", "김민지 쀍"]
    for name in names:
        said = pages(made(replace(COMPLETE, reader=name), of=exam(label=name)).pdf)
        assert all(name in page for page in said)
        assert "No font" not in " ".join(said)


@pytest.mark.parametrize("name", ["فاطمة بنت خديجة", "שרה בת אברהם"])
def test_names_that_run_from_right_to_left_are_printed_whole(name: str) -> None:
    # PDF readers give the letters in reading order or as they stand on the page.
    said = pages(made(of=exam(label=name)).pdf)[0]
    assert name in said or name[::-1] in said


def test_a_letter_no_font_has_is_printed_by_its_number_and_the_page_says_so() -> None:
    reader, model = pages(made(replace(COMPLETE, comment="Gene 🧬 said")).pdf)
    assert "Gene [U+1F9EC] said" in reader
    assert "No font for U+1F9EC: printed by number." in reader
    assert "U+1F9EC" not in model


def test_every_font_is_embedded() -> None:
    of = exam(label="Anna Άννα Анна فاطمة שרה 山田 김")
    document = pypdf.PdfReader(io.BytesIO(made(of=of).pdf))
    fonts = [f for page in document.pages for f in page["/Resources"]["/Font"].values()]
    assert len(fonts) >= 5
    for font in fonts:
        (below,) = font.get_object()["/DescendantFonts"]
        assert "/FontFile2" in below.get_object()["/FontDescriptor"].get_object()


def test_the_same_input_gives_the_same_bytes_and_another_time_does_not() -> None:
    first, again = made(), made()
    assert first.pdf == again.pdf
    assert first.json == again.json
    later = report(exam(), scored(exam()), COMPLETE, now=NOW + timedelta(minutes=1), card=CARD)
    assert later.pdf != first.pdf


def test_the_metadata_name_no_woman() -> None:
    of = exam(label="MIRABELLA-9", accession="ACCX9")
    made_ = made(of=of)
    metadata = pypdf.PdfReader(io.BytesIO(made_.pdf)).metadata
    assert metadata is not None
    assert not any(word in str(metadata) for word in ("MIRABELLA", "ACCX9", "Anna"))
    assert b"MIRABELLA" not in made_.pdf


@pytest.mark.parametrize("count", [1, 4, 7])
def test_the_json_is_as_its_schema_says(count: int) -> None:
    of = exam(count)
    for result in (scored(of), unscored(of)):
        for assessment in (None, Assessment(), COMPLETE, sign(COMPLETE, NOW)):
            content = json.loads(json.dumps(made(assessment, of=of, result=result).json, allow_nan=False))
            jsonschema.validate(content, SCHEMA)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(assessments())
def test_any_assessment_can_be_printed(assessment: Assessment) -> None:
    of = exam(1)
    printed = report(of, None, assessment, now=NOW)
    assert len(pages(printed.pdf)) == 1
    jsonschema.validate(json.loads(json.dumps(printed.json)), SCHEMA)


def test_what_does_not_belong_together_is_refused() -> None:
    of, other = exam(), replace(exam(), exam_id="another")
    wrong: list[tuple[str, ExamResult | None, dict[str, Any]]] = [
        ("another exam", scored(other), {}),
        ("card", scored(of), {"card": None}),
        ("no paper", scored(of), {"paper": "A5"}),
        ("zone", scored(of), {"now": NOW.replace(tzinfo=None)}),
    ]
    for words, result, changes in wrong:
        with pytest.raises(ValueError, match=words):
            report(of, result, COMPLETE, **({"now": NOW, "card": CARD} | changes))
