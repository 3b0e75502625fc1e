"""Write the figures of the README from the cards of the models: no number there is typed by hand.

python benchmarks/readme_figures.py           fills the block between the `figures` markers
python benchmarks/readme_figures.py --check   exits 1 if the block is not what the cards say
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)
UNITS = {"image": "pictures", "breast": "breasts", "exam": "exams"}


def interval(values: list[float] | None, percent: bool = False) -> str:
    """`0.70 (0.66-0.74)`, or in per cent with one decimal."""
    if values is None:
        return "none"
    value, low, high = values
    if percent:
        return f"{100 * value:.1f} % ({100 * low:.1f}–{100 * high:.1f})"
    return f"{value:.2f} ({low:.2f}–{high:.2f})"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ["---"] * len(heads), *rows])


def model_figures(card: dict[str, Any]) -> str:
    """One model's tables."""
    parts = [f"### {card['title']} (`{card['name']}-{card['version']}`)"]
    if card.get("cross_validated"):
        parts.append(card["cross_validated"])
    parts.append(
        table(
            ["set", "unit", "women", "n, with cancer", "AUC (95 % interval)", "metadata alone", "how"],
            [
                [
                    row["set"],
                    UNITS[row["unit"]],
                    str(row["n_women"]),
                    f"{row['n']}, {row['n_cancer']}",
                    interval(row["auc"]),
                    interval(row.get("baseline_auc")),
                    row["how"],
                ]
                for row in card["evaluation"]
            ],
        )
    )
    if card["operating_points"]:
        parts.append(
            table(
                ["operating point", "suspicion from", "specificity", "sensitivity", "n, with cancer"],
                [
                    [
                        row["name"],
                        f"{row['suspicion']:.1f}",
                        interval(row["specificity"], percent=True),
                        interval(row["sensitivity"], percent=True),
                        f"{row['n']} {UNITS[row['unit']]}, {row['n_cancer']}",
                    ]
                    for row in card["operating_points"]
                ],
            )
        )
    if card["pointing"]:
        parts.append(
            table(
                ["pointing game", "n", "in the lesion", "within 15 px", "centre of the breast", "random point"],
                [
                    [
                        row["set"],
                        str(row["n"]),
                        *(f"{100 * row[key]:.0f} %" for key in ("hit_rate", "hit_rate_15px", "centre", "random")),
                    ]
                    for row in card["pointing"]
                ],
            )
        )
    parts.append("\n".join(f"* {sentence}" for sentence in card["limits"]))
    return "\n\n".join(part for part in parts if part)


def figures(models: Path) -> str:
    """The block's text for every model folder below `models`."""
    cards = [json.loads(path.read_text("utf-8")) for path in sorted(models.glob("*/card.json"))]
    return "\n\n".join(model_figures(card) for card in cards) or "No model ships yet."


def filled(readme: str, models: Path) -> str:
    """The README with its block written anew. Raises ValueError where the markers are missing."""
    if not BLOCK.search(readme):
        raise ValueError("the README has no figures markers")
    return BLOCK.sub(lambda found: f"{found[1]}{figures(models)}\n{found[2]}", readme)


def main() -> None:
    """Fill the README, or check it."""
    parser = argparse.ArgumentParser(description="Fill the README's figures from the models' cards.")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 where the README is out of date")
    asked = parser.parse_args()
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    fresh = filled(text, ROOT / "models")
    if asked.check:
        sys.exit(None if fresh == text else "README.md is out of date: run python benchmarks/readme_figures.py")
    readme.write_text(fresh, "utf-8")


if __name__ == "__main__":
    main()
