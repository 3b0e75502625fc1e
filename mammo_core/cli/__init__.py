"""The command line: arguments, progress and exit codes. What is decided is decided in the rooms below.

Exit codes: 0 when everything asked for was answered (a refusal is an answer), 2 for wrong usage or a model that
cannot be used, 130 when stopped by Ctrl-C. Reasons go to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mammo_core import __version__


class UsageError(Exception):
    """What was asked for cannot be done; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (None: that of the process) and give its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        return _run(asked)
    except UsageError as error:
        print(f"mammo_core {asked.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"mammo_core {asked.command}: stopped.", file=sys.stderr)
        return 130


def _run(asked: argparse.Namespace) -> int:
    """Each command's room is imported only when it is asked for: `--help` is quick, and only training needs Keras."""
    if asked.command in ("analyse", "render"):
        return _read(asked)
    if asked.command == "models":
        from mammo_core.cli.models import list_models, verify_models

        return list_models() if asked.models_command == "list" else verify_models(asked.names)
    if asked.command == "data":
        return _check_data(asked)
    from mammo_core.training.machine import enough_room

    try:
        with enough_room():
            return _train(asked)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("keras", "tensorflow"):
            raise
        raise UsageError(
            "training needs Keras and TensorFlow, which are not installed here: pip install -r requirements.txt"
        ) from error
    except (ValueError, OSError) as error:
        from mammo_core.training.cli_data import told

        raise UsageError(told(error)) from error


def _train(asked: argparse.Namespace) -> int:
    if asked.command in ("train", "crossval"):
        from mammo_core.training import cli_train

        return int(getattr(cli_train, asked.command)(asked))
    if asked.command == "networks":
        from mammo_core.training.cli_networks import networks

        return networks(asked)
    if asked.command == "point":
        from mammo_core.training.cli_patch import point

        return point(asked)
    from mammo_core.training import cli_judge

    return int(getattr(cli_judge, asked.command)(asked))


def _check_data(asked: argparse.Namespace) -> int:
    from mammo_core.intake import ReaderFailed
    from mammo_core.training.cli_data import check, told

    try:
        return check(asked)
    except (ValueError, OSError, ReaderFailed) as error:
        raise UsageError(told(error)) from error


def _read(asked: argparse.Namespace) -> int:
    from mammo_core.cli.analyse import analyse
    from mammo_core.cli.render import render
    from mammo_core.intake import ReaderFailed

    try:
        return analyse(asked) if asked.command == "analyse" else render(asked)
    except ReaderFailed as error:
        raise UsageError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mammo_core",
        description="Mammograms in, calibrated scores and heat maps out. Research use only, not for clinical use.",
    )
    parser.add_argument("--version", action="version", version=f"mammo_core {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    reads = argparse.ArgumentParser(add_help=False)
    reads.add_argument("paths", nargs="+", metavar="PATH", type=Path, help="a file, or a folder with all below it")
    reads.add_argument("--out", required=True, metavar="DIR", type=Path, help="where results are written")

    analyse = commands.add_parser(
        "analyse",
        parents=[reads],
        help="score files and folders of mammograms",
        description="Score files and folders of mammograms. Writes images.jsonl, exams.jsonl and heatmaps/ (with --pdf also reports/) "
        "into DIR. When stopped and started again, what is done is not done twice, unless the file or the model changed.",
    )
    analyse.add_argument("--model", metavar="NAME", help="a model of 'models list'; the default model if left out")
    analyse.add_argument(
        "--workers",
        type=_positive,
        default=os.cpu_count() or 1,
        metavar="N",
        help="files worked on at once, each on one core (default: as many as the machine has)",
    )
    analyse.add_argument("--force", action="store_true", help="do everything anew")
    analyse.add_argument("--pdf", action="store_true", help="also write reports/, a PDF and its JSON for every exam")

    commands.add_parser(
        "render",
        parents=[reads],
        help="write mammograms as grey pictures",
        description="Write every picture under each of its windows and lookup tables as an 8-bit PNG at full size into "
        "DIR, and renders.jsonl beside them. Whatever decodes is rendered; what does not is named.",
    )

    models = commands.add_parser("models", help="list or verify the models", description="List or verify the models.")
    verbs = models.add_subparsers(dest="models_command", required=True, metavar="COMMAND")
    verbs.add_parser("list", help="the models there are", description="List the models; * marks the default.")
    verify = verbs.add_parser(
        "verify",
        help="check every byte of the models",
        description="Check every byte and the golden cases of the models named, or of all; exits 2 if one is wrong.",
    )
    verify.add_argument("names", nargs="*", metavar="NAME", help="a model of 'models list'")

    data = commands.add_parser("data", help="look into a data set", description="Look into a data set.")
    looks = data.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    check = looks.add_parser(
        "check",
        help="count what a data set holds and find what is wrong with it",
        description="Count pictures, women, classes and views, by machine, site and volume; find missing and unreadable files, copies and "
        "inverted pictures. docs/datasets.md describes the layouts.",
    )
    check.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="a data set, or a folder of several")
    check.add_argument("--layout", metavar="LAYOUT", help="its layout; the one recognised if left out")
    check.add_argument("--lists", action="store_true", help="read the set's lists alone, not the pictures")
    check.add_argument("--all", action="store_true", help="print everything found, however long")
    check.add_argument(
        "--runs",
        metavar="DIR",
        type=Path,
        default=Path("runs"),
        help="where runs go (default runs): what the search for copies finds out of a picture is kept there, for it and for trainings",
    )

    networks = commands.add_parser(
        "networks",
        help="the layers of a recipe's network",
        description="Print the layers of a recipe's network and how many parameters it has; nothing is downloaded for it.",
    )
    networks.add_argument("recipe", metavar="RECIPE", type=Path, help="the recipe, a TOML file")
    networks.add_argument("--variant", default="", metavar="NAME", help="one network of a comparison (default: each)")

    fits = argparse.ArgumentParser(add_help=False)
    fits.add_argument("--data", metavar="DIR", type=Path, help="a data set, or a folder of several")
    fits.add_argument("--weights", metavar="DIR", type=Path, help="the folder of starting weights")
    fits.add_argument("--out", metavar="DIR", type=Path, default=Path("runs"), help="where runs go (default runs)")
    fits.add_argument("--epochs", metavar="N", type=_positive, help="other epochs than the recipe's (classifiers)")
    fits.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="another value than the recipe's, as TOML: training.mixed_precision=true (classifiers; may be given again)",
    )
    fits.add_argument("--limit", metavar="N", type=_positive, help="about so many pictures, whole women (classifiers)")
    fits.add_argument("--variant", metavar="NAME", help="one variant of a comparison; all in turn if left out")
    fits.add_argument("--queue", action="store_true", help="add it to the lab's queue and return")

    train = commands.add_parser(
        "train",
        parents=[fits],
        help="train a network",
        description="Train a network by a recipe, as its protocol says. Stop it with Ctrl-C, or a file STOP in the run's folder; "
        "--resume goes on with it.",
    )
    train.add_argument("recipe", metavar="RECIPE", type=Path, nargs="?", help="the recipe, a TOML file")
    train.add_argument("--resume", metavar="RUN", type=Path, help="go on with the run in this folder")
    train.add_argument("--queued", action="store_true", help=argparse.SUPPRESS)  # the queue's: only while it waits
    train.add_argument(
        "--fold",
        nargs="+",
        choices=[*"01234"],
        help="folds of a patch network (default: all five); of a run that is resumed, folds to fit besides",
    )

    crossval = commands.add_parser(
        "crossval",
        parents=[fits],
        help="train a classifier on folds of the women",
        description="Train a classifier on folds: every woman is judged once, by a network that has not seen her.",
    )
    crossval.add_argument("recipe", metavar="RECIPE", type=Path, help="the recipe, a TOML file")
    crossval.add_argument("--folds", metavar="K", type=_positive, help="how many (default: as the recipe says)")
    crossval.set_defaults(resume=None)

    evaluate = commands.add_parser(
        "evaluate",
        help="judge a run",
        description="Judge what a run said of women it had not seen. Prints tables, and writes report.json into the run's folder. A "
        "promoted model of several networks is judged as a whole.",
    )
    evaluate.add_argument(
        "run", metavar="RUN", type=Path, help="the folder of a run, or of a model of several networks"
    )
    evaluate.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        help="the folder of data sets, to judge a patch network by heads and lesions",
    )

    compare = commands.add_parser(
        "compare",
        help="compare runs, or promoted models, on the same women",
        description="Compare each run with the first, on the pictures that both judged: a paired test by woman. --figure also draws "
        "training and validation accuracy of all of them. Promoted models are compared by the judged cases that they carry.",
    )
    compare.add_argument("runs", nargs="+", metavar="RUN", type=Path, help="the folder of a run, or of a model")
    compare.add_argument("--figure", metavar="FILE", type=Path, help="an .html file to write the learning curves to")

    systems = commands.add_parser(
        "systems",
        help="what the authors of systems state, beside what runs found",
        description="Print, as Markdown, what the authors of the systems that recipes follow state, beside what these runs found on "
        "women unseen, and why the two differ.",
    )
    systems.add_argument("runs", nargs="+", metavar="RUN", type=Path, help="the folder of a run")

    tune = commands.add_parser(
        "tune",
        help="try values of a recipe's [tune] ranges",
        description="Try values of a classifier's [tune] ranges, by what its first fold's validation women say. Women held out by "
        "a single split are never asked; where every woman is held out in some fold, figures of the recipe found are somewhat flattered, "
        "and its reports say so. Started again with the same DIR, it goes on. Writes the best recipe.",
    )
    tune.add_argument("recipe", metavar="RECIPE", type=Path, help="the recipe, a TOML file")
    tune.add_argument("--trials", metavar="N", type=_positive, default=20, help="how many in all (default 20)")
    tune.add_argument("--data", required=True, metavar="DIR", type=Path, help="a data set, or a folder of several")
    tune.add_argument("--weights", metavar="DIR", type=Path, help="the folder of starting weights")
    tune.add_argument("--out", metavar="DIR", type=Path, default=Path("runs"), help="where it goes (default runs)")
    tune.add_argument("--limit", metavar="N", type=_positive, help="about so many pictures, whole women")
    tune.add_argument("--variant", metavar="NAME", help="one variant of a comparison")

    explain = commands.add_parser(
        "explain",
        help="show what a run's networks looked at",
        description="Write heat maps of pictures that a run judged into its folder explain/, and print where they are.",
    )
    explain.add_argument("run", metavar="RUN", type=Path, help="the folder of a run")
    explain.add_argument(
        "--file", nargs="+", required=True, metavar="F", help="pictures as predictions.csv names them, or set/file"
    )
    explain.add_argument(
        "--method",
        choices=["gradcam", "gradcam++", "scorecam", "smoothgrad", "lesion"],
        default="",
        help="of a classifier all but lesion (default gradcam), of a patch network lesion (default) or gradcam",
    )
    explain.add_argument(
        "--fold", metavar="N", type=int, help="whose network (default: the one that judged the picture)"
    )

    promote = commands.add_parser(
        "promote", help="make a model of a run", description="Make a model of a run: graph, weights, card, sealed."
    )
    promote.add_argument("run", metavar="RUN", type=Path, help="the folder of a run, or the recipe of an ensemble")
    promote.add_argument(
        "--runs", metavar="DIR", type=Path, default=Path("runs"), help="where an ensemble's members lie (default runs)"
    )
    promote.add_argument(
        "--fold",
        type=_fold,
        metavar="N",
        default="all",
        help="whose network: a fold's number, or all (default all: a patch network's five together; of a classifier the first)",
    )
    promote.add_argument("--version", metavar="VERSION", default="", help="the model's version, if not the recipe's")
    promote.add_argument(
        "--data", metavar="DIR", type=Path, help="the folder of data sets (default: those that the run was trained on)"
    )

    point = commands.add_parser(
        "point",
        help="play the pointing game",
        description="Play the pointing game: how often the map's maximum lies in the lesion.",
    )
    point.add_argument("--data", required=True, metavar="DIR", type=Path, help="the folder of data sets")
    point.add_argument("--model", metavar="NAME", help="a model of 'models list'; the default model if left out")
    for verb in (train, evaluate, promote, point):
        verb.add_argument(
            "--prepared", metavar="FILE", type=Path, help="prepared pictures, written there if not there yet"
        )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _fold(text: str) -> str:
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a fold's number nor all")
    return text
