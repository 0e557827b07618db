"""Figures of the 3DGAN's pages: response, profiles, moments and cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from heitler.models import ThreeDGAN
from heitler.observables import OBSERVABLES
from heitler.showers import Showers
from heitler.units import GeV
from heitler.validation.style import REFERENCE, figure_style, line_styles

NAMES = ("Geant4", "floor", "3DGAN")
"""Held-out showers, training showers, generated showers."""

Samples = Mapping[str, Showers]
_PLAIN: Any = {"Date": None, "Creator": None}


@dataclass(frozen=True)
class Windows:
    """Showers that are looked at together.

    Arguments:
        unit: Of the labels.
        picks: What each label picks.
    """

    unit: str
    picks: Mapping[str, Callable[[Showers], Showers]]


def near(showers: Showers, energy: float) -> Showers:
    """Showers within 10 % of an energy in GeV, 20 % at 100 GeV and below, where few are."""
    width = 0.2 if energy <= 100 else 0.1
    return showers[(showers.particles.energy / (energy * GeV) - 1).abs() < width]


ENERGIES = Windows("GeV", {f"{e}": partial(near, energy=e) for e in (50, 100, 250, 400)})
"""About the energies of the talk's profiles."""


def profiles(showers: Showers) -> dict[str, Tensor]:
    """Mean share of the energy along each axis."""
    grid = showers.geometry.to_grid(showers.deposits.double())
    mean = (grid / grid.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1e-9)).mean(dim=0)
    return {"x": mean.sum(dim=(0, 1)), "y": mean.sum(dim=(0, 2)), "z": mean.sum(dim=(1, 2))}


def draw_figures(
    samples: Samples,
    model: ThreeDGAN,
    windows: Windows,
    *,
    page: str,
    folder: Path,
    more: Mapping[str, Callable[[], Figure]],
) -> None:
    """Writes the three figures of a page, and more of its own."""
    shown = {name: samples[name] for name in ("Geant4", "3DGAN")}
    drawings = {
        "response": lambda: _response(shown, model),
        "profiles": lambda: _profiles(shown, windows),
        "moments": lambda: _moments(shown),
        **more,
    }
    for name, drawing in drawings.items():
        with figure_style():
            figure = drawing()
            path = folder / f"{page}-{name}.svg"
            figure.savefig(path, format="svg", facecolor="white", metadata=_PLAIN)


def _response(samples: Samples, model: ThreeDGAN) -> Figure:
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    most = max(float(showers.particles.energy.max()) for showers in samples.values()) / GeV
    most = 10.0 * np.ceil(most / 10.0)
    edges, shift = np.linspace(10, most, 15 if most > 100 else 10), most / 170
    for (name, showers), (colour, _) in zip(_both(samples), line_styles(2), strict=True):
        energy = showers.particles.energy.numpy() / GeV
        ratio = 100 * showers.deposits.double().sum(dim=1).numpy() / (energy * GeV)
        index = np.digitize(energy, edges) - 1
        parts = [ratio[index == k] for k in range(len(edges) - 1)]
        means, spreads = [p.mean() for p in parts], [p.std(ddof=1) for p in parts]
        centres = (edges[1:] + edges[:-1]) / 2 + (shift if name == "3DGAN" else -shift)
        style = {"fmt": "o", "ms": 4, "capsize": 2, "lw": 1}
        axes.errorbar(
            centres, means, spreads, color=colour, label=f"{name}: mean, spread", **style
        )
    u = torch.linspace(0.1, most / 100, 100)[:, None]
    fitted = 100 * (model.expected_sum(u) / u[:, 0] * model.unit / (100 * GeV))
    showers = samples["Geant4"]
    constant = float(100 * (showers.deposits.sum(dim=1) / showers.particles.energy).mean())
    axes.plot(100 * u[:, 0], fitted, color=REFERENCE, label="polynomial fraction")
    axes.axhline(constant, color=REFERENCE, ls="--", lw=1, label="constant fraction")
    axes.set(xlabel="E / GeV", ylabel="ECAL / E in %", ylim=(1.0, None))
    axes.legend(ncols=2)
    return figure


def _profiles(samples: Samples, windows: Windows) -> Figure:
    count = len(windows.picks)
    figure = Figure(figsize=(8, 1.75 * count), layout="constrained")
    panels = figure.subplots(count, 3, sharex="col")
    last = list(windows.picks)[-1]
    words = {"x": "column (x)", "y": "row (y)", "z": "layer (z)"}
    for row, (window, pick) in zip(panels, windows.picks.items(), strict=True):
        for axes, (axis, label) in zip(row, words.items(), strict=True):
            _two(axes, {name: profiles(pick(s))[axis] for name, s in samples.items()})
            axes.set(yscale="linear" if axis == "z" else "log")
            axes.minorticks_off()
            if window == last:
                axes.set_xlabel(label)
        row[0].set_ylabel(f"{window} {windows.unit}\nshare of energy")
    panels[0][0].legend(fontsize=7)
    return figure


def _moments(samples: Samples) -> Figure:
    figure = Figure(figsize=(7, 5), layout="constrained")
    panels = figure.subplots(2, 2).flatten()
    for axes, name in zip(panels, ("width_x", "width_y", "width_z"), strict=False):
        values = {key: OBSERVABLES[name](s).double().numpy() for key, s in samples.items()}
        widest = max(np.quantile(of, 0.995) for of in values.values())
        edges = np.linspace(0, 1.1 * widest, 41)
        _steps(axes, values, edges)
        axes.set(xlabel=f"{OBSERVABLES[name].label} / mm", ylabel="showers")
    cells = {key: s.deposits[s.deposits > 0].numpy() for key, s in samples.items()}
    _steps(panels[3], cells, np.geomspace(1e-2, 1e3, 51))
    panels[3].set(xscale="log", yscale="log", xlabel="energy of a cell / MeV", ylabel="cells")
    panels[3].minorticks_off()
    panels[0].legend(fontsize=7)
    return figure


def _two(axes: Any, curves: Mapping[str, Tensor]) -> None:  # noqa: ANN401
    for (name, curve), (colour, dash) in zip(_both(curves), line_styles(2), strict=True):
        axes.step(range(len(curve)), curve, where="mid", color=colour, ls=dash, label=name)


def _steps(axes: Any, values: Mapping[str, Any], edges: Any) -> None:  # noqa: ANN401
    for (name, entries), (colour, dash) in zip(_both(values), line_styles(2), strict=True):
        counts, _ = np.histogram(entries, edges)
        axes.stairs(counts, edges, color=colour, ls=dash, lw=1.5, label=name)


def _both(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, values[name]) for name in ("Geant4", "3DGAN")]
