"""Products of a vector and a matrix, and what networks put between them, compiled."""

from __future__ import annotations

import numpy as np

from heitler.kernels.numbers import fused, jit, place, power

__all__ = ["add_product", "evaluate"]

_ONE = np.float32(1.0)


@fused
def add_product(x, matrix, y):
    """Adds x @ matrix to y, four rows at a time: y is then read and written a quarter as often."""
    rows, columns, i = place(x.shape[0]), place(y.shape[0]), place(0)
    one, two, three, four = place(1), place(2), place(3), place(4)
    while i + four <= rows:
        a, b, c, d = x[i], x[i + one], x[i + two], x[i + three]
        j, k, m = i + one, i + two, i + three
        for o in range(columns):
            first, second = (
                a * matrix[i, o] + b * matrix[j, o],
                c * matrix[k, o] + d * matrix[m, o],
            )
            y[o] += first + second
        i += four
    while i < rows:
        a = x[i]
        for o in range(columns):
            y[o] += a * matrix[i, o]
        i += one


@jit
def evaluate(layers, first, stop, x, other):
    """Linear layers with SiLU between them; where the result is, and how long it is.

    Arguments:
        layers: Bias and weights of each layer, (1 + inputs, outputs).
        first: First layer.
        stop: The one behind the last.
        x: Input, which is lost; long enough for every layer.
        other: Room of the same length.
    """
    size = layers[first].shape[0] - 1
    for layer in range(first, stop):
        matrix = layers[layer]
        width = matrix.shape[1]
        y = other[:width]
        y[:] = matrix[0]
        add_product(x[:size], matrix[1:], y)
        if layer < stop - 1:
            _silu(y)
        x, other, size = other, x, width
    return x[:size]


@jit
def _silu(y):
    for k in range(y.shape[0]):
        y[k] = y[k] / (_ONE + power(-y[k]))
