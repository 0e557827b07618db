"""Metrics that see the cells themselves: networks on all of them, and structural similarity.

They take minutes where all others take seconds, so that they are asked for, and they see the
showers that a sample keeps in full (`heitler.validation.sample`). Structural similarity is that
of ln(1 + E / MIP) in each layer, of pairs of showers in one of five bins of the incident energy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import CylindricalLayers
from heitler.metrics import (
    convolutional_classifier_auc,
    share_classifier_auc,
    similarity_across,
    similarity_within,
    voxel_classifier_auc,
)
from heitler.observables import mip_energy
from heitler.showers import Showers
from heitler.validation.sample import View
from heitler.validation.scores import Scores

__all__ = ["CELLS", "judge_cells"]

CELLS = "all cells"
"""What stands for the observable where a metric has seen the deposits in all cells."""

_BINS = 5
_WINDOW = 7


def judge_cells(reference: View, candidate: View, *, size: int, seed: int) -> Scores:
    """Networks on all cells, and structural similarity, of showers that are kept in full.

    Arguments:
        reference: Showers of the reference.
        candidate: As many showers of the candidate.
        size: How many of those that are kept in full are seen of each.
        seed: Seed of all random choices.
    """
    first, second = (view.showers()[:size] for view in (reference, candidate))
    return _networks(first, second, seed) | _similarity(first, second, seed)


def _networks(first: Showers, second: Showers, seed: int) -> Scores:
    energies = first.particles.energy, second.particles.energy
    flat, geometry = (first.deposits, second.deposits), first.geometry
    grids = first.grid.flatten(1), second.grid.flatten(1)
    return {
        (CELLS, "voxel_classifier_auc", ""): voxel_classifier_auc(
            *flat, energies=energies, seed=seed
        ),
        (CELLS, "share_classifier_auc", ""): share_classifier_auc(
            *flat, energies=energies, layer_of_cell=geometry.layer_of_cell, seed=seed
        ),
        (CELLS, "convolutional_classifier_auc", ""): convolutional_classifier_auc(
            *grids,
            energies=energies,
            grid=geometry.grid_shape,
            periodic=isinstance(geometry, CylindricalLayers),
            seed=seed,
        ),
    }


def _similarity(first: Showers, second: Showers, seed: int) -> Scores:
    inner = np.linspace(0, 1, _BINS + 1)[1:-1]
    edges = np.unique(np.quantile(first.particles.energy.numpy(), inner))
    pair = tuple(_logarithms(showers) for showers in (first, second))
    bins = tuple(np.digitize(s.particles.energy.numpy(), edges) for s in (first, second))
    window = min(_WINDOW, *first.geometry.grid_shape[1:])
    return {
        (CELLS, metric.__name__, ""): metric(
            *pair, bins=(bins[0], bins[1]), seed=seed, dimensions=2, window=window
        )
        for metric in (similarity_within, similarity_across)
    }


def _logarithms(showers: Showers) -> NDArray[np.float32]:
    """ln(1 + E / MIP) with shape (N, layers, rows, columns)."""
    return np.asarray((showers.grid / mip_energy(showers.detector)).log1p().numpy())
