"""Every figure of a comparison, in groups: what the page folds and `--figures` draws.

Each observable of the registry has a group of its own: all energies, the bins of energy and
angle, mean and width against both, and one distribution per layer. A new observable is there
without a line here.
"""

from __future__ import annotations

from collections.abc import Iterator

from heitler.observables import OBSERVABLES, SPECTRUM_AXIS, Observable
from heitler.validation.comparison import Comparison
from heitler.validation.figures.against import (
    ANGLE,
    ENERGY,
    Variable,
    mean_against,
    width_against,
)
from heitler.validation.figures.correlations import between_components, between_observables
from heitler.validation.figures.distributions import distribution, profile
from heitler.validation.figures.figure import Figure, Group, Matrix
from heitler.validation.figures.performance import linearity_against, resolution_against
from heitler.validation.sample import Sample
from heitler.validation.selection import AngleBin, EnergyBin

__all__ = ["figure_groups"]


def figure_groups(comparison: Comparison) -> list[Group]:
    """Linearity and resolution, correlations, then one group per observable.

    Of a few showers there are neither correlations nor bins of energy and angle.
    """
    every = [_observable(comparison, entry) for entry in OBSERVABLES.values()]
    if comparison.means:
        return every
    return [
        _performance(comparison),
        Group(
            "correlations",
            "Correlations",
            "Whether quantities that fluctuate together in the reference do so in a candidate.",
            (between_observables(_samples(comparison)),),
        ),
        *every,
    ]


def _samples(comparison: Comparison) -> list[Sample]:
    return [comparison.reference, *comparison.candidates]


def _performance(comparison: Comparison) -> Group:
    return Group(
        "performance",
        "Linearity and resolution",
        "What a calibration sees: mean response and its spread against energy and angle.",
        tuple(
            draw(variable, f"performance-{variable.name}-{what}", _samples(comparison))
            for variable in _variables(comparison)
            for what, draw in (
                ("linearity", linearity_against),
                ("resolution", resolution_against),
            )
        ),
    )


def _observable(comparison: Comparison, entry: Observable) -> Group:
    figures: list[Figure | Matrix] = [
        _in_bin(comparison, entry, bin_)
        for bin_ in comparison.bins
        if min(int(bin_.holds(sample).sum()) for sample in _samples(comparison)) > 1
    ]
    groups: tuple[Group, ...] = ()
    if entry.axis is None and not comparison.means:
        figures += _against(comparison, entry)
    elif entry.axis not in {None, SPECTRUM_AXIS}:
        if not comparison.means:
            figures.append(between_components(entry, _samples(comparison)))
        groups = (_components(comparison, entry),)
    return Group(
        name=entry.name,
        label=entry.label,
        text=(entry.function.__doc__ or "").split("\n")[0].split(", with shape")[0],
        figures=tuple(figures),
        groups=groups,
    )


def _in_bin(comparison: Comparison, entry: Observable, bin_: EnergyBin | AngleBin) -> Figure:
    samples = [
        (sample.name, sample.values[entry.name][bin_.holds(sample)])
        for sample in _samples(comparison)
    ]
    name = f"{entry.name}-{comparison.bins.index(bin_)}"
    caption = f"{entry.label}, {bin_.label}"
    if entry.axis is None:
        return distribution(name, bin_.label, caption, entry, samples)
    return profile(name, bin_.label, caption, entry, samples, comparison.detector)


def _variables(comparison: Comparison) -> tuple[Variable, ...]:
    return (ENERGY, ANGLE) if comparison.angles else (ENERGY,)


def _against(comparison: Comparison, entry: Observable) -> Iterator[Figure]:
    for variable in _variables(comparison):
        part = f"{entry.name}-{variable.name}"
        yield mean_against(variable, f"{part}-mean", entry, _samples(comparison))
        yield width_against(variable, f"{part}-width", entry, _samples(comparison))


def _components(comparison: Comparison, entry: Observable) -> Group:
    count = comparison.reference.values[entry.name].shape[1]
    figures = tuple(
        distribution(
            f"{entry.name}-{entry.axis}-{at}",
            f"{entry.axis} {at}",
            f"{entry.label} of {entry.axis} {at}, all energies",
            entry,
            [(sample.name, sample.values[entry.name][:, at]) for sample in _samples(comparison)],
        )
        for at in range(count)
    )
    return Group(
        f"{entry.name}-components",
        f"{entry.axis} by {entry.axis}",
        f"Distribution of {entry.label} in each {entry.axis}, all energies.",
        figures,
    )
