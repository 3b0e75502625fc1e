"""How good a model of cell-nucleus features is, and what it must not be used for: drawn from its sealed files alone."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.cytology import FeatureModel
from mammo_core.evaluation import DRAWS, reliability, roc_band
from pages.parts import figures
from pages.parts.card import interval, sentences
from pages.parts.look import write
from pages.parts.take_away import show, table

MEASURES = {"accuracy": "Accuracy", "sensitivity": "Sensitivity", "specificity": "Specificity"}


def quality(nuclei: FeatureModel) -> None:
    """Figures of women judged by networks that had not seen them, then what stands beside them, then how it was done."""
    whole = nuclei.card["evaluation"]
    whom = f"{whole['n']} women, {whole['n_malignant']} with a malignant mass, each judged once"
    st.markdown("#### On women it had not seen")
    rows = [{"Measure": name, "Value (95 % interval)": interval(whole[key], True)} for key, name in MEASURES.items()]
    rows += [
        {"Measure": name, "Value (95 % interval)": said}
        for name, said in (
            ("AUC", fine(whole["auc"])),
            ("Brier score", f"{whole['brier']:.3f}"),
            ("Calibration error", f"{whole['ece']:.3f}"),
        )
    ]
    table(rows, "", f"{nuclei.name}-figures")
    write("quiet", f"{whom}. Malignant is said from a probability of {100 * whole['margin']:.0f} % on.")
    left, right = st.columns(2)
    with left:
        folds(nuclei)
    with right:
        curves(nuclei, whom)
    st.markdown("#### Beside it, on the same women")
    own = {"accuracy": whole["accuracy"][0], "auc": whole["auc"][0]}
    table(beside(own, nuclei.card["checks"]), "", f"{nuclei.name}-beside")
    st.markdown("#### How it was judged")
    sentences(nuclei.card["protocol"])


def folds(nuclei: FeatureModel) -> None:
    """Accuracy and AUC of each fold."""
    found = nuclei.card["folds"]
    lines = [
        {"label": f"fold {fold['fold'] + 1}: {fold['n']} women"}
        | {"values": {"accuracy": fold["accuracy"], "AUC": fold["auc"]}}
        for fold in found
    ]
    columns = {key: [fold[key] for fold in found] for key in ("fold", "n", "n_malignant")}
    for measure in ("accuracy", "auc"):
        for place, end in enumerate(("", " low", " high")):
            columns[measure + end] = [fold[measure][place] for fold in found]
    show(
        figures.forest(
            lines,
            "Each fold, 95 % intervals",
            "judged by the network of the other folds",
            "accuracy (share right), AUC",
            None,
        ),
        f"{nuclei.name}-folds",
        "In a fold one woman more or less is nearly 2 points of accuracy, and an AUC of 1 has no interval that means "
        "anything: read the figures of all together.",
        columns,
    )


def curves(nuclei: FeatureModel, whom: str) -> None:
    """ROC and reliability of all folds together."""
    women, malignant, said = judged(nuclei)
    roc = roc_band(malignant, said, women, np.random.default_rng(0), DRAWS)
    show(
        figures.curve(
            roc,
            f"ROC curve, AUC {fine(nuclei.card['evaluation']['auc'])}",
            whom,
            ("1 − specificity", "sensitivity"),
            (0, 100),
        ),
        f"{nuclei.name}-roc",
        "Further up and to the left is better; the dotted line is chance. The band is the 95 % interval.",
        {"1 - specificity": roc.x, "sensitivity": roc.y, "low": roc.low, "high": roc.high},
    )
    found = reliability(malignant, said, women)
    show(
        figures.reliability_diagram(found, "Reliability", whom),
        f"{nuclei.name}-reliability",
        "On the dotted line, of the women told 40 % so many have a malignant mass. Bars are 95 % intervals.",
        {"mean probability": found.probability, "share": found.share}
        | {"low": found.low, "high": found.high, "n": found.n},
    )


def beside(own: dict[str, float], checks: dict[str, Any]) -> list[dict[str, str]]:
    """What was judged on these women: the network, a simpler model, other divisions, a control that must fail."""
    rows = [("This network", own), ("Logistic regression, same folds", checks["logistic"])]
    rows += [(f"This network, women divided by seed {each['seed']}", each) for each in checks["repeats"]]
    rows += [("This network, fitted to labels dealt out anew", checks["permuted"])]
    said = [
        {"What": name, "Accuracy": f"{100 * each['accuracy']:.1f} %", "AUC": f"{each['auc']:.3f}"}
        for name, each in rows
    ]
    return [*said, {"What": "Always the larger class", "Accuracy": f"{100 * checks['majority']:.1f} %", "AUC": "0.500"}]


def no_use(nuclei: FeatureModel) -> None:
    """What it must not be used for, its limits, the features and whose they are."""
    card = nuclei.card
    st.markdown("#### What it must not be used for")
    sentences(card["not_for"])
    st.markdown("#### Limits")
    sentences(card["limits"])
    st.markdown(
        f"**Data.** {card['data']['title']}: {card['data']['women']} women, {card['data']['malignant']} with a "
        f"malignant mass. {card['data']['source']}."
    )
    st.markdown(f"**Licence.** {card['licence']}")
    st.markdown("#### The features")
    table(
        [
            {"Feature": feature["name"], "Unit": feature["unit"]}
            | {"Learned from": "{:.4g} to {:.4g}".format(*feature["range"])}
            | {f"Median, {label}": f"{value:.4g}" for label, value in feature["median"].items()}
            for feature in card["features"]
        ],
        "",
        f"{nuclei.name}-features",
    )
    st.download_button(
        ":primary[The card as JSON]", (nuclei.folder / "card.json").read_bytes(), f"{nuclei.name}.json", type="tertiary", on_click="ignore"
    )  # fmt: skip


def fine(value: list[float]) -> str:
    """An AUC near 1 with its interval, to three places."""
    return "{:.3f} ({:.3f}–{:.3f})".format(*value)


def judged(nuclei: FeatureModel) -> tuple[list[str], list[bool], list[float]]:
    """Of every woman judged: who, whether the mass was malignant, what was said."""
    rows = list(csv.DictReader(io.StringIO(nuclei.evidence["judged.csv"].decode("utf-8"))))
    return (
        [row["woman"] for row in rows],
        [row["malignant"] == "1" for row in rows],
        [float(row["p_malignant"]) for row in rows],
    )
