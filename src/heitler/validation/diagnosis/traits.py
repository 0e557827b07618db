"""Traits of a sample of showers that a physicist names: scale, resolution, depth, width.

A trait is a number t of a sample. Its deviation is t_c / t_r - 1 or t_c - t_r for candidate c and
reference r; its error comes from the jackknife: t without each of g blocks of showers,
s^2 = (g - 1) / g sum_k (t_k - <t>)^2. Layers that are broken on their own are left out, so that
one dead layer is one defect and not five.

Notation: E_l is the energy in layer l, u_l = E_l / E_inc.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from heitler.detectors import Detector
from heitler.metrics import Estimate
from heitler.metrics.ratios import half_width
from heitler.observables import ring_edges, spectrum_edges
from heitler.validation.diagnosis.defect import amount
from heitler.validation.sample import Array, View

__all__ = ["Trait", "deviation", "traits"]

_BLOCKS = 20

_Layers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trait:
    """A number of a sample, with words for its deviation.

    Arguments:
        name: What it is.
        of: Its value for a view of a sample; nan where it has none.
        relative: Whether deviations are relative.
        unit: Unit of deviations, "%" for fractions.
        words: A sentence for a deviation and its error.
        accounts_for: Observables that differ where it does.
    """

    name: str
    of: Callable[[View], float]
    relative: bool
    unit: str
    words: Callable[[Estimate], str]
    accounts_for: tuple[str, ...]


def deviation(trait: Trait, reference: View, candidate: View) -> Estimate:
    """Deviation of a trait with its jackknife error; 0 without an error where it has none."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a trait may be undefined
        (first, error1), (second, error2) = (
            _jackknife(trait.of, view) for view in (reference, candidate)
        )
    scale = abs(first) if trait.relative else 1.0
    if not np.isfinite([first, second, error1, error2]).all() or scale == 0.0:
        return Estimate(0.0, 0.0)
    error = float(np.hypot(error1 * (second / first if trait.relative else 1.0), error2) / scale)
    return Estimate((second - first) / scale, error)


def _jackknife(of: Callable[[View], float], view: View) -> tuple[float, float]:
    block = np.arange(len(view)) % _BLOCKS
    parts = np.array([of(view.where(block != each)) for each in range(_BLOCKS)])
    return of(view), float(((_BLOCKS - 1) * parts.var()) ** 0.5)


def traits(reference: View, detector: Detector, layers: Array) -> tuple[Trait, ...]:
    """The traits that every detector has.

    Arguments:
        reference: For its range of energies.
        detector: Where the MIP is.
        layers: Indices of the layers that are looked at.
    """
    at = layers.astype(np.int64)
    broken = detector.geometry.layers - len(at)
    without = f", leaving out {broken} broken layer{'s'[: broken > 1]}" if broken else ""
    return (
        *_of_energy(reference, at, without),
        *_of_depth(at),
        *_of_sides(reference, detector, at),
        *(_position(name) for name in ("x", "y")),
        *_mip(detector),
    )


def _of_energy(reference: View, at: _Layers, without: str) -> tuple[Trait, ...]:
    low, high = np.quantile(reference.energy, [1 / 3, 2 / 3])
    edges = np.quantile(reference.energy, np.linspace(0, 1, 5))
    edges[-1] = np.inf

    def response(view: View) -> Array:
        return np.asarray(view.values("longitudinal_profile")[:, at].sum(axis=1))

    def resolution(view: View) -> float:
        seen, energy = response(view), view.energy
        parts = [seen[(energy >= a) & (energy < b)] for a, b in pairwise(edges)]
        return _mean([float(half_width(part) / part.mean()) for part in parts if part.size > 9])

    def slope(view: View) -> float:
        seen, energy = response(view), view.energy
        return _mean(seen[energy >= high]) / _mean(seen[energy <= low])

    return (
        Trait(
            "energy scale",
            lambda view: float(response(view).mean()),
            relative=True,
            unit="%",
            words=lambda d: f"Energy scale {amount(d, '%')}{without}",
            accounts_for=("visible_energy", "response", "layer_energy", "longitudinal_profile"),
        ),
        Trait(
            "linearity",
            slope,
            relative=True,
            unit="%",
            words=lambda d: (
                f"Not linear: the response above {high / 1e3:.3g} GeV over that below "
                f"{low / 1e3:.3g} GeV is off by {amount(d, '%')}"
            ),
            accounts_for=("response", "visible_energy"),
        ),
        Trait(
            "energy resolution",
            resolution,
            relative=True,
            unit="%",
            words=lambda d: f"Energy resolution too {_way(d, 'wide', 'narrow')}: {amount(d, '%')}",
            accounts_for=("response",),
        ),
    )


