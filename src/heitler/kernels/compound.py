r"""Hits of a cluster process with a random field, compiled (numba).

This is the sampler of the compound-hit model; `heitler.models.compound_hits` says what its
ingredients mean and where they come from. `heitler.kernels.compound_twin` says the same in plain
torch: given the key of a shower, both make the same hits.

For each shower and layer:

1. *Rates.* ln lambda, ln mu and ln h of each bin are products of the shower's coefficients with
   the layer's patterns.
2. *Points.* A cell of bin b has the rate

       r = x (1 + v min(x, 1) / 2) e^(f - v/2),    x = lambda w beta (1 + eps),

   with the field f and its variance v. Near cells are hit with 1 - e^-r one by one. Bins farther
   out follow each other along a line on which points arrive at unit rate; where a point falls says
   its cell, and whether the field keeps it.
3. *Children.* A cell that is hit has a Poisson number of children at random displacements; one in
   a cell of smaller rate lives with the ratio of the rates.
4. *Damping.* Hits are kept with a probability that takes a share gamma of their chance excess
   over the expectation out again (its moments 0 to 2 in depth).
5. *Energies.* An exponential variate t decides the energy by tables; in cells with many particles
   the field shifts it first.
6. *Calibration.* Energies above the threshold are scaled by exp(quadratic in depth), so that
   visible energy, mean depth and depth width are as prescribed.

Notation: N showers, L layers, B bins, K coefficients, P phases, M members, H hits.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np

from heitler.kernels.calibration import calibrate
from heitler.kernels.energies import damp, energise, survive
from heitler.kernels.law import Drawn, Law, Prescription
from heitler.kernels.numbers import cached
from heitler.kernels.points import Scratch, hits_of
from heitler.kernels.rates import LAWS, laws_of, lines_of

__all__ = ["ROOM", "fill", "sample"]

ROOM = 1600
"""Hits of a shower that there is room for at first."""


def sample(law: Law, prescription: Prescription) -> Drawn:
    """Hits of the showers, layer by layer in the order in which they are made."""
    count, layers = prescription.y.shape
    room = ROOM * count + layers * law.rows * law.columns
    while True:
        cells, energies = np.empty(room, np.int32), np.empty(room, np.float32)
        offsets = np.zeros(count + 1, np.int64)
        if fill(law, prescription, offsets, cells, energies):
            end = offsets[-1]
            return Drawn(offsets, cells[:end], energies[:end])
        room *= 2


def _build(sources):
    """The loop over showers.

    numba's cache looks at the file of a function and at its closure, not at the files of the
    functions that it calls: so the closure names the sources.
    """

    @cached
    def run(law, todo, offsets, cells, energies):
        sources  # noqa: B018
        count, layers = todo.y.shape
        width, size = law.bias.shape[1], layers * law.rows * law.columns
        laws = np.empty((LAWS, layers * (width // 3)), np.float32)
        packed = np.empty((layers * (width // 3), LAWS), np.float32)
        lines = np.empty((layers, width), np.float32)
        expected, dropped = np.empty(layers, np.float32), np.empty(layers, np.float32)
        scratch = Scratch(
            np.full(size, -1, np.int32),
            np.empty(size, np.int32),
            np.empty(size, np.int32),
            np.empty(size, np.float32),
            np.empty(size, np.float32),
            np.zeros(layers + 1, np.int64),
        )
        threshold, ends, end = law.settings[0], scratch.ends, 0
        for n in range(count):
            key = todo.key[n]
            lines_of(todo.coefficients[n], law.bias, law.basis, law.ranges, lines)
            laws_of(law, todo.crossing[n], lines, laws, packed, expected)
            hits_of(law, todo, n, laws, scratch)
            if end + ends[layers] > cells.shape[0]:
                return False
            damp(law.depth, law.settings, ends, expected, dropped)
            first = end
            end += survive(key, dropped, packed, scratch, cells[first:])
            energise(law, key, packed, scratch, cells[first:end], energies[first:end])
            calibrate(threshold, todo.goal[n], ends, energies[first:end])
            offsets[n + 1] = end
        return True

    return run


_SOURCES = sorted(Path(__file__).parent.glob("*.py"))
fill = _build(sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest())
"""Fills `offsets` (N + 1), `cells` and `energies`; says whether there was room for all hits."""
