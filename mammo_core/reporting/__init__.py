"""The reader's own word on paper, and apart from it what a model said of the pictures.

Takes an exam, what a network said of it and what its reader decided, and makes a PDF and its JSON twin. Runs no
network, knows no screen, reads no clock, and fills in nothing that the reader left open.
"""

from mammo_core.reporting.assessment import (
    Assessment,
    Breast,
    Finding,
    Signature,
    State,
    amend,
    sign,
    warnings,
)
from mammo_core.reporting.build import Report, report
from mammo_core.reporting.draft import read_draft, write_draft

__all__ = [
    "Assessment",
    "Breast",
    "Finding",
    "Report",
    "Signature",
    "State",
    "amend",
    "read_draft",
    "report",
    "sign",
    "warnings",
    "write_draft",
]
