"""Data sets in their usual layouts, all as one `Table`. It reads lists and folders; pixels are decoded elsewhere."""

from __future__ import annotations

from mammo_core.training.datasets.table import LABELS, Box, Lesion, Row, Table

__all__ = ["LABELS", "Box", "Lesion", "Row", "Table"]
