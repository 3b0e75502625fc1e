"""A model's card in plain words and tables: what it is not for, whose data, how judged, weights, pointing, learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from mammo_core.inference import Artefact, history
from pages.parts import figures
from pages.parts.look import write
from pages.parts.take_away import show, table

RIGHT = "share of training patches named right"
MEASURES = {
    "accuracy": RIGHT,
    "categorical_accuracy": RIGHT,
    "loss": "loss on training patches",
    "rate": "learning rate",
}
OF_PICTURES = {
    "loss": "loss, women fitted to",
    "accuracy": "accuracy, women fitted to",
    "auc": "AUC, women fitted to",
    "val_loss": "loss, women watched",
    "val_accuracy": "accuracy, women watched",
    "val_auc": "AUC, women watched",
}
MAPS = {"lesion": "lesion map", "gradcam": "Grad-CAM"}
SHARES = {
    "hit_rate": "in the lesion",
    "hit_rate_15px": "within 15 px",
    "centre": "centre of the breast",
    "random": "random point",
}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def interval(value: list[float] | None, percent: bool = False) -> str:
    """Write a value with its interval: "0.78 (0.71–0.84)"."""
    if value is None:
        return "–"
    if percent:
        return "{:.1f} % ({:.1f}–{:.1f})".format(*(100 * v for v in value))
    return "{:.2f} ({:.2f}–{:.2f})".format(*value)


def sentences(said: list[str]) -> None:
    st.markdown("\n".join(f"* {sentence}" for sentence in said))


def in_short(model: Artefact, card: Mapping[str, Any]) -> None:
    st.markdown("#### What it must not be used for")
    if card.get("not_for"):
        sentences(card["not_for"])
    else:
        write("quiet", "The card does not say. Take it that it may be used for nothing but research.")
    st.markdown("#### Limits")
    sentences(card["limits"])
    st.markdown(f"**Licence.** {card['licence']}")
    st.download_button(
        ":primary[The card as JSON]", (model.folder / "card.json").read_bytes(), f"{model.name}.json", type="tertiary", on_click="ignore"
    )  # fmt: skip


def data_and_protocol(model: Artefact, card: Mapping[str, Any]) -> None:
    st.markdown("#### Whose pictures")
    rows = [
        {
            "Set": row["title"],
            "Used": row["use"],
            "Women": row["women"],
            "With cancer": row["women_with_cancer"],
            "Pictures": row["pictures"],
            "Showing cancer": row["malignant"],
            "Views": ", ".join(f"{n} {view}" for view, n in row["views"].items()),
            "Age": "{:.0f}–{:.0f}, median {:.0f}".format(row["age"][0], row["age"][2], row["age"][1])
            + (f" (of {row['age_known']})" if row["age_known"] < row["women"] else "")
            if row["age"]
            else "not stated",
            "Machines": row["machines"] or "not named",
            "Sites": row["sites"] or "not named",
        }
        for row in card.get("data", [])
    ]
    table(rows, "The card does not say whose pictures there are.", f"{model.name}-data")
    st.markdown("#### What this network learned from")
    titles = {row["set"]: row["title"] for row in card.get("data", [])}
    learned = [
        {"Set": titles.get(name, name)}
        | {"Women": counts["women"], "Pictures": counts["pictures"], "Showing cancer": counts["malignant"]}
        for name, counts in card["trained_on"].items()
    ]
    table(learned, "The card does not say.")
    st.markdown("#### How it was judged")
    sentences([card["cross_validated"], *card.get("protocol", [])])


def weights(model: Artefact, card: Mapping[str, Any]) -> None:
    """How the heads' scores become a probability, and the given split of the rest."""
    st.markdown("#### How scores become probabilities")
    rows = [
        {
            "Source": source,
            **{name: f"{weight:.3f}" for name, weight in zip(card["heads"], row["weights"], strict=True)},
            "Intercept": f"{row['intercept']:.3f}",
            "Pictures": row.get("n", "–"),
            "Women": row.get("n_women", "–"),
            "With cancer": row.get("n_cancer", "–"),
            "Brier": f"{row['brier']:.3f}" if "brier" in row else "–",
            "Calibration error": f"{row['ece']:.3f}" if "ece" in row else "–",
        }
        for source, row in card["calibration"].items()
        if isinstance(row, dict)
    ]
    table(rows, "The card holds no calibration.")
    write(
        "quiet",
        "P(malignant) = sigmoid(each head's score times its weight, added up, + intercept). A picture of unknown source "
        f"is taken for {card['calibration']['default']}.",
    )
    alone = card.get("heads_alone", [])
    if alone:
        st.markdown("#### What each head tells alone")
        sets = dict.fromkeys((row["set"], row["how"]) for row in alone)
        found = {(row["set"], row["head"]): row["auc"] for row in alone}
        told = [
            {"Set": f"{title}, {how}", **{head: interval(found[title, head]) for head in card["heads"]}}
            for title, how in sets
        ]
        table(told, "", f"{model.name}-heads")
        write(
            "quiet",
            "AUC of malignant pictures against the rest, of the same women as all other figures; 95 % intervals.",
        )
    split = card["normal_benign"]
    st.markdown(f"**Normal or benign.** {split['rule']}{'' if split['validated'] else ' Not validated.'}")
    for row in card.get("data", []):
        name = row["set"]
        if (auc := split.get(f"{name}_benign_against_normal_auc")) is not None:
            write(
                "quiet",
                f"On {split[f'{name}_n']} pictures of {row['title']} without cancer it puts benign above normal with an AUC of "
                f"{auc:.2f}.",
            )


