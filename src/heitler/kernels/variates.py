"""Random numbers of showers side by side, compiled.

Each shower has a key of its own, which follows from the seed and from its place; its numbers
follow from the key (`heitler.kernels.numbers`). So the first of many are the same as those of few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.numbers import cached, inlined, normal, number, place, uniform

__all__ = ["normals", "uniforms"]


def normals(seed: NDArray[np.uint32], purpose: int, count: int, size: int) -> NDArray[np.float32]:
    """Independent standard normal numbers, (count, size).

    Arguments:
        seed: Two random words.
        purpose: Tells numbers of one seed apart, below 2^10.
        count: Number of showers, below 2^21.
        size: Numbers of a shower, below 2^22.
    """
    rows = np.empty((count, size), np.float32)
    _normals(seed, purpose, rows)
    return rows


def uniforms(seed: NDArray[np.uint32], purpose: int, count: int, size: int) -> NDArray[np.float32]:
    """Independent numbers from 0 on and below 1, (count, size); arguments as for `normals`."""
    rows = np.empty((count, size), np.float32)
    _uniforms(seed, purpose, rows)
    return rows


@inlined
def _key(seed, purpose, n):
    two = n + n
    first = number(seed[0], seed[1], purpose, two)
    return first, number(seed[0], seed[1], purpose, two + place(1))


@cached
def _normals(seed, purpose, rows):
    for n in range(place(rows.shape[0])):
        (k0, k1), row = _key(seed, purpose, n), rows[n]
        for i in range(row.shape[0]):
            row[i] = normal(number(k0, k1, 0, i))


@cached
def _uniforms(seed, purpose, rows):
    for n in range(place(rows.shape[0])):
        (k0, k1), row = _key(seed, purpose, n), rows[n]
        for i in range(row.shape[0]):
            row[i] = uniform(number(k0, k1, 0, i))
