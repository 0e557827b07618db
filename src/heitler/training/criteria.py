r"""What says how near generated rows are to validation rows: lower is nearer.

A `Criterion` compares the two and gives numbers by name, among them their "mean", by which a stage
that selects by "physics" chooses its weights. The default is a distance in each of some numbers of
a row: observables of showers, columns of a table. `EnergyChi2` is what ATLAS chooses by, for
showers of a few incident energies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import torch
from torch import Tensor

from heitler.metrics import chi2_per_degree, quantile_edges, wasserstein
from heitler.observables import OBSERVABLES
from heitler.showers import Showers
from heitler.tables import Table

__all__ = ["MONITORED", "Criterion", "Distances", "EnergyChi2", "columns_of", "observables_of"]

MONITORED = ("response", "hits", "centre_z", "width_z", "width_x", "width_y", "maximum_energy")
"""Observables with one number per shower."""

_LEAST = 20
"""Showers of an energy that make a histogram."""

R_contra = TypeVar("R_contra", contravariant=True)


class Criterion(ABC, Generic[R_contra]):
    """How near generated rows are to validation rows.

    Attributes:
        copies: How many generated rows answer the cause of a validation row.
    """

    copies: int = 1

    @abstractmethod
    def __call__(self, reference: R_contra, generated: R_contra) -> dict[str, float]:
        """Numbers by name, lower for what is nearer, and their "mean".

        Arguments:
            reference: The N validation rows.
            generated: The rows that answer their causes, `copies` times in the same order.
        """


class Distances(Criterion[R_contra]):
    """Wasserstein-1 distances of some numbers in units of the reference's standard deviation.

    Arguments:
        numbers: The numbers of each row, by name.
    """

    def __init__(self, numbers: Callable[[R_contra], Mapping[str, Tensor]]) -> None:
        self.numbers = numbers

    def __call__(self, reference: R_contra, generated: R_contra) -> dict[str, float]:
        """Distances by name, and their mean."""
        found, distances = self.numbers(generated), {}
        for name, values in self.numbers(reference).items():
            spread = values.std().clamp(min=1e-12)
            distances[name] = wasserstein(values / spread, found[name] / spread).value
        return _with_mean(distances)


class EnergyChi2(Criterion[Showers]):
    r"""Chi2 per degree of freedom of the visible energy at each incident energy.

    The score is the sum over the incident energies, divided by their number so that 1 is what
    equal distributions give. Bins hold equally many showers of the reference. Reference: ATLAS,
    AtlFast3 2021 (arXiv:2109.02551, the weights of FastCaloGAN).

    Arguments:
        bins: Most bins of a histogram; there are fewer where that left less than eight showers
            of the reference in one.
        copies: Generated showers for each of the reference: they shall not fluctuate as well.

    Raises:
        ValueError: There are no bins or no copies.
    """

    def __init__(self, bins: int = 20, copies: int = 4) -> None:
        if bins < 2 or copies < 1:
            msg = f"chi2 needs at least 2 bins and 1 copy, got {bins} and {copies}"
            raise ValueError(msg)
        self.bins, self.copies = bins, copies

    def __call__(self, reference: Showers, generated: Showers) -> dict[str, float]:
        """Chi2 per degree by incident energy, and their mean.

        Raises:
            ValueError: The incident energies are not a few discrete ones.
        """
        real, made = (s.deposits.double().sum(dim=1) for s in (reference, generated))
        points, counts = torch.unique(reference.particles.energy, return_counts=True)
        if int(counts.min()) < _LEAST:
            msg = (
                f"chi2 of the energy needs {_LEAST} validation showers of each incident energy, "
                f"got {len(points)} energies with {int(counts.min())} at least; leave "
                "training.physics out for other data"
            )
            raise ValueError(msg)
        found = {}
        for energy, count in zip(points.tolist(), counts.tolist(), strict=True):
            values = real[reference.particles.energy == energy]
            edges = quantile_edges(values, bins=min(self.bins, max(2, count // 8)))
            answer = made[generated.particles.energy == energy]
            found[f"chi2_{energy:g}MeV"] = chi2_per_degree(values, answer, edges=edges).value
        return _with_mean(found)


def observables_of(showers: Showers) -> dict[str, Tensor]:
    """The monitored observables of showers by name, (N,)."""
    return {name: OBSERVABLES[name](showers) for name in MONITORED}


def columns_of(table: Table) -> dict[str, Tensor]:
    """The columns of a table by name, (N,)."""
    return dict(zip(table.names, table.values.T, strict=True))


def _with_mean(found: dict[str, float]) -> dict[str, float]:
    return {**found, "mean": sum(found.values()) / len(found)}
