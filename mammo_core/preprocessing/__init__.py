"""From a mammogram to the network's canvas and back: one function in, one function back. Knows no files and no networks."""

from mammo_core.preprocessing.canvas import CANVAS, CanvasTransform, NetworkInput, prepare, prepare_grey, whole_picture
from mammo_core.preprocessing.outline import Outline, find_outline

__all__ = [
    "CANVAS",
    "CanvasTransform",
    "NetworkInput",
    "Outline",
    "find_outline",
    "prepare",
    "prepare_grey",
    "whole_picture",
]
