"""Training of a network that tells two samples apart by the deposits in all cells.

A network takes rows of deposits in MeV, with the standardised logarithm of the incident energy as
the last column, and gives a logit with shape (rows, 1): see `heitler.metrics.cell_networks`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from heitler.metrics.base import Estimate, Values, as_values
from heitler.metrics.crossfit import Index, cross_fitted_auc

__all__ = ["Showers", "cross_fitted_network"]

_Array = NDArray[np.float64]


class _Rows(Protocol):
    """A matrix of which rows can be taken, dense or sparse."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: Index, /) -> object: ...


_BATCH = 128
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2
_WATCHED = 0.15
"""Share of the training showers on which early stopping looks."""


def cross_fitted_network(
    build: Callable[[], nn.Module],
    showers: Showers,
    *,
    seed: int,
    folds: int,
    epochs: int,
    patience: int,
) -> Estimate:
    """AUC of networks that are trained and tested on disjoint parts, see `cross_fitted_auc`.

    AdamW (learning rate 0.001, weight decay 0.01), batches of 128. Of the training showers 15 %
    are watched: training ends when the cross-entropy on them has not fallen for `patience` epochs,
    and the best weights are taken. Batches are made dense one at a time.

    Arguments:
        build: Makes a new network; its weights are drawn from `seed`.
        showers: Both samples.
        seed: Seed of the division into parts and of the networks.
        folds: Number of parts.
        epochs: Largest number of epochs.
        patience: Epochs to wait for a lower cross-entropy.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: A sample has fewer showers than there are parts.
    """

    def score(train: Index, test: Index) -> _Array:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = build()
        network = _train(network, showers, train, seed=seed, epochs=epochs, patience=patience)
        return _scores(network, showers, test).double().numpy()

    first, second = showers.sizes
    return cross_fitted_auc(score, reference=first, candidate=second, seed=seed, folds=folds)


@dataclass(frozen=True, slots=True)
class Showers:
    """Rows of the reference, then rows of the candidate; dense only in batches.

    Arguments:
        parts: Deposits of both in MeV, each with shape (showers, cells), dense or sparse.
        log_energy: Standardised ln E_inc of all.
        label: 0 for the reference, 1 for the candidate.
    """

    parts: tuple[_Rows, _Rows]
    log_energy: Tensor
    label: Tensor

    @classmethod
    def of(cls, reference: Values, candidate: Values, energies: tuple[Values, Values]) -> Showers:
        """Both samples; deposits may be arrays, tensors, or sparse arrays of scipy.

        Raises:
            ValueError: Numbers of showers or cells do not fit.
        """
        parts = (_rows(reference), _rows(candidate))
        logs = [np.log(as_values(energy)) for energy in energies]
        for part, log in zip(parts, logs, strict=True):
            if part.shape != (len(log), parts[0].shape[-1]):
                msg = (
                    f"deposits need shapes (N, cells) with one energy per shower, got "
                    f"{parts[0].shape} and {parts[1].shape} with {len(logs[0])} and {len(logs[1])}"
                )
                raise ValueError(msg)
        log_energy = np.concatenate(logs)
        log_energy = (log_energy - log_energy.mean()) / max(float(log_energy.std()), 1e-6)
        label = np.repeat([0.0, 1.0], [len(log) for log in logs])
        return cls(parts, *(torch.from_numpy(x).float() for x in (log_energy, label)))

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of showers."""
        return self.parts[0].shape[0], self.parts[1].shape[0]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.parts[0].shape[1])

    def batch(self, rows: Index) -> Tensor:
        """Deposits in MeV and standardised ln E_inc, with shape (rows, cells + 1), float32."""
        x = torch.empty(len(rows), self.cells + 1)
        split = self.sizes[0]
        for part, inside, offset in (
            (self.parts[0], rows < split, 0),
            (self.parts[1], rows >= split, split),
        ):
            dense = _dense(part[rows[inside] - offset])
            x[torch.from_numpy(inside), :-1] = torch.from_numpy(dense)
        x[:, -1] = self.log_energy[rows]
        return x


def _rows(sample: object) -> _Rows:
    """A sparse sample by rows, anything else as an array."""
    by_rows = getattr(sample, "tocsr", None)
    return cast("_Rows", np.asarray(sample) if by_rows is None else by_rows())


def _dense(rows: object) -> NDArray[np.float32]:
    array = getattr(rows, "toarray", lambda: rows)()
    return np.asarray(array, dtype=np.float32)


def _train(
    network: nn.Module,
    showers: Showers,
    rows: Index,
    *,
    seed: int,
    epochs: int,
    patience: int,
) -> nn.Module:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(rows)
    watched, learnt = np.split(rows, [max(1, round(_WATCHED * len(rows)))])
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY, fused=True
    )
    cross_entropy = nn.BCEWithLogitsLoss()
    best, lowest, waited = network, float("inf"), 0
    for _ in range(epochs):
        for batch in _batches(rng.permutation(learnt)):
            optimizer.zero_grad()
            cross_entropy(network(showers.batch(batch))[:, 0], showers.label[batch]).backward()
            optimizer.step()
        loss = float(cross_entropy(_scores(network, showers, watched), showers.label[watched]))
        if loss < lowest:
            best, lowest, waited = deepcopy(network).requires_grad_(False), loss, 0
        else:
            waited += 1
            if waited == patience:
                break
    return best


@torch.no_grad()
def _scores(network: nn.Module, showers: Showers, rows: Index) -> Tensor:
    """Logits of some showers, with shape (rows,)."""
    return torch.cat([network(showers.batch(batch))[:, 0] for batch in _batches(rows)])


def _batches(rows: Index) -> list[Index]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
