"""The challenge's high-level features of showers, and the inputs of its classifiers.

Notation: E_i is the energy of voxel i after the threshold, r_i and alpha_i the middle of its ring
and angle, eta_i = r_i cos(alpha_i), phi_i = r_i sin(alpha_i) in mm. Per layer

    <x> = sum_i x_i E_i / (sum_i E_i + 1e-16),   width = sqrt(max(0, <x^2> - <x>^2)),
    sparsity = 1 - (voxels with energy) / (voxels).

eta and phi are of layers with several angles only; r is of all. Layers are those that the data set
has, in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.formats import ShowerReader, batch_size
from heitler.showers import Showers
from heitler.validation.calochallenge.data_sets import DataSet

__all__ = [
    "Features",
    "collect_features",
    "features",
    "low_level",
    "normalised",
    "voxel_counts",
]

_Array = NDArray[np.float64]
_NO_ENERGY = 1e-16
_SMALL = 1e-8  # MeV, so that a logarithm exists


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """High-level features of N showers in L layers, A of which have several angles.

    Arguments:
        incident: Incident energies in MeV, with shape (N,).
        total: Sums of all voxels in MeV, with shape (N,).
        layer: Energies of the layers in MeV, with shape (N, L).
        centre: <eta>, <phi> (N, A) and <r> (N, L) in mm, by "eta", "phi" and "r".
        width: Their widths, likewise.
        sparsity: With shape (N, L).
        largest: Energy of the fullest voxel of all showers in MeV.
    """

    incident: _Array
    total: _Array
    layer: _Array
    centre: dict[str, _Array]
    width: dict[str, _Array]
    sparsity: _Array
    largest: float

    def __len__(self) -> int:
        return self.incident.size

    def __getitem__(self, index: slice | NDArray[np.int64]) -> Features:
        """The features of some showers; `largest` stays that of all."""
        return Features(
            self.incident[index],
            self.total[index],
            self.layer[index],
            {key: value[index] for key, value in self.centre.items()},
            {key: value[index] for key, value in self.width.items()},
            self.sparsity[index],
            self.largest,
        )

    @property
    def high_level(self) -> _Array:
        """Input of the high-level classifier, and of FPD and KPD: (N, features)."""
        logs = [self.incident[:, None], self.layer + _SMALL, self.total[:, None] + _SMALL]
        lengths = [*self.centre.values(), *self.width.values()]
        return np.concatenate(
            [*map(np.log10, logs), *(length / 100 for length in lengths), self.sparsity], axis=1
        )


def features(showers: Showers, data_set: DataSet) -> Features:
    """The features of showers whose detector is the data set's."""
    geometry = data_set.geometry
    voxels = _above(showers, data_set)
    x, y, _ = geometry.cell_centres.unbind(dim=1)
    several = [number for number, bins in enumerate(geometry.angular_bins) if bins > 1]
    total = geometry.sum_layers(voxels)

    def moments(place: Tensor, layers: list[int]) -> tuple[_Array, _Array]:
        norm = total[:, layers] + _NO_ENERGY
        first = geometry.sum_layers(voxels * place)[:, layers] / norm
        second = geometry.sum_layers(voxels * place**2)[:, layers] / norm
        return first.numpy(), (second - first**2).clamp(min=0).sqrt().numpy()

    every = list(range(geometry.layers))
    of = {
        "eta": moments(x, several),
        "phi": moments(y, several),
        "r": moments(torch.hypot(x, y), every),
    }
    filled = geometry.sum_layers((voxels > 0).double())
    sizes = torch.tensor(geometry.layer_sizes, dtype=torch.float64)
    return Features(
        incident=showers.particles.energy.numpy(),
        total=voxels.sum(dim=1).numpy(),
        layer=total.numpy(),
        centre={key: pair[0] for key, pair in of.items()},
        width={key: pair[1] for key, pair in of.items()},
        sparsity=(1 - filled / sizes).numpy(),
        largest=float(voxels.max()) if voxels.numel() else 0.0,
    )


def collect_features(reader: ShowerReader, data_set: DataSet) -> Features:
    """The features of all showers of a file, in one pass."""
    size = batch_size(2 * reader.detector.geometry.cells)
    parts = [features(batch, data_set) for batch in reader.batches(size)]

    def joined(name: str) -> _Array:
        return np.concatenate([getattr(part, name) for part in parts])

    def joined_by_axis(name: str) -> dict[str, _Array]:
        keys = getattr(parts[0], name)
        return {key: np.concatenate([getattr(part, name)[key] for part in parts]) for key in keys}

    return Features(
        incident=joined("incident"),
        total=joined("total"),
        layer=joined("layer"),
        centre=joined_by_axis("centre"),
        width=joined_by_axis("width"),
        sparsity=joined("sparsity"),
        largest=max(part.largest for part in parts),
    )


def voxel_counts(reader: ShowerReader, data_set: DataSet, edges: _Array) -> _Array:
    """Voxels with energy of all showers below, in and above bins: (shower parity, bins + 2).

    The two rows are those of the showers with even and with odd number, for the floor of halves.
    """
    counts, start = np.zeros((2, edges.size + 1)), 0
    for batch in reader.batches(batch_size(2 * reader.detector.geometry.cells)):
        voxels = _above(batch, data_set).numpy()
        for half in (0, 1):
            part = voxels[(half + start) % 2 :: 2]
            energies = part[part > 0]
            inside, _ = np.histogram(energies, edges)
            below, above = (energies < edges[0]).sum(), (energies > edges[-1]).sum()
            counts[half] += np.concatenate([[below], inside, [above]])
        start += len(batch)
    return counts


def low_level(reader: ShowerReader, data_set: DataSet) -> _Array:
    """Input of the low-level classifier, all in memory: log10 E_inc and voxels / E_inc."""
    parts = []
    for batch in reader.batches(batch_size(2 * reader.detector.geometry.cells)):
        incident = batch.particles.energy[:, None]
        voxels = _above(batch, data_set)
        parts.append(torch.cat([incident.log10(), voxels / incident], dim=1).numpy())
    return np.concatenate(parts)


def normalised(reader: ShowerReader, data_set: DataSet) -> _Array:
    """Input of the normalised classifier, all in memory.

    log10 E_inc, voxels divided by the energy of their layer, log10 of the layers' energies.
    """
    geometry, parts = data_set.geometry, []
    for batch in reader.batches(batch_size(2 * reader.detector.geometry.cells)):
        voxels = _above(batch, data_set)
        layer = geometry.sum_layers(voxels)
        shares = voxels / (layer[:, geometry.layer_of_cell] + _NO_ENERGY)
        logs = [batch.particles.energy[:, None].log10(), shares, (layer + _SMALL).log10()]
        parts.append(torch.cat(logs, dim=1).numpy())
    return np.concatenate(parts)


def _above(showers: Showers, data_set: DataSet) -> Tensor:
    """Voxels with those below the threshold set to 0, in float64."""
    voxels = showers.deposits.double()
    return torch.where(voxels < data_set.threshold, 0.0, voxels)
