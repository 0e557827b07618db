"""Metrics: distances between two samples, each as `Estimate(value, error)`.

Beside every value belongs its floor, the same metric between two independent samples of the
reference of the same size: see `heitler.validation`.
"""

from heitler.metrics.base import METRICS, Estimate, Metric, metric
from heitler.metrics.classifier import classifier_auc
from heitler.metrics.distributions import (
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    wasserstein,
)
from heitler.metrics.profiles import largest_deviation, profile_ratio
from heitler.metrics.ratios import mean_ratio, width_ratio
from heitler.metrics.separation import separation_edges, separation_power, spectrum_separation

__all__ = [
    "METRICS",
    "Estimate",
    "Metric",
    "classifier_auc",
    "kolmogorov_smirnov",
    "kolmogorov_smirnov_p",
    "largest_deviation",
    "mean_ratio",
    "metric",
    "profile_ratio",
    "separation_edges",
    "separation_power",
    "spectrum_separation",
    "wasserstein",
    "width_ratio",
]
