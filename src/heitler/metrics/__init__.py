"""Metrics: distances between two samples, each as `Estimate(value, error)`.

Beside every value belongs its floor, the same metric between two independent samples of the
reference of the same size: see `heitler.validation`.
"""

from heitler.metrics.base import METRICS, Estimate, Metric, metric
from heitler.metrics.classifier import (
    classifier_auc,
    neural_classifier_auc,
    permutation_importance,
)
from heitler.metrics.crossfit import cross_fitted_auc
from heitler.metrics.distributions import (
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    wasserstein,
)
from heitler.metrics.profiles import largest_deviation, profile_ratio
from heitler.metrics.ratios import mean_ratio, width_ratio
from heitler.metrics.separation import separation_edges, separation_power, spectrum_separation
from heitler.metrics.voxels import voxel_classifier_auc

__all__ = [
    "METRICS",
    "Estimate",
    "Metric",
    "classifier_auc",
    "cross_fitted_auc",
    "kolmogorov_smirnov",
    "kolmogorov_smirnov_p",
    "largest_deviation",
    "mean_ratio",
    "metric",
    "neural_classifier_auc",
    "permutation_importance",
    "profile_ratio",
    "separation_edges",
    "separation_power",
    "spectrum_separation",
    "voxel_classifier_auc",
    "wasserstein",
    "width_ratio",
]
