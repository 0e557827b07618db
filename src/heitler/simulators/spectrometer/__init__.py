"""A toy of a forward spectrometer with particle identification."""

from heitler.simulators.spectrometer.simulator import (
    SpectrometerSimulator as SpectrometerSimulator,
)
