r"""One network that names the particle and measures its energy and angle: a judge of showers.

It is trained on Geant4 showers and then sees those of a candidate. Where it answers as it does for
Geant4, a reconstruction that was developed on full simulation holds for the fast one. It sees the
sums of a shower over layers, rows, columns and all cells,

    x_k = ln(1 + V_k / (1 MeV)),

standardised in training, and has one trunk with three heads: ln p of the particle types,
ln (E / V) with V the sum over all cells, and theta. The loss is the cross-entropy of the type,
with equal weight for each type, plus the squared errors of the other two in units of their spread
in training; what has no spread is not learnt.

Reference: Belayneh et al. 2019, Calorimetry with deep learning, arXiv:1912.06794, the network that
classifies and regresses together; there it is convolutional and sees all cells.

Notation: N showers, K particle types, F sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from heitler.detectors import Detector, VoxelGrid
from heitler.metrics import Estimate, kolmogorov_smirnov
from heitler.particles import IncidentParticles
from heitler.showers import SparseShowers
from heitler.units import GeV, MeV, degree

__all__ = ["Agreement", "Answers", "ReferenceNetwork", "agreement", "confusion", "train_network"]

_NO_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the network says of N showers.

    Arguments:
        energy: In MeV, (N,).
        theta: Angle to the face in rad, (N,).
        log_p: ln of the probability of each type, (N, K).
    """

    energy: Tensor
    theta: Tensor
    log_p: Tensor


