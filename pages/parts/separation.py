"""How well a model separates cases with cancer from cases without: AUC by set, ROC, precision and recall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.inference import Artefact
from pages.parts import figures
from pages.parts.card import interval
from pages.parts.evidence import SCREENING, UNITS, chosen, curves, points_are_of, rates_at, slug, whom
from pages.parts.take_away import show, table


def separation(model: Artefact, card: Mapping[str, Any]) -> None:
    st.markdown("#### How well it separates cases with cancer from cases without")
    rows = card["evaluation"]
    table(
        [
            {
                "Set": row["set"],
                "Cases": f"{row['n']} {UNITS.get(row['unit'], row['unit'])}",
                "Women": row["n_women"],
                "With cancer": row["n_cancer"],
                "AUC": interval(row["auc"]),
                "Metadata alone": interval(row["baseline_auc"]),
                "Labels shuffled": interval(row.get("permuted_auc")),
                "Always the commoner": f"{100 * row['majority']:.0f} % right" if "majority" in row else "–",
                "How": row["how"],
            }
            for row in rows
        ],
        "The card holds no evaluation.",
    )
    if rows:
        show(
            figures.forest(
                [
                    {"label": f"{row['set']}: {UNITS.get(row['unit'], row['unit'])}"}
                    | {"values": {"this network": row["auc"], "metadata alone": row["baseline_auc"]}}
                    for row in rows
                ],
                "Area under the ROC curve, 95 % intervals",
                "0.5 is chance, 1 is perfect; women and cases as in the table",
                "AUC",
                0.5,
            ),
            f"{model.name}-auc",
            "Where the open diamond lies further right, age, machine, site and view alone tell more than the pictures did.",
            {key: [row[key] for row in rows] for key in ("set", "unit", "how", "n", "n_women", "n_cancer")}
            | {end: [row["auc"][place] for row in rows] for place, end in enumerate(("auc", "low", "high"))},
        )
    cases = chosen(model)
    if cases is None:
        return
    roc, precision = curves(model.digest, cases.name, cases.unit, cases)
    auc = next((row["auc"] for row in rows if (row["set"], row["unit"]) == (cases.name, cases.unit)), None)
    left, right = st.columns(2)
    with left:
        figure = figures.curve(
            roc,
            f"ROC curve, AUC {interval(auc)}" if auc else "ROC curve",
            whom(cases),
            ("1 − specificity", "sensitivity"),
            (0, 100),
        )
        points = card["operating_points"]
        if points:
            found = rates_at(model.digest, cases.name, cases.unit, cases, tuple(point["suspicion"] for point in points))
            for point, x, y in zip(points, found.specificity.y, found.sensitivity.y, strict=True):
                figures.mark(figure, 100 * (1 - x), 100 * y, point["name"])
        show(
            figure,
            f"{slug(model, cases)}-roc",
            "Further up and to the left is better; the dotted line is chance. The band is the 95 % interval. Diamonds are "
            f"the operating points{'' if points_are_of(card, cases) else ', which were not set on these cases'}.",
            {"1 - specificity": roc.x, "sensitivity": roc.y, "low": roc.low, "high": roc.high},
        )
    with right:
        share = 100 * float(np.mean(cases.malignant))
        show(
            figures.curve(
                precision, "Precision and recall", whom(cases), ("recall (sensitivity)", "precision"), (share, share)
            ),
            f"{slug(model, cases)}-precision-recall",
            "The height is the share of recalled cases that had cancer. The dotted line is chance, "
            f"{share:.0f} % here. {SCREENING}",
            {"recall": precision.x, "precision": precision.y, "low": precision.low, "high": precision.high},
        )
