"""What a metric is: a function of a reference and a candidate sample.

    @metric("Kolmogorov-Smirnov distance")
    def kolmogorov_smirnov(reference: Values, candidate: Values) -> Estimate: ...

The decorator leaves the function as it is and enters it in `METRICS`, from which validation and
``heitler list metrics`` take it. Metrics know numbers only, neither showers nor files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heitler.estimates import Estimate

__all__ = ["METRICS", "Estimate", "Kind", "Metric", "Values", "as_values", "metric"]

Values = ArrayLike
"""A sample: an array or a tensor on the CPU, taken as float64."""

Kind = Literal["distribution", "spectrum", "summary", "profile", "features", "voxels", "memory"]
"""What a metric compares: values (N,), counts in bins (N, bins), a mean or width of values (N,),
profiles (N, layers), feature vectors (N, k), deposits (N, cells), or feature vectors of training
and candidate (and of held-out showers). Those of kind "distribution" and "spectrum" are applied to
every observable of their kind."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A function of two samples with what a table must say about it.

    Arguments:
        name: Name of the function.
        label: Words for a table.
        kind: What it compares.
        ideal: Its value for two equal distributions and infinite samples.
        in_units: Whether it has the unit of what it compares.
        function: (reference, candidate) to an `Estimate`; further arguments by keyword.
        two_sided: Whether values below the floor are as bad as values above it.
    """

    name: str
    label: str
    kind: Kind
    ideal: float
    in_units: bool
    function: Callable[..., Estimate]
    two_sided: bool = False

    def compare(self, reference: Values, candidate: Values, *, seed: int) -> Estimate:
        """The function of two samples, with the seed if it takes one."""
        takes_seed = "seed" in signature(self.function).parameters
        return self.function(reference, candidate, **({"seed": seed} if takes_seed else {}))


METRICS: dict[str, Metric] = {}

_Function = TypeVar("_Function", bound=Callable[..., Estimate])


def metric(
    label: str,
    *,
    kind: Kind = "distribution",
    ideal: float = 0.0,
    in_units: bool = False,
    two_sided: bool = False,
) -> Callable[[_Function], _Function]:
    """Enters a function of two samples in `METRICS` under its own name.

    Raises:
        ValueError: The name is taken.
    """

    def register(function: _Function) -> _Function:
        name = function.__name__
        if name in METRICS:
            msg = f"there is a metric '{name}' already"
            raise ValueError(msg)
        METRICS[name] = Metric(name, label, kind, ideal, in_units, function, two_sided)
        return function

    return register


def as_values(sample: Values, *, ndim: int = 1) -> NDArray[np.float64]:
    """A sample as a float64 array with `ndim` dimensions.

    Raises:
        ValueError: It has other dimensions, fewer than two entries, or one that is not finite.
    """
    values = np.asarray(sample, dtype=np.float64)
    if values.ndim != ndim or len(values) < 2:
        msg = f"a metric needs two or more entries in {ndim} dimension(s), got {values.shape}"
        raise ValueError(msg)
    if not np.isfinite(values).all():
        msg = f"{int((~np.isfinite(values)).sum())} of {values.size} values are not finite"
        raise ValueError(msg)
    return values
