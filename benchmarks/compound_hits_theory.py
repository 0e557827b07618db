"""Figures of docs/theory/compound_hits.md: what is left between hits, Geant4 against the model.

    python benchmarks/compound_hits_theory.py --data FILE --model RUN_OR_NAME

Showers of the training part of FILE stand beside as many that the model generates for the same
particles. Both samples are analysed alike: from the summaries of each shower the model's network
predicts rates and energies, and what is left is compared. FILE is split as the configuration
configs/experiments/compound_hits_ild_ecal.yaml splits it; its test showers are not looked at.
Numbers that the page states are written beside the figures, as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from compound_hits_remains import (
    LAGS,
    RADII,
    Array,
    Sample,
    by_distance,
    crowding,
    facts,
    layer_correlation,
    layer_facts,
    pairs,
    tables_of,
)
from heitler.formats import open_showers, sha256
from heitler.hits import Hits
from heitler.kernels import GRID
from heitler.models.compound_hits import CompoundHits, field, spectra
from heitler.particles import IncidentParticles
from heitler.simulators import NeuralSimulator
from heitler.training import Split, read_rows
from heitler.validation.style import REFERENCE, figure_style, line_styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = Path(__file__).parents[1] / "docs" / "theory" / "figures"
NAMES = ("Geant4", "compound hits")


def draw_pairs(both: Sequence[dict[str, Array]], figure: Figure) -> None:
    """Figure 1."""
    third = "layers 0-9", "layers 10-19", "layers 20-29"
    rings = [f"{a:g}-{b:g} cells" if b < 50 else f"beyond {a:g} cells"
             for a, b in pairwise(RADII)]  # fmt: skip
    labels = {"depth": third, "radius": rings, "lag": [f"{k} layers apart" for k in LAGS]}
    titles = {"depth": "by depth", "radius": "by distance from the axis", "lag": "between layers"}
    for axes, (key, names) in zip(figure.subplots(1, 3, sharey=True), labels.items(), strict=True):
        for k, (name, (colour, _)) in enumerate(zip(names, line_styles(len(names)), strict=True)):
            steps, mean, error = by_distance(both[0][key][:, k])
            shift = 0.04 * (k - len(names) / 2)
            axes.errorbar(steps + shift, mean, error, fmt="o", ms=3, color=colour, label=name)
            axes.plot(steps, by_distance(both[1][key][:, k])[1], color=colour, lw=1)
        axes.axhline(0, color=REFERENCE, lw=0.8)
        axes.set_title(titles[key])
        axes.set(xlabel="distance of the cells, |d|", xlim=(0.8, 6.2), ylim=(-0.01, 0.115))
        axes.legend()
    figure.axes[0].set_ylabel(r"covariance of hits / $\sqrt{p\,p'}$")


def draw_layers(both: Sequence[Array], figure: Figure) -> None:
    """Figure 2."""
    panels = figure.subplots(1, 3, sharey=True)
    off = ~np.eye(len(both[0]), dtype=bool)
    for axes, values, name in zip(
        panels, (*both, both[1] - both[0]), (*NAMES, "difference"), strict=True
    ):
        shown = np.where(off, values, np.nan)
        mesh = axes.imshow(shown, cmap="RdBu_r", vmin=-0.3, vmax=0.3, origin="lower")
        axes.set_title(name)
        axes.set_xlabel("layer")
    panels[0].set_ylabel("layer")
    figure.colorbar(mesh, ax=panels, label="correlation", shrink=0.85)


def draw_tables(sample: Sample, model: CompoundHits, figure: Figure) -> None:
    """Figure 3."""
    table, ratio, _ = tables_of(sample, model)
    counts = np.bincount(table, minlength=spectra.CLASSES * spectra.MEANS[2])
    truth = spectra.quantiles(table, ratio, None)[0]
    fitted = model.get_buffer("table").double().numpy()
    t = np.linspace(0.0, GRID[1], GRID[0]) ** 2
    classes = spectra.class_of(sample.seen.layers).numpy()
    rows = (("own cell", 5, 0), ("own cell", 20, 0), ("next cells", 12, 1), ("beyond 7", 12, 4))
    low, high, bins = spectra.MEANS
    axes = figure.subplots()
    for (name, layer, zone), (colour, dash) in zip(rows, line_styles(4), strict=True):
        first = classes[layer, zone] * bins
        row = first + int(counts[first : first + bins].argmax())
        mean = np.exp(low + (row - first + 0.5) * (high - low) / bins)
        label = rf"{name}, layer {layer}: $\mu \approx$ {mean:.2g} MeV"
        axes.plot(t, fitted[row], color=colour, ls=dash, label=label)
        axes.plot(t[::2], truth[row, ::2], "o", ms=3, color=colour)
    axes.plot(t, t, color=REFERENCE, lw=1, label="exponential law")
    axes.set(xlabel="t", ylabel=r"$S(t) = (E - E_{\mathrm{thr}})/\mu$", xlim=(0, 5), ylim=(0, 5))
    axes.legend()


def draw_field(model: CompoundHits, figure: Figure) -> None:
    """Figure 4."""
    layers = model.stencil.layers
    names = ["own cell", "0.5-1.5 cells", "1.5-3.5 cells", "3.5-7 cells", "beyond 7 cells"]
    waves = ["monopole", "dipole (cos t or sin t)", "quadrupole (cos 2t or sin 2t)"]
    panels = figure.subplots(2, 3, sharex="row", sharey="row")
    colours = ["#444444", *(colour for colour, _ in line_styles(4))]
    for k, (zones, wave) in enumerate(zip(field.GROUPS, waves, strict=True)):
        a = model.get_buffer(f"factor_{k}").double().numpy()
        for place, zone in enumerate(zones):
            rows = a[place * layers : (place + 1) * layers]
            spread = np.sqrt((rows**2).sum(1))
            if zone > 0:
                panels[0, k].plot(spread, color=colours[zone], label=names[zone])
            if spread.mean() > 0.02:
                lags = np.arange(9)
                products = [(rows[: layers - i] * rows[i:]).sum(1).mean() for i in lags]
                panels[1, k].plot(lags, products / products[0], "o-", ms=3, lw=1,
                                  color=colours[zone], label=names[zone])  # fmt: skip
        panels[0, k].set_title(wave)
        panels[0, k].set_xlabel("layer")
        panels[1, k].set_xlabel("distance of layers")
        panels[1, k].axhline(0, color=REFERENCE, lw=0.8)
    panels[0, 0].set(ylabel="standard deviation", ylim=(0, None))
    panels[1, 0].set_ylabel("mean correlation")
    panels[1, 0].legend(fontsize=7.5)


def draw_rates(sample: Sample, model: CompoundHits, figure: Figure, chosen: Sequence[int]) -> None:
    """Figure 5."""
    bins, above = model.stencil.count, sample.seen.energy > model.threshold
    radius, cells = model.stencil.radius.numpy(), sample.exposure.sum(0)
    excess = torch.where(above, sample.seen.energy - model.threshold, 0.0)
    p = -torch.expm1(-sample.rates.rate)
    high = (p * torch.exp(-sample.rates.below) * sample.exposure).sum(0)
    much = (p * torch.exp(sample.rates.mean - sample.rates.below) * sample.exposure).sum(0)
    data = [sample.seen.per_bin(v.double(), bins).sum(0) for v in (torch.ones_like(excess), above)]
    sums = sample.seen.per_bin(excess, bins).sum(0)
    pairs_ = [
        (data[0] / cells, (p * sample.exposure).sum(0) / cells, data[0], "hits per cell"),
        (sums / data[1], much / high, data[1], "mean excess of a hit [MeV]"),
    ]
    panels = figure.subplots(2, 2, sharex=True, height_ratios=(2.2, 1))
    for column, (seen, predicted, number, label) in enumerate(pairs_):
        for layer, (colour, _) in zip(chosen, line_styles(len(chosen)), strict=True):
            order = np.argsort(radius)
            order = order[(number[layer] > 30).numpy()[order]]
            parts = (radius, *(v[layer].numpy() for v in (seen, predicted, number)))
            r, y, fit, n = (part[order] for part in parts)
            panels[0, column].plot(r, y, "o", ms=2.5, color=colour, label=f"layer {layer}")
            panels[0, column].plot(r, fit, color=colour, lw=1)
            panels[1, column].errorbar(r, y / fit, y / fit / n**0.5, fmt="o", ms=2, lw=0.7,
                                       color=colour)  # fmt: skip
        panels[0, column].set(yscale="log", ylabel=label)
        panels[1, column].set(ylim=(0.75, 1.25), xlabel="distance from the axis in cells")
        panels[1, column].axhline(1, color=REFERENCE, lw=0.8)
    panels[1, 0].set_ylabel("Geant4 / rate")
    panels[0, 0].legend()


def main(arguments: Sequence[str] | None = None) -> None:
    """Draws all figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="shower file")
    parser.add_argument("--model", required=True, help="run directory or packaged model")
    parser.add_argument("--showers", type=int, default=2700, help="showers of each sample")
    parser.add_argument("--output", type=Path, default=FIGURES)
    chosen = parser.parse_args(arguments)
    torch.manual_seed(1)
    simulator = NeuralSimulator.load(chosen.model)
    model = simulator.model
    if not isinstance(model, CompoundHits):
        sys.exit(f"{chosen.model} is not a compound-hit model")
    with open_showers(chosen.data) as reader:
        rows = Split.of(len(reader), test=1500, validation=300).train[: chosen.showers]
        parts = [(Hits.of(batch.deposits), batch.particles) for batch in read_rows(reader, rows)]
    particles = IncidentParticles.concatenate([part[1] for part in parts])
    made = simulator.simulate_sparse(particles, seed=1).hits
    with torch.inference_mode():
        samples = [
            Sample.of(hits, particles, simulator)
            for hits in (Hits.concatenate([part[0] for part in parts]), made)
        ]
    both = [pairs(sample, model) for sample in samples]
    table, ratio, _ = tables_of(samples[0], model)
    truth = spectra.quantiles(table, ratio, None)[0]
    numbers: dict[str, Any] = {
        name: facts(measured, crowding(sample, truth, model))
        for name, measured, sample in zip(NAMES, both, samples, strict=True)
    }
    numbers |= {"showers": len(particles), "data": chosen.data.name, "sha256": sha256(chosen.data)}
    layers = [layer_correlation(sample, model) for sample in samples]
    numbers["layer energies"] = layer_facts(layers)
    print(json.dumps(numbers, indent=1))
    chosen.output.mkdir(parents=True, exist_ok=True)
    (chosen.output / "compound_hits.json").write_text(json.dumps(numbers, indent=1) + "\n")
    with figure_style():
        from matplotlib.figure import Figure  # noqa: PLC0415

        drawn = {
            "pairs": ((9.6, 3.3), lambda f: draw_pairs(both, f)),
            "layers": ((8.4, 2.9), lambda f: draw_layers(layers, f)),
            "tables": ((5.2, 3.8), lambda f: draw_tables(samples[0], model, f)),
            "field": ((9.0, 4.8), lambda f: draw_field(model, f)),
            "rates": ((8.4, 4.6), lambda f: draw_rates(samples[0], model, f, (4, 12, 22))),
        }  # fmt: skip
        for name, (size, draw) in drawn.items():
            figure = Figure(figsize=size, layout="constrained")
            draw(figure)
            figure.savefig(chosen.output / f"compound_hits_{name}.png", dpi=110, facecolor="white")


if __name__ == "__main__":
    main()
