"""Observables: plain functions of showers.

    >>> OBSERVABLES["visible_energy"](showers)  # doctest: +SKIP

Energies are sums over all deposits; hits are deposits above `showers.detector.hit_threshold`. An
empty shower (no deposits) gives 0 everywhere, layer -1 for its maximum and 90 degrees for its
angle; never NaN.
"""

from heitler.observables.base import OBSERVABLES, Observable, observable
from heitler.observables.energy import layer_energy, response, visible_energy
from heitler.observables.features import (
    HIGH_LEVEL,
    LATERAL,
    feature_names,
    high_level_features,
    lateral_features,
)
from heitler.observables.hits import hits, hits_per_layer
from heitler.observables.maximum import maximum_energy, maximum_layer, maximum_radius
from heitler.observables.moments import (
    layer_centre_x,
    layer_centre_y,
    layer_width_x,
    layer_width_y,
    shower_angle,
)
from heitler.observables.profiles import (
    longitudinal_profile,
    radial_profile,
    ring_edges,
)
from heitler.observables.shape import (
    centre_x,
    centre_y,
    centre_z,
    width_x,
    width_y,
    width_z,
)
from heitler.observables.spectrum import SPECTRUM_AXIS, cell_spectrum, spectrum_edges

__all__ = [
    "HIGH_LEVEL",
    "LATERAL",
    "OBSERVABLES",
    "SPECTRUM_AXIS",
    "Observable",
    "cell_spectrum",
    "centre_x",
    "centre_y",
    "centre_z",
    "feature_names",
    "high_level_features",
    "hits",
    "hits_per_layer",
    "lateral_features",
    "layer_centre_x",
    "layer_centre_y",
    "layer_energy",
    "layer_width_x",
    "layer_width_y",
    "longitudinal_profile",
    "maximum_energy",
    "maximum_layer",
    "maximum_radius",
    "observable",
    "radial_profile",
    "response",
    "ring_edges",
    "shower_angle",
    "spectrum_edges",
    "visible_energy",
    "width_x",
    "width_y",
    "width_z",
]
