"""`promote` for runs of the kind "features": a sealed model of the network of all women."""

from __future__ import annotations

import argparse

from mammo_core.inference import models_root


def promote(args: argparse.Namespace) -> int:
    """Make a model folder of a run and seal it."""
    from mammo_core.training.cytology_card import promote as make

    if args.version or args.fold != "all":
        raise ValueError("--version, --fold: a cytology model is that of all women, under its recipe's version")
    model = make(args.run, models_root())
    print(f"{model.folder} {model.digest}")
    return 0
