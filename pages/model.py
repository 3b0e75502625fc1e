"""Model: a model's card as a page. Every figure says on whom it was measured and how sure it is."""

from typing import Any

import streamlit as st

from pages.parts.look import ACCENT, DISCLAIMER, LINE, QUIET, TEXT, rows_html, write
from pages.parts.models import choices, network

TRANSPARENT = "rgba(0,0,0,0)"


def interval(value: list[float] | None, as_percent: bool = False) -> str:
    """Write a value with its interval: "0.78 (0.71–0.84)"."""
    if value is None:
        return "–"
    if as_percent:
        return "{:.1f} % ({:.1f}–{:.1f})".format(*(100 * v for v in value))
    return "{:.2f} ({:.2f}–{:.2f})".format(*value)


def table(rows: list[dict[str, Any]], empty: str) -> None:
    if rows:
        st.html(rows_html(rows))
    else:
        write("quiet", empty)


def evaluation(card: dict[str, Any]) -> None:
    st.markdown("#### How well it separates women with cancer from women without")
    st.caption(f"Area under the ROC curve with 95 % interval, women resampled. {card['cross_validated']}")
    rows = [
        {
            "Set": row["set"],
            "Unit": row["unit"],
            "n": row["n"],
            "Women": row["n_women"],
            "With cancer": row["n_cancer"],
            "AUC": interval(row["auc"]),
            "Without pixels (metadata only)": interval(row["baseline_auc"]),
            "How": row["how"],
        }
        for row in card["evaluation"]
    ]
    table(rows, "The card holds no evaluation.")


def operating_points(card: dict[str, Any]) -> None:
    st.markdown("#### Operating points")
    rows = [
        {
            "Name": point["name"],
            "Suspicion": f"{point['suspicion']:.0f} or more",
            "Unit": point["unit"],
            "Specificity": interval(point["specificity"], True),
            "Sensitivity": interval(point["sensitivity"], True),
            "n": point["n"],
            "With cancer": point["n_cancer"],
        }
        for point in card["operating_points"]
    ]
    table(rows, "The card names no operating point.")


def exams_at_least(card: dict[str, Any]) -> None:
    counts = card["exams_at_least"]
    st.markdown("#### What a score meant on the validation exams")
    n, cancer = counts["n"], counts["cancer"]
    shown = [score for score in range(101) if n[score] >= 10]
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": shown,
        "y": [100 * cancer[score] / n[score] for score in shown],
        "line": {"color": ACCENT, "width": 2},
        "hovertemplate": "scored %{x} or more: %{y:.0f} % with cancer<extra></extra>",
    }
    axis = {"gridcolor": LINE, "zeroline": False, "fixedrange": True, "linecolor": LINE}
    layout = {
        "title": {
            "text": f"{counts['source']}, {n[0]} {counts['unit']}s, {cancer[0]} with cancer; at least 10 at each point",
            "font": {"size": 13, "color": QUIET},
        },
        "xaxis": axis | {"title": {"text": "suspicion, at least"}, "range": [0, 100]},
        "yaxis": axis | {"title": {"text": "with cancer, % of these exams"}, "rangemode": "tozero"},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "font": {"color": TEXT},
        "height": 300,
        "margin": {"l": 60, "r": 10, "t": 40, "b": 45},
    }
    st.plotly_chart({"data": [trace], "layout": layout}, theme=None, config={"displayModeBar": False}, key="at_least")
    st.caption("In screening about 1 woman in 160 has cancer, far fewer than here: a score is no screening risk.")


def calibration(card: dict[str, Any]) -> None:
    st.markdown("#### Calibration")
    sources = {name: row for name, row in card["calibration"].items() if isinstance(row, dict)}
    rows = [
        {
            "Source": source,
            **{name: f"{weight:.3f}" for name, weight in zip(card["heads"], row["weights"], strict=True)},
            "Intercept": f"{row['intercept']:.3f}",
            "Pictures": row.get("n", "–"),
            "Women": row.get("n_women", "–"),
        }
        for source, row in sources.items()
    ]
    table(rows, "The card holds no calibration.")
    st.caption(
        "P(malignant) = sigmoid(each head's score times its weight, added up, + intercept). "
        f"Unknown source: {card['calibration']['default']}."
    )
    split = card["normal_benign"]
    mark = "" if split["validated"] else " Not validated."
    st.markdown(f"**Normal or benign:** {split['rule']}{mark}")


def pointing(card: dict[str, Any]) -> None:
    st.markdown("#### Does the map's maximum lie in the lesion?")
    rows = [
        {
            "Set": row["set"],
            "n": row["n"],
            "In the lesion": f"{100 * row['hit_rate']:.0f} %",
            "Within 15 px": f"{100 * row['hit_rate_15px']:.0f} %",
            "Centre of the breast": f"{100 * row['centre']:.0f} %",
            "Random": f"{100 * row['random']:.0f} %",
        }
        for row in card["pointing"]
    ]
    table(rows, "The card holds no pointing figures.")


def limits(card: dict[str, Any]) -> None:
    st.markdown("#### Limits")
    st.markdown("\n".join(f"* {sentence}" for sentence in card["limits"]))
    st.markdown(f"**Licence:** {card['licence']}")
    if card["trained_on"]:
        st.markdown("#### Trained on")
        table(
            [
                {"Set": name} | {key.capitalize(): str(n) for key, n in counts.items()}
                for name, counts in card["trained_on"].items()
            ],
            "",
        )


with st.container(key="sheet"):
    st.page_link("pages/read.py", label="‹ Back to the exam")
    folders = choices()
    names = [folder.name for folder in folders]
    chosen = st.selectbox("Model", names, key="card_of") if len(names) > 1 else next(iter(names), None)
    net = network(folders[names.index(chosen)] if chosen else None)
    if isinstance(net, str):
        st.markdown("### Model")
        write("amber", net)
    else:
        card = dict(net.artefact.card)
        st.markdown(f"### {card['title']}")
        write("quiet", f"{net.name} · SHA-256 {net.artefact.digest[:16]}…")
        write("amber", DISCLAIMER)
        for part in (limits, evaluation, operating_points, exams_at_least, calibration, pointing):
            part(card)
    write("small", DISCLAIMER)
