"""Cytology: thirty features of the cell nuclei in a fine-needle aspirate in, the probability of malignancy out.

It knows nothing of mammograms, and its models are never offered for them. A table is read strictly: columns are known by
their names, a wrong value is named by row and column, and nothing is filled in.
"""

from mammo_core.cytology.model import KIND, FeatureModel, feature_models, load_feature_model, seal_feature_model
from mammo_core.cytology.table import FeatureRow, FeatureTable, TableRefused, read_table, template

__all__ = [
    "KIND",
    "FeatureModel",
    "FeatureRow",
    "FeatureTable",
    "TableRefused",
    "feature_models",
    "load_feature_model",
    "read_table",
    "seal_feature_model",
    "template",
]
