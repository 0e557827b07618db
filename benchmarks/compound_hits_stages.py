"""Inside the compiled sampler: microseconds of its steps, by doing more and more of them."""

from __future__ import annotations

from time import process_time
from typing import Any

import numba
import numpy as np

from heitler.kernels import Law, Prescription
from heitler.kernels.calibration import calibrate
from heitler.kernels.children import children
from heitler.kernels.energies import damp, energise, survive
from heitler.kernels.lists import room
from heitler.kernels.points import far, near
from heitler.kernels.rates import LAWS, SOFT, laws_of

__all__ = ["sampler_stages"]

STAGES = (
    "rates, means and heights",
    "near cells",
    "far points",
    "children",
    "damping",
    "energies",
    "calibration",
)
_ROUNDS = 15


@numba.njit(nogil=True, error_model="numpy")
def _steps(law: Any, todo: Any, lists: Any, steps: int) -> int:  # noqa: ANN401 (compiled)
    """The first steps of `heitler.kernels.compound` for all showers; the hits that they make."""
    (layers, bins), count = law.share.shape, todo.y.shape[0]
    line = np.empty(3 * bins, np.float32)
    laws = np.empty((LAWS, layers * bins), np.float32)
    expected, dropped = np.empty(layers, np.float32), np.empty(layers, np.float32)
    out, scratch, brood = lists
    energies = np.empty(out.cell.shape[0], np.float32)
    total = 0
    for n in range(count):
        k0, k1 = todo.key[n]
        hits = 0
        if steps > 0:
            laws_of(law, todo.coefficients[n], todo.crossing[n], line, laws, expected)
        if steps > 1:
            hits = near(law, todo, n, laws, scratch, out)
        if steps > 2:
            hits = far(law, todo, n, laws, scratch, out, hits)
        if steps > 3:
            hits = children(law, todo, n, laws, scratch, brood, out, hits)
        if steps > 4:
            damp(law, expected, out.layer[:hits], lists[1].tally, dropped)
            hits = survive(k0, k1, dropped, laws[SOFT], scratch, out, hits)
        if steps > 5:
            energise(law, k0, k1, laws, scratch, out, energies[:hits])
        if steps > 6:
            calibrate(law, todo, n, out, scratch, energies[:hits])
        total += hits
    return total


def sampler_stages(law: Law, todo: Prescription) -> dict[str, float]:
    """CPU microseconds per shower of each step: differences of the least of some rounds.

    Rounds of all steps take turns, so that a slow moment of the machine hits them alike.
    """
    lists, count = room(law), len(todo.y)
    least = [float("inf")] * (len(STAGES) + 1)
    for _ in range(_ROUNDS + 1):
        for steps in range(len(least)):
            start = process_time()
            _steps(law, todo, lists, steps)
            least[steps] = min(least[steps], process_time() - start)
    times = 1e6 * np.diff(least) / count
    return dict(zip(STAGES, times.tolist(), strict=True))
