"""The binary classifier of the challenge.

Three fully connected layers of 2048 with LeakyReLU, Adam with 2e-4, batches of 1000, 50 epochs, in
float64. 60 % of the showers are trained on, the epoch with the best accuracy on the next 20 % is
kept and calibrated there by isotonic regression, and the last 20 % are judged:

    AUC,   JSD = (ln 2 - BCE) / ln 2.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from heitler.metrics import Estimate
from heitler.metrics.crossfit import REMEDY

__all__ = ["ClassifierResult", "classifier_test"]

_Array = NDArray[np.float64]
_RATE, _BATCH, _EPOCHS, _WIDTH = 2e-4, 1000, 50, 2048


class ClassifierResult(NamedTuple):
    """AUC and JSD: mean and standard deviation over the trainings."""

    auc: Estimate
    jsd: Estimate


def classifier_test(
    reference: _Array,
    candidate: _Array,
    *,
    seed: int,
    trainings: int = 10,
    epochs: int = _EPOCHS,
    width: int = _WIDTH,
) -> ClassifierResult:
    """The challenge's classifier between two samples.

    Arguments:
        reference: One of the challenge's inputs of the reference, with shape (N, k).
        candidate: The same of the candidate, with shape (M, k).
        seed: Seed of the splits, the weights and the batches.
        trainings: Number of trainings with splits of their own.
        epochs: The challenge has 50.
        width: The challenge has 2048.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: There are fewer than ten showers per sample.
    """
    if min(len(reference), len(candidate)) < 10:
        msg = (
            f"the classifier needs ten showers per sample, got {len(reference)}, {len(candidate)}"
        )
        raise ValueError(msg)
    inputs = torch.from_numpy(np.concatenate([reference, candidate]))
    label = torch.cat([torch.zeros(len(reference)), torch.ones(len(candidate))]).double()
    pairs = np.array(
        [
            _train(inputs, label, torch.Generator().manual_seed(seed + number), epochs, width)
            for number in range(trainings)
        ]
    )
    auc, jsd = (Estimate(float(column.mean()), float(column.std())) for column in pairs.T)
    return ClassifierResult(auc, jsd)


def _train(
    inputs: Tensor, label: Tensor, generator: torch.Generator, epochs: int, width: int
) -> tuple[float, float]:
    """AUC and JSD of one training."""
    order = torch.randperm(len(label), generator=generator)
    cuts = [int(0.6 * len(order)), int(0.8 * len(order))]
    train, choose, test = order.tensor_split(cuts)
    network = _network(inputs.shape[1], width, generator)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    best, kept = -1.0, network.state_dict()
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train), generator=generator)].tensor_split(
            _cuts(train)
        ):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(
                network(inputs[batch])[:, 0], label[batch]
            )
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        accuracy = float(
            ((_scores(network, inputs[choose]) > 0.5) == label[choose].numpy()).mean()
        )
        if accuracy > best:
            best = accuracy
            kept = {key: value.clone() for key, value in network.state_dict().items()}
    network.load_state_dict(kept)
    return _judge(
        _scores(network, inputs[choose]),
        label[choose].numpy(),
        _scores(network, inputs[test]),
        label[test].numpy(),
    )


def _network(columns: int, width: int, generator: torch.Generator) -> nn.Sequential:
    """The network with weights from `generator`, distributed as torch's own."""
    sizes = [columns, width, width, width]
    layers: list[nn.Module] = []
    for before, after in zip(sizes, [*sizes[1:], 1], strict=True):
        layers += [nn.Linear(before, after, dtype=torch.float64), nn.LeakyReLU()]
    network = nn.Sequential(*layers[:-1])
    for layer in network:
        if isinstance(layer, nn.Linear):
            bound = layer.in_features**-0.5
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
    return network


def _scores(network: nn.Module, inputs: Tensor) -> _Array:
    with torch.no_grad():
        parts = [torch.sigmoid(network(part))[:, 0] for part in inputs.tensor_split(_cuts(inputs))]
    return torch.cat(parts).numpy()


def _cuts(rows: Tensor) -> list[int]:
    """Where batches of rows begin, but for the first."""
    return list(range(_BATCH, len(rows), _BATCH))


def _judge(seen: _Array, seen_label: _Array, score: _Array, label: _Array) -> tuple[float, float]:
    """AUC and JSD of scores, calibrated with those that were seen."""
    try:
        from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415
        from sklearn.metrics import log_loss, roc_auc_score  # noqa: PLC0415
    except ImportError as error:
        raise ImportError(REMEDY) from error
    tiny = 1e-6
    calibration = IsotonicRegression(y_min=tiny, y_max=1 - tiny, out_of_bounds="clip")
    probability = calibration.fit(seen, seen_label).predict(score)
    entropy = log_loss(label, probability, labels=[0, 1])
    return float(roc_auc_score(label, probability)), float((log(2) - entropy) / log(2))
