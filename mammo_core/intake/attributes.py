"""Values of DICOM attributes as plain Python ones, whatever a writer put into them.

What is absent, of the wrong kind or not finite is None, "" or empty, so that no caller meets a surprise. It
refuses only where a picture cannot do without the value.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from mammo_core.intake.refusals import Refused


def text(dataset: Dataset, keyword: str) -> str:
    """The value as text without padding, "" where it is absent."""
    value = dataset.get(keyword)
    return "" if value is None else str(value).replace("\x00", "").strip()


def several(dataset: Dataset, keyword: str) -> list[Any]:
    """Every value of an attribute, one or many; empty where it is absent."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]


def as_number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of an attribute as a finite number, None where it is absent or is none."""
    values = several(dataset, keyword)
    return as_number(values[0]) if values else None


def whole(dataset: Dataset, keyword: str) -> int:
    """A whole number of 1 or more. Raises Refused where it is missing."""
    value = number(dataset, keyword)
    if value is None or value < 1:
        raise Refused("bad_header", f"{keyword} is missing")
    return int(value)


def stored_value(dataset: Dataset, keyword: str, dtype: np.dtype[Any]) -> int | None:
    """An attribute that speaks of a stored value of type `dtype`."""
    value = dataset.get(keyword)
    if isinstance(value, bytes):  # an unresolved "US or SS"
        value = int.from_bytes(value[:2], "little", signed=dtype.kind == "i") if len(value) >= 2 else None
    found = as_number(value)
    return None if found is None else int(found)


def pair(dataset: Dataset, keyword: str, least: float, most: float) -> tuple[float, float] | None:
    """Two numbers within `least`..`most`, or None."""
    values = [as_number(value) for value in several(dataset, keyword)]
    if len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return (values[0], values[1]) if all(least <= value <= most for value in (values[0], values[1])) else None
