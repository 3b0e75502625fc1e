"""The name of a picture: what it holds, not where it came from. It knows nothing of files."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt


def image_id(pixels: npt.NDArray[Any]) -> str:
    """SHA-256 (hex) of dtype, shape and the stored values, little-endian in row order."""
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{little.dtype.str} {pixels.shape}".encode())
    digest.update(little.data)
    return digest.hexdigest()
