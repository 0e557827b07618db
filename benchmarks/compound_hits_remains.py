"""What the rates of the compound-hit model leave between hits: of Geant4 and of generated showers.

From the summaries of each shower the network predicts rates and energies; whatever correlates
beyond that is measured here, in the same way for both samples.

Notation: N showers, L layers, B bins, H hits; p the predicted probability of a hit; d a
displacement of up to R rows and columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from heitler.hits import Hits
from heitler.models.compound_hits import CompoundHits, spectra
from heitler.models.compound_hits.residuals import Rates
from heitler.models.compound_hits.sample import Seen
from heitler.models.compound_hits.stencil import Aim
from heitler.particles import IncidentParticles
from heitler.simulators import NeuralSimulator

Array = NDArray[np.float64]

SPARSE, REACH, GROUPS = 0.08, 6, 9
"""Cells with a smaller p are sparse; largest displacement; groups of showers for errors."""

LAGS = (0, 1, 2, 3)
RADII = (4.0, 7.0, 10.0, 60.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """Showers with what the network predicts from their own summaries."""

    seen: Seen
    rates: Rates
    aim: Aim
    exposure: Tensor

    @classmethod
    def of(cls, hits: Hits, particles: IncidentParticles, simulator: NeuralSimulator) -> Sample:
        """A sample from hits and the particles that made them."""
        model: Any = simulator.model
        c = simulator.conditioning(particles)
        aim = model.stencil.aim(c[:, model.shape.columns["axis"]])
        seen = Seen.of(hits, aim, model.stencil)
        rates = model._rates(model._standardised(seen, c[:, model._told]), c[:, model._told])
        index, sums = model.stencil.exposures(aim)
        return cls(seen, rates, aim, sums[index][..., 0])

    def at_hits(self, values: Tensor) -> Tensor:
        """Values of layer and bin at the hits, (H,)."""
        return values[self.seen.shower, self.seen.layer, self.seen.bin]


@torch.inference_mode()
def pairs(sample: Sample, model: CompoundHits) -> dict[str, Array]:
    """Covariance of hits over sqrt(p p') at each d by depth, by radius and by distance of layers.

    Returns:
        (GROUPS, classes, 2 R + 1, 2 R + 1) each, one estimate per group of showers; the radius is
        that of both cells.
    """
    s, count = model.stencil, sample.seen.count
    size = max(s.rows, s.columns) + REACH
    top = {"depth": 3, "radius": len(RADII) - 1, "lag": len(LAGS)}
    sums = {k: torch.zeros(2, GROUPS, n, size, size) for k, n in top.items()}
    y = torch.arange(s.rows)[:, None] + s.reach[0] - 1
    x = torch.arange(s.columns)[None, :] + s.reach[1] - 1
    layer = torch.arange(s.layers)[:, None, None]
    dense = torch.zeros(count, s.layers * s.rows * s.columns)
    dense[sample.seen.shower, sample.seen.cell] = 1.0
    for n in range(count):
        phase = sample.aim.phase[n][:, None, None]
        dy, dx = y - sample.aim.y[n][:, None, None], x - sample.aim.x[n][:, None, None]
        place = s.place[phase, dy, dx]
        rate = sample.rates.rate[n][layer, s.member_bin[phase, place]]
        p = -torch.expm1(-rate * s.weight[phase, place])
        sparse, radius = p < SPARSE, s.member_square[phase, place].sqrt()
        excess = torch.where(sparse, dense[n].view(p.shape) - p, 0.0)
        weight = torch.where(sparse, p, 0.0).sqrt()
        rings = [(radius >= a) & (radius < b) for a, b in pairwise(RADII)]
        for which, values in enumerate((excess, weight)):
            wave = torch.fft.rfft2(values, (size, size))
            power = wave.conj() * wave
            third = s.layers // 3
            cuts = [power[i * third : (i + 1) * third].sum(0) for i in range(3)]
            own = torch.fft.rfft2(torch.stack([values * r for r in rings]), (size, size))
            lags = [(wave[: s.layers - k].conj() * wave[k:]).sum(0) for k in LAGS]
            found = {"depth": cuts, "radius": list((own.conj() * own).sum(1)), "lag": lags}
            for key, parts in found.items():
                sums[key][which, n % GROUPS] += torch.fft.irfft2(torch.stack(parts), (size, size))
    window = torch.arange(-REACH, REACH + 1) % size
    chosen = {k: v[..., window[:, None], window].double().numpy() for k, v in sums.items()}
    return {k: v[0] / np.maximum(v[1], 1e-9) for k, v in chosen.items()}


def by_distance(values: Array) -> tuple[Array, Array, Array]:
    """Distances |d| > 0, means over equal |d| and their errors from groups."""
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
    distance = np.round(np.hypot(y, x), 3)
    steps = np.unique(distance[(distance > 0) & (distance <= REACH)])
    means = np.stack([values[:, distance == r].mean(1) for r in steps], 1)
    return steps, means.mean(0), means.std(0, ddof=1) / GROUPS**0.5


def layer_correlation(sample: Sample, model: CompoundHits) -> Array:
    """Rank correlations of layer energies about what the network predicts, (L, L)."""
    rates = sample.rates
    low = model.get_buffer("below").mean()
    above = torch.exp(-rates.below)
    hit = (1 - above) * low + above * (model.threshold + rates.mean.exp())
    expected = (-torch.expm1(-rates.rate) * hit * sample.exposure).sum(2).double()
    left = sample.seen.per_layer(sample.seen.energy) - expected
    ranks: Array = rankdata((left / expected.clamp(min=0.1).sqrt()).numpy(), axis=0)
    return np.corrcoef(ranks.T)


def tables_of(sample: Sample, model: CompoundHits) -> tuple[NDArray[np.int64], Array, Tensor]:
    """Table and (E - E_thr) / mu of hits above threshold, and which those are."""
    above = sample.seen.energy > model.threshold
    low, high, bins = spectra.MEANS
    mean = sample.at_hits(sample.rates.mean)
    level = ((mean - low) / (high - low) * bins).long().clamp(0, bins - 1)
    classes = spectra.class_of(sample.seen.layers)
    table = classes[sample.seen.layer, model.stencil.zone[sample.seen.bin]] * bins + level
    ratio = (sample.seen.energy - model.threshold) / mean.double().exp()
    return table[above].numpy(), ratio[above].numpy(), above


def crowding(sample: Sample, tables: Array, model: CompoundHits) -> float:
    """Mean t of sparse hits next to another hit, over that of those that are not."""
    s, (table, ratio, above) = model.stencil, tables_of(sample, model)
    t = spectra.rank_in(tables, table, ratio)
    grid = torch.zeros(sample.seen.count, s.layers, s.rows + 2, s.columns + 2, dtype=torch.bool)
    inside = sample.seen.cell % (s.rows * s.columns)
    y, x = inside // s.columns + 1, inside % s.columns + 1
    n, layer = sample.seen.shower, sample.seen.layer
    grid[n, layer, y, x] = True
    steps = ((0, 1), (0, -1), (1, 0), (-1, 0))
    near = torch.stack([grid[n, layer, y + a, x + b] for a, b in steps]).any(0)[above].numpy()
    sparse = (sample.at_hits(sample.rates.rate)[above] < 0.3).numpy()
    return float(t[sparse & near].mean() / t[sparse & ~near].mean())


def facts(measured: dict[str, Array], crowd: float) -> dict[str, Any]:
    """Numbers that the page states: values and errors."""

    def estimate(values: Array) -> list[float]:
        return [round(float(v), 5) for v in (values.mean(), values.std(ddof=1) / GROUPS**0.5)]

    same = measured["lag"][:, 0]
    same = same + same.transpose(0, 2, 1)
    same = (same + same[:, ::-1] + same[:, :, ::-1] + same[:, ::-1, ::-1]) / 8
    found: dict[str, Any] = {
        f"same layer, d = {d}": estimate(same[:, REACH + d[0], REACH + d[1]])
        for d in ((0, 1), (1, 1), (0, 2), (1, 2), (2, 2), (0, 3))
    }
    for key, place in (("depth", slice(None)), ("radius", slice(None)), ("lag", slice(1, None))):
        for k, values in enumerate(measured[key][:, place].swapaxes(0, 1)):
            near = values[:, REACH, REACH - 1 : REACH + 2 : 2].mean(1)
            found[f"by {key}, class {k}, d = (0, 1)"] = estimate(near)
    for k in range(1, len(LAGS)):
        found[f"{k} layers apart, d = (0, 0)"] = estimate(measured["lag"][:, k, REACH, REACH])
    apart = np.stack([by_distance(measured["lag"][:, k])[1] for k in range(1, len(LAGS))])
    found["between layers, largest at any |d|"] = round(float(np.abs(apart).max()), 5)
    found["t with a neighbour over t without"] = round(crowd, 3)
    return found


def layer_facts(both: Sequence[Array]) -> dict[str, float]:
    """Correlations of neighbouring layers, and how far two matrices are apart."""
    found = {
        f"{name}, mean at distance 1": float(np.diagonal(values, 1).mean())
        for name, values in zip(("Geant4", "model"), both, strict=True)
    }
    above = np.triu_indices(len(both[0]), 1)
    gap = (both[1] - both[0])[above]
    found |= {"difference, rms": float(gap.std()), "difference, largest": float(abs(gap).max())}
    found["Geant4, rms"] = float(both[0][above].std())
    return {name: round(value, 4) for name, value in found.items()}
