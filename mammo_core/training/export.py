"""Networks leave Keras here, as OpenVINO graphs: for serving, and for reading thousands of whole pictures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import openvino

FloatArray = npt.NDArray[np.float32]


def export(network: Any, graph: Path) -> None:
    """Write `network` (named inputs, a dict of outputs) as `graph` (.xml) and its weights beside it, stored as float16.

    It is computed in float32 all the same. Trained weights that were rounded to float16 are stored as they are, but for batch
    normalisation, which the converter folds into them.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "graph.xml"
        network.export(str(whole), format="openvino", verbose=False)
        slim = Path(folder) / "slim.xml"
        openvino.save_model(openvino.Core().read_model(whole), slim, compress_to_fp16=True)
        for suffix in (".xml", ".bin"):  # copied: of a full disk OpenVINO says nothing that could be understood
            shutil.copyfile(slim.with_suffix(suffix), graph.with_suffix(suffix))


def reader(network: Any, outputs: tuple[str, ...]) -> Callable[[FloatArray], dict[str, FloatArray]]:
    """A function from (n, rows, columns, 1) canvases to the named outputs of `network`, run by OpenVINO in float32."""
    slim = keras.Model(network.input, {name: network.output[name] for name in outputs})
    with tempfile.TemporaryDirectory() as folder:
        slim.export(str(Path(folder) / "graph.xml"), format="openvino", verbose=False)
        core = openvino.Core()
        graph = core.compile_model(
            core.read_model(Path(folder) / "graph.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )

    def read(canvases: FloatArray) -> dict[str, FloatArray]:
        parts = [graph(canvas[None]) for canvas in canvases]
        return {name: np.concatenate([part[name] for part in parts]) for name in outputs}

    return read
