r"""Variational autoencoder of hits with a latent flow.

Notation: x are the cells in MeV, v the global quantities of a shower (its response), c the
conditions, t the latent numbers.

1. *Autoencoder.* Encoder q(t|x,c) = N(mu, s^2), decoder p(x|t,c) with independent cells: cell i
   is hit with probability p_i(t,c), and a hit has a gamma-distributed energy with mean m_i(t,c)
   and a shape k(m_i) that all cells share. The loss is minus the evidence lower bound

       L = E_q[-ln p(x|t,c)] + beta KL(q(t|x,c) || N(0, 1)),

   Kingma and Welling 2013 (arXiv:1312.6114, eq. 7), beta as in Higgins et al. 2017. Each latent
   number has a few free nats (Kingma et al. 2016, arXiv:1606.04934): without them the width of
   the shower, which few cells show, is left to the prior in some trainings. The decoder ends in
   a `LayerFactorised` layer.
2. *Spectrum.* The gamma law is only a stand-in: the shape of a hit's energy at a given mean is
   taken from the training showers as a table of quantiles Q of x / m in bins of ln m.
3. *Prior.* A conditional coupling flow p(t,v|c) learns the latent numbers that the encoder really
   gives, together with v, by maximum likelihood. Sampling t from it instead of from N(0, 1)
   closes the gap between prior and aggregate posterior; drawing the response with it, rather than
   as the sum of noisy cells, keeps the visible energy from being smeared twice. A latent flow and
   an energy sum of its own are those of Buhmann et al. (arXiv:2112.09709) and Diefenbacher et al.
   (arXiv:2303.18150); affine couplings as in Dinh et al. 2016 (arXiv:1605.08803).

Generation needs one uniform number u per cell:

    x_i = 0 if u_i >= p_i, else m_i Q(u_i / p_i; m_i),

which has the cell's distribution with its atom at zero. The preprocessing's
`Response` then scales the cells to the drawn v.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import zuko
from torch import Tensor, nn
from torch.nn.functional import softplus

from heitler.losses import bernoulli_nll, gamma_nll, kl_to_standard_normal
from heitler.models.base import GenerativeModel, Noise, Phase, ShowerShape, Stage, Variates
from heitler.networks import HitSpectrum, LayerFactorised, clamp_log_mean, mlp

__all__ = ["VAE"]

_COUPLINGS = 4
"""Couplings of the latent flow."""

_UNIT = 0.1
"""Energy in MeV below which the encoder sees cells linearly, above logarithmically."""

_SMALLEST = 1e-4
"""The gamma law has no finite value at 0: it sees energies of hits as at least 0.1 keV."""


class VAE(GenerativeModel):
    """Variational autoencoder of hits with a latent flow: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        rank: Number of cell patterns of each layer in the decoder.
        flow: Widths of the hidden layers of each coupling.
        beta: Weight of the KL term.
        free_nats: Nats of each latent number that cost nothing.
    """

    training_only: ClassVar[tuple[str, ...]] = ("encoder", "law")
    stages: ClassVar[tuple[Stage, ...]] = (
        Stage("autoencoder", (Phase("elbo", ("encoder", "decoder", "law")),), select="loss"),
        Stage("spectrum"),
        Stage("prior", (Phase("flow", ("flow",)),), select="loss"),
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int = 6,
        encoder: tuple[int, ...] = (256, 128),
        decoder: tuple[int, ...] = (128, 128),
        rank: int = 16,
        flow: tuple[int, ...] = (64, 64),
        beta: float = 1.0,
        free_nats: float = 0.5,
    ) -> None:
        super().__init__(shape)
        if latent < 1:
            msg = f"a VAE needs at least one latent number, got {latent}"
            raise ValueError(msg)
        self.latent, self.beta, self.free_nats = latent, beta, free_nats
        self.noise = {
            "latent": Noise("normal", latent + shape.globals),
            "cells": Noise("uniform", shape.cells),
        }
        self.training_noise = {"posterior": Noise("normal", latent)}
        self.encoder = mlp(shape.cells + shape.conditions, encoder, 2 * latent)
        self.decoder = nn.Sequential(
            mlp(latent + shape.conditions, decoder[:-1], decoder[-1]),
            nn.SiLU(),
            LayerFactorised(decoder[-1], shape.layers, rank=rank, channels=2),
        )
        self.law = nn.ParameterDict({"shape": nn.Parameter(torch.tensor([0.5, 0.1, 0.0]))})
        self.flow = zuko.flows.NICE(
            latent + shape.globals, shape.conditions, transforms=_COUPLINGS, hidden_features=flow
        )
        self.spectrum = HitSpectrum()

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals and one uniform per cell."""
        drawn = self.flow(c).transform.inv(z["latent"])
        latent, quantities = drawn[:, : self.latent], drawn[:, self.latent :]
        logit, log_mean = self.decode(latent, c)
        cells = self.spectrum(z["cells"], torch.sigmoid(logit), log_mean)
        return torch.cat([quantities, cells], dim=1)

    def loss(
        self, x: Tensor, c: Tensor, z: Variates, *, phase: str
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Minus the evidence lower bound (elbo) or minus the log-likelihood (flow), in nats."""
        cells = self._cells(x)
        mean, log_variance = self.encode(cells, c)
        latent = mean + z["posterior"] * torch.exp(0.5 * log_variance)
        if phase == "flow":
            target = torch.cat([latent, x[:, : self.shape.globals]], dim=1).detach()
            nll = -self.flow(c).log_prob(target).mean()
            return nll, {"nll": nll}
        hits, energies = self._reconstruction(cells, latent, c)
        kl = kl_to_standard_normal(mean, log_variance, free_nats=self.free_nats).mean()
        return hits + energies + self.beta * kl, {"hits": hits, "energies": energies, "kl": kl}

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:
        """Starts the decoder at the mean shower; fills the table of quantiles."""
        cells = self._cells(x)
        if stage == "autoencoder":
            self._start_at_mean(cells)
        if stage == "spectrum":
            mean, log_variance = self.encode(cells, c)
            latent = mean + z["posterior"] * torch.exp(0.5 * log_variance)
            hit = cells > 0
            self.spectrum.fill(cells[hit], self.decode(latent, c)[1][hit])

    def encode(self, cells: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(t|x,c), each (N, latent)."""
        seen = torch.cat([torch.log1p(cells / _UNIT), c], dim=1)
        mean, log_variance = self.encoder(seen).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latent: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Log-odds of a hit and ln(m / MeV) of each cell, each (N, cells)."""
        logit, log_mean = self.decoder(torch.cat([latent, c], dim=1)).unbind(dim=1)
        return logit, log_mean

    def _cells(self, x: Tensor) -> Tensor:
        return x[:, self.shape.globals :]

    def _reconstruction(self, cells: Tensor, latent: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Mean -ln p of the pattern of hits and of the energies of hits."""
        logit, log_mean = self.decode(latent, c)
        hit = cells > 0
        level = clamp_log_mean(log_mean[hit])
        # Where energies are not gamma-distributed, m would lean towards a better k unless k takes
        # no part in its gradient; without it, m is the mean.
        fixed = level.detach()
        constant, linear, square = self.law["shape"]
        k = softplus(constant + linear * fixed + square * fixed.square()) + 0.05
        nll = gamma_nll(cells[hit].clamp(min=_SMALLEST), level, k).sum() / cells.shape[0]
        return bernoulli_nll(hit.float(), logit).mean(), nll

    def _start_at_mean(self, cells: Tensor) -> None:
        hit = cells > 0
        often = hit.float().mean(dim=0).clamp(1e-4, 1 - 1e-4)
        mean = cells.sum(dim=0) / hit.sum(dim=0).clamp(min=1)
        last = self.decoder[-1]
        if isinstance(last, LayerFactorised):
            last.start_at(torch.stack([torch.logit(often), mean.clamp(min=_UNIT / 10).log()]))
