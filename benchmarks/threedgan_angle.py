"""The 3DGAN of varied angles beside Geant4: writes docs/results/threedgan-angle.md.

    python benchmarks/threedgan_angle.py runs/threedgan_clic_ecal_51 clic_electrons_tilted.h5

As `threedgan.py`, whose sections it shares: the run is that of a training by `heitler train` on
the file, the reference Geant4's held-out showers, and the floor the training showers whose
incident particles the generated ones answer.

Angles are in the plane of y and the depth, 60 to 120 degrees: beyond 90 particles lean towards -y.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from heitler.losses import line_angle
from heitler.showers import Showers
from heitler.simulators.tilt import angles
from heitler.units import degree
from heitler.validation.style import REFERENCE, line_styles
from results import RESULTS, table, write_page
from threedgan import (
    ERRORS,
    Published,
    Run,
    asked,
    auxiliary,
    classifiers,
    costs,
    errors,
    full_size,
    response,
    shapes,
    sizes,
    summaries,
    with_errors,
)
from threedgan_figures import Windows, draw_figures, near

EXPERIMENT = "threedgan_clic_ecal_51"
PAGE = "threedgan-angle"
ENERGIES = Windows("GeV", {f"{energy}": partial(near, energy=energy) for energy in (25, 50, 80)})
RADII = (5, 10, 20, 40, 80)
CURVES = {
    "energy, discriminator on Geant4, %": ("train/real energy", 1.0),
    "energy, discriminator on 3DGAN, %": ("train/generated energy", 1.0),
    "angle, discriminator on Geant4, degrees": ("train/real angle", 1 / degree),
    "angle, discriminator on 3DGAN, degrees": ("train/generated angle", 1 / degree),
    "line against Geant4's, degrees": ("train/line", 1 / degree),
    "sum of the cells, %": ("train/sum", 1.0),
    "cells in bins of energy, %": ("train/counts", 1.0),
}
"""Curves of the training by their labels: their names in metrics.csv, and their units."""


def true_angle(showers: Showers) -> Tensor:
    """Angles to the side of +y in degrees, (N,)."""
    return angles(showers.particles, pi / 2) / degree


def line(showers: Showers) -> Tensor:
    """Angles of the lines through the cells in degrees, (N,)."""
    return line_angle(showers.deposits.double(), showers.geometry.cell_centres) / degree


def between(showers: Showers, flat: float, steep: float) -> Showers:
    """Showers of angles between two in degrees."""
    theta = true_angle(showers)
    return showers[(theta >= flat) & (theta < steep)]


ANGLES = Windows(
    "degrees",
    {
        f"{flat} to {steep}": partial(between, flat=flat, steep=steep)
        for flat, steep in ((60, 80), (80, 100), (100, 120))
    },
)


def residuals(run: Run) -> dict[str, dict[str, Tensor]]:
    """Measured less true angles in degrees, by who measures and on which sample."""
    found: dict[str, dict[str, Tensor]] = {"discriminator": {}, "line through the cells": {}}
    for who, showers in run.samples.items():
        answers = run.measured(who, run.model.measure_angle) / degree, line(showers)
        for method, measured in zip(found, answers, strict=True):
            found[method][who] = measured - true_angle(showers)
    return found


def angle_errors(found: dict[str, dict[str, Tensor]]) -> str:
    """Errors of the angle by who measures and on which sample."""
    rows = [
        [method, who, *errors(error)] for method, of in found.items() for who, error in of.items()
    ]
    return table(["degrees", "showers of", *ERRORS], rows)


def about_axis(run: Run) -> str:
    """Shares of the energy near the line of flight."""
    rows = []
    for who, showers in run.samples.items():
        x, y, z = showers.geometry.cell_centres.unbind(dim=1)
        shares = []
        for part in torch.arange(len(showers)).split(50):
            some = showers[part]
            energy, (_, up, deep) = some.deposits.double(), some.particles.direction.unbind(dim=1)
            away = torch.hypot(x, y - (up / deep)[:, None] * z)
            shares.append([(energy * (away < r)).sum(dim=1) / energy.sum(dim=1) for r in RADII])
        means = [100 * torch.cat(of) for of in zip(*shares, strict=True)]
        rows.append([who, *(str(with_errors(lambda v: float(v.mean()), of)) for of in means)])
    return table(["% of the energy within", *(f"{radius} mm" for radius in RADII)], rows)


def learning(run: Run) -> dict[str, list[float]]:
    """Each curve of the training, one value for each pass."""
    return {
        label: [scale * value for value in run.curve(name)]
        for label, (name, scale) in CURVES.items()
    }


def passes(curves: dict[str, list[float]]) -> str:
    """Curves at some passes."""
    last = len(next(iter(curves.values())))
    chosen = sorted({1, 2, max(1, last // 4), max(1, last // 2), last})
    rows = [
        [label, *(f"{values[place - 1]:.3g}" for place in chosen)]
        for label, values in curves.items()
    ]
    return table(["pass", *(str(place) for place in chosen)], rows)


def _learning(curves: dict[str, list[float]]) -> Figure:
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, unit in ((left, ", degrees"), (right, ", %")):
        shown = {k.removesuffix(unit): v for k, v in curves.items() if k.endswith(unit)}
        for (label, values), (colour, dash) in zip(
            shown.items(), line_styles(len(shown)), strict=True
        ):
            axes.plot(range(1, len(values) + 1), values, color=colour, ls=dash, label=label)
        axes.set(xlabel="pass", ylabel=f"mean absolute error{unit}", ylim=(0, None))
        axes.legend(fontsize=7)
    return figure


def _directions(run: Run, found: dict[str, dict[str, Tensor]]) -> Figure:
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    edges = np.linspace(60, 120, 9)
    centres = (edges[1:] + edges[:-1]) / 2
    for axes, (method, of) in zip(panels, found.items(), strict=True):
        for who, shift, (colour, _) in zip(
            ("Geant4", "3DGAN"), (-0.8, 0.8), line_styles(2), strict=True
        ):
            index = np.digitize(true_angle(run.samples[who]).numpy(), edges) - 1
            parts = [of[who].numpy()[index == k] for k in range(len(centres))]
            means, spreads = [p.mean() for p in parts], [p.std(ddof=1) for p in parts]
            style = {"fmt": "o", "ms": 4, "capsize": 2, "lw": 1}
            axes.errorbar(
                centres + shift,
                means,
                spreads,
                color=colour,
                label=f"{who}: mean, spread",
                **style,
            )
        axes.axhline(0.0, color=REFERENCE, lw=1)
        axes.set(title=method, xlabel="angle / degrees")
    panels[0].set_ylabel("measured - true / degrees")
    panels[0].legend()
    return figure


def main() -> None:
    """Judges, draws, writes the page."""
    folder, file = asked(__doc__ or "")
    run, published = Run.read(folder, file), Published(400_000, 60)
    facts, full = run.facts(EXPERIMENT, published), full_size(EXPERIMENT)
    curves, found = learning(run), residuals(run)
    more: dict[str, Callable[[], Figure]] = {
        "learning": lambda: _learning(curves),
        "directions": lambda: _directions(run, found),
    }
    draw_figures(run.samples, run.model, ANGLES, page=PAGE, folder=RESULTS, more=more)
    numbers = [[name, *both] for name, both in sizes(run.model, full).items()]
    body = [
        _INTRODUCTION.format(**facts),
        "## Sizes and costs",
        table(["parameters", "full configuration", "this run"], numbers),
        _COSTS.format(**facts),
        costs(run.model, full, published),
        "## Learning curve",
        "![Errors of energy and angle in training](threedgan-angle-learning.svg)",
        _LEARNING,
        passes(curves),
        "## Energy as the discriminator measures it",
        _ENERGY,
        auxiliary(run),
        "## Angle",
        "![Measured less true angle](threedgan-angle-directions.svg)",
        _ANGLE,
        angle_errors(found),
        "## Response",
        "![ECAL / E against E](threedgan-angle-response.svg)",
        _RESPONSE,
        response(run, ENERGIES),
        response(run, ANGLES),
        "## Profiles",
        "![Profiles along x, y and z](threedgan-angle-profiles.svg)",
        _PROFILES,
        shapes(run, ANGLES),
        _AXIS,
        about_axis(run),
        "## Moments, cells and the rest",
        "![Second moments and cells](threedgan-angle-moments.svg)",
        summaries(run),
        "## Classifiers",
        _CLASSIFIERS,
        classifiers(run),
        "## What it lacks",
        _LACKS,
    ]
    print(write_page(PAGE, "3DGAN: electrons at varied angles in clic_ecal_51", body, [file]))


_INTRODUCTION = """\
The [3DGAN](../theory/threedgan.md) of `configs/experiments/threedgan_clic_ecal_51.yaml`: 51 x 51
x 25 cells, electrons of 10 to 100 GeV at 60 to 120 degrees to the face (beyond 90 they lean
towards -y), small enough for a CPU, trained on {train:,} Geant4 showers. This run had {passes}
of the {planned} passes over them that the configuration asks for, in {cpu:.0f} s of CPU time
(seed {seed}). The reference are {test:,} showers that it never saw; the generated showers answer
the incident particles of as many training showers, and these showers of Geant4 are the floor.
The published code trains for {epochs} passes over {showers:,} showers of 2 to 500 GeV: this page
shows that the angle is learned, and how far a CPU comes in minutes."""

_COSTS = """\
As Keras counts them, with the moving moments of its batch normalisations. (The angle is one of
the generator's inputs, and one of the three answers of the discriminator.) Steps are forward and
backward for one shower; the whole training is {epochs} passes over {showers:,} showers, each of
which serves one step of a pass: two of the generator for each one of the discriminator."""

_LEARNING = """\
Means over a pass, of showers that are being trained on. The discriminator's answers do not start
at nothing but at a regression on its first, random features. The weights are those of the last
pass: the distance that usually chooses among passes is dominated by the width of the showers and
does not know the angle; by it, the second pass would be the best, before energy and angle are
obeyed. (This run had looked at it after each pass and had come to its end with the weights of the
second one. It was taken up again from its state behind the seventh pass, without these looks,
which change no weights, and without what they had chosen.)"""

_ENERGY = "The error is measured over true less one, over 10 to 100 GeV."

_ANGLE = """\
Twice measured: by the discriminator, which was trained to do it, and by the straight line
through the cells (`heitler.losses.line_angle`), which nobody trained and which is a loss of the
generator. On Geant4 the errors are the resolution of the method; on generated showers they say
as well whether the generator obeys the angle that it was asked for. The line is pulled towards
90 degrees by the halo of the shower, on Geant4 as well."""

_RESPONSE = """\
Lines are the sampling fractions that the ECAL-sum loss can aim at: the polynomial of fourth
order that this run was given, and a constant. It knows no angle, although flat showers see more
tungsten, and more silicon, per layer. In windows of 20 % about some energies, and in windows of
the angle:"""

_PROFILES = """\
Showers in the same windows. Half the area between the normalised mean profiles of the sample and
of held-out Geant4 in percent of the energy: that much energy is in another cell. Along y the
profile leans with the angle."""

_AXIS = "Distances are in the layers, from the particle's line of flight."

_CLASSIFIERS = """\
Set A are high-level features, set B adds centre and width of every layer (see
`heitler.observables.features`); cross-fitted in 5 parts."""

_LACKS = """\
The generated showers lean as they were asked to, but are no showers yet. Their cores are too
faint and most of their energy is too far from the line of flight: cells have the right energies
in the wrong places. Nearest-neighbour enlargement shows as stripes, every second and fourth
column, which later steps would have to learn away. The response is several times too wide, and
too low at perpendicular incidence. Every classifier sees all this at once.

What there was no time for: this run had some eight hundred steps of the discriminator and twice
as many of the generator, on a thousand showers; the published training has hundreds of times as
many steps, of more showers each. Energies stop at 100 GeV, since Geant4 takes a third of a
second for a shower here and more above. The published sizes were built and timed (the table
above says for how long one core would have to work), never trained: no GPU was at hand."""


if __name__ == "__main__":
    main()
