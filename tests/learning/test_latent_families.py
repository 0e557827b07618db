"""Families with latent numbers learn a law that has one, in seconds, beside a two-sample test.

A hidden normal number s is the global quantity v of a shower and decides how many of its cells are
hit; the condition moves the energies of hits. Two samples of the law itself are the floor.
"""

from __future__ import annotations

from itertools import chain, cycle, islice, repeat

import pytest
import torch
from scipy.stats import ks_2samp

from heitler.models import WAEMMD, ShowerShape, SinkhornAE, draw

SHAPE = ShowerShape((5, 7), globals=1, conditions=1)
OFTEN, SLOPE = torch.linspace(1.5, -1.5, 12), torch.linspace(0.5, 2.0, 12)
BAR = 0.15
"""Largest Kolmogorov-Smirnov distance; two samples of the law are about 0.02 apart."""

LEVEL = torch.linspace(0.0, 1.5, 12)
SMALL = {"latent": 2, "encoder": (24,), "decoder": (24,)}
FAMILIES = {
    "WAE-MMD": (WAEMMD, {**SMALL, "discrepancy": 30.0}, 400, 1e-2),
    "Sinkhorn autoencoder": (
        SinkhornAE,
        {**SMALL, "generator": (), "divergence": 10.0},
        300,
        5e-3,
    ),
    "with noise generator": (SinkhornAE, {**SMALL, "generator": (16,)}, 300, 1e-2),
}


def law(count, seed):
    """Showers x = (s, cells) and conditions c."""
    generator = torch.Generator().manual_seed(seed)
    s, c = torch.randn(2, count, 1, generator=generator)
    hit = torch.rand(count, 12, generator=generator) < torch.sigmoid(OFTEN + SLOPE * s)
    gamma = torch.empty(3, count, 12).exponential_(generator=generator).mean(dim=0)
    return torch.cat([s, torch.where(hit, gamma * torch.exp(LEVEL + 0.8 * c), 0.0)], dim=1), c


def turns(stage):
    """The phases of a stage in the order of their steps, for ever."""
    return cycle(chain.from_iterable(repeat(phase, phase.steps) for phase in stage.phases))


def fit(model, x, c, *, steps, rate, size=64):
    z = draw(model.training_noise, len(x), (1,))
    for stage in model.stages:
        with torch.no_grad():
            model.prepare(stage.name, x, c, z)
        if not stage.phases:
            continue
        optimizers = {
            phase.name: torch.optim.Adam(model.parameters_of(phase), lr=rate, betas=(0.5, 0.99))
            for phase in stage.phases
        }
        for step, phase in enumerate(islice(turns(stage), steps)):
            rows = torch.arange(step * size, (step + 1) * size) % len(x)
            noise = draw(model.training_noise, size, (2, step))
            optimizer = optimizers[phase.name]
            for group in optimizer.param_groups:
                group["lr"] = rate * (1 - step / steps)
            model.zero_grad()
            model.loss(x[rows], c[rows], noise, phase=phase.name)[0].backward()
            optimizer.step()


def summaries(x, c):
    """Numbers with one value per shower: quantity, hits, energy at a condition, hits and s."""
    cells = x[:, 1:]
    hits = (cells > 0).float().sum(dim=1)
    energy = (cells.sum(dim=1) + 0.1).log() - 0.8 * c[:, 0]
    return {"quantity": x[:, 0], "hits": hits, "energy": energy, "both": hits - 2 * x[:, 0]}


def distances(x, c, other, other_c):
    one, two = summaries(x, c), summaries(other, other_c)
    return {name: ks_2samp(one[name], two[name]).statistic for name in one}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_learns_the_law(name):
    family, settings, steps, rate = FAMILIES[name]
    x, c = law(64 * 60, 1)
    fresh, fresh_c = law(3000, 2)
    torch.manual_seed(1)
    model = family(SHAPE, **settings)
    fit(model, x, c, steps=steps, rate=rate)
    with torch.no_grad():
        made = model.eval()(draw(model.noise, 3000, (3,)), fresh_c)
    got = distances(made, fresh_c, fresh, fresh_c)
    assert max(got.values()) < BAR
    often = (made[:, 1:] > 0).float().mean(dim=0) - (fresh[:, 1:] > 0).float().mean(dim=0)
    assert float(often.abs().max()) < 0.08


def test_the_bar_is_between_the_law_and_laws_without_hidden_number_or_condition():
    x, c = law(3000, 1)
    fresh, fresh_c = law(3000, 2)
    apart = torch.cat([x[:, :1].roll(1, 0), x[:, 1:]], dim=1)
    assert max(distances(x, c, fresh, fresh_c).values()) < 0.05
    assert distances(apart, c, fresh, fresh_c)["both"] > 1.2 * BAR
    assert distances(x, c.roll(1, 0), fresh, fresh_c)["energy"] > 1.2 * BAR
