"""Judged runs side by side: what they took for what, how well they separate, and whether what they say comes true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from mammo_core.evaluation import brier, expected_calibration_error
from pages.parts.card import interval
from pages.parts.lab import figures
from pages.parts.lab.judged import ALONE, PARTS, Judged, auc, calibrated, curves, matrix, paired, reported, row_of
from pages.parts.look import write
from pages.parts.take_away import show, table


def _paired(found: Sequence[Judged]) -> None:
    """The first run against each of the others, on the pictures that both were asked about."""
    first = found[0]
    rows = []
    for other in found[1:]:
        if other.positive != first.positive:
            write("quiet", f"{other.run} looks for another class than {first.run}: there is no paired test of the two.")
            continue
        rows += [
            {
                "Measure": row["figure"],
                "First": f"{row['a']}: {row['value_a']:.3f}",
                "Second": f"{row['b']}: {row['value_b']:.3f}",
                "Difference": _difference(row["difference"]),
                "p": f"{row['p']:.3f}" if row["p"] >= 0.001 else "< 0.001",
                "On the same": f"{row['n']} pictures of {row['n_women']} women",
            }
            for row in paired(first, other)
            if (row["part"], row["set"]) == (first.part, first.dataset)
        ]
    if rows:
        st.markdown("#### Paired test")
        table(rows, "", "runs-paired")
        write(
            "quiet",
            "Where the interval of the difference holds 0, these women do not tell the two apart. "
            "With many tests a small p is no longer rare.",
        )


def _difference(value: Sequence[float]) -> str:
    """A difference with its interval, either of which may be below nothing."""
    whole, low, high = (f"{each:.2f}".replace("-", "−") for each in value)
    return f"{whole} ({low} to {high})"


def _beside(one: Judged) -> dict[str, Any]:
    """A run's AUC beside what needs no picture and what shuffled labels give."""
    row = row_of(reported(one.folder), one)
    return {
        "Run": one.run,
        "On whom": one.whom,
        "AUC": interval(row["auc"] if row else auc(one)),
        "Of each fold": _of_folds(row["auc_by_fold"] if row else {}),
        "Metadata alone": interval(row["metadata_auc"]) if row else "–",
        "Labels shuffled": interval(row["permuted_auc"]) if row else "–",
    }


def _of_folds(folds: dict[str, float]) -> str:
    """The mean of the folds' own AUC, and its ends; nothing where there is one fold."""
    if not folds:
        return "–"
    return f"mean {np.mean(list(folds.values())):.2f}, {min(folds.values()):.2f} to {max(folds.values()):.2f}"


def confusion(found: Sequence[Judged]) -> None:
    """What each run took for what, side by side."""
    write(
        "quiet",
        "Rows are what a picture is, columns the class that the network holds likeliest. Pictures whose class is not known "
        "to the end are left out.",
    )
    for row in range(0, len(found), 2):
        for column, one in zip(st.columns(2), found[row : row + 2], strict=False):
            with column:
                counts, classes = matrix(one), one.predictions.classes
                right, n = int(np.trace(counts)), int(counts.sum())
                commonest = int(counts.sum(axis=1).max())
                show(
                    figures.confusion(
                        counts, classes, one.run, f"{one.dataset}, {PARTS[one.part]}: {n} pictures whose class is known"
                    ),
                    f"{one.slug}-confusion",
                    f"{right} of {n} named rightly: {_share(one, 'accuracy', right / max(1, n))}. Always saying the commonest class "
                    f"would name {commonest} ({100 * commonest / max(1, n):.1f} %). Balanced accuracy, the mean of the classes' own "
                    f"rates: {_share(one, 'balanced_accuracy', None)}.",
                    {"": list(classes), **{f"said {name}": counts[:, place] for place, name in enumerate(classes)}},
                )


def _share(one: Judged, measure: str, otherwise: float | None) -> str:
    """A share of the report's `classes_judged` with its interval; without one where the report has none."""
    rows = reported(one.folder)["classes_judged"]
    told = next((row[measure] for row in rows if (row["part"], row["set"]) == (one.part, one.dataset)), None)
    if told:
        return interval(told, True)
    return "not known" if otherwise is None else f"{100 * otherwise:.1f} %"


