r"""Digitisation: from energy deposits to what a readout would give.

With the energy of a cell counted in MIPs, e = E / mip, each cell of the detector gives

    e' = min(e + sigma n, s) if e + sigma n > t, else nothing,

with normal numbers n, noise sigma, threshold t and saturation s, all in MIPs. Cells without a
deposit are not visited: of M such cells a binomial number passes the threshold, with probability
p = 1 - Phi(t / sigma) each; they lie anywhere and have the tail of the normal distribution,

    e' = sigma Phi^-1(1 - p u),   u uniform in (0, 1].

A MIP is the most probable deposit of a minimum-ionising particle in a cell. It comes from the
detector's file, from its active material (`stack_mip`), or from the peak of the cell spectrum.

Notation: N showers, H hits.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from heitler.detectors import Detector
from heitler.hits import Hits
from heitler.showers import Showers, SparseShowers

__all__ = ["Digitisation", "stack_mip"]

_Showers = TypeVar("_Showers", Showers, SparseShowers)


@dataclass(frozen=True, slots=True)
class Digitisation:
    """Threshold, noise and saturation of a readout: showers to showers.

    Arguments:
        mip: Deposit that counts as one MIP, in MeV.
        threshold: Smallest energy that is read out, in MIPs.
        noise: Standard deviation of the noise of a cell, in MIPs.
        saturation: Largest energy that is read out, in MIPs.

    Raises:
        ValueError: A number is not positive (noise: negative), or the saturation is not above the
            threshold.
    """

    mip: float
    threshold: float = 0.5
    noise: float = 0.1
    saturation: float = inf

    def __post_init__(self) -> None:
        if not (self.mip > 0 and self.noise >= 0 and 0 < self.threshold < self.saturation):
            msg = (
                "a digitisation needs a positive MIP, noise of 0 or more and a threshold between "
                f"0 and the saturation, got {self}"
            )
            raise ValueError(msg)

    @classmethod
    def of(cls, detector: Detector, **settings: float) -> Self:
        """With the MIP of a detector: that of its file, else that of its active material.

        Raises:
            ValueError: The detector states neither.
        """
        mip = stack_mip(detector) if detector.mip is None else detector.mip
        return cls(mip, **settings)

    def __call__(self, showers: _Showers, *, seed: int, first: int = 0) -> _Showers:
        """The showers as they are read out, in MeV, in the form in which they came.

        Arguments:
            showers: With deposits.
            seed: Seed of the noise.
            first: Number of the first of these showers: the noise of a shower depends on the seed
                and its number, so that a file may be cut into batches anywhere.
        """
        if isinstance(showers, Showers):
            return self._read(showers.sparse(), seed, first).dense()
        return self._read(showers, seed, first)

    def _read(self, showers: SparseShowers, seed: int, first: int) -> SparseShowers:
        """Lists of hits as they are read out."""
        hits, cells = showers.hits, showers.geometry.cells
        parts = [
            self._shower(
                hits.cells[start:stop].numpy(),
                hits.energies[start:stop].numpy(),
                cells,
                np.random.default_rng((seed, first + row)),
            )
            for row, (start, stop) in enumerate(pairwise(hits.offsets.tolist()))
        ]
        counts = torch.tensor([0, *(len(cell) for cell, _ in parts)])
        read = Hits(
            counts.cumsum(0),
            torch.from_numpy(np.concatenate([np.empty(0, np.int32), *(c for c, _ in parts)])),
            torch.from_numpy(np.concatenate([np.empty(0, np.float32), *(e for _, e in parts)])),
        )
        return SparseShowers(read, showers.particles, showers.detector)

    def _shower(
        self,
        cells: NDArray[np.int32],
        energies: NDArray[np.float32],
        size: int,
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Cells and energies in MeV of one shower."""
        counted = energies / self.mip + self.noise * generator.standard_normal(len(cells))
        passed = counted > self.threshold
        cell, alone = self._empty(cells, size, generator)
        counted = np.concatenate([counted[passed], alone])
        energy = self.mip * np.minimum(counted, self.saturation)
        return np.concatenate([cells[passed], cell]), energy.astype(np.float32)

    def _empty(
        self, taken: NDArray[np.int32], size: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Cells without a deposit that pass the threshold, and their energies in MIPs."""
        chance = float(ndtr(-self.threshold / self.noise)) if self.noise else 0.0
        count = int(generator.binomial(size - len(taken), chance))
        if not count:
            return np.empty(0, np.int32), np.empty(0)
        empty = np.delete(np.arange(size, dtype=np.int32), taken)
        cell = generator.choice(empty, count, replace=False)
        return cell, -self.noise * ndtri(chance * (1.0 - generator.random(count)))


def stack_mip(detector: Detector) -> float:
    """Deposit of a minimum-ionising particle in a cell, from the active plates, in MeV.

    It is the mean loss: thickness times minimal dE/dx, summed over the plates of a layer. The most
    probable loss in thin plates is lower, in 0.5 mm of silicon by some 25 %.

    Raises:
        ValueError: The detector has no stack, or layers of different active thickness.
    """
    plates = [
        slab.thickness * slab.material.minimum_loss for slab in detector.stack if slab.active
    ]
    planes = detector.planes_per_layer
    layers = {round(sum(plates[i : i + planes]), 9) for i in range(0, len(plates), planes)}
    if len(layers) != 1:
        what = "layers of different thickness" if layers else "no stack of materials"
        msg = f"detector {detector.name} has {what}: say how many MeV a MIP is"
        raise ValueError(msg)
    return layers.pop()
