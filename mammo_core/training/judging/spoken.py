"""A report as text for a terminal: one table a kind of figure, sets and parts by name. It computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mammo_core.training.judging.points import from_to


def spoken(report: dict[str, Any]) -> str:
    """The whole report as text, several tables and the notes."""
    sets, folds = report["sets"], report["folds"]
    parts = [
        f"{report['run']}: {report['title']} ({report['recipe']}), {'fold' if len(folds) == 1 else 'folds'} {', '.join(map(str, folds))}",
        _titled(
            f"{report['looked_for'].capitalize()} against the rest, AUC with 95 % intervals by woman",
            _discrimination(sets),
        ),
        _titled("Calibration", _calibration(sets)),
        _titled("Operating points", _points(sets)),
        _titled("All classes", _classes(report["classes_judged"])),
        *(_matrix(row, report["classes"]) for row in report["classes_judged"]),
        _titled("Subgroups, at the first operating point", _subgroups(report["subgroups"])),
        _titled("Worst errors", _worst(report["worst"], report["looked_for"])),
        "\n".join(report["notes"]),
    ]
    return "\n\n".join(part for part in parts if part)


def compared_words(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of `compare.compared` as text."""
    heads = ("b against a", "set", "part", "figure", "n", "women", "a", "b", "a less b", "p")
    said = _any(
        heads,
        [
            [
                f"{row['b']} / {row['a']}",
                *_who(row),
                row["figure"],
                row["n"],
                row["n_women"],
                f"{row['value_a']:.3f}",
                f"{row['value_b']:.3f}",
                interval(row["difference"]),
                f"{row['p']:.4f}",
            ]
            for row in rows
        ],
    )
    tests = (
        f"\n{rows[0]['tests']} tests: of so many, one in twenty has p below 0.05 by chance alone."
        if len(rows) > 1
        else ""
    )
    return said + tests


def interval(value: Sequence[float] | None, percent: bool = False) -> str:
    """A figure with its interval, "0.78 (0.71–0.84)"; "–" where there is none."""
    if value is None:
        return "–"
    if percent:
        return "{:.1f} % ({:.1f}–{:.1f})".format(*(100 * each for each in value))
    return "{:.3f} ({:.3f}–{:.3f})".format(*value)


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns as wide as what they hold; numbers stand right."""
    cells = [[str(each) for each in row] for row in rows]
    wide = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    right = [all(isinstance(row[k], int | float) for row in rows) for k in range(len(heads))]
    return "\n".join(
        "  ".join(each.rjust(w) if r else each.ljust(w) for each, w, r in zip(row, wide, right, strict=True)).rstrip()
        for row in [list(heads), *cells]
    )


def _titled(title: str, body: str) -> str:
    return f"{title}\n{body}" if body else ""


def _who(row: dict[str, Any]) -> list[Any]:
    return [row["set"], row["part"]]


def _discrimination(rows: list[dict[str, Any]]) -> str:
    heads = ("set", "part", "unit", "n", "women", "cancer", "AUC", "metadata alone", "labels shuffled")
    return _any(
        heads,
        [
            [
                *_who(row),
                row["unit"],
                *(row[key] for key in ("n", "n_women", "n_cancer")),
                *(interval(row[key]) for key in ("auc", "metadata_auc", "permuted_auc")),
            ]
            for row in rows
        ],
    )


def _calibration(rows: list[dict[str, Any]]) -> str:
    heads = ("set", "part", "unit", "ECE", "calibrated", "Brier")
    return _any(
        heads,
        [
            [
                *_who(row),
                row["unit"],
                row["ece"],
                "–" if row["ece_calibrated"] is None else row["ece_calibrated"],
                row["brier"],
            ]
            for row in rows
        ],
    )


def _points(rows: list[dict[str, Any]]) -> str:
    heads = ("set", "part", "unit", "point", "from", "sensitivity", "specificity", "threshold set on")
    return _any(
        heads,
        [
            [
                *_who(row),
                row["unit"],
                point["name"],
                from_to(point["threshold"]),
                interval(point["sensitivity"], percent=True),
                interval(point["specificity"], percent=True),
                point["set_on"],
            ]
            for row in rows
            for point in row["operating_points"]
        ],
    )


def _classes(rows: list[dict[str, Any]]) -> str:
    heads = (
        "set",
        "part",
        "n",
        "accuracy",
        "balanced accuracy",
        "macro AUC",
        "labels shuffled",
        "majority class",
        "its accuracy",
    )
    return _any(
        heads,
        [
            [
                *_who(row),
                row["n"],
                *(interval(row[key]) for key in ("accuracy", "balanced_accuracy", "macro_auc", "permuted_macro_auc")),
                row["majority"]["class"],
                f"{row['majority']['accuracy']:.3f}",
            ]
            for row in rows
            if row["n"]
        ],
    )


def _matrix(row: dict[str, Any], classes: Sequence[str]) -> str:
    if not row["n"]:
        return ""
    body = table(
        ("truly", *(f"said {name}" for name in classes)),
        [[name, *counts] for name, counts in zip(classes, row["confusion"], strict=True)],
    )
    return f"Confusion, {row['set']}, {row['part']}\n{body}"


def _subgroups(rows: list[dict[str, Any]]) -> str:
    heads = ("set", "part", "by", "group", "n", "women", "cancer", "AUC", "sensitivity", "specificity")
    return _any(
        heads,
        [
            [
                *_who(row),
                row["by"],
                row["group"],
                *(row[key] for key in ("n", "n_women", "n_cancer")),
                interval(row["auc"]),
                interval(row["sensitivity"], percent=True),
                interval(row["specificity"], percent=True),
            ]
            for row in rows
        ],
    )


def _worst(rows: list[dict[str, Any]], looked_for: str) -> str:
    heads = ("file", "set", "part", "truly", f"said {looked_for}")
    return _any(
        heads,
        [[row["file"], row["dataset"], row["part"], row["label"], f"{100 * row['probability']:.0f} %"] for row in rows],
    )


def _any(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return table(heads, rows) if rows else ""
