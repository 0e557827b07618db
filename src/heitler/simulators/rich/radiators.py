r"""Gas radiators: what light a particle makes in them, and how well its angle is measured.

Notation: n refractive index, E energy of a photon; p, m, beta momentum, mass and velocity of a
particle; theta Cherenkov angle, s = sin^2 theta; all errors are standard deviations.

    cos theta = 1 / (n beta),   s = 1 - (1 + m^2/p^2) / n^2,   p_threshold = m / sqrt(n^2 - 1)

Where the numbers of `LHCB` come from is in docs/theory/rich.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from heitler import cherenkov
from heitler.cherenkov import largest_sine_squared
from heitler.units import MeV, eV, rad

__all__ = ["LHCB", "Radiator"]

_Array = NDArray[np.float64]

_NOMINAL = 3.0996 * eV
"""Energy of a photon of 400 nm, at which indices are quoted."""

_SCATTERING = 13.6 * MeV
_COLOURS = 1000
"""Points at which the index is averaged over the energies of photons."""


@dataclass(frozen=True, slots=True)
class Radiator:
    r"""A gas, its mirrors and its photon detectors.

    The index follows a Sellmeier formula of one term, n - 1 = (n_0 - 1)(E_r^2 - E_0^2) /
    (E_r^2 - E^2), with E_0 of 400 nm. Photons are detected evenly in energy between two bounds.

    Arguments:
        name: The gas.
        index: Refractive index n_0 at 400 nm.
        resonance: Energy E_r of the Sellmeier formula in MeV.
        photons: Lowest and highest energy of detected photons in MeV.
        acceptance: Smallest and largest polar angle of tracks in rad.
        light: Mean number of detected photons of a particle at the speed of light.
        emission: Error of a photon's angle by the unknown point of emission, the mirrors and
            their alignment, in rad.
        pixel: Error of a photon's angle by the size of pixels in rad.
        tracking: Error of the track's direction in one plane in rad.
        thickness: Matter in which the track scatters, in radiation lengths.
        crowding: Background photons per track of the event in the whole acceptance, in units of
            `light`.
    """

    name: str
    index: float
    resonance: float
    photons: tuple[float, float]
    acceptance: tuple[float, float]
    light: float
    emission: float
    pixel: float
    tracking: float
    thickness: float
    crowding: float

    @property
    def strength(self) -> float:
        """(n - 1)(E_r^2 - E^2) in MeV^2."""
        return (self.index - 1.0) * (self.resonance**2 - _NOMINAL**2)

    @property
    def mean_index(self) -> float:
        """n, averaged over detected photons."""
        return 1.0 + float(self._excess().mean())

    @property
    def index_spread(self) -> float:
        """Standard deviation of n over detected photons."""
        return float(self._excess().std())

    def _excess(self) -> _Array:
        """Values of n - 1 at energies of detected photons."""
        low, high = self.photons
        energy = low + (high - low) * (np.arange(_COLOURS) + 0.5) / _COLOURS
        excess: _Array = self.strength / (self.resonance**2 - energy**2)
        return excess

    def threshold(self, mass: float) -> float:
        """Momentum in MeV above which a particle of this mass makes light."""
        return mass / sqrt(self.mean_index**2 - 1.0)

    def sine_squared(self, momentum: _Array, mass: _Array) -> _Array:
        """sin^2 theta at the mean index; 0 below threshold.

        Arguments:
            momentum: In MeV, of any shape.
            mass: In MeV, of a shape that fits.
        """
        return cherenkov.sine_squared(momentum, mass, self.mean_index)

    def expected_photons(self, sine_squared: _Array) -> _Array:
        """Mean number of detected photons, by Frank and Tamm proportional to sin^2 theta."""
        return self.light * sine_squared / largest_sine_squared(self.mean_index)

    @property
    def photon_error(self) -> float:
        """Error of a photon's angle by itself, without its colour, in rad."""
        return sqrt(self.emission**2 + self.pixel**2)

    def chromatic_error(self, sine_squared: _Array) -> _Array:
        """Error of a photon's angle by its colour in rad.

        sigma_n / theta, with 2 sigma_n added to theta^2 to keep it finite at threshold.
        """
        spread = self.index_spread
        return spread / np.sqrt(sine_squared + 2.0 * spread)

    def track_error(self, momentum: _Array) -> _Array:
        """Error of the direction of a track in one plane in rad, which its photons share.

        That of tracking and, by the formula of Highland, of multiple scattering:
        13.6 MeV / p sqrt(x) (1 + 0.038 ln x).

        Arguments:
            momentum: In MeV, of any shape.
        """
        x = self.thickness
        return np.hypot(self.tracking, _SCATTERING / momentum * sqrt(x) * (1 + 0.038 * log(x)))

    def error(self, sine_squared: _Array, momentum: _Array) -> _Array:
        """Error of the angle of one photon, all terms together, in rad."""
        return np.sqrt(
            self.chromatic_error(sine_squared) ** 2
            + self.photon_error**2
            + self.track_error(momentum) ** 2
        )

    def background(self, multiplicity: _Array) -> _Array:
        """Background photons per steradian, spread evenly over the acceptance.

        Arguments:
            multiplicity: Tracks in the event, of any shape.
        """
        low, high = self.acceptance
        solid_angle = 2.0 * pi * (cos(low) - cos(high))
        return multiplicity * self.crowding * self.light / solid_angle


LHCB = (
    Radiator(
        name="C4F10",
        index=1.0014,
        resonance=18.938 * eV,
        photons=(2.07 * eV, 6.2 * eV),
        acceptance=(0.025 * rad, 0.3 * rad),
        light=30.0,
        emission=1.00e-3 * rad,
        pixel=0.90e-3 * rad,
        tracking=0.42e-3 * rad,
        thickness=0.02,
        crowding=0.5,
    ),
    Radiator(
        name="CF4",
        index=1.0005,
        resonance=20.003 * eV,
        photons=(2.07 * eV, 6.2 * eV),
        acceptance=(0.015 * rad, 0.12 * rad),
        light=22.0,
        emission=0.44e-3 * rad,
        pixel=0.18e-3 * rad,
        tracking=0.20e-3 * rad,
        thickness=0.0304,
        crowding=0.3,
    ),
)
"""RICH1 and RICH2 of LHCb in its first years of data."""
