"""Yes or no: probabilities are those of the network, and are learnt."""

from __future__ import annotations

from math import log

import pytest
import torch

from heitler.models import Bernoulli, ShowerShape, draw

SHAPE = ShowerShape((2,), globals=0, conditions=1)


def test_columns_are_one_as_often_as_the_network_says():
    model = Bernoulli(SHAPE)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
        model.network.end[-1].bias.copy_(torch.tensor([0.2, 0.9]).logit())
        y = model(draw(model.noise, 20_000, (1,)), torch.zeros(20_000, 1))
    assert set(y.unique().tolist()) == {0.0, 1.0}
    assert y.mean(dim=0).tolist() == pytest.approx([0.2, 0.9], abs=0.01)


def test_the_loss_is_the_cross_entropy():
    model = Bernoulli(SHAPE)
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    loss, _ = model.loss(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 1), {}, phase="nll")
    assert float(loss.detach()) == pytest.approx(2 * log(2))


def test_a_threshold_is_learnt():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = Bernoulli(ShowerShape((1,), globals=0, conditions=1), width=16, blocks=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    for _ in range(150):
        c = 2 * torch.rand(500, 1, generator=generator) - 1
        kept = torch.rand(500, 1, generator=generator) < torch.where(c > 0, 0.9, 0.1)
        loss, _ = model.loss(kept.float(), c, {}, phase="nll")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    p = model.probability(torch.tensor([[-0.5], [0.5]])).detach()
    assert p[:, 0].tolist() == pytest.approx([0.1, 0.9], abs=0.05)
