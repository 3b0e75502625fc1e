"""Runs beside each other: the same pictures for both, the paired test, and the figure."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from mammo_core.cli import main
from mammo_core.training.judging.compare import compared, compared_models, figure, write_figure
from mammo_core.training.lab import records
from tests.artefacts import judged_csv, make_artefact
from tests.lab_runs import make_run


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("runs")
    return make_run(root, "good", women=60, skill=2.0), make_run(root, "poorer", women=90, skill=0.3)


def test_both_are_judged_on_the_pictures_they_share(pair: tuple[Path, Path]) -> None:
    rows = compared(pair, draws=100)
    told = records.read_predictions(pair[0])
    for row in (row for row in rows if row["figure"] == "AUC"):
        own = told.columns["dataset"] == row["set"]
        truth = told.columns["label"][own] == "malignant"
        assert row["n"] == own.sum()  # the larger run judged more
        assert row["value_a"] == pytest.approx(roc_auc_score(truth, told.score[own]), abs=1e-4)
        assert row["value_a"] > row["value_b"]
        assert row["difference"][0] == pytest.approx(row["value_a"] - row["value_b"], abs=2e-4)
    large = next(row for row in rows if (row["set"], row["figure"]) == ("made-up", "AUC"))
    assert large["p"] < 0.05
    assert {row["tests"] for row in rows} == {len(rows)}


def test_a_run_does_not_differ_from_itself(pair: tuple[Path, Path]) -> None:
    for row in compared([pair[0], pair[0]], draws=50):
        assert row["difference"] == [0, 0, 0]
        assert row["p"] == 1


def test_runs_that_cannot_be_compared_say_why(pair: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two runs or more"):
        compared(pair[:1])
    other = make_run(tmp_path, "abnormal", classes=("normal", "abnormal"))
    with pytest.raises(ValueError, match="tells normal, benign, malignant apart"):
        compared([pair[0], other])


def test_runs_that_look_for_the_same_class_are_compared_by_it_alone(pair: tuple[Path, Path], tmp_path: Path) -> None:
    other = make_run(tmp_path, "binary", classes=("benign", "malignant"))
    rows = compared([pair[0], other], draws=20)
    assert rows
    assert {row["figure"] for row in rows} == {"AUC"}


def test_the_figure_has_training_and_validation_of_every_run(pair: tuple[Path, Path], tmp_path: Path) -> None:
    drawn = figure([*pair, make_run(tmp_path, "folded", folds=3)])
    assert len(drawn.data) == 6
    assert {trace.name for trace in drawn.data} == {"good", "poorer", "folded, mean of 3 folds"}
    assert len({(trace.line.color, trace.line.dash) for trace in drawn.data}) == 3
    validation = next(trace for trace in drawn.data if not trace.showlegend)
    assert list(validation.y) == pytest.approx(list(100 * records.read_history(pair[0] / "fold0")["val_accuracy"]))
    with pytest.raises(ValueError, match=r"written as \.html"):
        write_figure(drawn, tmp_path / "figure.jpg")


def test_the_command_line_compares_judges_and_draws(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "figure.html"
    assert main(["compare", *map(str, pair), "--figure", str(page)]) == 0
    said = capsys.readouterr().out
    assert "poorer-1-20240506-070809 / good-1-20240506-070809" in said
    assert "tests: of so many" in said
    assert "toImageButtonOptions" in page.read_text(encoding="utf-8")
    assert main(["evaluate", str(pair[0])]) == 0
    assert "Malignant against the rest" in capsys.readouterr().out
    assert (pair[0] / "report.json").is_file()


def test_promoted_models_are_compared_on_the_judged_cases_that_both_carry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = judged_csv()
    heading, *rows = told.splitlines()
    fields = [row.rsplit(",", 6) for row in rows]  # the set's name has a comma of its own
    blind = [[*row[:5], f"{50 + number % 7}", row[6]] if row[1] == "exam" else row for number, row in enumerate(fields)]
    files = {"good": told, "blind": "\n".join([heading, *map(",".join, blind)]) + "\n", "other": judged_csv(40, 3)}
    good, poor, other = (
        make_artefact(tmp_path, name, evidence={"judged.csv": text}).folder for name, text in files.items()
    )
    found = compared_models([good, poor], draws=100)
    for row in found:
        assert row["value_a"] - row["value_b"] == pytest.approx(row["difference"][0], abs=2e-4)
        assert row["tests"] == len(found) == 2
        if row["part"].endswith("exams"):
            assert row["difference"][1] > 0
        else:
            assert row["difference"] == [0, 0, 0]
    with pytest.raises(ValueError, match="no judged cases in common"):
        compared_models([good, other])
    with pytest.raises(ValueError, match="two models or more"):
        compared_models([good])
    assert main(["compare", str(good), str(poor)]) == 0
    assert "blind-1 / good-1" in capsys.readouterr().out
    assert main(["compare", str(good), str(tmp_path)]) == 2
    assert "compared with each other" in capsys.readouterr().err
