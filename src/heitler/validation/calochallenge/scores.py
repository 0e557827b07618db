"""Separation powers of the challenge's histograms.

The challenge leaves entries beyond the bins out and normalises the rest, which forgives long
tails. `Score.published` does so too, to be compared with published values; `Score.complete` counts
underflow and overflow in bins of their own, as heitler does elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heitler.metrics import Estimate, binned_separation
from heitler.metrics.histograms import fill
from heitler.units import GeV
from heitler.validation.calochallenge.data_sets import DataSet
from heitler.validation.calochallenge.features import Features

__all__ = ["Score", "averages", "separations", "voxel_edges", "voxel_score"]

_Array = NDArray[np.float64]
_RESPONSE = "E total"


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Separation power of one histogram.

    Arguments:
        group: What is averaged together, such as "E layer" or "centre eta".
        histogram: The layer's number or the energy, "" where the group is one histogram.
        published: As the challenge computes it; None where a sample has no entry in the bins.
        complete: With underflow and overflow.
        edges: Edges of the bins, with shape (bins + 1,).
        counts: Entries of reference and candidate below, in and above the bins: (bins + 2,) each.
    """

    group: str
    histogram: str
    published: Estimate | None
    complete: Estimate
    edges: _Array
    counts: tuple[_Array, _Array]


def separations(reference: Features, candidate: Features, data_set: DataSet) -> list[Score]:
    """All histograms of high-level features, the reference's maxima as the last edges."""
    return [
        *_responses(reference, candidate, data_set),
        *_by_layer(reference, candidate, data_set),
    ]


def averages(scores: Sequence[Score]) -> dict[str, float]:
    """Mean of the published form over the histograms of each group that have one."""
    groups = dict.fromkeys(score.group for score in scores)
    return {
        group: float(
            np.mean([s.published.value for s in scores if s.group == group and s.published])
        )
        for group in groups
        if any(s.published for s in scores if s.group == group)
    }


def voxel_edges(reference: Features, data_set: DataSet) -> _Array:
    """Bins of the energies of voxels."""
    return data_set.energy_edges(reference.largest, 49)


def voxel_score(reference: _Array, candidate: _Array, edges: _Array) -> Score:
    """The score of counts of voxels below, in and above the bins, with shape (bins + 2,).

    Its error is that of independent voxels; those of one shower are not, so it is too small.
    """
    return _score("cell", "", reference, candidate, edges)


def _responses(first: Features, second: Features, data_set: DataSet) -> Iterator[Score]:
    pair = first.total / first.incident, second.total / second.incident
    yield _of_values(_RESPONSE, "", *pair, np.linspace(0.5, 1.5, 101))
    if data_set.response is None:
        return
    for number, energy in enumerate(np.unique(first.incident)):
        of = (pair[0][first.incident == energy], pair[1][second.incident == energy])
        if min(part.size for part in of) > 0:
            label = f"{energy / GeV:.4g} GeV"
            yield _of_values("E total by energy", label, *of, data_set.response_edges(number))


def _by_layer(first: Features, second: Features, data_set: DataSet) -> Iterator[Score]:
    geometry = data_set.geometry
    numbers = geometry.layer_ids
    several = [n for n, bins in zip(numbers, geometry.angular_bins, strict=True) if bins > 1]
    for place, number in enumerate(numbers):
        energy = first.layer[:, place], second.layer[:, place]
        largest = float(energy[0].max())
        if largest > data_set.threshold:
            edges = data_set.energy_edges(largest, 39)
            yield _of_values("E layer", str(number), *energy, edges)
        sparsity = first.sparsity[:, place], second.sparsity[:, place]
        yield _of_values("sparsity", str(number), *sparsity, np.linspace(0, 1, 21))
    for axis in ("eta", "phi", "r"):
        for place, number in enumerate(numbers if axis == "r" else several):
            ranges = data_set.of_layer(number)
            centre, width = (
                (ranges.centre_r, ranges.width_r) if axis == "r" else (ranges.centre, ranges.width)
            )
            for group, range_, one, other in (
                ("centre", centre, first.centre, second.centre),
                ("width", width, first.width, second.width),
            ):
                values = one[axis][:, place], other[axis][:, place]
                edges = np.linspace(*range_, 101)
                yield _of_values(f"{group} {axis}", str(number), *values, edges)


def _of_values(group: str, name: str, first: _Array, second: _Array, edges: _Array) -> Score:
    return _score(group, name, fill(first, edges), fill(second, edges), edges)


def _score(group: str, name: str, first: _Array, second: _Array, edges: _Array) -> Score:
    inside = first[1:-1], second[1:-1]
    both = bool(inside[0].any() and inside[1].any())
    return Score(
        group,
        name,
        published=binned_separation(*inside) if both else None,
        complete=binned_separation(first, second),
        edges=edges,
        counts=(first, second),
    )