def pointing(model: Artefact, card: Mapping[str, Any]) -> None:
    """The pointing game."""
    st.markdown("#### Does the map's highest point lie in the lesion?")
    rows = card["pointing"]
    if not rows:
        write("quiet", "The card holds no pointing figures.")
        return
    titles = {row["set"]: row["title"] for row in card.get("data", [])}
    lines = [
        {
            "label": f"{titles.get(row['set'], row['set'])}: {MAPS.get(row['map'], row['map'])}",
            "values": {
                name: [100 * end for end in (row[key], *row.get(f"{key}_interval", []))] for key, name in SHARES.items()
            },
        }
        for row in rows
    ]
    table(
        [
            {"Set and map": line["label"], "Pictures with cancer": row["n"], "Women": row.get("n_women", "–")}
            | {name.capitalize(): spoken(line["values"][name]) for name in SHARES.values()}
            for row, line in zip(rows, lines, strict=True)
        ],
        "",
    )
    show(
        figures.forest(
            lines,
            "Pointing game, 95 % intervals",
            "one turn a picture with cancer; "
            + " and ".join(f"{row['n']} of {titles.get(row['set'], row['set'])}" for row in rows),
            "pictures, %",
            None,
        ),
        f"{model.name}-pointing",
        "Circle and diamond are the network's. They should lie far to the right of the two that need no skill: the centre "
        "of the breast, and a point thrown into it at random. A pixel is one of the network's canvas, of 512 × 320.",
        {"set": [row["set"] for row in rows], "map": [row["map"] for row in rows], "n": [row["n"] for row in rows]}
        | {key: [row[key] for row in rows] for key in SHARES},
    )


def learning(model: Artefact, card: Mapping[str, Any]) -> None:
    """Learning curves of the networks that were judged."""
    st.markdown("#### How the networks learned")
    columns = history(model)
    if not columns:
        write("quiet", "This model carries no learning curves.")
        return
    measures = [name for name in columns if name not in ("fold", "round", "epoch")]
    folds, pictures = len(set(columns["fold"])), "system" in card  # of patches nobody is watched
    each = "each " if folds > 1 else ""
    whose = f"{each}without {'the women it was judged on' if pictures else 'one fifth of the women'}"
    rows = [st.columns(2 if pictures else max(2, len(measures))) for _ in measures[:: 2 if pictures else len(measures)]]
    for place, measure in zip([column for row in rows for column in row], measures, strict=False):
        with place:
            show(
                figures.learning(
                    columns,
                    measure,
                    card.get("held_out_fold"),
                    _capital((OF_PICTURES if pictures else MEASURES).get(measure, measure)),
                    f"{folds} {'network' if folds == 1 else 'networks'}, {whose}",
                ),
                f"{model.name}-{measure}",
                f"{'One line a network; the bright one ships' if card.get('held_out_fold') is not None else 'One line a fifth left out'}. "
                f"{'' if pictures else 'An upright line begins a further round.'}",
                {name: columns[name] for name in ("fold", "round", "epoch", measure)},
            )
    write(
        "amber",
        "Women watched chose the epoch: neither they nor those it was fitted to show how good the network is."
        if pictures
        else "These are the patches it was trained on: they show that learning settled, not how good the network is.",
    )


def spoken(value: list[float]) -> str:
    """Write a per cent, with its interval where it has one: "36 % (33–41)"."""
    return f"{value[0]:.0f} %" + (f" ({value[1]:.0f}–{value[2]:.0f})" if len(value) == 3 else "")
