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
from heitler.metrics.correlations import correlation_distance, pearson_matrix
from heitler.metrics.crossfit import cross_fitted_auc
from heitler.metrics.discrepancies import energy_distance, maximum_mean_discrepancy
from heitler.metrics.distributions import (
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    wasserstein,
)
from heitler.metrics.diversity import (
    authenticity,
    data_copying,
    memorisation,
    memorisation_auc,
    mode_chi2,
    repeated_pairs,
    similarity_across,
    similarity_of_samples,
    similarity_within,
    structural_similarity,
    support_size,
)
from heitler.metrics.histograms import (
    chi2_of_counts,
    chi2_of_histograms,
    chi2_per_degree,
    quantile_edges,
)
from heitler.metrics.information import classifier_jensen_shannon, log_posteriors
from heitler.metrics.jensen_shannon import (
    binned_jensen_shannon,
    jensen_shannon,
    pair_jensen_shannon,
)
from heitler.metrics.neighbours import coverage, density, precision, recall
from heitler.metrics.physics_distances import (
    frechet_physics_distance,
    kernel_physics_distance,
)
from heitler.metrics.profiles import largest_deviation, profile_ratio
from heitler.metrics.ratios import mean_ratio, width_ratio
from heitler.metrics.separation import (
    binned_separation,
    separation_edges,
    separation_power,
    spectrum_separation,
)
from heitler.metrics.spectra import spectrum_chi2
from heitler.metrics.transport import sinkhorn_divergence, sliced_wasserstein
from heitler.metrics.voxels import (
    convolutional_classifier_auc,
    share_classifier_auc,
    voxel_classifier_auc,
)

__all__ = [
    "METRICS",
    "Estimate",
    "Metric",
    "authenticity",
    "binned_jensen_shannon",
    "binned_separation",
    "chi2_of_counts",
    "chi2_of_histograms",
    "chi2_per_degree",
    "classifier_auc",
    "classifier_jensen_shannon",
    "convolutional_classifier_auc",
    "correlation_distance",
    "coverage",
    "cross_fitted_auc",
    "data_copying",
    "density",
    "energy_distance",
    "frechet_physics_distance",
    "jensen_shannon",
    "kernel_physics_distance",
    "kolmogorov_smirnov",
    "kolmogorov_smirnov_p",
    "largest_deviation",
    "log_posteriors",
    "maximum_mean_discrepancy",
    "mean_ratio",
    "memorisation",
    "memorisation_auc",
    "metric",
    "mode_chi2",
    "neural_classifier_auc",
    "pair_jensen_shannon",
    "pearson_matrix",
    "permutation_importance",
    "precision",
    "profile_ratio",
    "quantile_edges",
    "recall",
    "repeated_pairs",
    "separation_edges",
    "separation_power",
    "share_classifier_auc",
    "similarity_across",
    "similarity_of_samples",
    "similarity_within",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "spectrum_chi2",
    "spectrum_separation",
    "structural_similarity",
    "support_size",
    "voxel_classifier_auc",
    "wasserstein",
    "width_ratio",
]