class ReferenceNetwork(nn.Module):
    """Names particles and measures them.

    Arguments:
        detector: With a voxel grid.
        types: Particle codes that it tells apart.
        hidden: Width of both hidden layers.

    Raises:
        ValueError: The cells of the detector have no rows and columns, or there is no type.
    """

    mean: Tensor
    spread: Tensor
    target_mean: Tensor
    target_spread: Tensor

    def __init__(self, detector: Detector, types: Sequence[int], *, hidden: int = 128) -> None:
        super().__init__()
        if not isinstance(detector.geometry, VoxelGrid) or not types:
            msg = (
                f"a reference network needs rows, columns and types, got {detector.name}, {types}"
            )
            raise ValueError(msg)
        self.types = tuple(types)
        self._sums = _planes(detector.geometry)
        size = self._sums.shape[1]
        for name, width in (("mean", size), ("target_mean", 2)):
            self.register_buffer(name, torch.zeros(width))
        for name, width in (("spread", size), ("target_spread", 2)):
            self.register_buffer(name, torch.ones(width))
        self.trunk = nn.Sequential(
            nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.heads = nn.Linear(hidden, 2 + len(self.types))

    def features(self, showers: SparseShowers) -> Tensor:
        """x_k of showers: (N, F), float32."""
        hits = showers.hits
        rows = csr_array(
            (hits.energies.double().numpy(), hits.cells.numpy(), hits.offsets.numpy()),
            shape=(len(hits), showers.geometry.cells),
        )
        sums: np.ndarray = (rows @ self._sums).toarray()
        return torch.from_numpy(np.log1p(sums / MeV)).float()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled ln (E / V) and theta, (N, 2), and ln p of the types, (N, K)."""
        out = self.heads(self.trunk((features - self.mean) / self.spread))
        return out[:, :2], torch.log_softmax(out[:, 2:], dim=1)

    @torch.no_grad()
    def answer(self, showers: SparseShowers) -> Answers:
        """What it says of showers."""
        features = self.features(showers)
        scaled, log_p = self(features)
        values = (scaled * self.target_spread + self.target_mean).double()
        energy = _visible(features) * values[:, 0].exp()
        return Answers(energy, values[:, 1], log_p.double())

    def standardise(self, features: Tensor, targets: Tensor) -> None:
        """Takes means and spreads from training showers; a target without spread has 0."""
        self.mean, self.target_mean = features.mean(dim=0), targets.mean(dim=0)
        spread, wide = features.std(dim=0), targets.std(dim=0)
        self.spread = spread.where(spread > _NO_SPREAD, 1.0)
        self.target_spread = wide.where(wide > _NO_SPREAD, 0.0)

    def indices(self, particles: IncidentParticles) -> Tensor:
        """Places of the particles' types in `types`: (N,).

        Raises:
            ValueError: A particle is of none of them.
        """
        same = particles.pdg[:, None] == torch.tensor(self.types)
        if not bool(same.any(dim=1).all()):
            msg = f"the network knows the particle codes {self.types}; there are others"
            raise ValueError(msg)
        return same.int().argmax(dim=1)


def train_network(
    network: ReferenceNetwork, showers: SparseShowers, *, seed: int, epochs: int = 40
) -> ReferenceNetwork:
    """Trains a network from the start: Adam, batches of 64, a rate that falls to 0 as a cosine.

    Arguments:
        network: Is changed.
        showers: Of the types that it knows.
        seed: Seed of weights and order.
        epochs: How often each shower is seen.

    Raises:
        ValueError: A shower has no energy, or is of another type.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
    particles = showers.particles
    features, labels = network.features(showers), network.indices(particles)
    response = particles.energy / _visible(features)
    targets = torch.stack([response.log(), particles.theta], dim=1).float()
    if not bool(torch.isfinite(targets).all()):
        msg = "there are showers without energy among those of the training: leave them out"
        raise ValueError(msg)
    network.standardise(features, targets)
    spread = network.target_spread
    wanted = (targets - network.target_mean) / spread.where(spread > 0, torch.inf)
    # As if there were as many of each type: p says what a shower looks like, not what is frequent.
    weight = 1.0 / torch.bincount(labels, minlength=len(network.types)).clamp(min=1)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(labels), generator=generator), 64):
            scaled, log_p = network(features[rows])
            loss = nn.functional.mse_loss(scaled, wanted[rows])
            loss = loss + nn.functional.nll_loss(log_p, labels[rows], weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
    return network


@dataclass(frozen=True, slots=True)
class Agreement:
    """One number that the network's answers give for both samples, or one distance of these.

    Arguments:
        name: What it is, with its unit.
        reference: Of the reference; None for a distance.
        candidate: Of the candidate, or the distance.
    """

    name: str
    reference: Estimate | None
    candidate: Estimate


def agreement(
    network: ReferenceNetwork, reference: SparseShowers, candidate: SparseShowers
) -> tuple[Agreement, ...]:
    """Whether the network answers for the candidate as it does for the reference.

    Means of both: the absolute error of the energy (auxiliary energy regression), that of the
    angle, ln p of the true type, and how often this has the highest p; and the Kolmogorov-Smirnov
    distances of what they are means of. Energies and types of both samples are to be distributed
    alike; beside each belongs the same for two samples of the reference.

    Arguments:
        network: Trained on other showers of the reference.
        reference: Showers of the types that it knows.
        candidate: Likewise.
    """
    first, second = (_judged(network, showers) for showers in (reference, candidate))
    rows = [Agreement(f"mean {name}", _mean(first[name]), _mean(second[name])) for name in _MEANS]
    rows += [
        Agreement(f"KS distance of {name}", None, kolmogorov_smirnov(first[name], second[name]))
        for name in _DISTANCES
    ]
    return tuple(rows)


def confusion(network: ReferenceNetwork, showers: SparseShowers) -> Tensor:
    """Share of the showers of each true type (rows) that are taken for each: (K, K).

    A type of which there are none has a row of zeros.
    """
    count = len(network.types)
    found = network.answer(showers).log_p.argmax(dim=1)
    place = network.indices(showers.particles) * count + found
    table = torch.bincount(place, minlength=count * count).double().reshape(count, count)
    return table / table.sum(dim=1, keepdim=True).clamp(min=1.0)


_MEANS = (
    "absolute error of the energy, GeV",
    "absolute error of the energy, %",
    "absolute error of the angle, degrees",
    "ln p of the type",
    "share of the right type",
)
_DISTANCES = ("energy / true energy", "ln p of the type")


def _judged(network: ReferenceNetwork, showers: SparseShowers) -> dict[str, Tensor]:
    """What the answers are worth, shower by shower."""
    answers, particles = network.answer(showers), showers.particles
    index = network.indices(particles)
    error = (answers.energy - particles.energy).abs()
    values = (
        error / GeV,
        100.0 * error / particles.energy,
        (answers.theta - particles.theta).abs() / degree,
        answers.log_p[torch.arange(len(index)), index],
        (answers.log_p.argmax(dim=1) == index).double(),
    )
    judged = dict(zip(_MEANS, values, strict=True))
    return {**judged, "energy / true energy": answers.energy / particles.energy}


def _visible(features: Tensor) -> Tensor:
    """V in MeV, the last of the sums: (N,), float64."""
    return features[:, -1].double().expm1() * MeV


def _mean(values: Tensor) -> Estimate:
    return Estimate(float(values.mean()), float(values.std() / len(values) ** 0.5))


def _planes(grid: VoxelGrid) -> csr_array:
    """Which layer, row and column each cell is in, and the whole, as ones: (cells, F)."""
    layers, rows, columns = grid.grid_shape
    layer, row, column = np.unravel_index(np.arange(grid.cells), grid.grid_shape)
    size = layers + rows + columns + 1
    whole = np.full(grid.cells, size - 1)
    place = np.stack([layer, layers + row, layers + rows + column, whole], axis=1)
    return csr_array(
        (np.ones(place.size), place.reshape(-1), 4 * np.arange(grid.cells + 1)),
        shape=(grid.cells, size),
    )
