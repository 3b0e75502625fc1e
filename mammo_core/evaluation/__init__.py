"""Arrays in, numbers out: how good a score is, and how sure we may be of that.

NumPy, SciPy and scikit-learn only. Nothing here reads a file, runs a network or draws a figure, and no
function invents randomness: whoever asks for an interval brings the generator.
"""

from mammo_core.evaluation.baselines import metadata_baseline, metadata_of
from mammo_core.evaluation.calibration import Calibration, fit_calibration
from mammo_core.evaluation.controls import controls, majority_class, permuted_auc, permuted_macro_auc
from mammo_core.evaluation.curves import (
    Band,
    Rates,
    Reliability,
    precision_recall_band,
    rates,
    reliability,
    roc_band,
)
from mammo_core.evaluation.metrics import (
    DRAWS,
    Interval,
    auc_interval,
    brier,
    confusion,
    expected_calibration_error,
    rounded,
    score_interval,
    share_interval,
    threshold_at,
)
from mammo_core.evaluation.multiclass import Multiclass, multiclass
from mammo_core.evaluation.paired import Paired, paired_auc, paired_multiclass
from mammo_core.evaluation.pointing import Pointing, PointingFigures, point, pointing_figures
from mammo_core.evaluation.score_intervals import wilson
from mammo_core.evaluation.subgroups import subgroups
from mammo_core.evaluation.summaries import POINTS, exams_at_least, operating_points

__all__ = [
    "DRAWS",
    "POINTS",
    "Band",
    "Calibration",
    "Interval",
    "Multiclass",
    "Paired",
    "Pointing",
    "PointingFigures",
    "Rates",
    "Reliability",
    "auc_interval",
    "brier",
    "confusion",
    "controls",
    "exams_at_least",
    "expected_calibration_error",
    "fit_calibration",
    "majority_class",
    "metadata_baseline",
    "metadata_of",
    "multiclass",
    "operating_points",
    "paired_auc",
    "paired_multiclass",
    "permuted_auc",
    "permuted_macro_auc",
    "point",
    "pointing_figures",
    "precision_recall_band",
    "rates",
    "reliability",
    "roc_band",
    "rounded",
    "score_interval",
    "share_interval",
    "subgroups",
    "threshold_at",
    "wilson",
]
