"""What authors state stands beside what a run found, and every figure is the run's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammo_core.cli import main
from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.judging.systems import COLUMNS, fitted_words, markdown, percent, system
from mammo_core.training.lab import records
from mammo_core.training.recipes import classifier as recipes
from tests.lab_runs import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_run(tmp_path_factory.mktemp("runs"), women=60, folds=2)
    evaluate(made, draws=50)
    return made


def test_figures_are_those_of_report_and_learning_curves(run: Path) -> None:
    found = system(run)
    told = records.read_predictions(run, ["test"])
    recipe = recipes.read_one(run / "recipe.toml")
    right = told.probabilities.argmax(axis=1) == [recipe.classes.index(label) for label in told.columns["label"]]
    assert found.judged
    for row in found.judged:
        own = right[told.columns["dataset"] == row["set"].removesuffix(", held out")]
        assert row["accuracy"].startswith(f"{100 * own.mean():.1f} % (")
        assert int(row["pictures"]) == len(own)
    last = [records.read_history(run / f"fold{fold}")["accuracy"][-1] for fold in (0, 1)]
    assert found.in_training == pytest.approx(sum(last) / 2)
    assert fitted_words(found) == f"2 folds of {found.epochs[0]} epochs, from weights not known"


def test_the_page_says_what_is_stated_and_why_it_differs(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["systems", str(run)]) == 0
    said, about = capsys.readouterr().out, recipes.read_one(run / "recipe.toml").system
    assert said == markdown([run])
    assert f"## {about.title}" in said
    assert f"Stated by its authors: {about.stated}. {about.reason}" in said
    heads = [line for line in said.splitlines() if line.startswith("| Recipe")]
    assert all(name in heads[1] for name in COLUMNS)
    widths = {line.count("|") for line in said.split("## ")[1].splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_a_run_that_was_not_judged_is_refused_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_run(tmp_path, women=20)
    (made / "report.json").unlink(missing_ok=True)
    assert main(["systems", str(made)]) == 2
    assert "was not judged yet" in capsys.readouterr().err
    for torn in ("{}", '{"sets": ['):
        (made / "report.json").write_text(torn, encoding="utf-8")
        assert main(["systems", str(made)]) == 2
        assert f"{made.name}: its report.json is damaged" in capsys.readouterr().err


def test_a_report_of_other_predictions_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_run(tmp_path, women=20, draws=5)
    predictions = made / "fold0" / "predictions.csv"
    assert main(["systems", str(made)]) == 0
    predictions.write_text("".join(predictions.read_text().splitlines(keepends=True)[:-1]))
    capsys.readouterr()
    assert main(["systems", str(made)]) == 2
    assert f"{made.name}: its report.json is of other predictions; 'evaluate' makes it anew" in capsys.readouterr().err


def test_a_share_that_is_not_known_is_a_dash() -> None:
    assert (percent(float("nan")), percent(0.5)) == ("–", "50.0 %")