def _of_depth(at: _Layers) -> tuple[Trait, ...]:
    def layer(view: View) -> Array:
        energy = view.values("longitudinal_profile")[:, at]
        return np.asarray(energy @ at / np.maximum(energy.sum(axis=1), 1e-30))

    def length(view: View) -> float:
        energy = view.values("longitudinal_profile")[:, at]
        away = (at - layer(view)[:, None]) ** 2
        spread = (energy * away).sum(axis=1) / np.maximum(energy.sum(axis=1), 1e-30)
        return float(np.sqrt(spread).mean())

    return (
        Trait(
            "depth",
            lambda view: float(layer(view).mean()),
            relative=False,
            unit="layers",
            words=lambda d: f"Showers too {_way(d, 'deep', 'shallow')}: by {amount(d, 'layers')}",
            accounts_for=("centre_z", "maximum_layer", "longitudinal_profile", "layer_energy"),
        ),
        Trait(
            "length",
            length,
            relative=True,
            unit="%",
            words=lambda d: f"Showers too {_way(d, 'long', 'short')} in depth: {amount(d, '%')}",
            accounts_for=("width_z", "longitudinal_profile"),
        ),
    )


def _of_sides(reference: View, detector: Detector, at: _Layers) -> tuple[Trait, ...]:
    """Lateral width and core, and the number of hits."""

    def width(view: View) -> float:
        return float(np.hypot(view.values("width_x"), view.values("width_y")).mean())

    edge = ring_edges(detector.geometry).numpy()
    inside = reference.values("radial_profile").mean(axis=0).cumsum()
    rings = min(int((inside < 0.5).sum()) + 1, len(inside) - 1)

    def core(view: View) -> float:
        return float(view.values("radial_profile")[:, :rings].sum(axis=1).mean())

    def hits(view: View) -> float:
        return float((view.values("hits_per_layer")[:, at].sum(axis=1) / view.energy).mean())

    return (
        Trait(
            "lateral width",
            width,
            relative=True,
            unit="%",
            words=lambda d: f"Showers too {_way(d, 'wide', 'narrow')} laterally: {amount(d, '%')}",
            accounts_for=(
                "width_x",
                "width_y",
                "radial_profile",
                "layer_width_x",
                "layer_width_y",
            ),
        ),
        Trait(
            "lateral core",
            core,
            relative=True,
            unit="%",
            words=lambda d: (
                f"Lateral core too {_way(d, 'narrow', 'wide')}: {amount(d, '%')} of the energy "
                f"within {edge[rings]:.3g} mm of the axis"
            ),
            accounts_for=("radial_profile", "layer_width_x", "layer_width_y"),
        ),
        Trait(
            "number of hits",
            hits,
            relative=True,
            unit="%",
            words=lambda d: f"Too {_way(d, 'many', 'few')} hits: {amount(d, '%')}",
            accounts_for=("hits", "hits_per_layer"),
        ),
    )


def _position(name: str) -> Trait:
    return Trait(
        f"centre in {name}",
        lambda view: float(view.values(f"centre_{name}").mean()),
        relative=False,
        unit="mm",
        words=lambda d: f"Showers moved in {name}: by {amount(d, 'mm')}",
        accounts_for=(f"centre_{name}", f"layer_centre_{name}"),
    )


def _mip(detector: Detector) -> tuple[Trait, ...]:
    """Where the cells between 0.4 and 2.5 MIP are, and how much they spread, in ln E."""
    edges = spectrum_edges(detector).numpy()
    mip = 2 * detector.hit_threshold if detector.mip is None else detector.mip
    middle = np.log(edges[1:] * edges[:-1]) / 2 - np.log(mip)
    region = np.abs(middle) < np.log(2.5)

    def moments(view: View) -> tuple[float, float]:
        counts = view.values("cell_spectrum")[:, region].sum(axis=0)
        if counts.sum() == 0:
            return np.nan, np.nan
        mean = float(counts @ middle[region] / counts.sum())
        return mean, float(counts @ (middle[region] - mean) ** 2 / counts.sum()) ** 0.5

    return (
        Trait(
            "position of the MIP region",
            lambda view: moments(view)[0],
            relative=False,
            unit="%",
            words=lambda d: f"MIP region at too {_way(d, 'high', 'low')} energy: {amount(d, '%')}",
            accounts_for=("cell_spectrum",),
        ),
        Trait(
            "width of the MIP region",
            lambda view: moments(view)[1],
            relative=True,
            unit="%",
            words=lambda d: (
                f"MIP region {_way(d, 'smeared', 'too sharp')}: its cells' energies spread "
                f"{amount(d, '%')}"
            ),
            accounts_for=("cell_spectrum",),
        ),
    )


def _mean(values: Array | list[float]) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _way(found: Estimate, up: str, down: str) -> str:
    return up if found.value > 0 else down
