r"""Compound hits: a conditional cluster process of hits given five summaries of a shower.

Notation: c conditions, s summaries, l layer, b bin of cells about the axis (see `stencil`).

1. *Prior.* A spline flow p(s | c).
2. *Rates.* A small network gives, for each layer and bin, the rate lambda of a cell, the mean
   excess mu of a hit over the threshold and the height h of the threshold, all from (s, c), by
   maximum likelihood: a cell is hit with p = 1 - exp(-lambda); of hits, 1 - exp(-h) stay below the
   threshold; excesses have the mean mu. With counts K of hits, K_< below the threshold, their
   excess S and n cells,

       -ln L = -sum K ln(1 - e^-lambda) + (n - K) lambda - K_< ln(1 - e^-h) + (K - K_<) h
               + S / mu + (K - K_<) ln mu.

3. *Residuals.* Tables of energies (`spectra`), clusters (`clusters`), a Gaussian field (`field`)
   and the damping of chance are fitted by generating and comparing (`residuals`).
4. *Calibration.* Visible energy, mean depth and depth width of a shower are those of s, exactly.

Nothing of this is taken from a paper as a whole; the theory page of the documentation derives it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from heitler.hits import Hits
from heitler.kernels import EXPONENTIAL, GRID, Law, Prescription, sample
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.models.compound_hits import clusters, field, residuals, spectra
from heitler.models.compound_hits.residuals import Fitted, Rates
from heitler.models.compound_hits.sample import SUMMARIES, Seen, goal_of, summarise
from heitler.models.compound_hits.stencil import Aim, Stencil
from heitler.networks import LayerFactorised, SplineFlow, mlp

__all__ = ["CompoundHits"]

_RATE, _MEAN, _HEIGHT = (-14.0, 2.0), (-6.0, 8.0), (-7.0, 2.0)
"""Ranges of ln lambda, ln(mu / MeV) and ln h."""

_OVERDRAW = 0.06
"""eps: points beyond the rate, so that damping can add as well as take."""

_AXIS = "axis"
"""Name of the condition that says where the shower goes."""


class CompoundHits(GenerativeModel):
    """The compound-hit model: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV of a voxel grid.
        phases: Places of the axis within a cell that are told apart along y and x; 1 where it
            always crosses at the same place.
        hidden: Widths of the hidden layers of the rates.
        rank: Number of cell patterns of each layer.
        couplings: Couplings of the prior.
        prior: Widths of the hidden layers of each coupling.
        threshold: Energy in MeV above which a deposit is a hit.

    Raises:
        ValueError: The geometry is not a voxel grid, or there is no condition that says where the
            axis goes.
    """

    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("rates", (Phase("likelihood", ("network", "cells")),), select="loss"),
        Stage("prior", (Phase("flow", ("flow",)),), select="loss"),
        Stage("residuals"),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        phases: tuple[int, int] = (1, 1),
        hidden: tuple[int, ...] = (64, 64),
        rank: int = 8,
        couplings: int = 4,
        prior: tuple[int, ...] = (32, 32),
        threshold: float = 0.1,
    ) -> None:
        super().__init__(shape)
        if shape.globals:
            msg = "compound hits are energies in MeV: preprocessing must be empty"
            raise ValueError(msg)
        if shape.centres is None or _AXIS not in shape.columns:
            msg = (
                "compound hits need the centres of the cells and the condition "
                "heitler.preprocessing.Axis"
            )
            raise ValueError(msg)
        self.threshold = threshold
        layers = len(shape.layers)
        self.stencil = Stencil(shape.centres, layers, phases)
        axis = shape.columns[_AXIS]
        self._axis = axis
        self._told = [i for i in range(shape.conditions) if not axis.start <= i < axis.stop]
        told, bins = len(self._told), self.stencil.count
        self.network = mlp(SUMMARIES + told, hidden[:-1], hidden[-1])
        self.cells = LayerFactorised(hidden[-1], [bins] * layers, rank=rank, channels=3)
        self.flow = SplineFlow(SUMMARIES, 2 * told, couplings=couplings, hidden=prior)
        modes = field.ranks(layers)
        self.noise = {
            "summaries": Noise("normal", SUMMARIES),
            "field": Noise("normal", modes[0] + 2 * modes[1] + 2 * modes[2]),
            "hits": Noise("uniform", 3),
        }
        self.training_noise = {"jitter": Noise("normal", SUMMARIES)}
        self._modes = modes
        total = spectra.CLASSES * spectra.MEANS[2]
        window = 2 * clusters.REACH + 1
        grid = torch.linspace(0, GRID[1], GRID[0])
        for name, start in {
            "centre": torch.zeros(SUMMARIES, dtype=torch.float64),
            "scale": torch.ones(SUMMARIES, dtype=torch.float64),
            "edges": torch.tensor([[-4.0], [4.0]]).expand(2, SUMMARIES).clone(),
            "tune": torch.zeros(layers, bins),
            "lift": torch.ones(2, layers, bins),
            "share": torch.ones(layers, bins),
            "kappa": torch.zeros(window, window, dtype=torch.float64),
            "fertility": torch.ones(layers),
            "table": (grid**2).expand(total, -1).clone(),
            "spread": torch.ones(total),
            "below": grid / GRID[1] * threshold,
            "variance": torch.zeros(layers, 5),
            "settings": torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64),
            **{
                f"factor_{k}": torch.zeros(len(zones) * layers, rank)
                for k, (zones, rank) in enumerate(zip(field.GROUPS, modes, strict=True))
            },
        }.items():
            self.register_buffer(name, start)
        self.centre: Tensor
        self.scale: Tensor
        self.edges: Tensor
        self.tune: Tensor
        self._law: Law | None = None
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda module, _: module._forget()
        )

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, cells) in MeV: the dense form of `hits`."""
        return self.hits(z, c).dense(self.shape.cells)

    @torch.no_grad()
    def hits(self, z: Variates, c: Tensor) -> Hits:
        """Showers as lists of hits."""
        todo = self.prescribe(z, c)  # first, since it may meet crossings that the law lacks
        drawn = sample(self.law, todo)
        return Hits(*(torch.from_numpy(part) for part in drawn))

    @torch.no_grad()
    def prescribe(self, z: Variates, c: Tensor) -> Prescription:
        """What the networks ask of the sampler: the same for the compiled one and its twin."""
        told = c[:, self._told]
        summaries = self.flow.sample(z["summaries"], _features(told))
        summaries = torch.minimum(torch.maximum(summaries, self.edges[0]), self.edges[1])
        return self._prescribe(summaries, told, self.stencil.aim(c[:, self._axis]), z)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Minus the log-likelihood in nats: of cells (likelihood) or summaries (flow)."""
        told, aim = c[:, self._told], self.stencil.aim(c[:, self._axis])
        seen = Seen.of(Hits.of(x), aim, self.stencil)
        summaries = self._standardised(seen) + 0.02 * z["jitter"]
        if phase == "flow":
            nll = -self.flow.log_prob(summaries, _features(told)).mean()
            return nll, {"nll": nll}
        index, sums = self.stencil.exposures(aim)
        parts = self._likelihood(seen, self._rates(summaries, told), sums[index][..., 0])
        return sum(parts.values(), torch.zeros(())), parts

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Starts the rates at the mean shower; fits the residuals."""
        told, aim = c[:, self._told], self.stencil.aim(c[:, self._axis])
        hits = Hits.of(x)
        if not hits.cells.numel():
            msg = "there is no hit in the training showers"
            raise ValueError(msg)
        if stage == "rates":
            self.stencil.check(c[:, self._axis])
            self._start(hits, aim)
        if stage == "residuals":
            seen = Seen.of(hits, aim, self.stencil)
            self._fit(hits, aim, self._standardised(seen), told)
        self._forget()

    @property
    def law(self) -> Law:
        """What the sampler needs beside the prescription."""
        if self._law is None:
            self._law = self._make_law()
        window = self.stencil.window
        if len(self._law.window) != len(window):
            self._law = self._law._replace(window=window.numpy())
        return self._law

    def _forget(self) -> None:
        self._law = None

    @property
    def _factors(self) -> tuple[Tensor, Tensor, Tensor]:
        a, b, c = (self.get_buffer(f"factor_{k}") for k in range(3))
        return a, b, c

    def _standardised(self, seen: Seen) -> Tensor:
        return ((summarise(seen) - self.centre) / self.scale).float()

    def _rates(self, summaries: Tensor, told: Tensor) -> Rates:
        h = nn.functional.silu(self.network(torch.cat([summaries, told], dim=1)))
        y = self.cells(h).view(len(h), 3, self.stencil.layers, self.stencil.count)
        return Rates(
            y[:, 0].clamp(*_RATE).exp(), y[:, 1].clamp(*_MEAN), y[:, 2].clamp(*_HEIGHT).exp()
        )

    def _likelihood(self, seen: Seen, rates: Rates, exposure: Tensor) -> dict[str, Tensor]:
        bins, above = self.stencil.count, seen.energy > self.threshold
        count = seen.per_bin(torch.ones_like(seen.energy), bins).float()
        high = seen.per_bin(above.double(), bins).float()
        excess = torch.where(above, seen.energy - self.threshold, 0.0)
        excess = seen.per_bin(excess, bins).float()
        empty = (exposure - count).clamp(min=0.0)
        hit = torch.log(-torch.expm1(-rates.rate))
        low = torch.log(-torch.expm1(-rates.below))
        total = seen.count
        return {
            "hits": (empty * rates.rate - count * hit).sum() / total,
            "threshold": (high * rates.below - (count - high) * low).sum() / total,
            "energies": (excess * torch.exp(-rates.mean) + high * rates.mean).sum() / total,
        }

    def _start(self, hits: Hits, aim: Aim) -> None:
        self.stencil.weigh(aim, hits.showers, hits.cells.long())
        seen = Seen.of(hits, aim, self.stencil)
        summaries = summarise(seen)
        self.centre.copy_(summaries.mean(0))
        self.scale.copy_(summaries.std(0).clamp(min=1e-3))
        spread = (summaries - self.centre) / self.scale
        self.edges.copy_(torch.stack([spread.amin(0) - 0.5, spread.amax(0) + 0.5]))
        bins, above = self.stencil.count, seen.energy > self.threshold
        index, sums = self.stencil.exposures(aim)
        cells = sums[index][..., 0].sum(0)
        count = seen.per_bin(torch.ones_like(seen.energy), bins).sum(0)
        high = seen.per_bin(above.double(), bins).sum(0)
        excess = seen.per_bin((seen.energy - self.threshold).clamp(min=0), bins).sum(0)
        p = ((count + 0.05) / (cells + 1.0)).clamp(1e-6, 1 - 1e-4)
        p = torch.where(cells > 0, p, 1e-6)  # offsets that no window held
        f = (count - high + 0.5) / (count + 1.0)
        start = [(-torch.log1p(-p)).log(), ((excess + 0.3) / (high + 1.0)).log()]
        start.append((-torch.log1p(-f)).log())
        self.cells.start_at(torch.stack([a.float().flatten() for a in start]))

    def _fit(self, hits: Hits, aim: Aim, summaries: Tensor, told: Tensor) -> None:
        rates = self._rates(summaries, told)
        rng = np.random.default_rng(1)

        def generate(fitted: Fitted, step: int) -> Hits:  # noqa: ARG001
            self._take(fitted)
            z = {
                "field": torch.from_numpy(
                    rng.standard_normal((len(hits), self.noise["field"].size), dtype=np.float32)
                ),
                "hits": torch.from_numpy(rng.random((len(hits), 3), dtype=np.float32)),
            }
            todo = self._prescribe(summaries, told, aim, z)
            return Hits(*(torch.from_numpy(part) for part in sample(self.law, todo)))

        self._take(
            residuals.fit(hits, aim, self.stencil, rates, generate, threshold=self.threshold)
        )

    def _take(self, fitted: Fitted) -> None:
        """Into the buffers."""
        settings = torch.tensor([fitted.damping, *fitted.cluster], dtype=torch.float64)
        for name, value in {
            "tune": fitted.tune,
            "lift": fitted.lift,
            "share": fitted.share,
            "kappa": torch.from_numpy(fitted.kappa),
            "fertility": fitted.fertility,
            "table": torch.from_numpy(fitted.tables),
            "spread": torch.from_numpy(fitted.spread),
            "below": torch.from_numpy(fitted.below),
            "variance": fitted.variance,
            "settings": settings,
            **{f"factor_{k}": a for k, a in enumerate(fitted.factors)},
        }.items():
            self.get_buffer(name).copy_(value)
        self._forget()

    def _prescribe(self, summaries: Tensor, told: Tensor, aim: Aim, z: Variates) -> Prescription:
        factors = self._factors
        h = nn.functional.silu(self.network(torch.cat([summaries, told], dim=1)))
        layers = self.stencil.layers
        coefficients = self.cells.coefficients(h).view(len(h), layers, -1)
        normal = torch.split(z["field"], [self._modes[k] for k in (0, 1, 1, 2, 2)], dim=1)
        waves = [
            (n @ factors[k].T).view(len(n), -1, layers)
            for n, k in zip(normal, (0, 1, 1, 2, 2), strict=True)
        ]
        amplitudes = torch.cat(waves, dim=1).transpose(1, 2).contiguous()
        crossing, _ = self.stencil.exposures(aim)
        bits = (z["hits"] * 2**24).to(torch.int64)
        key = torch.stack(
            [(bits[:, 0] << 8) ^ (bits[:, 2] >> 12), (bits[:, 1] << 8) ^ bits[:, 2]], 1
        )
        goal = goal_of(summaries.double() * self.scale + self.centre)
        return Prescription(
            coefficients=coefficients.numpy(),
            field=amplitudes.numpy(),
            y=_whole(aim.y),
            x=_whole(aim.x),
            phase=_whole(aim.phase),
            crossing=_whole(crossing),
            goal=goal.numpy(),
            key=key.numpy().astype(np.uint32),
        )

    def _make_law(self) -> Law:
        s, layers = self.stencil, self.stencil.layers
        variance = self.get_buffer("variance")
        parts = [s.member_dy, s.member_dx, s.weight, s.member_bin]
        first, runs = s.runs
        weight = s.weight.double().numpy()
        most = [weight[phase, start:stop].max() for phase, _, start, stop in runs]
        bias = self.cells.bias.detach().view(layers, 3, s.count).clone()
        bias[:, 0] += self.tune
        bias[:, 1:] += self.get_buffer("lift").log().transpose(0, 1)
        kappa = self.get_buffer("kappa").numpy()
        dy, dx = clusters.displacements(kappa)
        to_normal, to_exponential = spectra.scores()
        gamma, together, single = self.get_buffer("settings").tolist()
        depth = (np.arange(layers) - 0.4 * layers) / (0.33 * layers)
        settings = [self.threshold, _OVERDRAW, gamma, together, single, *spectra.MEANS]

        return Law(
            rows=s.rows,
            columns=s.columns,
            near=s.near,
            near_zones=_whole(s.near_zones),
            dy=_whole(s.member_dy),
            dx=_whole(s.member_dx),
            bin=_whole(s.member_bin).astype(np.uint32),
            weight=_real(weight),
            trig=_real(s.member_trig.transpose(1, 2)),
            record=_real(torch.cat([*(a[..., None] for a in parts), s.member_trig], -1)),
            first_run=_whole(first),
            run_bin=_whole(runs[:, 1]),
            run_start=_whole(runs[:, 2]),
            run_count=_whole(runs[:, 3] - runs[:, 2]),
            run_most=_real(most),
            place=_whole(s.place),
            window=_real(s.window),
            zone=_whole(s.zone),
            own=_whole((s.zone == 0).nonzero()[:, 0]),
            bias=_real(bias.flatten(1)),
            basis=_real(self.cells.basis.detach()),
            share=_real(self.get_buffer("share")),
            half_variance=_real(variance / 2),
            variance=_real(variance[:, s.zone]),
            table=_real(self.get_buffer("table").flatten()),
            spread=_real(self.get_buffer("spread")),
            table_of=_whole(spectra.class_of(layers)[:, s.zone] * spectra.MEANS[2]),
            below=_real(self.get_buffer("below")),
            to_normal=_real(to_normal),
            to_exponential=_real(to_exponential),
            exponential=EXPONENTIAL,
            child_dy=_whole(dy),
            child_dx=_whole(dx),
            child_number=_real(clusters.children(kappa, self.get_buffer("fertility"))),
            settings=_real(settings),
            ranges=_real([_RATE, _MEAN, _HEIGHT]),
            depth=_real(np.stack([depth**0, depth, depth**2])),
        )


def _whole(values: ArrayLike) -> NDArray[np.int32]:
    return np.ascontiguousarray(np.asarray(values), dtype=np.int32)


def _real(values: ArrayLike) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.asarray(values), dtype=np.float32)


def _features(told: Tensor) -> Tensor:
    """Conditions and their squares."""
    return torch.cat([told, told.square() - 1.0], dim=1)
