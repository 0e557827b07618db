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
4. *Calibration.* Visible energy, mean depth, depth width and lateral spread of a shower are those
   of s, within the limits of `heitler.kernels.calibration`.

Nothing of this is taken from a paper as a whole; the theory page of the documentation derives it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from heitler.hits import Hits
from heitler.kernels import COMPILED, GRID, Law, Prescription, Recipe, prescribe, sample
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.models.compound_hits import clusters, field, residuals, spectra
from heitler.models.compound_hits.arrays import (
    HEIGHT,
    MEAN,
    RATE,
    law_of,
    recipe_of,
    whole,
    window_of,
)
from heitler.models.compound_hits.residuals import Fitted, Rates
from heitler.models.compound_hits.sample import SUMMARIES, Seen, goal_of, summarise
from heitler.models.compound_hits.stencil import Aim, Stencil
from heitler.networks import LayerFactorised, SplineFlow, mlp

__all__ = ["CompoundHits"]

_AXIS = "axis"
"""Name of the condition that says where the shower goes."""


class CompoundHits(GenerativeModel):
    """The compound-hit model: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV of a voxel grid.
        phases: Places of the axis within a cell that are told apart along y and x; 1 where it
            always crosses at the same place.
        crossing: Where the axis crosses cells that have one phase, in units of cells from their
            centre along y and x.
        hidden: Widths of the hidden layers of the rates.
        rank: Number of cell patterns of each layer.
        couplings: Couplings of the prior.
        prior: Widths of the hidden layers of each coupling.
        threshold: Energy in MeV above which a deposit is a hit.

    Raises:
        ValueError: The geometry is not a voxel grid, or there is no condition that says where the
            axis goes.
    """

    sparse = True
    gpu = False  # the sampler is compiled for the CPU
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
        crossing: tuple[float, float] = (0.0, 0.0),
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
        self.stencil = Stencil(shape.centres, layers, phases, crossing)
        axis = shape.columns[_AXIS]
        self._axis = axis
        self._told = [i for i in range(shape.conditions) if not axis.start <= i < axis.stop]
        told, bins = len(self._told), self.stencil.count
        self.network = mlp(SUMMARIES + told, hidden[:-1], hidden[-1])
        self.cells = LayerFactorised(hidden[-1], [bins] * layers, rank=rank, channels=3)
        self.flow = SplineFlow(SUMMARIES, 2 * told, couplings=couplings, hidden=prior)
        ranks = field.ranks(layers)
        modes = (ranks[0], ranks[1] + 1, ranks[2])  # the wobble is one more
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
            "centre": torch.zeros(1 + 2 * told, SUMMARIES, dtype=torch.float64),
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
            "wobble": torch.tensor(0.0, dtype=torch.float64),
            "settings": torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64),
            "turn": torch.tensor(1.0, dtype=torch.float64),
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
        self._recipe: Recipe | None = None
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda module, _: module._forget()
        )

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, cells) in MeV: the dense form of `hits`."""
        return self.hits(z, c).dense(self.shape.cells)

    def hits(self, z: Variates, c: Tensor) -> Hits:
        """Showers as lists of hits."""
        todo = self.prescribe(z, c)  # first, since it may meet crossings that the law lacks
        drawn = sample(self.law, todo)
        return Hits(*(torch.from_numpy(part) for part in drawn))

    def prescribe(self, z: Variates, c: Tensor) -> Prescription:
        """What the networks ask of the sampler."""
        if not COMPILED:
            return self.prescribe_plainly(z, c)
        variates = z["summaries"].numpy(), z["field"].numpy(), z["hits"].numpy()
        made, known = prescribe(self.recipe, variates, c.contiguous().numpy(), self.stencil.known)
        if not known:
            index, _ = self.stencil.exposures(
                Aim(*(torch.from_numpy(a).long() for a in (made.y, made.x, made.phase)))
            )
            made = made._replace(crossing=whole(index))
        return made

    @torch.no_grad()
    def prescribe_plainly(self, z: Variates, c: Tensor) -> Prescription:
        """The same in torch."""
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
        summaries = self._standardised(seen, told) + 0.02 * z["jitter"]
        if phase == "flow":
            nll = -self.flow.log_prob(summaries, _features(told)).mean()
            return nll, {"nll": nll}
        index, _ = self.stencil.exposures(aim)
        parts = self._likelihood(seen, self._rates(summaries, told), self.stencil.window[index])
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
            self._start(hits, aim, told)
        if stage == "residuals":
            seen = Seen.of(hits, aim, self.stencil)
            self._fit(hits, aim, self._standardised(seen, told), told)
        self._forget()

    @property
    def law(self) -> Law:
        """What the sampler needs beside the prescription."""
        if self._law is None:
            self._law = law_of(self)
        window = self.stencil.window
        if len(self._law.window) != len(window):
            self._law = self._law._replace(window=window_of(self.stencil))
        return self._law

    @property
    def recipe(self) -> Recipe:
        """What the prescription needs beside conditions and random numbers."""
        if self._recipe is None:
            self._recipe = recipe_of(self, self._told, self._axis.start)
        return self._recipe

    def _forget(self) -> None:
        self._law, self._recipe = None, None

    @property
    def factors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Factors of the covariance of the field: of the monopole, and of the harmonics."""
        a, b, c = (self.get_buffer(f"factor_{k}") for k in range(3))
        return a, b, c

    def _standardised(self, seen: Seen, told: Tensor) -> Tensor:
        """Summaries about what the conditions predict, in units of their scatter there."""
        return ((summarise(seen) - self._expected(told)) / self.scale).float()

    def _expected(self, told: Tensor) -> Tensor:
        return self.centre[0] + _features(told).double() @ self.centre[1:]

    def _rates(self, summaries: Tensor, told: Tensor) -> Rates:
        h = nn.functional.silu(self.network(torch.cat([summaries, told], dim=1)))
        y = self.cells(h).view(len(h), 3, self.stencil.layers, self.stencil.count)
        return Rates(
            y[:, 0].clamp(*RATE).exp(), y[:, 1].clamp(*MEAN), y[:, 2].clamp(*HEIGHT).exp()
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

    def _start(self, hits: Hits, aim: Aim, told: Tensor) -> None:
        self.stencil.weigh(aim, hits.showers, hits.cells.long())
        seen = Seen.of(hits, aim, self.stencil)
        summaries = summarise(seen)
        features = nn.functional.pad(_features(told).double(), (1, 0), value=1.0)
        # numpy finds the smallest solution where conditions do not vary.
        fitted = np.linalg.lstsq(features.numpy(), summaries.numpy(), rcond=1e-9)[0]
        self.centre.copy_(torch.from_numpy(fitted))
        about = summaries - self._expected(told)
        self.scale.copy_(about.std(0).clamp(min=1e-4))
        spread = about / self.scale
        self.edges.copy_(torch.stack([spread.amin(0) - 0.5, spread.amax(0) + 0.5]))
        far = seen.energy * seen.square
        turn = (far * seen.square).sum() / far.sum().clamp(min=1e-9)
        self.get_buffer("turn").copy_(turn.clamp(min=1e-6))  # all hits may be on the axis
        bins, above = self.stencil.count, seen.energy > self.threshold
        index, _ = self.stencil.exposures(aim)
        cells = self.stencil.window[index].sum(0)
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
            "wobble": torch.tensor(fitted.wobble, dtype=torch.float64),
            "settings": settings,
            **{f"factor_{k}": a for k, a in enumerate(fitted.factors)},
        }.items():
            self.get_buffer(name).copy_(value)
        self._forget()

    def _prescribe(self, summaries: Tensor, told: Tensor, aim: Aim, z: Variates) -> Prescription:
        factors = self.factors
        h = nn.functional.silu(self.network(torch.cat([summaries, told], dim=1)))
        layers = self.stencil.layers
        coefficients = self.cells.coefficients(h).view(len(h), layers, self.cells.basis.shape[1])
        goal = goal_of(summaries.double() * self.scale + self._expected(told))
        wobble = self.get_buffer("wobble")
        normal = list(torch.split(z["field"], [self._modes[k] for k in (0, 1, 1, 2, 2)], dim=1))
        for k in (1, 2):
            normal[k] = field.wobbling(normal[k], goal[:, 0], wobble)
        waves = [
            nn.functional.pad(
                (n @ factors[k].T).view(len(n), len(factors[k]) // layers, layers),
                (0, 0, *_NONE[k]),
            )
            for n, k in zip(normal, (0, 1, 1, 2, 2), strict=True)
        ]
        amplitudes = torch.cat(waves, dim=1)
        crossing, _ = self.stencil.exposures(aim)
        bits = (z["hits"] * 2**24).to(torch.int64)
        key = torch.stack(
            [(bits[:, 0] << 8) ^ (bits[:, 2] >> 12), (bits[:, 1] << 8) ^ bits[:, 2]], 1
        )
        return Prescription(
            coefficients=coefficients.numpy(),
            field=amplitudes.numpy(),
            y=whole(aim.y),
            x=whole(aim.x),
            phase=whole(aim.phase),
            crossing=whole(crossing),
            goal=goal.numpy(),
            key=key.numpy().astype(np.uint32),
        )


_NONE = ((0, 0), (1, 0), (1, 1))
"""Zones before and behind those that have amplitudes of a harmonic."""


def _features(told: Tensor) -> Tensor:
    """Conditions and their squares."""
    return torch.cat([told, told.square() - 1.0], dim=1)
