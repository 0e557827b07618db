"""Lists of the compiled sampler, which are written anew for each shower.

Notation: L layers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.law import RUN, Law

__all__ = ["COPIES", "LARGEST", "PARTS", "Brood", "Found", "Scratch", "room"]

_F32 = NDArray[np.float32]
_I32 = NDArray[np.int32]

LARGEST = np.float32(80.0)
"""Expected points that a run can have at once, so that e^-a is a number: more come in parts."""

PARTS = 10
"""How many parts there can be."""

COPIES = 8
"""Sums of a layer side by side, since a processor need not wait for one to add to it again: a
power of two."""


class Found(NamedTuple):
    """Hits of the shower in work.

    Arguments:
        taken: Whether a cell is hit.
        cell: Cell of each hit.
        layer: Its layer.
        bin: Its bin, counted over layers.
        wave: Its field.
        alone: Factor of its t.
    """

    taken: NDArray[np.uint8]
    cell: _I32
    layer: _I32
    bin: _I32
    wave: _F32
    alone: _F32


class Scratch(NamedTuple):
    """Room for what comes in between.

    Arguments:
        chance: Chance of a hit less a random number, of the near cells of all layers,
            (L near + RUN).
        flag, cell, bin, layer, wave: Lists of cells or points: whether one is hit, and what
            `Found` says of it.
        amount: Expected points of each run of all layers, (L runs).
        chosen: Indices, or runs of points.
        code: Whole numbers that go with them.
        number, other, third, fourth: Random numbers that go with them, or how many there are.
        terms: What is summed in layers, four numbers of each hit.
        tally: Hits of layers, counted side by side, (`COPIES`, L).
        sums: Sums of layers, four each, added up side by side, (`COPIES` 4 L).
        pairs: Two numbers of each layer, (2 L).
        layers: Numbers of layers, (6, L).
    """

    chance: _F32
    amount: _F32
    flag: NDArray[np.uint8]
    cell: _I32
    bin: _I32
    layer: _I32
    wave: _F32
    chosen: _I32
    code: _I32
    number: _F32
    other: _F32
    third: _F32
    fourth: _F32
    terms: _F32
    tally: _I32
    sums: _F32
    pairs: _F32
    layers: NDArray[np.float64]


class Brood(NamedTuple):
    """Children in work.

    Arguments:
        cell, layer, bin, parent, number: Of their parents: cell, layer, bin, place among the hits,
            and the random number that says how many children they have.
        step: 12 random bits that say where to.
        life: A random number that says whether a child lives.
        rate: Rates of the parents' bins.
        down, right: Displacements.
        there: Place in `Law.there`.
        order: 0, 1, 2, ...
        origin: Where the first cell of each layer is in `Law.there`, (L).
    """

    cell: _I32
    layer: _I32
    bin: _I32
    parent: _I32
    number: _F32
    step: _I32
    life: _F32
    rate: _F32
    down: _I32
    right: _I32
    there: _I32
    order: _I32
    origin: _I32


def room(law: Law) -> tuple[Found, Scratch, Brood]:
    """Lists as long as they can become: memory that is not written costs nothing."""
    layers, size = len(law.share), len(law.share) * law.rows * law.columns
    near, runs = layers * law.near, layers * law.run_bin.shape[1]
    many = 8 * size + 2 * int(LARGEST) * PARTS * runs + 64

    def whole() -> _I32:
        return np.empty(many, np.int32)

    def real() -> _F32:
        return np.empty(many, np.float32)

    found = Found(np.ones(size, np.uint8), whole(), whole(), whole(), real(), real())
    scratch = Scratch(
        np.zeros(near + RUN, np.float32), np.empty(runs, np.float32),
        np.zeros(many, np.uint8), whole(), whole(), whole(), real(),
        whole(), whole(), real(), real(), real(), real(),
        np.empty(4 * many, np.float32),
        np.empty((COPIES, layers), np.int32), np.empty(COPIES * 4 * layers, np.float32),
        np.empty(2 * layers, np.float32), np.empty((6, layers)),
    )  # fmt: skip
    brood = Brood(
        whole(), whole(), whole(), whole(), real(), whole(), real(), real(), whole(), whole(),
        whole(), np.arange(many, dtype=np.int32), np.empty(layers, np.int32),
    )  # fmt: skip
    return found, scratch, brood
