"""Fits what the rates leave: tables, clusters, field, damping, so that samples match the data.

Everything is measured on training showers given their own summaries, generated again, measured
again, and corrected by what is missing. No amplitude is set by hand.

Notation: N showers, L layers, B bins, H hits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heitler.hits import Hits
from heitler.kernels import GRID
from heitler.models.compound_hits import clusters, field, spectra
from heitler.models.compound_hits.sample import Seen, centres
from heitler.models.compound_hits.stencil import Aim, Stencil

__all__ = ["Fitted", "Rates", "fit"]

_ROUNDS, _STEP = 8, 0.7
_FREE = 5
"""Rounds in which all covariances are fitted; behind them only the wobble of the axis is."""

_PAIRED = 400
"""Showers whose pairs of hits are counted."""

_FEW = 200.0
"""Expected pairs that a change of a layer's fertility is drawn towards none with."""

_PRIOR = 50.0
"""Hits that a correction of a rate is drawn towards none with."""

_SOME = 300.0
"""Hits with which a table takes half of its step."""

_F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rates:
    """What the networks predict, (N, L, B): rate, ln mean excess (MeV), height of threshold."""

    rate: Tensor
    mean: Tensor
    below: Tensor


@dataclass(slots=True)
class Fitted:
    """What the sampler needs beside the rates.

    Arguments:
        tune: Correction of ln rate, (L, B).
        lift: Factors of the mean excess and of the height of the threshold, (2, L, B).
        share: beta, (L, B).
        kappa: Children per parent and displacement, (2 R + 1, 2 R + 1).
        fertility: Factor of kappa by layer, (L).
        tables: Quantiles, (T, G).
        spread: Standard deviation of ln energy in each table, (T).
        below: Energies below the threshold, (G).
        factors: A of each harmonic; that of the first with its wobble.
        wobble: Of the axis, in MeV.
        variance: Of the field by layer and zone, (L, 5).
        damping: gamma.
        cluster: Factors of t for hits in clusters and alone.
    """

    tune: Tensor
    lift: Tensor
    share: Tensor
    kappa: _F64
    fertility: Tensor
    tables: _F64
    spread: _F64
    below: _F64
    factors: tuple[Tensor, Tensor, Tensor]
    wobble: float
    variance: Tensor
    damping: float
    cluster: tuple[float, float]


class _Measured:
    """Statistics of showers that the fit compares."""

    def __init__(self, seen: Seen, fit: _Fit) -> None:
        self.seen = seen
        self.place = (seen.shower * fit.layers + seen.layer) * fit.bins + seen.bin
        above = seen.energy > fit.threshold
        excess = torch.where(above, seen.energy - fit.threshold, 0.0)
        size = (fit.layers, fit.bins)
        spot = seen.layer * fit.bins + seen.bin
        self.counts, self.excess, self.above = (
            torch.bincount(spot, values, minlength=fit.layers * fit.bins).double().view(size)
            for values in (None, excess, above.double())
        )
        self.under = self.counts - self.above
        hits = torch.bincount(seen.shower, minlength=fit.count)
        self.scatter = float((hits - fit.expected).std())
        # Times sqrt(V), which makes showers of all energies alike.
        visible = seen.per_shower(seen.energy)[:, None]
        low, high = np.quantile((centres(seen, fit.stencil) * visible.sqrt()).numpy(), [0.1, 0.9])
        self.wander = float(high - low)
        mean = self.at(fit.rates.mean)
        classes = fit.classes[seen.layer, fit.stencil.zone[seen.bin]]
        self.table = (classes * spectra.MEANS[2] + spectra.level_of(mean)).numpy()
        self.ratio = (excess / mean.double().exp()).numpy()
        self.is_above = above.numpy()

    def at(self, values: Tensor) -> Tensor:
        """Values of bins (N, L, B) at the hits, (H)."""
        return values.reshape(-1)[self.place]

    def below(self, threshold: float) -> _F64:
        """Quantiles of energies below the threshold, even in the rank, (G)."""
        rank = np.linspace(0.0, 1.0, GRID[0])
        low = self.seen.energy.numpy()[~self.is_above]
        return np.quantile(low, rank) if len(low) else rank * threshold


