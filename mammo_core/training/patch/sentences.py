"""What a patch model's card says in words besides what every card does: its limits, how it was judged, whose figures it carries.

Sentences that name a figure are made from that figure; nothing is typed by hand that can be computed.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from mammo_core.evaluation import DRAWS
from mammo_core.inference.meaning import MAP_HEAD
from mammo_core.training.lab.records import read_split
from mammo_core.training.recipes.patch import FOLDS, read_tissue

NO_DEVICE = "Not a medical device. Not for clinical use."
LIMITS = (
    "Normal against benign is not validated: it was given, not learned.",
    "Implants, magnification, spot views, specimens and raw data are not scored.",
)


def protocol(fold: int | None, members: int) -> list[str]:
    """How a model of so many networks (`fold` None), or of that of one `fold`, was judged, and what flatters it."""
    one = members == 1
    return [
        "The women are divided into five fifths. A woman is in one fifth with everything of hers, in every set. A network is judged on the "
        "fifth that it was not trained on.",
        "Probabilities are judged cross-fitted: those of one fifth are made with weights learned on the others, from what networks said "
        "there of women they had not seen; those networks had been trained on women of the judged fifth.",
        "The rates of operating points are cross-fitted, too: a case is recalled by a threshold that others set.",
        "Canvas, layers, heads and penalties were chosen by looking at figures like these, of these very women, version after version: "
        "held-out figures are a little too good by that. No choice was made for the outside sets, but their figures were seen.",
        f"Intervals are 95 %: {DRAWS} draws of the women, each with all her pictures.",
        "“Held out”: other women of the same set were trained on. “Outside”: no picture of the set ever was, and "
        f"{'one network is' if one else 'all networks are'} asked.",
        "What ships are all of these networks together; each woman of the training sets is known to some of them."
        if not one
        else f"What ships is the network that left out fifth {fold}.",
    ]


def prevalence(calibration: dict[str, Any]) -> str:
    """Where a probability holds: how often there was cancer among the pictures that the card's `calibration` was fitted to."""
    shares = [
        f"{100 * row['n_cancer'] / row['n']:.0f} % ({source})"
        for source, row in calibration.items()
        if isinstance(row, dict)
    ]
    return f"Calibrated where so many of the pictures show cancer: {', '.join(shares)}. A probability is not a screening risk."


OF_TISSUE = (
    "Part of the score tells what the breast is like as a whole (the head named tissue): it has no place on the picture, and no part in "
    "the heat map."
)


def of_the_map(alone: list[dict[str, Any]]) -> list[str]:
    """How much the lesion map by itself tells of whole pictures, from the card's `heads_alone`; nothing where no head is of it alone."""
    told = [
        f"{row['auc'][0]:.2f} ({row['auc'][1]:.2f}–{row['auc'][2]:.2f}) on {row['set']}"
        for row in alone
        if row["head"] == MAP_HEAD
    ]
    if not told:
        return []
    return [
        f"By the lesion map alone pictures with cancer are told from the rest with an AUC of {', '.join(told)}; 0.5 is chance. The nearer "
        "to chance, the less a spot of the map means on such pictures."
    ]


def whose(fold: int, judged: list[int]) -> str:
    """Whose figures a card carries: of the network of `fold`, when the folds `judged` were judged."""
    women = (
        "all five fifths"
        if len(judged) == FOLDS
        else f"{len(judged)} of five fifths (crc32 mod 5 = {', '.join(map(str, judged))})"
    )
    if judged == [fold]:
        return f"The figures are this very network's on {women} of the women, whom it had not seen. The others are not judged yet."
    return f"The figures are those of networks on {women} of the women, whom they had not seen; this network is one of them."


def whose_together(folders: list[Path]) -> str:
    """Whose figures a card carries where several networks ship together, each in a folder "fold<n>"."""
    folds = Counter(int(folder.name.removeprefix("fold")) for folder in folders)
    most = max(folds.values())
    alone = [fold for fold in sorted(folds) if folds[fold] == 1]
    asked = "one" if most == 1 else f"one (fifths {', '.join(map(str, alone))}) or the mean of {most} (the others)"
    return (
        f"{len(folders)} patch networks ship together as their mean. Held-out figures are those of the networks that had not seen "
        f"the women: {asked} of the {len(folders)}. Outside figures are those of all together, whom no woman of that set had met."
    )


def whose_tissue(run: Path) -> str:
    """Who the tissue network of `run`, which ships with several patch networks, was trained on."""
    recipe = read_tissue(run / "recipe.toml")
    women = sum(part == "train" for fold in run.glob("fold*") for part in read_split(fold).values())
    return (
        " A tissue network, whose score is weighed with theirs, ships with them. It was trained on patches of "
        f"{women} women of {recipe.titles[recipe.patches_of]}, of whom none is judged; of its heads, too, that one is asked which had "
        "not seen the woman."
    )
