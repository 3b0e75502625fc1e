"""Judging: pictures are put together as the reading room does, and nothing a network was trained on is judged."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo_core.cli import main
from mammo_core.exam import Exam, ImageResult, Laterality, Mammogram, View
from mammo_core.inference import combine
from mammo_core.training import cli_patch
from mammo_core.training.datasets.twice import TWICE
from mammo_core.training.patch.cases import cases
from mammo_core.training.patch.judge import judge
from mammo_core.training.patch.pictures import Pictures
from mammo_core.training.patch.predictions import Predictions, folds_done, read_predictions, said_by, trained_on
from mammo_core.training.patch.sentences import prevalence
from tests.training.patch.synthetic import RECIPE, pictures, recipe

place = st.tuples(st.sampled_from(Laterality), st.sampled_from(View))
picture = st.tuples(st.sampled_from("abc"), place, st.floats(-8, 8), st.booleans())


def stored(taken: list) -> Pictures:
    n = len(taken)
    columns = {
        "file": [f"{number}.png" for number in range(n)],
        "patient_id": [woman for woman, *_ in taken],
        "laterality": [side.value for _, (side, _), _, _ in taken],
        "view": [view.value for _, (_, view), _, _ in taken],
        "label": ["malignant" if cancer else "benign" for *_, cancer in taken],
    }
    empty = np.zeros((n, 1, 1))
    return Pictures(
        empty.astype(np.uint8),
        empty.astype(bool),
        {key: np.array(value) for key, value in columns.items()},
        np.zeros((0, 4)),
        np.zeros(0, np.int64),
        np.zeros(0, bool),
    )


@settings(deadline=None)
@given(st.lists(picture, min_size=1, max_size=14))
def test_breasts_and_exams_score_as_in_the_reading_room(taken: list) -> None:
    made, n = stored(taken), len(taken)
    log_odds = np.array([value for _, _, value, _ in taken])
    said = Predictions(np.arange(n), log_odds[:, None], np.zeros(n), made.folds())
    exams = cases(said, log_odds, made, "exam")
    breasts = cases(said, log_odds, made, "breast")
    assert sorted(exams.woman) == sorted(set(made.women))
    for woman, score, truth in zip(exams.woman, exams.score, exams.truth, strict=True):
        own = [number for number in range(n) if taken[number][0] == woman]
        mammograms = tuple(
            Mammogram(str(k), f"{k}.png", np.empty((0, 0), np.uint8), laterality=taken[k][1][0], view=taken[k][1][1])
            for k in own
        )
        p = {str(k): 1 / (1 + np.exp(-taken[k][2])) for k in own}
        images = {k: ImageResult(k, np.array([0, 1 - v, v], np.float32), 100 * v, {}) for k, v in p.items()}
        result = combine(Exam("exam", "exam", mammograms), "m-1", images)
        assert 1 / (1 + np.exp(-score)) == pytest.approx(result.malignant, abs=1e-5)
        assert truth == any(taken[k][3] for k in own)
        of_breasts = 1 / (1 + np.exp(-breasts.score[breasts.woman == woman]))
        assert sorted(of_breasts) == pytest.approx(sorted(b.malignant for b in result.breasts), abs=1e-5)


def test_pictures_are_judged_as_they_are() -> None:
    made = pictures(n=8)
    said = Predictions(np.array([5, 2]), np.array([[1.0], [-1.0]]), np.zeros(2), made.folds()[[5, 2]])
    found = cases(said, said.scores[:, 0], made, "image")
    assert found.lead.tolist() == [5, 2]
    assert found.score.tolist() == [1.0, -1.0]


def test_an_unknown_unit_is_refused() -> None:
    made = pictures(n=2)
    said = Predictions(np.arange(2), np.zeros((2, 1)), np.zeros(2), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="not 'woman'"):
        cases(said, said.scores[:, 0], made, "woman")


def predicted(folder: Path, rows: list[tuple[str, str, float]]) -> Path:
    folder.mkdir(parents=True)
    (folder.parent / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    with (folder / "scores.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("dataset", "file", "benign_map", "all", "maps"))
        writer.writerows((name, file, 0.5, z, -z) for name, file, z in rows)
    (folder / "split.csv").write_text("patient_id,part\n", encoding="utf-8")
    return folder


def test_of_a_picture_that_several_speak_of_the_first_word_counts(tmp_path: Path) -> None:
    made = pictures(n=12)
    sets = [str(name) for name in made.columns["dataset"]]
    rows = [(sets[k], f"images/{k}.png", float(k)) for k in (1, 6)]
    again = [(sets[k], f"images/{k}.png", 10.0 + k) for k in (6, 2)]
    folders = [(predicted(tmp_path / "fold0", rows), 0), (predicted(tmp_path / "fold3", again), 3)]
    said = read_predictions(folders, made)
    assert dict(zip(said.rows.tolist(), said.scores[:, 0].tolist(), strict=True)) == {1: 1.0, 6: 6.0, 2: 12.0}
    assert dict(zip(said.rows.tolist(), said.fold.tolist(), strict=True)) == {1: 0, 6: 0, 2: 3}
    assert said.scores[:, 1].tolist() == (-said.scores[:, 0]).tolist()
    assert folds_done(tmp_path) == [0, 3]


def test_a_woman_a_network_knows_by_another_name_is_not_judged_by_it(tmp_path: Path) -> None:
    made = pictures(n=12)
    second, first = next(iter(TWICE.items()))
    made.women[made.women == made.women[1]] = first
    rows = [(str(made.columns["dataset"][k]), f"images/{k}.png", float(k)) for k in (1, 6)]
    folder = predicted(tmp_path / "fold0", rows)
    assert set(said_by(folder, made)) == {1, 6}
    (folder / "split.csv").write_text(f"patient_id,part\n{second},train\n{first},test\n", encoding="utf-8")
    assert set(said_by(folder, made)) == {6}


def test_what_a_network_was_trained_on_is_what_it_did_not_judge(tmp_path: Path) -> None:
    made = pictures(n=12)
    rsna = np.flatnonzero(made.of("rsna"))
    folder = predicted(tmp_path / "fold0", [("rsna", f"images/{rsna[0]}.png", 1.0)])
    assert np.flatnonzero(trained_on(folder, made, ("rsna",))).tolist() == rsna[1:].tolist()


def test_a_picture_nobody_knows_is_named(tmp_path: Path) -> None:
    folder = predicted(tmp_path / "fold0", [("rsna", "images/900.png", 1.0)])
    with pytest.raises(ValueError, match=r"images/900\.png of rsna"):
        read_predictions([(folder, 0)], pictures(n=4))


def test_what_a_fold_is_judged_by_comes_from_the_other_folds() -> None:
    """A head that is right in one fold and wrong in all others must not be trusted in that fold because of that fold."""
    made = pictures(n=480)
    rows = np.flatnonzero(made.of("rsna", "cbis_ddsm_mass", "mini_mias"))
    rng, fold = np.random.default_rng(5), made.folds()[rows]
    sign = 2.0 * made.malignant[rows] - 1
    honest, fickle = sign * 0.5 + rng.normal(size=len(rows)), np.where(fold == 2, sign, -sign) * 4
    said = Predictions(rows, np.stack([honest, fickle], axis=1), np.zeros(len(rows)), fold)
    report = judge(said, made, recipe(), np.random.default_rng(0))
    digital = report["calibration"]["digital"]
    assert digital["weights"][0] > 100 * digital["weights"][1]
    (image,) = [row for row in report["evaluation"] if row["set"].startswith("RSNA") and row["unit"] == "image"]
    assert 0.65 < image["auc"][0] < 0.9
    low, high = image["permuted_auc"][1:]
    assert 0.3 < low < 0.5 < high < image["auc"][0]
    cancer = made.malignant[made.of("rsna")].mean()
    assert image["majority"] == pytest.approx(max(cancer, 1 - cancer), abs=1e-4)
    assert f"{100 * cancer:.0f} % (digital)" in prevalence(report["calibration"])
    assert report["calibration"]["film"]["n"] == int(made.of("cbis_ddsm_mass").sum())


def test_what_the_volume_tells_stands_beside_the_network_where_it_is_stated() -> None:
    made = pictures(n=240)
    rows = np.flatnonzero(made.of("rsna", "cbis_ddsm_mass", "mini_mias"))
    said = Predictions(
        rows, np.random.default_rng(5).normal(size=(len(rows), 1)), np.zeros(len(rows)), made.folds()[rows]
    )
    film = made.of("cbis_ddsm_mass")
    made.columns["volume"] = np.where(film, np.where(made.malignant, "cancers", "benigns"), "")

    def baselines(of: Pictures) -> dict[tuple[str, str], list[float]]:
        found = judge(said, of, recipe(), np.random.default_rng(0))["evaluation"]
        return {(row["set"], row["unit"]): row["baseline_auc"] for row in found if row["baseline_auc"]}

    with_volume = baselines(made)
    del made.columns["volume"]  # as pictures packed before there was such a column
    without = baselines(made)
    assert {key for key in without if with_volume[key] != without[key]} == {key for key in without if "CBIS" in key[0]}
    assert all(with_volume[key][0] == 1 for key in without if "CBIS" in key[0])


def test_the_runs_that_a_models_networks_come_from_are_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they lie in a model's folder: one below the other, beside a tissue run, which has no folds."""
    made = pictures(n=240)
    monkeypatch.setattr(cli_patch, "_pictures", lambda *_asked: made)
    rng, fold = np.random.default_rng(5), made.folds()
    evidence = tmp_path / "model-1" / "run"
    for number in (0, 1):
        own = np.flatnonzero(made.of("rsna", "cbis_ddsm_mass") & (fold == number))
        said = [(str(made.columns["dataset"][k]), str(made.columns["file"][k]), rng.normal()) for k in own]
        for run in ("first-1", "second-1"):
            predicted(evidence / run / f"fold{number}", said)
    (evidence / "tissue-1").mkdir()
    assert main(["evaluate", str(evidence), "--data", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.index("first-1") < printed.index("folds 0, 1") < printed.index("second-1")
    assert not list(tmp_path.rglob("report.json"))  # nothing is written into a model
    assert main(["evaluate", str(evidence / "tissue-1"), "--data", str(tmp_path)]) == 2
    assert "holds no fold of a patch network with scores" in capsys.readouterr().err