class _Fit:
    def __init__(
        self, hits: Hits, aim: Aim, stencil: Stencil, rates: Rates, threshold: float, seed: int
    ) -> None:
        self.aim, self.stencil, self.rates, self.threshold = aim, stencil, rates, threshold
        self.count, self.layers, self.bins = rates.rate.shape
        self.random = np.random.default_rng(seed)
        index, sums = stencil.exposures(aim)
        probability = -torch.expm1(-rates.rate)
        self.expected = (probability * sums[index][..., 0]).sum((1, 2)).double()
        self.mean_rate = rates.rate.mean(0)
        self.classes = spectra.class_of(self.layers)
        seen = Seen.of(hits, aim, stencil)
        self.data = _Measured(seen, self)
        above = self.data.is_above
        self.truth, self.source, _ = spectra.quantiles(
            self.data.table[above], self.data.ratio[above], None
        )
        log = np.log(self.truth)
        spread = spectra.mean((log - spectra.mean(log)[:, None]) ** 2) ** 0.5
        self.spread = spread.clip(0.05)
        self.below = self.data.below(threshold)
        gamma, self.layer_pairs = self._pairs(seen)
        self.gamma = clusters.mirror(gamma, stencil)
        self.crowd = self._crowding(self.data)
        self.offer = self._offer()
        table = self.classes[:, stencil.zone] * spectra.MEANS[2] + spectra.level_of(rates.mean)
        spread_of = torch.from_numpy(self.spread).float()[table]
        self.scores = field.Scores(rates.rate, spread_of, aim, stencil)
        self.modes = self._modes(self.data)

    def start(self) -> Fitted:
        kappa, fertility = clusters.kernel(self.gamma), torch.ones(self.layers)
        return Fitted(
            tune=torch.zeros(self.layers, self.bins),
            lift=torch.ones(2, self.layers, self.bins),
            share=clusters.shares(kappa, fertility, self.mean_rate, self.stencil),
            kappa=kappa,
            fertility=fertility,
            tables=self.truth.copy(),
            spread=self.spread,
            below=self.below.copy(),
            factors=self._factors(self._none()),
            wobble=0.0,
            variance=torch.zeros(self.layers, 5),
            damping=0.0,
            cluster=(1.0, 1.0),
        )

    def run(self, generate: Callable[[Fitted, int], Hits]) -> Fitted:
        fitted, covariances = self.start(), self._none()
        visible = float(self.data.seen.per_shower(self.data.seen.energy).mean())
        for step in range(_ROUNDS):
            made = _Measured(Seen.of(generate(fitted, step), self.aim, self.stencil), self)
            if step < 4:
                self._correct_clusters(fitted, made)
            if 0 < step < _FREE:
                covariances = self._covariances(covariances, made, 1.0 if step == 1 else _STEP)
                fitted.factors = self._factors(covariances)
                fitted.variance = self._variance(fitted.factors)
                covariances = [(a @ a.T).double().numpy() for a in self._own(fitted.factors)]
            if step >= _FREE:
                missing = 1.0 - (made.wander / self.data.wander) ** 2
                fitted.wobble = max(fitted.wobble + missing * visible, 0.0)
            self._correct_tables(fitted, made)
            self._correct_means(fitted, made)
            self._hold_scale(fitted)
            excess = (made.scatter - self.data.scatter) / self.data.scatter
            fitted.damping = float(np.clip(fitted.damping + 0.7 * excess, 0.0, 1.5))
        return fitted

    def _none(self) -> list[_F64]:
        return [np.zeros((len(g) * self.layers,) * 2) for g in field.GROUPS]

    def _covariances(self, covariances: list[_F64], made: _Measured, step: float) -> list[_F64]:
        """Covariances of the harmonics, corrected by what generated showers lack."""
        return [
            field.update(present, data, got, self.layers, step)
            for present, data, got in zip(covariances, self.modes, self._modes(made), strict=True)
        ]

    def _factors(self, covariances: list[_F64]) -> tuple[Tensor, Tensor, Tensor]:
        made = [
            field.factor(matrix, rank, self.layers if harmonic == 0 else 0)[0]
            for harmonic, (matrix, rank) in enumerate(
                zip(covariances, field.ranks(self.layers), strict=True)
            )
        ]
        return made[0], field.beside_wobble(made[1]), made[2]

    def _own(self, factors: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The same without the wobble."""
        return factors[0], factors[1][:, :-1], factors[2]

    def _variance(self, factors: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        total = torch.zeros(self.layers, 5)
        for zones, a in zip(field.GROUPS, self._own(factors), strict=True):
            parts = a.square().sum(1).view(len(zones), self.layers)
            for zone, part in zip(zones, parts, strict=True):
                if zone > 0:
                    total[:, zone] += part
        return total

    def _pairs(self, seen: Seen) -> tuple[_F64, Tensor]:
        showers = min(_PAIRED, self.count)
        return clusters.pair_covariance(seen, self.rates.rate, self.aim, self.stencil, showers)

    def _correct_clusters(self, fitted: Fitted, made: _Measured) -> None:
        gamma, layer_pairs = self._pairs(made.seen)
        gamma = clusters.mirror(gamma, self.stencil)
        ratio = np.where(gamma > 1e-3, self.gamma / np.maximum(gamma, 1e-3), 1.0)
        fitted.kappa = fitted.kappa * np.clip(ratio, 0.7, 1.4)
        # By layer relative to all; layers with few pairs are drawn to no change.
        cov, norm = torch.stack([self.layer_pairs, layer_pairs]).unbind(1)
        by_layer = cov / norm.clamp(min=1e-6)
        overall = cov.sum(1, keepdim=True) / norm.sum(1, keepdim=True).clamp(min=1e-6)
        change = (by_layer[0] / overall[0] / (by_layer[1] / overall[1])).clamp(0.3, 1.5)
        fertility = fitted.fertility * change ** (norm[0] / (norm[0] + _FEW))
        middle = float(fertility[self.layers // 4 : 3 * self.layers // 4].median())
        fitted.fertility = (fertility / middle).clamp(0.0, 1.5)
        fitted.share = clusters.shares(
            fitted.kappa, fitted.fertility, self.mean_rate, self.stencil
        )
        lonely = 1.0 / (1.0 + fitted.kappa.sum())
        together, single = fitted.cluster
        contrast = together / single * (self.crowd / self._crowding(made)) ** 1.5
        part = 1.0 - lonely
        single = 1.0 / (part * contrast + 1.0 - part)
        fitted.cluster = (contrast * single, single)

    def _correct_means(self, fitted: Fitted, made: _Measured) -> None:
        data = self.data
        change = torch.log((data.counts + _PRIOR) / (made.counts + _PRIOR))
        fitted.tune += torch.where(self.mean_rate < 3.0, 0.8 * change, 0.0).float()
        for which, (top, bottom) in enumerate((("excess", "above"), ("under", "counts"))):
            gap = self._gap(data, made, top, bottom)
            fitted.lift[which] *= torch.exp(0.7 * gap).float()

    def _gap(self, data: _Measured, made: _Measured, top: str, bottom: str) -> Tensor:
        """Logarithm of a ratio of ratios: by layer and zone, then by bin over all layers."""
        zone = torch.nn.functional.one_hot(self.stencil.zone, 5).double()
        pairs = [(getattr(m, top), getattr(m, bottom)) for m in (data, made)]
        by_zone = [((a @ zone), (b @ zone)) for a, b in pairs]
        coarse = _log_ratio(*by_zone, prior=300.0) @ zone.T
        scaled = (pairs[1][0] * torch.exp(coarse), pairs[1][1])
        by_bin = [(a.sum(0), b.sum(0)) for a, b in (pairs[0], scaled)]
        return (coarse + _log_ratio(*by_bin, prior=1000.0)).clamp(-0.2, 0.2)

    def _offer(self) -> _F64:
        """Sums of mu over the hits of the data, by layer, bin and bin of ln mu."""
        data, levels = self.data, spectra.MEANS[2]
        spot = (data.seen.layer * self.bins + data.seen.bin).numpy() * levels
        mean = data.at(self.rates.mean).double().exp().numpy()
        size = (self.layers, self.bins, levels)
        place = (spot + data.table % levels)[data.is_above]
        offer = np.bincount(place, mean[data.is_above], int(np.prod(size)))
        return np.asarray(offer, dtype=np.float64).reshape(size)

    def _hold_scale(self, fitted: Fitted) -> None:
        """Takes from the lift what calibration undoes: a factor exp(quadratic in depth).

        It has no effect on showers, so that nothing else would keep it from growing.
        """
        means = spectra.mean(fitted.tables).reshape(spectra.CLASSES, -1)
        made_of = means[self.classes[:, self.stencil.zone].numpy()]
        offered = (self.offer * made_of * fitted.lift[0][..., None].numpy()).sum((1, 2))
        energy = self.data.excess.sum(1).numpy()
        gap = np.log((energy + 1e-9) / (offered + 1e-9))
        powers, weight = np.vander(np.linspace(-1.0, 1.0, self.layers), 3), np.sqrt(energy)
        shape = np.linalg.lstsq(powers * weight[:, None], gap * weight, rcond=None)[0]
        fitted.lift[0] *= torch.from_numpy(np.exp(powers @ shape)).float()[:, None]

    def _correct_tables(self, fitted: Fitted, made: _Measured) -> None:
        """Maps the tables' values as the quantiles after calibration ask: see `spectra`."""
        seen, above = made.seen, made.is_above
        table = made.table[above]
        got, _, hits = spectra.quantiles(table, made.ratio[above], self.source)
        # Energies are a table times a lift, whose mean over the hits of the table stands for all.
        lift = fitted.lift[0][seen.layer, seen.bin].double().numpy()[above]
        total, count = (np.bincount(table, weight, len(got)) for weight in (lift, None))
        factors = np.where(count > 0, total / np.maximum(count, 1), 1.0)[self.source]
        steps = _STEP * hits / (hits + _SOME)
        for row, (factor, step) in enumerate(zip(factors, steps, strict=True)):
            values = factor * fitted.tables[row]
            fitted.tables[row] = spectra.mapped(values, got[row], self.truth[row], step) / factor
        below = spectra.mapped(fitted.below, made.below(self.threshold), self.below, _STEP)
        fitted.below = np.minimum(below, self.below[-1])

    def _crowding(self, measured: _Measured) -> float:
        """Mean t of sparse hits with a hit next to them over that of those without."""
        few = measured.seen.shower < _PAIRED
        sparse = (measured.at(self.rates.rate)[few] < 0.3).numpy()
        near = clusters.accompanied(measured.seen, few, self.stencil)
        table, ratio, above = (
            values[few.numpy()] for values in (measured.table, measured.ratio, measured.is_above)
        )
        t, chosen = spectra.rank_in(self.truth, table, ratio), sparse & above
        both = [t[chosen & near], t[chosen & ~near]]
        if min(len(part) for part in both) < 100:
            return 1.0
        return float(both[0].mean() / both[1].mean())

    def _modes(self, measured: _Measured) -> list[tuple[_F64, _F64]]:
        """Sums of scores and of information, for each harmonic."""
        return self.scores.covariances(measured.seen, measured.place, self._normal(measured))

    def _normal(self, measured: _Measured) -> Tensor:
        """Normal scores of the energies of hits; of those below threshold at random below it."""
        height = measured.at(self.rates.below).double().numpy()
        t = spectra.rank_in(self.truth, measured.table, measured.ratio) + height
        below = height * self.random.random(len(t))
        t = np.where(measured.is_above, t, below)
        return torch.from_numpy(np.clip(spectra.normal_scores(t), -4.5, 4.5)).float()


def _log_ratio(
    data: tuple[Tensor, Tensor], made: tuple[Tensor, Tensor], *, prior: float
) -> Tensor:
    """Logarithm of (a / b in data) / (a / b in made), drawn to 0 where data have few b."""
    wanted, got = ((a / b.clamp(min=1.0)).clamp(min=1e-3) for a, b in (data, made))
    return torch.log(wanted / got) * data[1] / (data[1] + prior)


def fit(
    hits: Hits,
    aim: Aim,
    stencil: Stencil,
    rates: Rates,
    generate: Callable[[Fitted, int], Hits],
    *,
    threshold: float,
    seed: int = 0,
) -> Fitted:
    """Fits the residual structure of training showers.

    Arguments:
        hits: N training showers.
        aim: Their crossings.
        stencil: Bins and weights.
        rates: What the networks predict from their own summaries.
        generate: Showers of the same summaries with what is fitted so far; the number of the round
            is a seed.
        threshold: Energy in MeV that parts hits from deposits below.
        seed: Of the random ranks of deposits below threshold.
    """
    return _Fit(hits, aim, stencil, rates, threshold, seed).run(generate)
