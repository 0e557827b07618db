"""Standard errors by leaving out parts of both samples, for metrics without a formula.

Reference: Efron and Stein, Ann. Stat. 9 (1981) 586; with groups: Shao and Wu, Ann. Stat. 17
(1989) 1176.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows", "jackknife"]

Rows = NDArray[np.intp]


def jackknife(
    statistic: Callable[[Rows, Rows], float], reference: int, candidate: int, *, groups: int = 10
) -> float:
    """Standard error of a statistic of two samples, leaving out a group of both at a time.

        error^2 = (G - 1) / G sum_g (t_g - <t>)^2,

    t_g without group g. Group g has the showers g, g + G, g + 2 G and so on of each sample, so
    that files in order of energy give groups alike.

    Arguments:
        statistic: (rows of the reference, rows of the candidate) to a number.
        reference: Number of showers of the reference.
        candidate: Number of showers of the candidate.
        groups: G.
    """
    first, second = np.arange(reference), np.arange(candidate)
    left = np.array(
        [
            statistic(first[first % groups != g], second[second % groups != g])
            for g in range(groups)
        ]
    )
    return float(((groups - 1) * left.var()) ** 0.5)
