"""What an observable is: a plain function of showers with a label, a unit and an axis.

    @observable("visible energy", "MeV")
    def visible_energy(showers: Showers) -> Tensor: ...

The decorator leaves the function as it is and enters it in `OBSERVABLES`, from which validation
and ``heitler list observables`` take it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from heitler.detectors import Detector
from heitler.showers import Showers

__all__ = ["OBSERVABLES", "Bins", "Observable", "observable"]

Function = Callable[[Showers], Tensor]


@dataclass(frozen=True, slots=True)
class Bins:
    """What the components of an observable are bins of, where they are more than numbered.

    Arguments:
        label: Words for an axis, with the unit.
        edges: Edges of the k components in a detector, with shape (k + 1,); the last may be
            infinite.
        unit: What one unit of the axis is in that of the edges, in a detector.
        log: Whether the axis is logarithmic.
    """

    label: str
    edges: Callable[[Detector], Tensor]
    unit: Callable[[Detector], float] = lambda _: 1.0
    log: bool = False


@dataclass(frozen=True, slots=True)
class Observable:
    """A function of showers with what a table or a figure must say about it.

    Arguments:
        name: Name of the function.
        label: Words for an axis, without the unit.
        unit: Unit, "" where there is none.
        axis: What the second dimension of the result runs over ("layer", "ring", ...), None if
            there is one number per shower.
        log: Whether it spans decades and is shown on a logarithmic axis.
        signed: Whether it may be negative or has no natural zero (a position), so that a ratio of
            two means says nothing; differences are shown instead.
        bins: What the components are bins of, None where they have numbers only.
        function: Showers to float64 values with shape (N,) or (N, k).
    """

    name: str
    label: str
    unit: str
    axis: str | None
    log: bool
    signed: bool
    bins: Bins | None
    function: Function

    def __call__(self, showers: Showers) -> Tensor:
        """Values of the showers, with shape (N,) or (N, k), float64."""
        return self.function(showers)


OBSERVABLES: dict[str, Observable] = {}


def observable(
    label: str,
    unit: str,
    *,
    axis: str | None = None,
    log: bool = False,
    signed: bool = False,
    bins: Bins | None = None,
) -> Callable[[Function], Function]:
    """Enters a function of showers in `OBSERVABLES` under its own name.

    Raises:
        ValueError: The name is taken.
    """

    def register(function: Function) -> Function:
        name = function.__name__
        if name in OBSERVABLES:
            msg = f"there is an observable '{name}' already"
            raise ValueError(msg)
        OBSERVABLES[name] = Observable(name, label, unit, axis, log, signed, bins, function)
        return function

    return register
