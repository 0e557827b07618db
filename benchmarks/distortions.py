"""Distortions of Geant4 showers, each of one thing, by which metrics are tested.

They change batches of some hundred showers, so that a file of any length can be spoilt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from heitler.observables import OBSERVABLES
from heitler.particles import IncidentParticles
from heitler.showers import Showers

__all__ = ["DISTORTIONS", "DISTORTIONS_TEXT"]

SEED, DEAD_LAYER, MIP_REGION, COPIES, RARE = 1, 10, 1.0, 10, 0.03

DISTORTIONS_TEXT = f"""\
Energy scale: all deposits 1 % larger. Dead layer: layer {DEAD_LAYER} of 30 empty. MIP region:
deposits below {MIP_REGION} MeV times a log-normal number of 10 %. Widening: 2 % of each deposit to
the cells beside it. Duplicates: {COPIES} copies each of a {COPIES}th of the showers. Rare events:
the {RARE:.0%} deepest showers for their energy replaced by others. Other energies: half of the
showers carry the incident energy of another one. Memorised: the training showers."""


def _with(showers: Showers, grid: torch.Tensor) -> Showers:
    deposits = showers.geometry.from_grid(grid).contiguous()
    return Showers(deposits, showers.particles, showers.detector)


def energy_scale(showers: Showers) -> Showers:
    """One per cent more."""
    return _with(showers, showers.grid * 1.01)


def dead_layer(showers: Showers) -> Showers:
    """A layer in the middle is empty."""
    grid = showers.grid.clone()
    grid[:, DEAD_LAYER] = 0.0
    return _with(showers, grid)


def smeared_mips(showers: Showers) -> Showers:
    """Small deposits are smeared by 10 %."""
    noise = torch.randn(showers.grid.shape, generator=torch.Generator().manual_seed(SEED))
    smeared = showers.grid * (0.1 * noise - 0.005).exp()
    return _with(showers, torch.where(showers.grid < MIP_REGION, smeared, showers.grid))


def widened(showers: Showers) -> Showers:
    """Two per cent of each deposit go to its four neighbours."""
    grid = showers.grid
    beside = sum(grid.roll(step, dims=axis) for step in (1, -1) for axis in (-1, -2)) / 4
    return _with(showers, 0.98 * grid + 0.02 * beside)


def duplicated(showers: Showers) -> Showers:
    """Few showers, many times."""
    return showers[torch.arange(len(showers)) % (len(showers) // COPIES)]


def without_rare_events(showers: Showers) -> Showers:
    """The deepest showers for their energy are replaced by others."""
    depth = OBSERVABLES["centre_z"](showers)
    about = depth - _line(showers.particles.energy.log(), depth)
    kept = torch.argsort(about)[: round((1 - RARE) * len(showers))]
    # Any others: the order of depth must not choose them.
    order = torch.randperm(len(kept), generator=torch.Generator().manual_seed(SEED))
    return showers[torch.cat([kept, kept[order[: len(showers) - len(kept)]]])]


def other_energies(showers: Showers) -> Showers:
    """Every other shower carries the energy of the next such one."""
    order = torch.arange(len(showers))
    order[::2] = order[::2].roll(1)
    p = showers.particles
    particles = IncidentParticles(p.energy[order], p.pdg, p.direction, p.position)
    return Showers(showers.deposits, particles, showers.detector)


def _line(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The straight line through points, at their places."""
    return torch.from_numpy(np.polyval(np.polyfit(x.numpy(), y.numpy(), 1), x.numpy()))


DISTORTIONS: Mapping[str, Callable[[Showers], Showers]] = {
    "energy scale +1 %": energy_scale,
    "dead layer": dead_layer,
    "MIP region smeared": smeared_mips,
    "widening 2 %": widened,
    "duplicates": duplicated,
    "rare events dropped": without_rare_events,
    "other energies": other_energies,
}
