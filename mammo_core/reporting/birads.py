"""The words a mammography report is made of: ACR BI-RADS Atlas, 5th edition (2013), mammography.

Terms only. What a reader chooses among them is an `Assessment`; nothing here proposes one.
"""

from __future__ import annotations

DENSITIES = {
    "a": "The breasts are almost entirely fatty.",
    "b": "There are scattered areas of fibroglandular density.",
    "c": "The breasts are heterogeneously dense, which may obscure small masses.",
    "d": "The breasts are extremely dense, which lowers the sensitivity of mammography.",
}
"""Breast composition, with the atlas's sentences."""

CATEGORIES = {
    "0": "Incomplete: need additional imaging evaluation or prior mammograms for comparison",
    "1": "Negative",
    "2": "Benign",
    "3": "Probably benign",
    "4": "Suspicious",
    "4A": "Low suspicion for malignancy",
    "4B": "Moderate suspicion for malignancy",
    "4C": "High suspicion for malignancy",
    "5": "Highly suggestive of malignancy",
    "6": "Known biopsy-proven malignancy",
}
"""Assessment categories, one for each breast."""

MASS, CALCIFICATIONS = "mass", "calcifications"

FINDINGS = (
    MASS,
    CALCIFICATIONS,
    "architectural distortion",
    "asymmetry",
    "focal asymmetry",
    "global asymmetry",
    "developing asymmetry",
    "intramammary lymph node",
    "axillary adenopathy",
    "skin lesion",
    "solitary dilated duct",
    "skin retraction",
    "nipple retraction",
    "skin thickening",
    "trabecular thickening",
    "other",
)
"""Types of finding, associated features among them."""

QUADRANTS = (
    "upper outer",
    "upper inner",
    "lower outer",
    "lower inner",
    "upper central",
    "lower central",
    "outer central",
    "inner central",
    "central",
    "retroareolar",
    "axillary tail",
    "axilla",
)
DEPTHS = ("anterior", "middle", "posterior")
CLOCK = tuple(range(1, 13))

ROUTINE, TISSUE = "Routine mammography screening", "Tissue diagnosis"

RECOMMENDATIONS = (
    ROUTINE,
    "Comparison with prior examinations",
    "Additional mammographic views",
    "Ultrasound",
    "Magnetic resonance imaging",
    "Short-interval (6-month) follow-up mammography",
    TISSUE,
    "Surgical excision when clinically appropriate",
)
"""What is usually recommended, in the atlas's order of concern."""
