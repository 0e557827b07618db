r"""Hits of a cluster process with a random field, compiled (numba).

This is the sampler of the compound-hit model; `heitler.models.compound_hits` says what its
ingredients mean and where they come from. `heitler.kernels.compound_twin` says the same in plain
torch: given the key of a shower, both make the same hits.

For each shower:

1. *Rates.* ln lambda, ln mu and ln h of each layer and bin are products of the shower's
   coefficients with the layer's patterns.
2. *Points.* A cell of bin b has the rate

       r = x (1 + v min(x, 1) / 2) e^(f - v/2),    x = lambda w beta (1 + eps),

   with the field f and its variance v. Near cells are hit with 1 - e^-r one by one. Farther out a
   run of cells of one bin has a Poisson number of points, each at a cell drawn evenly, which stays
   with the ratio of the cell's rate to the largest that the field allows.
3. *Children.* A cell that is hit has a Poisson number of children at random displacements; one in
   a cell of smaller rate lives with the ratio of the rates.
4. *Damping.* Hits are kept with a probability that takes a share gamma of their chance excess
   over the expectation out again (its moments 0 to 2 in depth).
5. *Energies.* A normal number, shifted by the field in cells with many particles, decides the
   energy by tables of the exponential variate of the same rank.
6. *Calibration.* Energies above the threshold are scaled by exp(quadratic in depth), so that
   visible energy, mean depth and depth width are as prescribed, and within each layer by
   1 + delta (q - <q>), q = r^2 / (r^2 + R^2), so that the lateral spread is.

A processor spends its time on branches that it guesses wrong and on numbers that it waits for. So
each step is a few plain loops over all cells or hits of the shower: arithmetic, which compilers
vectorise, apart from look-ups, apart from lists that grow.

Notation: N showers, L layers, B bins, K coefficients, P phases, M members, H hits.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from heitler.kernels.calibration import calibrate
from heitler.kernels.children import children
from heitler.kernels.energies import damp, energise, survive
from heitler.kernels.law import Drawn, Law, Prescription
from heitler.kernels.lists import Brood, Found, Scratch, room
from heitler.kernels.numbers import SOURCES, cached
from heitler.kernels.points import far, near
from heitler.kernels.rates import LAWS, SOFT, laws_of

__all__ = ["ROOM", "fill", "sample"]

ROOM = 1600
"""Hits of a shower that there is room for at first."""

_OWN = threading.local()
"""Lists that a thread has made: single showers would spend most of their time on fresh memory."""


def sample(law: Law, prescription: Prescription) -> Drawn:
    """Hits of the showers, in the order in which they are made."""
    count, layers = prescription.y.shape
    offsets = np.zeros(count + 1, np.int64)
    parts: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = []
    done, each, lists = 0, float(ROOM), _lists(law)
    while done < count or not parts:
        space = int(each * (count - done)) + layers * law.rows * law.columns
        cells, energies = np.empty(space, np.int32), np.empty(space, np.float32)
        first, done = done, fill(law, prescription, lists, done, offsets, cells, energies)
        end = offsets[done] - offsets[first]
        parts.append((cells[:end], energies[:end]))
        each = 1.1 * offsets[done] / max(done, 1)
    if len(parts) == 1:
        return Drawn(offsets, *parts[0])
    return Drawn(offsets, *(np.concatenate(part) for part in zip(*parts, strict=True)))


def _lists(law: Law) -> tuple[Found, Scratch, Brood]:
    """Lists of this thread for models of one size."""
    key = (*law.share.shape, *law.run_bin.shape, law.rows, law.columns, law.near)
    if getattr(_OWN, "key", None) != key:
        _OWN.key, _OWN.lists = key, room(law)
    lists: tuple[Found, Scratch, Brood] = _OWN.lists
    return lists


def _build(sources):
    """The loop over showers; see `cached` for why it is in a closure."""

    @cached
    def run(law, todo, lists, first, offsets, cells, energies):
        sources  # noqa: B018
        (layers, bins), count = law.share.shape, todo.y.shape[0]
        line = np.empty(3 * bins, np.float32)
        laws = np.empty((LAWS, layers * bins), np.float32)
        expected, dropped = np.empty(layers, np.float32), np.empty(layers, np.float32)
        out, scratch, brood = lists
        end, start = 0, offsets[first]
        for n in range(first, count):
            k0, k1 = todo.key[n]
            laws_of(law, todo.coefficients[n], todo.crossing[n], line, laws, expected)
            found = near(law, todo, n, laws, scratch, out)
            found = far(law, todo, n, laws, scratch, out, found)
            found = children(law, todo, n, laws, scratch, brood, out, found)
            damp(law, expected, out.layer[:found], scratch.tally, dropped)
            hits = survive(k0, k1, dropped, laws[SOFT], scratch, out, found)
            if end + hits > cells.shape[0]:
                return n
            energy = energies[end : end + hits]
            energise(law, k0, k1, laws, scratch, out, energy)
            calibrate(law, todo, n, out, scratch, energy)
            cells[end : end + hits] = out.cell[:hits]
            end += hits
            offsets[n + 1] = start + end
        return count

    return run


fill = _build(SOURCES)
"""Makes showers from the first on until the last or until room ends: says how many are made.

`offsets` (N + 1) go on from the first shower; its hits are the first of `cells` and `energies`.
"""
