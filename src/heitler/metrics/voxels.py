"""Can a network tell the candidate from the reference by the deposits in all cells?

It sees what no feature holds, but with thousands of inputs and a few thousand showers it learns
little: its AUC is often below that of a classifier on features, and it falls with the number of
showers. Its AUC and error are those of `heitler.metrics.crossfit`.

Notation: E_i is the deposit in cell i, E_inc the incident energy, both in MeV.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from heitler.metrics.base import Estimate, Values, as_values, metric
from heitler.metrics.crossfit import Index, cross_fitted_auc

__all__ = ["voxel_classifier_auc"]

_Array = NDArray[np.float64]


class _Rows(Protocol):
    """A matrix of which rows can be taken, dense or sparse."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: Index, /) -> object: ...


_SCALE = 10.0
"""Deposits in MeV well below it enter in proportion, those above by their logarithm."""

_HIDDEN = (512, 512, 512)
_BATCH = 128
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2
_WATCHED = 0.15
"""Share of the training showers on which early stopping looks."""


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

    Each of `folds` equal parts is scored by a network that was trained on the others, see
    `cross_fitted_auc`: three hidden layers of 512 with ReLU, AdamW (learning rate 0.001, weight
    decay 0.01), batches of 128. Of the training showers 15 % are watched: training ends when the
    cross-entropy on them has not fallen for `patience` epochs, and the best weights are taken.
    Batches are made dense one at a time; sparse samples stay sparse.

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
    showers = _Showers.of(reference, candidate, energies)

    def score(train: Index, test: Index) -> _Array:
        network = _train(showers, train, seed=seed, epochs=epochs, patience=patience)
        return _scores(network, showers, test).double().numpy()

    first, second = showers.sizes
    return cross_fitted_auc(score, reference=first, candidate=second, seed=seed, folds=folds)


@dataclass(frozen=True, slots=True)
class _Showers:
    """Rows of the reference, then rows of the candidate; dense only in batches."""

    parts: tuple[_Rows, _Rows]
    log_energy: Tensor
    label: Tensor

    @classmethod
    def of(cls, reference: Values, candidate: Values, energies: tuple[Values, Values]) -> _Showers:
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
        return self.parts[0].shape[0], self.parts[1].shape[0]

    @property
    def inputs(self) -> int:
        return int(self.parts[0].shape[1]) + 1

    def batch(self, rows: Index) -> Tensor:
        """Inputs of some showers, with shape (rows, cells + 1), float32."""
        x = torch.empty(len(rows), self.inputs)
        split = self.sizes[0]
        for part, inside, offset in (
            (self.parts[0], rows < split, 0),
            (self.parts[1], rows >= split, split),
        ):
            dense = _dense(part[rows[inside] - offset])
            x[torch.from_numpy(inside), :-1] = torch.from_numpy(dense)
        x[:, :-1].div_(_SCALE).log1p_()
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
    showers: _Showers, rows: Index, *, seed: int, epochs: int, patience: int
) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(rows)
    watched, learnt = np.split(rows, [max(1, round(_WATCHED * len(rows)))])
    network = _network(showers.inputs, seed)
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


def _network(inputs: int, seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for width in _HIDDEN:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        return nn.Sequential(*layers, nn.Linear(inputs, 1))


@torch.no_grad()
def _scores(network: nn.Sequential, showers: _Showers, rows: Index) -> Tensor:
    """Logits of some showers, with shape (rows,)."""
    return torch.cat([network(showers.batch(batch))[:, 0] for batch in _batches(rows)])


def _batches(rows: Index) -> list[Index]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
