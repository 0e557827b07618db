"""Performance: what one sample of showers says of a calorimeter, against energy and angle.

    points = resolution(incident, visible)
    print(fit_resolution(points).stochastic)

Numbers only: arrays in, dataclasses with errors out. Energies are in MeV, angles in degrees. A
model and Geant4 are compared by doing the same to both.
"""

from heitler.performance.correlations import Correlations, layer_correlations
from heitler.performance.curves import Curve, curve, edges_of, energy_edges
from heitler.performance.direction import angular_resolution, angular_response
from heitler.performance.energy import (
    ResolutionFit,
    SamplingFraction,
    fit_resolution,
    linearity,
    resolution,
    sampling_fraction,
)
from heitler.performance.fits import Fit, fit_linear
from heitler.performance.intervals import Core, core90, shortest_interval
from heitler.performance.maximum import Growth, growth
from heitler.performance.mip import MipPeak, mip_peak

__all__ = [
    "Core",
    "Correlations",
    "Curve",
    "Fit",
    "Growth",
    "MipPeak",
    "ResolutionFit",
    "SamplingFraction",
    "angular_resolution",
    "angular_response",
    "core90",
    "curve",
    "edges_of",
    "energy_edges",
    "fit_linear",
    "fit_resolution",
    "growth",
    "layer_correlations",
    "linearity",
    "mip_peak",
    "resolution",
    "sampling_fraction",
    "shortest_interval",
]
