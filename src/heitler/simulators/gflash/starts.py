r"""Where showers start: photons convert to pairs, electrons radiate.

The laws of GFLASH are those of the shower of one electron or positron. Geant4's manual says that
its own GFLASH departs from the original in that a shower starts where the electron enters. Here
it starts where the electron radiates the first photon that can go on with the cascade: above E_c.
Of such photons it radiates, in X0 (Particle Data Group 2024, "Passage of particles through
matter", section 34.4: bremsstrahlung with complete screening),

    n = 4/3 ln y - 4/3 (1 - 1/y) + 1/2 (1 - 1/y^2),   y = E / E_c,

so its shower starts after an exponentially distributed depth of mean 1/n. A photon converts after
one of mean 9/7 X0, into an electron and a positron with the shares x and 1 - x of its energy,

    (9/7) (1 - 4/3 x (1 - x))   in [0, 1]

(section 34.4 as well), and each of them makes a shower of its own. Such a pair makes a shorter
shower than one electron of its energy would: T goes with ln E, and the mean of
x ln x + (1 - x) ln (1 - x) is -0.48.

Notation: N particles; M electrons and positrons, one of each electron and two of each photon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from heitler.particles import PHOTON, IncidentParticles
from heitler.simulators.gflash.medium import Medium

__all__ = ["Starts", "radiations", "shares"]

_Number = TypeVar("_Number", bound=np.generic)
_Array = NDArray[np.float64]

_CONVERSION = 9 / 7
_FEWEST = 1.0
"""Least n: an electron of little more than E_c stops within about an X0."""


@dataclass(frozen=True, slots=True)
class Starts:
    """Electrons and positrons whose showers the laws describe.

    Arguments:
        parent: Number of the particle from which each comes, (M,), rising.
        second: Whether it is the second of a pair, (M,).
        energy: Energies in MeV, (M,).
        depth: Where its shower starts, below the entry of the particle, in X0, (M,).
    """

    parent: NDArray[np.int64]
    second: NDArray[np.bool_]
    energy: _Array
    depth: _Array

    @classmethod
    def of(
        cls, incident: IncidentParticles, medium: Medium, generator: np.random.Generator
    ) -> Self:
        """Those of incident photons, electrons and positrons."""
        photon = incident.pdg.numpy() == PHOTON
        converted = generator.exponential(_CONVERSION, len(photon)) * photon
        x = np.where(photon, shares(generator, len(photon)), 1.0)
        parent = np.repeat(np.arange(len(photon)), 1 + photon)
        second = np.diff(parent, prepend=-1) == 0
        energy = incident.energy.numpy()[parent] * np.where(second, 1 - x[parent], x[parent])
        radiated = generator.exponential(1 / radiations(energy / medium.critical_energy))
        return cls(parent, second, energy, converted[parent] + radiated)

    def together(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """What all showers of a particle have in slices, one after the other; 0 for none.

        Arguments:
            values: A number for each shower and slice, (M, L).

        Returns:
            (N, 2 L).
        """
        particles = len(self.parent) - int(self.second.sum())
        rows = np.zeros((particles, 2, values.shape[1]), values.dtype)
        rows[self.parent, self.second.astype(np.int64)] = values
        return rows.reshape(particles, 2 * values.shape[1])


def radiations(y: _Array) -> _Array:
    """n: photons above E_c that an electron of y E_c radiates in an X0, at least 1."""
    low = 1 / np.maximum(y, 1.0)
    number = -4 / 3 * np.log(low) - 4 / 3 * (1 - low) + (1 - low**2) / 2
    return np.asarray(np.maximum(number, _FEWEST))


def shares(generator: np.random.Generator, count: int) -> _Array:
    """The electron's share x of the energy of pairs.

    The law is (6 + 3 (1 - 2 x)^2) / 7: in six of seven cases x is even, else (2 x - 1)^3 is.
    """
    even = generator.random(count)
    uneven = (1 + np.cbrt(2 * generator.random(count) - 1)) / 2
    return np.where(generator.random(count) < 6 / 7, even, uneven)
