r"""Deterministic autoencoders of hits: what WAE-MMD and the Sinkhorn autoencoders share.

Notation: x are the cells in MeV, v the quantities of the whole shower, c the conditions, t the
latent numbers. For an autoencoder that decodes to a point, a shower is the image

    phi(x) = (v, h_i, y_i),   h_i = 1 if x_i > 0 else 0,   y_i = ln(1 + x_i / u).

The decoder G(t, c) gives (v, p_i, p_i m_i), and the cost of the reconstruction is a quadratic form
of d = phi(x) - G(t, c),

    |d_v|^2 + weight [mean over cells of (d_i / s_i)^2 + mean over layers of (d_l / s_l)^2],

for h and for y, where d_l is the sum of d_i over a layer and the s are the spreads in the training
showers. The sums show what few cells show: depth and length of the shower. Whatever the weights,
the minimum of a quadratic form are the conditional means: p_i is the probability of a hit and m_i
the mean of y of hits. So images can be made discrete afterwards: a `HitSpectrum`, taken from the
training showers when the autoencoder is finished, makes hits of one uniform number per cell.

Families add a distance of the encoded latent numbers from those of a prior, weighted: they differ
in both, and are `MatchedAutoencoder`s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from heitler.models.base import GenerativeModel, Noise, ShowerShape, Variates
from heitler.networks import HitDecoder, HitSpectrum, mlp

__all__ = ["HitAutoencoder", "MatchedAutoencoder"]

_UNIT = 0.1
"""Energy u in MeV below which the image is linear in energy, above logarithmic."""

_RAREST = 1e-2
"""Cells that are hit more rarely than this count as if they were hit so often."""

_RANK = 16
"""Number of cell patterns of each layer in the decoder."""

_LEAST = 1e-2
"""Least mean of y of a hit."""


class HitAutoencoder(nn.Module):
    """Deterministic autoencoder of hits: see the module's docstring.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        weight: Weight of the image in the cost, beside that of the quantities.
    """

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int,
        encoder: tuple[int, ...],
        decoder: tuple[int, ...],
        weight: float,
    ) -> None:
        super().__init__()
        self.globals, self.weight = shape.globals, weight
        self.encoder = mlp(shape.features + shape.conditions, encoder, latent)
        self.decoder = HitDecoder(
            latent + shape.conditions,
            shape.layers,
            quantities=shape.globals,
            hidden=decoder,
            rank=_RANK,
            channels=2,
        )
        self.spectrum = HitSpectrum()
        layers = torch.arange(len(shape.layers))
        of_cell = layers.repeat_interleave(torch.tensor(shape.layers))
        self.register_buffer("layer_of_cell", of_cell, persistent=False)
        self.register_buffer("cell_spread", torch.ones(2, shape.cells))
        self.register_buffer("layer_spread", torch.ones(2, len(layers)))
        self.layer_of_cell: Tensor
        self.cell_spread: Tensor
        self.layer_spread: Tensor

    def encode(self, x: Tensor, c: Tensor) -> Tensor:
        """Latent numbers (N, latent) of showers x (N, globals + cells)."""
        quantities, cells = x[:, : self.globals], x[:, self.globals :]
        t: Tensor = self.encoder(torch.cat([quantities, torch.log1p(cells / _UNIT), c], dim=1))
        return t

    def decode(self, t: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantities (N, globals), p and m, each (N, cells)."""
        quantities, cells = self.decoder(torch.cat([t, c], dim=1))
        return quantities, torch.sigmoid(cells[:, 0]), _LEAST + softplus(cells[:, 1])

    def cost(self, x: Tensor, t: Tensor, c: Tensor) -> Tensor:
        """The quadratic form of phi(x) - G(t, c), with shape (N,)."""
        quantities, p, m = self.decode(t, c)
        about = x[:, : self.globals] - quantities
        off = _image(x[:, self.globals :]) - torch.stack([p, p * m], dim=1)
        cells = (off / self.cell_spread).square().mean(dim=(1, 2))
        layers = (self._sums(off) / self.layer_spread).square().mean(dim=(1, 2))
        return about.square().sum(dim=1) + self.weight * (cells + layers)

    def generate(self, t: Tensor, u: Tensor, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent numbers and one uniform u per cell."""
        quantities, p, m = self.decode(t, c)
        return torch.cat([quantities, self.spectrum(u, p, _log_energy(m))], dim=1)

    def start(self, x: Tensor) -> None:
        """Takes the spreads of showers x, and starts the decoder at their mean image."""
        image = _image(x[:, self.globals :])
        often = image[:, 0].mean(dim=0).clamp(_RAREST, 1 - _RAREST)
        mean = (image[:, 1].sum(dim=0) / image[:, 0].sum(dim=0).clamp(min=1)).clamp(min=0.1)
        self.cell_spread.copy_(image.std(dim=0).clamp(min=_RAREST**0.5))
        self.layer_spread.copy_(self._sums(image).std(dim=0).clamp(min=1.0))
        self.decoder.start_at(torch.stack([torch.logit(often), torch.log(torch.expm1(mean))]))

    def take_spectrum(self, x: Tensor, c: Tensor) -> None:
        """Fills the table with the hits of showers x, at the means that the decoder gives."""
        cells = x[:, self.globals :]
        _, _, m = self.decode(self.encode(x, c), c)
        hit = cells > 0
        self.spectrum.fill(cells[hit], _log_energy(m[hit]))

    def _sums(self, image: Tensor) -> Tensor:
        """Sums over layers, with shape (N, 2, layers)."""
        sums = image.new_zeros(*image.shape[:2], self.layer_spread.shape[1])
        return sums.index_add(2, self.layer_of_cell, image)


class MatchedAutoencoder(GenerativeModel, ABC):
    """An autoencoder whose latent numbers are drawn towards a prior: cost + strength * distance.

    Its stages are named "autoencoder" and "spectrum"; the second is only prepared.

    Arguments:
        shape: Sizes of its input; the cells are energies in MeV.
        latent: Number of latent numbers.
        encoder: Widths of the encoder's hidden layers.
        decoder: Widths of the decoder's hidden layers.
        weight: Weight of the image in the cost, beside that of the quantities.
        strength: Weight of the distance.
    """

    batchwise: ClassVar[bool] = True
    training_only: ClassVar[tuple[str, ...]] = (
        "autoencoder.encoder",
        "autoencoder.cell_spread",
        "autoencoder.layer_spread",
    )

    def __init__(
        self,
        shape: ShowerShape,
        *,
        latent: int,
        encoder: tuple[int, ...],
        decoder: tuple[int, ...],
        weight: float,
        strength: float,
    ) -> None:
        super().__init__(shape)
        self.strength = strength
        self.noise = {
            "latent": Noise("normal", latent),
            "cells": Noise("uniform", shape.cells),
        }
        self.training_noise = {"prior": Noise("normal", latent)}
        self.autoencoder = HitAutoencoder(
            shape, latent=latent, encoder=encoder, decoder=decoder, weight=weight
        )

    def forward(self, z: Variates, c: Tensor) -> Tensor:
        """Showers (N, globals + cells) from latent normals and one uniform per cell."""
        return self.autoencoder.generate(self.prior(z["latent"], c), z["cells"], c)

    def loss(
        self,
        x: Tensor,
        c: Tensor,
        z: Variates,
        *,
        phase: str,  # noqa: ARG002 (there is only one)
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Cost of the reconstruction and weighted distance of the latent numbers."""
        t = self.autoencoder.encode(x, c)
        cost = self.autoencoder.cost(x, t, c).mean()
        distance = self.distance(t, self.prior(z["prior"], c), c)
        return cost + self.strength * distance, {"cost": cost, "distance": distance}

    def prepare(self, stage: str, x: Tensor, c: Tensor, z: Variates) -> None:  # noqa: ARG002
        """Starts the decoder at the mean shower; takes the spectrum of hits."""
        if stage == "autoencoder":
            self.autoencoder.start(x)
        if stage == "spectrum":
            self.autoencoder.take_spectrum(x, c)

    def prior(self, n: Tensor, c: Tensor) -> Tensor:  # noqa: ARG002 (of others)
        """Latent numbers (N, latent) of normal ones: by default these."""
        return n

    @abstractmethod
    def distance(self, t: Tensor, prior: Tensor, c: Tensor) -> Tensor:
        """Distance of encoded latent numbers from those of the prior, given the conditions."""


def _image(cells: Tensor) -> Tensor:
    """Stacks h and y, with shape (N, 2, cells)."""
    return torch.stack([(cells > 0).to(cells.dtype), torch.log1p(cells / _UNIT)], dim=1)


def _log_energy(m: Tensor) -> Tensor:
    """Logarithm of the energy in MeV at which y = m."""
    return torch.log(_UNIT * torch.expm1(m))
