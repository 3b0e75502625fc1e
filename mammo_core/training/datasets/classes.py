"""The class that a name speaks of: that of a folder, or that of a class of boxes.

"malig" and "cancer" say malignant, "benign" benign, the whole word "normal" normal. With "not", "non", "no", "without" and the
like right before it, or "free" right after it, the first is `not_malignant` and the others say nothing. Nor does
"premalignant", nor malignant with such a word elsewhere in the name ("no evidence of malignancy"): it could mean either.
"""

from __future__ import annotations

import re

_NOT = "not|non|no|without|nicht|keine?|ohne|pas|sans|sin"
_SAID = re.compile(
    rf"(?P<before>(?<![a-z])(?:{_NOT}|pre)[\W_]*)?"
    r"(?:(?P<malignant>malig(?:nan(?:t|cy))?|cancer(?:ous)?)|(?P<benign>benign)|(?P<normal>(?<![a-z])normals?(?![a-z])))"
    r"(?P<after>[\W_]*free(?![a-z]))?"
)
_DENIED = re.compile(rf"(?<![a-z])(?:{_NOT}|neg|negative|free|excluded)(?![a-z])")


def classes_said(name: str) -> set[str]:
    """The labels that a name says: none, one, or more; capitals make no difference."""
    said = set()
    for found in _SAID.finditer(name.lower()):
        before = found["before"] or ""
        label = next(word for word in ("malignant", "benign", "normal") if found[word])
        if not before and not found["after"]:
            if label != "malignant" or not _DENIED.search(name.lower()):
                said.add(label)
        elif label == "malignant" and not before.startswith("pre"):
            said.add("not_malignant")
    return said
