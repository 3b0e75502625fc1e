"""A tiny run, truly trained, becomes a model that verifies and reads an exam; its networks are explained."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import mammo_core
from mammo_core.cli import main
from mammo_core.exam import Mammogram, Source
from mammo_core.inference import Network, heat_map, history, judged, load_artefact
from mammo_core.intake import read_bytes
from mammo_core.presentation import png
from mammo_core.training.bench.held_out import calibrations, groups, source_of
from mammo_core.training.bench.promote import promote
from mammo_core.training.bench.servable import require_servable, rest_rule
from mammo_core.training.explain import METHODS, explain, place
from mammo_core.training.judging.evaluate import evaluate
from mammo_core.training.lab import records, runs
from mammo_core.training.lab.queue import prepare
from mammo_core.training.lab.runs import Status
from mammo_core.training.work import work
from tests.training.bench.tiny import data_folder, recipe

SMALL = {
    "size": [64, 64],
    "network__layers": ["conv 4", "maxpool", "conv 4"],
    "network__head": ["pool", "norm"],
    "protocol__share": 0.4,
    "protocol__validation": 0.6,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    data = data_folder(folder / "data", 60)
    made = prepare(recipe(**SMALL), data, folder / "runs", status=Status.STOPPED)
    assert work(made.folder).status is Status.DONE
    return made.folder


@pytest.fixture(scope="module")
def models(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    promote(run, root)
    return root


def small(path: Path) -> Mammogram:
    """A picture too small for the reading page, as training reads it."""
    (found,) = read_bytes(path.name, path.read_bytes(), lenient=True)
    assert isinstance(found, Mammogram)
    return replace(found, unscored=None)


def test_the_model_verifies_and_reads_an_exam(
    models: Path, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(models))
    assert main(["models", "verify"]) == 0
    picture = next((Path(runs.read_run(run).data) / "malignant").iterdir())
    large = cv2.resize(cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE), None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
    (exam,), refusals = mammo_core.read_uploads([("a_L_CC.png", png(large))])
    assert not refusals
    result = mammo_core.analyse(exam)
    assert result.model == "tiny-1"
    (said,) = result.images.values()
    assert said.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert said.probabilities[0] < 1e-6  # the network knows no class normal
    assert list(said.maps) == ["gradcam"]
    assert said.maps["gradcam"].shape == (3, 32, 32)


def test_the_served_probability_is_the_networks_own_calibrated(models: Path, run: Path) -> None:
    artefact = load_artefact(models / "tiny-1")
    network, told = Network(artefact), records.read_predictions(run)
    weight, intercept = artefact.calibration(Source.UNKNOWN)
    for row in range(4):
        raw = float(np.log(told.score[row] / (1 - told.score[row])))
        served = network.score(small(Path(runs.read_run(run).data) / str(told.columns["file"][row])))
        assert served.probabilities[2] == pytest.approx(1 / (1 + np.exp(-(weight * raw + intercept))), abs=0.02)


def test_the_card_says_whose_pictures_which_protocol_and_how_the_map_is_made(models: Path) -> None:
    card = json.loads((models / "tiny-1" / "card.json").read_text(encoding="utf-8"))
    assert card["canvas"] == [64, 64]
    assert card["crop"] == "breast"
    assert "exactly among the cells" in card["map_rule"]
    (data,) = card["data"]
    assert (data["pictures"], data["women"], data["malignant"], data["women_with_cancer"]) == (60, 60, 30, 30)
    fitted = [
        woman for woman, part in records.read_split(models / "tiny-1" / "run" / "fold0").items() if part == "train"
    ]
    assert sum(row["pictures"] for row in card["trained_on"].values()) == len(fitted) < 36
    assert card["started_from"] == "none"
    assert any("40 % of the women were held out" in sentence for sentence in card["protocol"])
    assert {row["unit"] for row in card["evaluation"]} == {"image"}
    assert card["evaluation"][0]["n"] == 24
    assert {row["by"] for row in card["subgroups"]} >= {"source"}
    whole = next(row for row in card["subgroups"] if row["by"] == "source")
    assert whole["auc"][0] == card["evaluation"][0]["auc"][0]
    assert (whole["n"], whole["how"], whole["at"]) == (24, card["evaluation"][0]["how"], 0.889)
    assert [point["name"] for point in card["operating_points"]] == ["US screening", "European screening"]
    assert len(card["exams_at_least"]["n"]) == 101
    assert not any("normal from benign: that split" in sentence for sentence in card["not_for"])


def test_no_model_is_replaced_and_none_is_left_half_made(models: Path, run: Path, tmp_path: Path) -> None:
    before = load_artefact(models / "tiny-1").digest
    with pytest.raises(ValueError, match="no model is replaced"):
        promote(run, models)
    assert load_artefact(models / "tiny-1").digest == before
    moved = tmp_path / "moved"
    shutil.copytree(run, moved)
    known = json.loads((moved / "run.json").read_text(encoding="utf-8"))
    (moved / "run.json").write_text(json.dumps(known | {"data": str(tmp_path / "gone")}), encoding="utf-8")
    with pytest.raises(ValueError, match="no longer"):
        promote(moved, tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_run_is_promoted_again_under_another_version(
    models: Path, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(models))
    before = load_artefact(models / "tiny-1").digest
    assert main(["promote", str(run), "--version", "1.1"]) == 0
    again = load_artefact(models / "tiny-1.1")
    assert (again.name, again.card["version"], again.card["run"]) == ("tiny-1.1", "1.1", run.name)
    assert load_artefact(models / "tiny-1").digest == before
    for wrong, sentence in (("1.1", "no model is replaced"), ("../2", "is no version")):
        assert main(["promote", str(run), "--version", wrong]) == 2
        assert sentence in capsys.readouterr().err
    assert sorted(path.name for path in models.iterdir()) == ["tiny-1", "tiny-1.1"]


def test_the_network_of_any_fold_is_promoted(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAMMO_MODELS", str(tmp_path / "models"))
    folds = shutil.copytree(run, tmp_path / "folds")
    (folds / "fold0").rename(folds / "fold7")
    assert main(["promote", str(folds), "--fold", "7"]) == 0
    assert load_artefact(tmp_path / "models" / "tiny-1").card["held_out_fold"] == 7
    assert main(["promote", str(folds), "--fold", "8"]) == 2
    assert "holds no network of fold 8" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["promote", str(folds), "--fold", "-1"])


def test_its_evidence_can_be_read_and_its_run_judged_again(models: Path) -> None:
    artefact = load_artefact(models / "tiny-1")
    (cases,) = judged(artefact)
    assert (cases.how, cases.unit, cases.malignant.size) == ("held out", "image", 24)
    assert {"fold", "round", "epoch", "loss", "val_auc"} <= set(history(artefact))
    assert evaluate(models / "tiny-1" / "run", draws=20)["sets"][0]["n"] == 24


def test_the_map_is_brought_to_the_picture(models: Path, run: Path) -> None:
    mammogram = small(next((Path(runs.read_run(run).data) / "malignant").iterdir()))
    heat = heat_map(mammogram, Network(load_artefact(models / "tiny-1")).score(mammogram))
    assert heat.shape == mammogram.pixels.shape


@pytest.mark.parametrize("method", METHODS["classifier"])
def test_a_picture_is_explained_by_every_method(run: Path, method: str) -> None:
    file = str(records.read_predictions(run).columns["file"][0])
    dataset = str(records.read_predictions(run).columns["dataset"][0])
    (path,) = explain(run, [file], method)
    assert path == place(run, dataset, file, method)
    assert path.read_bytes().startswith(b"\x89PNG")
    heat = np.load(path.with_suffix(".npy"))
    assert heat.shape == (64, 64)
    assert 0 <= heat.min() <= heat.max() <= 1


def test_what_cannot_be_explained_is_named(run: Path) -> None:
    with pytest.raises(ValueError, match="has no map by the method 'lime'"):
        explain(run, [], "lime")
    with pytest.raises(ValueError, match=r"has judged no picture 'stranger\.png'"):
        explain(run, ["stranger.png"], "gradcam")


def test_networks_the_page_cannot_show_are_refused() -> None:
    with pytest.raises(ValueError, match="looks for 'abnormal'"):
        require_servable(
            recipe(classes=["normal", "abnormal"], labels={"benign": ["normal"], "malignant": ["abnormal"]})
        )
    with pytest.raises(ValueError, match="reads 2 pictures at once"):
        require_servable(recipe(network__views=2))
    with pytest.raises(ValueError, match="a control run"):
        require_servable(recipe(protocol__permuted=True))


def test_how_the_rest_divides_is_said_for_every_set_of_classes() -> None:
    assert "no class normal" in rest_rule(recipe())
    three = {
        "classes": ["normal", "benign", "malignant"],
        "labels": {each: [each] for each in ("normal", "benign", "malignant")},
    }
    assert "own logits" in rest_rule(recipe(**three))
    other = {"classes": ["other", "malignant"], "labels": {"benign": ["other"], "malignant": ["malignant"]}}
    assert "half and half" in rest_rule(recipe(**other))


def test_sets_are_film_or_digital_by_their_names() -> None:
    assert {name: source_of(name).value for name in ("cbis_ddsm_mass", "mini_mias", "rsna")} == {
        "cbis_ddsm_mass": "film",
        "mini_mias": "film",
        "rsna": "digital",
    }


def test_what_is_judged_was_calibrated_by_other_women(run: Path) -> None:
    told = records.read_predictions(run)
    asked = recipe(**SMALL)
    (group,) = groups(told, asked, 0)
    turned = replace(
        told,
        columns=told.columns | {"label": np.where(told.columns["part"] == "test", "benign", told.columns["label"])},
    )
    last = int(np.flatnonzero(told.columns["part"] == "test")[-1])
    turned.columns["label"][last] = "malignant"
    (other,) = groups(turned, asked, 0)
    assert other.cases.score == pytest.approx(group.cases.score)  # other labels of the judged change nothing
    assert calibrations(told, asked, 0)["default"] == "digital"
