"""Observables: plain functions of showers.

    >>> OBSERVABLES["visible_energy"](showers)  # doctest: +SKIP

Energies are sums over all deposits; hits are deposits above `showers.detector.hit_threshold`. An
empty shower (no deposits) gives 0 everywhere, layer -1 for its maximum, 90 degrees for its angles
and sparsity 1; never NaN.
"""

from heitler.observables.base import OBSERVABLES, Bins, Observable, observable
from heitler.observables.energy import energy_thirds, layer_energy, response, visible_energy
from heitler.observables.features import (
    HIGH_LEVEL,
    LATERAL,
    feature_names,
    high_level_features,
    lateral_features,
)
from heitler.observables.higher_moments import (
    kurtosis_x,
    kurtosis_y,
    kurtosis_z,
    skewness_x,
    skewness_y,
    skewness_z,
)
from heitler.observables.hits import hits, hits_per_layer, sparsity
from heitler.observables.longitudinal import (
    gamma_rate,
    gamma_shape,
    layer_lengths,
    maximum_residual,
    shower_maximum,
    weighted_energy,
    weighted_response,
)
from heitler.observables.maximum import maximum_energy, maximum_layer, maximum_radius
from heitler.observables.moments import (
    layer_centre_x,
    layer_centre_y,
    layer_width_x,
    layer_width_y,
    shower_angle,
)
from heitler.observables.peaks import layer_peaks, longitudinal_peaks, peak_distance, prominence
from heitler.observables.principal import axis_angle, axis_angle_residual, principal_widths
from heitler.observables.profiles import (
    longitudinal_profile,
    radial_profile,
    ring_edges,
)
from heitler.observables.sectors import azimuthal_profile, sector_edges
from heitler.observables.shape import (
    centre_x,
    centre_y,
    centre_z,
    width_x,
    width_y,
    width_z,
)
from heitler.observables.spectrum import (
    SPECTRUM_AXIS,
    cell_spectrum,
    mip_edges,
    mip_energy,
    mip_spectrum,
    spectrum_edges,
)

__all__ = [
    "HIGH_LEVEL",
    "LATERAL",
    "OBSERVABLES",
    "SPECTRUM_AXIS",
    "Bins",
    "Observable",
    "axis_angle",
    "axis_angle_residual",
    "azimuthal_profile",
    "cell_spectrum",
    "centre_x",
    "centre_y",
    "centre_z",
    "energy_thirds",
    "feature_names",
    "gamma_rate",
    "gamma_shape",
    "high_level_features",
    "hits",
    "hits_per_layer",
    "kurtosis_x",
    "kurtosis_y",
    "kurtosis_z",
    "lateral_features",
    "layer_centre_x",
    "layer_centre_y",
    "layer_energy",
    "layer_lengths",
    "layer_peaks",
    "layer_width_x",
    "layer_width_y",
    "longitudinal_peaks",
    "longitudinal_profile",
    "maximum_energy",
    "maximum_layer",
    "maximum_radius",
    "maximum_residual",
    "mip_edges",
    "mip_energy",
    "mip_spectrum",
    "observable",
    "peak_distance",
    "principal_widths",
    "prominence",
    "radial_profile",
    "response",
    "ring_edges",
    "sector_edges",
    "shower_angle",
    "shower_maximum",
    "skewness_x",
    "skewness_y",
    "skewness_z",
    "sparsity",
    "spectrum_edges",
    "visible_energy",
    "weighted_energy",
    "weighted_response",
    "width_x",
    "width_y",
    "width_z",
]