def separation(found: Sequence[Judged]) -> None:
    """ROC, precision and recall."""
    table([_beside(one) for one in found], "No run can be drawn here.", "runs-auc")
    write(
        "quiet",
        f"{ALONE} Labels shuffled: what chance reaches on these cases. AUC of the last class against the rest; 95 % intervals by women.",
    )
    if len(found) > 1:
        _paired(found)
    drawn = [(one.run, *curves(one)) for one in found]
    whom = on_whom(found)
    left, right = st.columns(2)
    with left:
        show(
            figures.curves(
                [(run, roc) for run, roc, _ in drawn], "ROC curve", whom, ("1 − specificity", "sensitivity"), (0, 100)
            ),
            "runs-roc",
            "Further up and to the left is better; the dotted line is chance. Bands are 95 % intervals, by women.",
            _bands([(run, roc) for run, roc, _ in drawn], "1 - specificity", "sensitivity"),
        )
    with right:
        shares = {round(100 * float(one.cases.truth.mean()), 1) for one in found}
        chance = [min(shares)] * 2 if len(shares) == 1 else None
        show(
            figures.curves(
                [(run, precision) for run, _, precision in drawn],
                "Precision and recall",
                whom,
                ("recall (sensitivity)", "precision"),
                chance,
            ),
            "runs-precision-recall",
            "The height is the share of recalled cases that are of the class looked for. It depends on how many there "
            f"are: {' and '.join(f'{share:.0f} %' for share in sorted(shares))} here, about 1 in 160 women in screening.",
            _bands([(run, precision) for run, _, precision in drawn], "recall", "precision"),
        )


def calibration(found: Sequence[Judged]) -> None:
    """Probability against frequency."""
    groups = [(one.run, calibrated(one)) for one in found]
    left, right = st.columns(2)
    with left:
        show(
            figures.reliability(groups, [one.positive for one in found], "Reliability", on_whom(found)),
            "runs-reliability",
            "On the dotted line, of the cases told 40 % so many were. Above it a network says too little, below it too much. Each "
            "mark is a group of neighbouring scores; bars are 95 % intervals, by women. Promotion calibrates; a run does not.",
            {
                "run": [run for run, group in groups for _ in group.n],
                **{
                    head: np.concatenate([getattr(group, name) for _, group in groups])
                    for head, name in (
                        ("mean probability", "probability"),
                        ("share", "share"),
                        ("low", "low"),
                        ("high", "high"),
                        ("n", "n"),
                        ("of them of the class", "n_cancer"),
                    )
                },
            },
        )
    with right:
        table([_calibration_row(one) for one in found], "", "runs-calibration")
        for one in found:
            write("quiet", f"{one.run} on {one.whom}.")
        write(
            "quiet",
            "Brier score: mean squared distance of probability and truth, 0 is best; “saying the share” is what one number for all "
            "would give. Calibration error: mean distance over ten equally wide bins. Calibrated: the same, after the women watched "
            "in training have calibrated each fold's network.",
        )


def _calibration_row(one: Judged) -> dict[str, Any]:
    truth, said = one.cases.truth, one.cases.probability
    share, row = float(truth.mean()), row_of(reported(one.folder), one)
    calibrated_by_watched = row["ece_calibrated"] if row else None
    return {
        "Run": one.run,
        "Brier score": f"{brier(truth, said):.3f}",
        "Saying the share": f"{share * (1 - share):.3f}",
        "Calibration error": f"{expected_calibration_error(truth, said):.3f}",
        "Calibrated": "–" if calibrated_by_watched is None else f"{calibrated_by_watched:.3f}",
        "n": int(truth.size),
    }


def on_whom(found: Sequence[Judged]) -> str:
    """On whom a figure of several runs is, in a line."""
    said = list(dict.fromkeys(one.whom for one in found))
    return said[0] if len(said) == 1 else f"{len(said)} different groups of cases, as told beside the runs' names"


def _bands(drawn: Sequence[tuple[str, Any]], x: str, y: str) -> dict[str, Any]:
    return {
        "run": [run for run, band in drawn for _ in band.x],
        **{
            head: np.concatenate([getattr(band, name) for _, band in drawn])
            for head, name in ((x, "x"), (y, "y"), ("low", "low"), ("high", "high"))
        },
    }
