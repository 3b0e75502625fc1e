"""Write the figures of the README from the models' cards and from `benchmarks/results/`: no number there is typed by hand.

python benchmarks/readme_figures.py           fills the blocks between the `figures` and `speed` markers
python benchmarks/readme_figures.py --check   exits 1 if they are not what cards and results say
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
"""What `benchmarks/speed.py` printed, one file a measure."""
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
    """The block's text for the model that is offered first; the others have their pages in the app."""
    from mammo_core.inference import default_model

    folder = default_model(models)
    return model_figures(json.loads((folder / "card.json").read_text("utf-8"))) if folder else "No model ships yet."


def speed(results: Path) -> str:
    """The block on speed, of the measures whose results are there."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))}
    models = sorted({measured["model"] for measured in found.values() if "model" in measured})
    parts = [f"Measured with {', '.join(models)}."] if models else []
    if "warm" in found:
        warm = found["warm"]
        parts.append(
            f"Four views of 3328×2560, 12 bits, JPEG Lossless, bytes to probabilities and heat maps, {warm['cores']} cores: "
            f"{warm['ours_s']:.2f} s, which is {warm['peer_to_ours']:.1f} times as fast as the usual way (pydicom's default decoders, "
            f"`keras.Model.predict`, tf-keras-vis' `Gradcam`: {warm['peer_s']:.2f} s), and {warm['ours_to_floor']:.2f} times what "
            f"decoding and the network take alone ({warm['floor_s']:.2f} s)."
        )
    if "cold" in found:
        cold = found["cold"]
        parts.append(
            f"The same exam by `analyse`, start of the process included: {cold['ours_s']:.1f} s against {cold['peer_s']:.1f} s "
            f"({cold['peer_to_ours']:.1f} times)."
        )
    if "app" in found:
        app = found["app"]["median_s"]
        parts.append(
            f"In the app (`benchmarks/app_time.py`, Chromium on the same machine), after the last byte uploaded: the first view after "
            f"{app['first_view']:.1f} s, scores after {app['scores']:.1f} s."
        )
    if "workers" in found:
        row = found["workers"]
        parts.append(
            f"{row['pictures']} pictures with two workers of one thread each: {row['two_s']:.1f} s, {row['one_to_two']:.2f} times as "
            f"fast as with one ({row['one_s']:.1f} s)."
        )
    if "memory" in found:
        curve = found["memory"]["curve"]
        parts.append(
            f"Peak memory of `analyse` over {found['memory']['pictures']} pictures: {curve[1]['analyse_mb']:.0f} MB after "
            f"{curve[1]['pictures']}, {curve[-1]['analyse_mb']:.0f} MB after {curve[-1]['pictures']}; a reader process "
            f"{max(row['reader_mb'] for row in curve):.0f} MB."
        )
    if "stages" in found:
        stages = found["stages"]["ms"]
        parts.append(table(["stage, one view on one core", "ms"], [[name, f"{ms:.1f}"] for name, ms in stages.items()]))
    if "input_pipeline" in found:
        rows = [
            [
                row["recipe"],
                f"{row['plain']['training']:.0f}",
                f"{row['bench']['training']:.0f} ({row['training_ratio']:.1f} times)",
                f"{row['bench']['mixed']:.0f} ({row['mixed_ratio']:.1f} times)",
                f"{100 * row['bench']['waiting']:.1f} %",
            ]
            for row in found["input_pipeline"]["recipes"]
        ]
        heads = [
            "training, pictures a second",
            "`ImageDataGenerator`",
            "the bench",
            "in bfloat16",
            "of it waiting for data",
        ]
        parts.append(table(heads, rows))
    return "\n\n".join(parts) or "Not measured yet."


def filled(readme: str, models: Path, results: Path = RESULTS) -> str:
    """The README with its blocks written anew. Raises ValueError where markers are missing."""
    for name, text in (("figures", figures(models)), ("speed", speed(results))):
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not block.search(readme):
            raise ValueError(f"the README has no {name} markers")
        readme = block.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", readme)
    return readme


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
    sys.path.insert(0, str(ROOT))
    main()
