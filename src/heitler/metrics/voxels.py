"""Can a network tell the candidate from the reference by the deposits in all cells?

It sees what no feature holds, but with thousands of inputs and a few thousand showers it learns
little: its AUC is often below that of a classifier on features, and it falls with the number of
showers. Its AUC and error are those of `heitler.metrics.crossfit`.

Three views of the same deposits, as in the CaloChallenge: cells as they are, cells as shares of
their layer, which shows shapes where energies are right, and cells as neighbours in a grid.

Notation: E_i is the deposit in cell i, E_l that in its layer l, E_inc the incident energy, in MeV.
"""

from __future__ import annotations

import torch
from torch import nn

from heitler.metrics.base import Estimate, Values, metric
from heitler.metrics.cell_networks import Convolutions, LayerShares, LogDeposits, perceptron
from heitler.metrics.cell_training import Showers, cross_fitted_network

__all__ = ["convolutional_classifier_auc", "share_classifier_auc", "voxel_classifier_auc"]


@metric("classifier AUC, all cells", kind="voxels", ideal=0.5)
def voxel_classifier_auc(
    reference: Values,
    candidate: Values,
    *,
    energies: tuple[Values, Values],
    seed: int,
    folds: int = 2,
    epochs: int = 15,
    patience: int = 2,
) -> Estimate:
    """AUC of a network on ln(1 + E_i / 10 MeV) of all cells and ln E_inc.

    Each of `folds` equal parts is scored by a network of three hidden layers of 512 with ReLU that
    was trained on the others, see `cross_fitted_network`. Sparse samples stay sparse.

    Arguments:
        reference: Deposits in MeV with shape (N, cells): an array, a tensor, or a sparse array of
            scipy.
        candidate: Deposits in MeV with shape (M, cells).
        energies: Incident energies of both in MeV, with shapes (N,) and (M,).
        seed: Seed of the division into parts and of the networks.
        folds: Number of parts.
        epochs: Largest number of epochs.
        patience: Epochs to wait for a lower cross-entropy.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: Numbers of showers or cells do not fit, or a sample has fewer showers than
            there are parts.
    """
    showers = Showers.of(reference, candidate, energies)
    return cross_fitted_network(
        lambda: nn.Sequential(LogDeposits(), *perceptron(showers.cells + 1)),
        showers,
        seed=seed,
        folds=folds,
        epochs=epochs,
        patience=patience,
    )


@metric("classifier AUC, cells as shares of layers", kind="voxels", ideal=0.5)
def share_classifier_auc(
    reference: Values,
    candidate: Values,
    *,
    energies: tuple[Values, Values],
    layer_of_cell: Values,
    seed: int,
    folds: int = 2,
    epochs: int = 15,
    patience: int = 2,
) -> Estimate:
    """AUC of a network on E_i / E_l of all cells, log10 E_l of all layers, and ln E_inc.

    These are the normalised low-level inputs of the CaloChallenge, with its offsets: E_l + 1e-16
    in the share, E_l + 1e-8 in the logarithm. The network is that of `voxel_classifier_auc`.

    Reference: Krause et al. 2024, arXiv:2410.21611 (CaloChallenge).

    Arguments:
        reference: Deposits in MeV with shape (N, cells): an array, a tensor, or a sparse array of
            scipy.
        candidate: Deposits in MeV with shape (M, cells).
        energies: Incident energies of both in MeV, with shapes (N,) and (M,).
        layer_of_cell: Index of the layer of each cell, with shape (cells,).
        seed: Seed of the division into parts and of the networks.
        folds: Number of parts.
        epochs: Largest number of epochs.
        patience: Epochs to wait for a lower cross-entropy.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: Numbers of showers or cells do not fit, or a sample has fewer showers than
            there are parts.
    """
    showers = Showers.of(reference, candidate, energies)
    layer = torch.as_tensor(layer_of_cell, dtype=torch.int64)
    if layer.shape != (showers.cells,):
        msg = f"{showers.cells} cells need a layer each, got {tuple(layer.shape)}"
        raise ValueError(msg)
    inputs = showers.cells + int(layer.max()) + 2
    return cross_fitted_network(
        lambda: nn.Sequential(LayerShares(layer), *perceptron(inputs)),
        showers,
        seed=seed,
        folds=folds,
        epochs=epochs,
        patience=patience,
    )


@metric("classifier AUC, convolutions", kind="voxels", ideal=0.5)
def convolutional_classifier_auc(
    reference: Values,
    candidate: Values,
    *,
    energies: tuple[Values, Values],
    grid: tuple[int, int, int],
    periodic: bool = False,
    seed: int,
    folds: int = 2,
    epochs: int = 40,
) -> Estimate:
    """AUC of a small network of three-dimensional convolutions on ln(1 + E_i / 10 MeV).

    Three convolutions of 3 x 3 x 3 cells with 8, 16 and 32 channels, halving the grid in between;
    the mean over what is left, with ln E_inc, goes through one hidden layer of 32. It has 19 000
    weights where a 3-D ResNet-18 has 33 million: made for a few thousand showers on a CPU.

    Arguments:
        reference: Deposits in MeV with shape (N, cells), in the order of the grid.
        candidate: Deposits in MeV with shape (M, cells).
        energies: Incident energies of both in MeV, with shapes (N,) and (M,).
        grid: (layers, rows, columns) or (layers, angles, radii).
        periodic: Whether the second dimension is an angle, whose last place is next to the first.
        seed: Seed of the division into parts and of the networks.
        folds: Number of parts.
        epochs: Largest number of epochs; training ends when five have brought nothing.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: Numbers of showers or cells do not fit, or a sample has fewer showers than
            there are parts.
    """
    showers = Showers.of(reference, candidate, energies)
    if grid[0] * grid[1] * grid[2] != showers.cells:
        msg = f"a grid of {grid} does not have {showers.cells} cells"
        raise ValueError(msg)
    return cross_fitted_network(
        lambda: Convolutions(grid, periodic=periodic),
        showers,
        seed=seed,
        folds=folds,
        epochs=epochs,
        patience=5,
    )
