"""The class that a name speaks of: that of a folder, or that of a class of boxes.

"malig" and "cancer" say malignant, "benign" benign, the whole word "normal" normal; with "not", "non", "no" or "without"
right before it, or "free" right after it, the first is `not_malignant`, and the others say nothing. Nor does "premalignant".
"""

from __future__ import annotations

import re

_SAID = re.compile(
    r"(?P<before>(?<![a-z])(?:not|non|no|without|pre)[\W_]*)?"
    r"(?:(?P<malignant>malig(?:nan(?:t|cy))?|cancer(?:ous)?)|(?P<benign>benign)|(?P<normal>(?<![a-z])normals?(?![a-z])))"
    r"(?P<after>[\W_]*free(?![a-z]))?"
)


def classes_said(name: str) -> set[str]:
    """The labels that a name says: none, one, or more; capitals make no difference."""
    said = set()
    for found in _SAID.finditer(name.lower()):
        before = found["before"] or ""
        label = next(word for word in ("malignant", "benign", "normal") if found[word])
        if not before and not found["after"]:
            said.add(label)
        elif label == "malignant" and not before.startswith("pre"):
            said.add("not_malignant")
    return said
