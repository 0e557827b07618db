"""Looks for the defects of candidates: broken layers, traits that are off, tails, correlations.

Candidate and reference are compared at equal sizes, as everywhere in a comparison, and the same
is done with two samples of the reference for the floor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import Detector
from heitler.metrics import Estimate, profile_ratio
from heitler.metrics.ratios import half_width
from heitler.observables import OBSERVABLES
from heitler.validation.diagnosis.defect import Defect
from heitler.validation.diagnosis.traits import deviation, traits
from heitler.validation.figures.correlations import correlation
from heitler.validation.sample import Array, View
from heitler.validation.selection import Selection

__all__ = ["diagnose"]

_WINDOW = 3
_TAIL = 0.02
_MANY = 4.5
"""Standard deviations that count where the worst of many layers is taken."""

_MANY_TAILS = 4.0
"""The same for tails: a dozen observables have two each."""


def diagnose(selection: Selection, detector: Detector) -> Iterator[Defect]:
    """Everything that was looked at, for each candidate; see `Defect.found`.

    Arguments:
        selection: Equally large views of reference, floor and candidates.
        detector: Where layers and MIP are.
    """
    for candidate in selection.candidates:
        name = candidate.sample.name
        off, error = _mean(selection.references, candidate, _layers)
        broken = np.abs(off) > np.maximum(_MANY * error, 0.05)
        floor, spread = _layers(*selection.floor)
        if broken.any():
            yield _broken(name, np.flatnonzero(broken), (off, error), (floor, spread))
        kept = np.flatnonzero(~broken).astype(np.float64)
        if kept.size < 2:
            continue
        for trait in traits(selection.references[0], detector, kept):
            pairs = [deviation(trait, reference, candidate) for reference in selection.references]
            value = _average(pairs)
            least = deviation(trait, *selection.floor)
            yield Defect(
                name,
                trait.name,
                value,
                least,
                trait.unit,
                trait.words(value),
                trait.accounts_for,
            )
        yield from _tails(selection.references, candidate, selection.floor)


def _mean(
    references: Sequence[View], candidate: View, of: Callable[[View, View], tuple[Array, Array]]
) -> tuple[Array, Array]:
    parts = [of(reference, candidate) for reference in references]
    values, errors = (np.array(each) for each in zip(*parts, strict=True))
    return values.mean(axis=0), np.sqrt((errors**2).mean(axis=0))


def _average(parts: Sequence[Estimate]) -> Estimate:
    """Mean over the halves of the reference; its error is theirs, they share the candidate."""
    return Estimate(
        float(np.mean([part.value for part in parts])),
        float(np.sqrt(np.mean([part.error**2 for part in parts]))),
    )


def _layers(reference: View, candidate: View) -> tuple[Array, Array]:
    """How far each layer's energy is off from what its neighbours let expect, with errors.

    The ratio of mean energies q_l / p_l over the median ratio of up to three layers on each side,
    minus 1: a scale or a shift in depth moves neighbours alike, a dead layer stands alone.
    """
    profile = "longitudinal_profile"
    ratio, error = profile_ratio(reference.values(profile), candidate.values(profile))
    mean = reference.values(profile).mean(axis=0)
    held = (mean > 2e-3 * mean.sum()) & np.isfinite(ratio)
    expected = np.ones_like(ratio)
    for layer in np.flatnonzero(held):
        beside = [
            near
            for near in range(layer - _WINDOW, layer + _WINDOW + 1)
            if near != layer and 0 <= near < held.size and held[near]
        ]
        expected[layer] = np.median(ratio[beside]) if beside else 1.0
    held &= expected > 0
    off = np.where(held, ratio / np.where(held, expected, 1.0) - 1, 0.0)
    return off, np.where(held, error / np.where(held, expected, 1.0), 0.0)


def _broken(
    name: str, layers: NDArray[np.int64], off: tuple[Array, Array], floor: tuple[Array, Array]
) -> Defect:
    values, errors = off
    worst = int(layers[np.argmax(np.abs(values[layers]))])
    parts = [_layer_words(int(layer), float(values[layer])) for layer in layers[:3]]
    more = f" and {len(layers) - 3} further layers are off" if len(layers) > 3 else ""
    return Defect(
        candidate=name,
        name="single layers",
        value=Estimate(float(values[worst]), float(errors[worst])),
        floor=Estimate(float(np.abs(floor[0]).max()), float(floor[1][np.abs(floor[0]).argmax()])),
        unit="%",
        text=f"{'; '.join(parts).capitalize()}{more}",
        accounts_for=("layer_energy", "longitudinal_profile", "hits_per_layer"),
        least=_MANY,
    )


def _layer_words(layer: int, off: float) -> str:
    if off < -0.98:
        return f"layer {layer} holds no energy"
    return f"layer {layer} holds {abs(off):.0%} too {'much' if off > 0 else 'little'} energy"


def _tails(
    references: Sequence[View], candidate: View, floor: tuple[View, View]
) -> Iterator[Defect]:
    """The tail that differs most in number of showers, once median and width are aligned."""
    places = [
        (name, high)
        for name, entry in OBSERVABLES.items()
        if entry.axis is None and _has_tails(references[0], name)
        for high in (False, True)
        if _thins_out(references[0].values(name), high=high)
    ]
    if not places:
        return
    found = [
        (_average([_tail(r, candidate, *place) for r in references]), place) for place in places
    ]
    value, (name, high) = max(found, key=lambda each: abs(each[0].value) / each[0].error)
    entry = OBSERVABLES[name]
    first = references[0].values(name)
    edge = float(np.quantile(first, 1 - _TAIL if high else _TAIL))
    rare = "Missing rare events" if value.value < 0 else "Too many rare events"
    yield Defect(
        candidate=candidate.sample.name,
        name="rare events",
        value=value,
        floor=max((_tail(*floor, *place) for place in places), key=lambda e: abs(e.value)),
        unit="%",
        text=(
            f"{rare}: {max(_TAIL + value.value, 0.0):.1%} of showers instead of {_TAIL:.1%} in "
            f"the tail of {entry.label} {'above' if high else 'below'} {edge:.3g} {entry.unit}"
        ).rstrip(),
        accounts_for=(),
        least=_MANY_TAILS,
    )


def _has_tails(view: View, name: str) -> bool:
    """Whether showers of any energy can be in the tails, and values are not whole numbers."""
    values = view.values(name)
    if float(half_width(values)) == 0.0 or np.unique(values).size < 0.5 * values.size:
        return False
    return abs(float(correlation(np.column_stack([values, view.energy]))[0, 1])) < 0.7


def _thins_out(values: Array, *, high: bool) -> bool:
    """Whether values are less than half as dense at the edge of the tail as in the core.

    A bound at which they are common, such as an angle of 90 degrees, is no tail: there the
    alignment would carry many showers over the edge.
    """
    sides = (1 - _TAIL, 1 - _TAIL / 2) if high else (_TAIL / 2, _TAIL)
    low, up = np.quantile(values, sides)
    core = 0.68 / (2 * float(half_width(values)))
    return bool(core * (up - low) > _TAIL)


def _tail(reference: View, candidate: View, name: str, high: bool) -> Estimate:
    """Fraction of the candidate's showers beyond the reference's tail quantile, minus that."""
    first, second = reference.values(name), candidate.values(name)
    aligned = second - np.median(second)
    aligned *= float(half_width(first)) / max(float(half_width(second)), 1e-30)
    aligned += np.median(first)
    edge = np.quantile(first, 1 - _TAIL if high else _TAIL)
    fraction = float((aligned > edge).mean() if high else (aligned < edge).mean())
    # Counts in both tails fluctuate: that of the reference moves the edge.
    error = ((fraction + _TAIL) / len(second)) ** 0.5
    return Estimate(fraction - _TAIL, error)
