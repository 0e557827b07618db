"""The gamma profile of each shower: its two parameters, its maximum, and the energy below it.

Notation: t is the depth along the particle's line of flight, E_0 the energy. On average a shower
deposits

    dE/dt = E_0 b (b t)^(a - 1) exp(-b t) / Gamma(a),   t_max = (a - 1) / b

(Longo and Sestili 1975; Particle Data Group, "Passage of particles through matter"). The
parameters are those of the method of moments: the mean of the law is a / b, its variance a / b^2.
A sensitive layer samples dE/dt at its centre t_l, so that layer l has the weight

    w_l = E_l dt_l / s_l

in the moments, with the depth dt_l that it stands for and the thickness s_l of its active plates.
The sum of these weights is the energy of which resolution and linearity of a calorimeter speak:
where the absorber gets thicker with the depth, the visible energy knows how deep a shower is.

Depths are in radiation lengths X0 from the face where the detector's stack is known, and in layers
(t_l = l + 1/2) where it is not. Energy that leaks out at the back is not made up for: it lowers
both moments. A shower with energy in fewer than two layers has no gamma profile: a = b = 0, and
t_max is its layer's depth, 0 if it is empty.
"""

from __future__ import annotations

import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.observables.base import observable
from heitler.observables.energy import layer_energy
from heitler.showers import Showers

__all__ = [
    "gamma_rate",
    "gamma_shape",
    "layer_lengths",
    "maximum_residual",
    "shower_maximum",
    "weighted_energy",
    "weighted_response",
]


@observable("shape a of the gamma profile", "")
def gamma_shape(showers: Showers) -> Tensor:
    """Shape a = <t>^2 / var(t) of the longitudinal gamma profile, with shape (N,)."""
    mean, variance = _moments(showers)
    return (mean**2 / variance.where(variance > 0, 1.0)).where(variance > 0, 0.0)


@observable("rate b of the gamma profile", "per X0 or layer")
def gamma_rate(showers: Showers) -> Tensor:
    """Rate b = <t> / var(t) of the longitudinal gamma profile per X0 (or layer), (N,)."""
    mean, variance = _moments(showers)
    return (mean / variance.where(variance > 0, 1.0)).where(variance > 0, 0.0)


@observable("depth of the shower maximum", "X0 or layers")
def shower_maximum(showers: Showers) -> Tensor:
    """Maximum of the gamma profile: t_max = <t> - var(t) / <t> in X0 (or layers), (N,).

    A profile that falls from the face on (a < 1) has it at 0.
    """
    mean, variance = _moments(showers)
    return (mean - variance / mean.where(mean > 0, 1.0)).clamp(min=0.0)


@observable("depth of the shower maximum beyond ln(E / E_c)", "X0 or layers", signed=True)
def maximum_residual(showers: Showers) -> Tensor:
    """Depth of the maximum less that of Heitler's cascade, t_max - ln(E_inc / E_c), in X0, (N,).

    What is left is when the cascade began: its tail are photons that convert late, rare events
    that the spread of incident energies hides in t_max. Where the stack is not known it is t_max
    in layers, and 0 for an empty shower.

    Reference: Heitler, The Quantum Theory of Radiation, 3rd ed. 1954, section 38.
    """
    maximum, detector = shower_maximum(showers), showers.detector
    if not detector.stack:
        return maximum
    residual = maximum - (showers.particles.energy / detector.critical_energy).log()
    return residual.where(showers.deposits.any(dim=-1), 0.0)


@observable("visible energy, each layer weighted by its absorber", "MeV")
def weighted_energy(showers: Showers) -> Tensor:
    """Sum of the weights: sum_l E_l dt_l / s_l in MeV, with shape (N,).

    It is the visible energy where the stack is not known, and nearly the incident energy in a
    calorimeter without passive material.
    """
    return _weights(showers)[1].sum(dim=-1)


@observable("visible energy weighted by the absorber / incident energy", "")
def weighted_response(showers: Showers) -> Tensor:
    """Weighted energy over incident energy, sum_l E_l dt_l / s_l / E_inc, with shape (N,).

    Where the absorber gets thicker with the depth it fluctuates less than the plain response, so
    that an energy scale is seen in fewer showers.
    """
    return weighted_energy(showers) / showers.particles.energy


def layer_lengths(detector: Detector) -> tuple[Tensor, Tensor]:
    """Depths t_l of the layers' centres and their weights dt_l / s_l, each with shape (layers,).

    Both are for perpendicular incidence; depths in X0 where the stack is known, else in layers.
    """
    layers = detector.geometry.layers
    if not detector.stack:
        return torch.arange(layers, dtype=torch.float64) + 0.5, torch.ones(layers).double()
    lengths = torch.tensor(
        [slab.thickness / slab.material.radiation_length for slab in detector.stack],
        dtype=torch.float64,
    )
    active = torch.tensor([slab.active for slab in detector.stack])
    planes = (lengths.cumsum(dim=0) - lengths / 2)[active].reshape(layers, -1)
    seen = lengths[active].reshape(layers, -1).sum(dim=-1)
    depth = planes.mean(dim=-1)
    spacing = torch.gradient(depth)[0] if layers > 1 else torch.ones_like(depth)
    return depth, spacing / seen


def _moments(showers: Showers) -> tuple[Tensor, Tensor]:
    """Mean and variance of t; the variance is 0 with fewer than two layers, each (N,)."""
    depth, energy = _weights(showers)
    total = energy.sum(dim=-1, keepdim=True)
    share = energy / total.where(total > 0, 1.0)
    mean = share @ depth
    variance = (share * (depth - mean[:, None]) ** 2).sum(dim=-1)
    several = (energy > 0).sum(dim=-1) >= 2
    slant = showers.particles.direction[:, 2]
    return mean / slant, variance.where(several, 0.0) / slant**2


def _weights(showers: Showers) -> tuple[Tensor, Tensor]:
    """Depths t_l (layers,) and weights w_l in MeV (N, layers)."""
    depth, weight = layer_lengths(showers.detector)
    return depth, layer_energy(showers) * weight
