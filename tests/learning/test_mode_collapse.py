"""A GAN that loses modes, and the metrics that say so.

Four kinds of samples at the corners of a square. The same two networks are trained twice: with a
critic that is kept near its optimum, and with a generator that takes fifty steps for each
of the discriminator, which drives it to where that one is most fooled at the time.
"""

from __future__ import annotations

import pytest
import torch

from heitler.losses import (
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    wasserstein_critic_loss,
)
from heitler.metrics import coverage, recall, support_size
from heitler.networks import mlp

LATENT = 4


def corners(count, generator):
    signs = 2.0 * torch.randint(2, (count, 2), generator=generator) - 1.0
    return signs + 0.2 * torch.randn(count, 2, generator=generator)


def train(*, healthy, rounds, generator):
    """A generator of points; `healthy` has a Wasserstein critic that takes more steps than it."""
    torch.manual_seed(1)
    maker, judge = mlp(LATENT, (32, 32), 2), mlp(2, (32, 32), 1)
    optimizers = [torch.optim.Adam(m.parameters(), 2e-3, betas=(0.0, 0.9)) for m in (maker, judge)]
    for _ in range(rounds):
        for _ in range(4 if healthy else 1):
            x = corners(128, generator)
            with torch.no_grad():
                y = maker(torch.randn(128, LATENT, generator=generator))
            if healthy:
                mix = torch.rand(128, 1, generator=generator)
                loss = wasserstein_critic_loss(judge(x), judge(y))
                loss = loss + gradient_penalty(judge, x, y, mix)
            else:
                loss = discriminator_loss(judge(x), judge(y))
            optimizers[1].zero_grad()
            loss.backward()
            optimizers[1].step()
        for _ in range(1 if healthy else 50):
            score = judge(maker(torch.randn(128, LATENT, generator=generator)))
            optimizers[0].zero_grad()
            (-score.mean() if healthy else generator_loss(score)).backward()
            optimizers[0].step()
    with torch.no_grad():
        return maker(torch.randn(1000, LATENT, generator=generator)).numpy()


@pytest.mark.slow
def test_metrics_of_diversity_see_a_collapse_and_no_other():
    generator = torch.Generator().manual_seed(1)
    truth = corners(1000, generator).numpy()
    healthy = train(healthy=True, rounds=400, generator=generator)
    collapsed = train(healthy=False, rounds=30, generator=generator)
    for metric in (recall, coverage):
        assert metric(truth, healthy).value > 0.6
        assert metric(truth, collapsed).value < 0.4
    supports = [support_size(truth, sample, seed=1) for sample in (healthy, collapsed)]
    assert supports[0].candidate.value > 0.3 * supports[0].reference.value
    assert supports[1].candidate.value < 0.3 * supports[1].reference.value
