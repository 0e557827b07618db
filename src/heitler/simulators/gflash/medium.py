r"""A stack of plates as one medium, and its layers as slices of that medium.

GFLASH knows a calorimeter by a few numbers (Grindhammer and Peters, hep-ex/0001020):
effective X0, R_M, E_c and Z, the mass-weighted means over the stack, and for a sampling
calorimeter

    F_S = X0 / (thickness of an active plate and its passive ones),
    e^ = 1 / (1 + 0.007 (Z_p - Z_a)),

with the Z of passive and active plates: e^ is about the ratio e/mip. Without passive plates
1/F_S = 0 and e^ = 1, and the laws of sampling calorimeters become those of homogeneous ones.

A cell is an active plate with the passive ones in front of it. A slice has the cells of a layer:
it ends behind the last active plate of the layer. For the laws are those of the depth of cells:
what the active plate at the end of a cell sees is set down at the cell's middle, half of a cell
before it is seen. This is most of what the terms in 1/F_S are: a gamma profile that is read off at
the ends of cells and set down at their middles has a T less by about 0.6 / F_S and an alpha less
by about 0.5 / F_S, with 0.55 and 0.476 in the laws. Where plates change in thickness, each slice
has the F_S of its own cells. Of the energy lost in a slice a minimum-ionising particle leaves the
share S in the active plates.

Notation: L layers, z depth in mm below the face, t depth in X0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import Detector, Slab

__all__ = ["Medium", "Slices"]

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Medium:
    """What the parameterisation knows of a calorimeter.

    Arguments:
        radiation_length: Effective X0 in mm.
        moliere_radius: Effective R_M in mm.
        critical_energy: Effective E_c in MeV.
        atomic_number: Effective Z.
        spacing: 1/F_S, the mean depth of an active plate with its passive ones in X0; 0 if the
            calorimeter is homogeneous.
        e_mip: e^, 1 if the calorimeter is homogeneous.
        resolution: c of the sampling fluctuations sigma/E = c / sqrt(E/GeV), 0 if the calorimeter
            is homogeneous.
    """

    radiation_length: float
    moliere_radius: float
    critical_energy: float
    atomic_number: float
    spacing: float
    e_mip: float
    resolution: float

    @property
    def homogeneous(self) -> bool:
        """Whether all of the calorimeter is active."""
        return self.spacing == 0.0

    @classmethod
    def of(cls, detector: Detector) -> Self:
        r"""The medium that a detector's stack makes.

        The sampling fluctuations are those that R. Wigmans finds for calorimeters of many kinds,

            c = 2.7 % sqrt(d / f),

        with the thickness d of an active plate in mm and the share f of the energy that a
        minimum-ionising particle leaves in active plates (Livan and Wigmans, Calorimetry for
        Collider Physics).

        Raises:
            ValueError: The detector's stack is not known, or nothing of it is active.
        """
        active = [slab for slab in detector.stack if slab.active]
        passive = [slab for slab in detector.stack if not slab.active]
        if not active:
            msg = (
                f"GFLASH needs the stack of materials with its active plates, and the definition "
                f"of {detector.name} has none"
            )
            raise ValueError(msg)
        spacing, e_mip, resolution = 0.0, 1.0, 0.0
        if passive:
            spacing = detector.radiation_lengths / len(active)
            e_mip = 1.0 / (1.0 + 0.007 * (_atomic_number(passive) - _atomic_number(active)))
            thickness = sum(slab.thickness for slab in active) / len(active)
            resolution = 0.027 * sqrt(thickness * _loss(detector.stack) / _loss(active))
        return cls(
            radiation_length=detector.radiation_length,
            moliere_radius=detector.moliere_radius,
            critical_energy=detector.critical_energy,
            atomic_number=_atomic_number(detector.stack),
            spacing=spacing,
            e_mip=e_mip,
            resolution=resolution,
        )


@dataclass(frozen=True, slots=True)
class Slices:
    """The layers of a detector as slices of its depth.

    Arguments:
        boundaries: Depths of the faces of all plates in mm, from the first to the last.
        lengths: The same depths in X0.
        edges: Depths between the slices in mm, (L + 1,).
        shares: S of each slice, (L,).
        spacing: 1/F_S of the cells of each slice, (L,); 0 if the calorimeter is homogeneous.
    """

    boundaries: _Array
    lengths: _Array
    edges: _Array
    shares: _Array
    spacing: _Array

    @classmethod
    def of(cls, detector: Detector) -> Self:
        """The slices of a detector with a stack."""
        stack = detector.stack
        boundaries = _sums(slab.thickness for slab in stack)
        lengths = _sums(slab.thickness / slab.material.radiation_length for slab in stack)
        active = np.array([slab.active for slab in stack])
        ends = boundaries[1:][active][detector.planes_per_layer - 1 :: detector.planes_per_layer]
        edges = np.concatenate([boundaries[:1], ends[:-1], boundaries[-1:]])
        loss = np.array([slab.thickness * slab.material.minimum_loss for slab in stack])
        seen, all_ = (
            np.diff(np.interp(edges, boundaries, _sums(values)))
            for values in (loss * active, loss)
        )
        cells = np.diff(np.interp(edges, boundaries, lengths)) / detector.planes_per_layer
        spacing = np.zeros_like(cells) if active.all() else cells
        return cls(boundaries, lengths, edges, seen / all_, spacing)

    def depth(self, z: _Array) -> _Array:
        """Depth in X0 of points at `z` mm; 0 in front of the stack, all of it behind."""
        return np.interp(z, self.boundaries, self.lengths)


def _atomic_number(slabs: Iterable[Slab]) -> float:
    """Mean Z by mass."""
    masses = [(s.thickness * s.material.density, s.material.atomic_number) for s in slabs]
    return sum(mass * z for mass, z in masses) / sum(mass for mass, _ in masses)


def _loss(slabs: Iterable[Slab]) -> float:
    """Energy loss of a minimum-ionising particle in MeV."""
    return sum(slab.thickness * slab.material.minimum_loss for slab in slabs)


def _sums(values: Iterable[float]) -> _Array:
    return np.concatenate([[0.0], np.cumsum(np.fromiter(values, dtype=np.float64))])
