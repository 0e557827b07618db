r"""The classical fast simulation: showers drawn from the laws of GFLASH, spot by spot.

An electron's shower starts where it radiates; a photon converts to a pair before, and has two
showers (`heitler.simulators.gflash.starts`). Each has a gamma profile of its own. A slice loses dE
of it; a sampling calorimeter sees of that a gamma-distributed number of mean dE and variance
c^2 dE (E in GeV), times e/mip and the share S of its active plates. This energy lies in equal
spots about the axis; each goes to the slice in which it comes to lie and to the cell in which it
is there, or is lost. The inner loops, over spots, are in `heitler.kernels.spots`.

Notation: N particles, M showers, L layers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from heitler.detectors import Detector
from heitler.hits import Hits
from heitler.kernels import Cloud, collect, scatter
from heitler.models import random_generator
from heitler.particles import ELECTRON, PHOTON, POSITRON, IncidentParticles
from heitler.showers import Showers, SparseShowers
from heitler.simulators.base import part_number
from heitler.simulators.gflash.medium import Medium, Slices
from heitler.simulators.gflash.parameters import (
    Radial,
    longitudinal,
    radial,
    slices,
    spots,
)
from heitler.simulators.gflash.starts import Starts
from heitler.simulators.sources import block_seed
from heitler.units import GeV, MeV

__all__ = ["GflashSimulator"]

_Array = NDArray[np.float64]

_LOWEST, _HIGHEST = 100 * MeV, 1000 * GeV
_CHUNK = 16
"""Showers that are made at a time, from one seed; part of what a seed means."""


class GflashSimulator:
    """Electromagnetic showers after Grindhammer and Peters: a `ShowerSimulator`.

    It holds for photons, electrons and positrons of 100 MeV to 1 TeV; the fits behind it were made
    in the middle of this range. There is nothing to train.

    Reference: hep-ex/0001020; the laws are in `heitler.simulators.gflash.parameters`.

    Arguments:
        detector: A detector with a stack of materials.
        response: Visible energy of a shower beside that of minimum-ionising particles with the
            same loss (e/mip): the one number to calibrate, all deposits are proportional to it. By
            default 1 / (1 + 0.007 (Z_p - Z_a)), see `heitler.simulators.gflash.medium`.
        resolution: c of the sampling fluctuations sigma/E = c / sqrt(E/GeV), by default from the
            stack; a homogeneous calorimeter has none.

    Raises:
        ValueError: The detector has no stack, or a number is not above 0.
    """

    grain: ClassVar[int] = _CHUNK

    def __init__(
        self,
        detector: Detector,
        *,
        response: float | None = None,
        resolution: float | None = None,
    ) -> None:
        self.detector = detector
        medium = Medium.of(detector)
        if resolution is not None and medium.homogeneous:
            msg = f"{detector.name} is homogeneous: it has no sampling fluctuations to set"
            raise ValueError(msg)
        self.medium = medium if resolution is None else replace(medium, resolution=resolution)
        self.response = medium.e_mip if response is None else response
        if not (self.response > 0 and (medium.homogeneous or self.medium.resolution > 0)):
            msg = f"response and resolution must be above 0, got {response} and {resolution}"
            raise ValueError(msg)
        self._slices = Slices.of(detector)

    def simulate(self, incident: IncidentParticles, *, seed: int) -> Showers:
        """One shower for each particle; the same for the same particles and seed.

        Raises:
            ValueError: A particle is none that GFLASH covers.
        """
        return self.simulate_sparse(incident, seed=seed).dense()

    def simulate_sparse(
        self, incident: IncidentParticles, *, seed: int, first: int = 0
    ) -> SparseShowers:
        """The showers of `simulate`, from number `first` on, as lists of hits.

        Raises:
            ValueError: A particle is none that GFLASH covers, or `first` no multiple of `grain`.
        """
        self.check(incident)
        parts = []
        chunk = part_number(first, self.grain)
        for index, start in enumerate(range(0, len(incident), _CHUNK), start=chunk):
            generator = random_generator(block_seed(seed, index, 2))
            parts.append(self._hits(incident[start : start + _CHUNK], generator))
        return SparseShowers(Hits.concatenate(parts), incident, self.detector)

    def provenance(self) -> dict[str, Any]:
        """What a file of these showers says about its origin."""
        return {
            "simulator": "gflash",
            "response": self.response,
            "resolution": self.medium.resolution,
        }

    def check(self, incident: IncidentParticles) -> None:
        """Refuses particles that GFLASH does not cover.

        Raises:
            ValueError: Names what it covers, and what came.
        """
        if other := sorted(set(incident.pdg.tolist()) - {PHOTON, ELECTRON, POSITRON}):
            msg = f"GFLASH makes showers of the particle codes 22, 11 and -11, got {other}"
            raise ValueError(msg)
        wrong = (incident.energy < _LOWEST) | (incident.energy > _HIGHEST)
        if bool(wrong.any()):
            msg = (
                f"GFLASH holds from {_LOWEST / GeV:g} to {_HIGHEST / GeV:g} GeV, got "
                f"{float(incident.energy[wrong][0]) / GeV:g} GeV ({int(wrong.sum())} of "
                f"{len(incident)} particles are outside)"
            )
            raise ValueError(msg)
        if bool((incident.direction[:, 2] <= 0).any()):
            msg = "particles must fly into the detector: the z of their direction is above 0"
            raise ValueError(msg)

    def _hits(self, incident: IncidentParticles, generator: np.random.Generator) -> Hits:
        """Lists of hits of one block."""
        starts = Starts.of(incident, self.medium, generator)
        visible, cloud = self._develop(
            incident[torch.from_numpy(starts.parent)], starts, generator
        )
        drawn = scatter(cloud)
        geometry = self.detector.geometry
        cell = geometry.locate_in(*(torch.from_numpy(values) for values in drawn))
        energy = starts.together(visible / np.maximum(cloud.counts, 1))
        hits = collect(starts.together(cloud.counts), energy, cell.int().numpy(), geometry.cells)
        return Hits(*(torch.from_numpy(values) for values in hits))

    def _develop(
        self, incident: IncidentParticles, starts: Starts, generator: np.random.Generator
    ) -> tuple[_Array, Cloud]:
        """Visible energy in MeV of each shower in each slice, (M, L), and how spots lie there."""
        energy = starts.energy[:, None]
        normal = generator.standard_normal((2, len(energy), 1))
        depth, spacing = self._depths(incident, starts)
        law = longitudinal(self.medium, energy, spacing)
        maximum, alpha = law.fluctuate(*normal)
        lost = slices(depth, maximum, alpha) * energy
        number, maximum_spot, alpha_spot = spots(self.medium, energy, maximum, alpha)
        counts = generator.poisson(number * slices(depth, maximum_spot, alpha_spot))
        counts = np.where(lost > 0, np.maximum(counts, 1), 0)
        # tau of one shower (appendix A.1): t / <t> of this shower, times <t> / T of the mean.
        mean = np.exp(law.log_alpha)
        unit = maximum * (alpha / (alpha - 1)) * ((mean - 1) / mean)
        tau = (depth[:, 1:] + depth[:, :-1]) / 2 / unit
        profile = radial(self.medium, energy, tau, spacing)
        seen = self._sample(lost, generator) * self.response * self._slices.shares
        return seen, self._cloud(incident, counts, profile, generator)

    def _depths(self, incident: IncidentParticles, starts: Starts) -> tuple[_Array, _Array]:
        """How the slices lie along each shower.

        Returns:
            Depth of the slices' edges below its start in X0, (M, L + 1); 1/F_S of their cells as
            it passes them, (M, L).
        """
        entry = self._slices.depth(incident.position[:, 2].numpy() - self.detector.face_z)
        edges = self._slices.depth(self._slices.edges)
        cosine = incident.direction[:, 2].numpy()[:, None]
        below = (edges - entry[:, None]) / cosine - starts.depth[:, None]
        return np.maximum(below, 0.0), self._slices.spacing / cosine

    def _sample(self, lost: _Array, generator: np.random.Generator) -> _Array:
        """Sampling fluctuations: mean `lost`, variance c^2 `lost` GeV."""
        if self.medium.homogeneous:
            return lost
        unit = self.medium.resolution**2 * GeV
        return generator.standard_gamma(lost / unit) * unit

    def _cloud(
        self,
        incident: IncidentParticles,
        counts: NDArray[np.int64],
        profile: Radial,
        generator: np.random.Generator,
    ) -> Cloud:
        """How spots lie about the axes of showers.

        A spot lies at the depth z on the axis plus (u, v) across it. The unit vectors across the
        direction (a, b, c) are (1 - a a / (1 + c), -a b / (1 + c), -a) and the like of b. It is
        read in the plane of the slice it is in, where it comes to along the direction:

            x = x_0 + (z - z_0) a / c + u (1 + k a a) + v k a b,   k = 1 / (c (1 + c)).

        Arguments:
            incident: The particle of each shower.
            counts: Number of spots, (M, L).
            profile: Radii in R_M and weights, (M, L).
            generator: Gives the keys of slices.
        """
        direction, position = incident.direction.numpy(), incident.position.numpy()
        a, b, c = direction.T
        k = 1 / (c * (1 + c))
        lean, slope = direction[:, :2], direction[:, :2] / c[:, None]
        scale = self.medium.moliere_radius
        return Cloud(
            generator.integers(0, 2**32, (*counts.shape, 2), dtype=np.uint32),
            counts,
            _single(profile.core * scale),
            _single(profile.tail * scale),
            _single(profile.weight),
            _single(self._slices.edges + self.detector.face_z),
            _single(self.detector.geometry.layer_z.numpy()),
            _single(position[:, :2] - position[:, 2:] * slope),
            _single(slope),
            _single(lean),
            _single(np.stack([1 + k * a * a, k * a * b, 1 + k * b * b], axis=1)),
        )


def _single(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)
