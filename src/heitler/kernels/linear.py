"""Networks of linear layers for many showers side by side, compiled.

Numbers are laid out as (features, showers): the loops over showers are inside, so that arithmetic
is vectorised whatever the widths of layers are, and weights are read once for all showers.
"""

from __future__ import annotations

import numpy as np

from heitler.kernels.numbers import fused, jit, place, power, summed

__all__ = ["LANES", "evaluate", "multiply"]

LANES = 64
"""Showers side by side."""

_ONE = np.float32(1.0)


@fused
def multiply(weights, x, y):
    """Y = W x + b for all showers, eight inputs at a time: y is then written rarely.

    Arguments:
        weights: W and, behind it, b: (outputs, inputs + 1).
        x: Inputs, (at least inputs, showers).
        y: Filled with outputs, (at least outputs, showers).
    """
    if x.shape[1] == 1:
        _multiply_one(weights, x.ravel(), y.ravel())
        return
    outputs, inputs, lanes = place(weights.shape[0]), place(weights.shape[1] - 1), x.shape[1]
    for o in range(outputs):
        for n in range(lanes):
            y[o, n] = weights[o, inputs]
        i = place(0)
        while i + place(8) <= inputs:
            j, k, m = i + place(2), i + place(4), i + place(6)
            w0, w1, w2, w3 = (
                weights[o, i],
                weights[o, i + place(1)],
                weights[o, j],
                weights[o, j + place(1)],
            )
            w4, w5, w6, w7 = (
                weights[o, k],
                weights[o, k + place(1)],
                weights[o, m],
                weights[o, m + place(1)],
            )
            for n in range(lanes):
                a = (w0 * x[i, n] + w1 * x[i + place(1), n]) + (
                    w2 * x[j, n] + w3 * x[j + place(1), n]
                )
                b = (w4 * x[k, n] + w5 * x[k + place(1), n]) + (
                    w6 * x[m, n] + w7 * x[m + place(1), n]
                )
                y[o, n] += a + b
            i += place(8)
        while i < inputs:
            w = weights[o, i]
            for n in range(lanes):
                y[o, n] += w * x[i, n]
            i += place(1)


@summed
def _multiply_one(weights, x, y):
    """The same for one shower: vectors run over inputs."""
    inputs = place(weights.shape[1] - 1)
    for o in range(place(weights.shape[0])):
        total = np.float32(0.0)
        for i in range(inputs):
            total += weights[o, i] * x[i]
        y[o] = total + weights[o, inputs]


@jit
def evaluate(layers, first, stop, x, other):
    """Linear layers with SiLU between them: where the result is.

    Arguments:
        layers: Weights and bias of each layer, see `multiply`.
        first: First layer.
        stop: The one behind the last.
        x: Inputs, which are lost; long enough for every layer.
        other: Room of the same size.
    """
    for layer in range(first, stop):
        multiply(layers[layer], x, other)
        if layer < stop - 1:
            _silu(other.ravel()[: layers[layer].shape[0] * other.shape[1]])
        x, other = other, x
    return x


@jit
def _silu(y):
    for k in range(y.shape[0]):
        y[k] = y[k] / (_ONE + power(-y[k]))
