"""Columns become independent normal numbers, whatever their law and conditions."""

from __future__ import annotations

import math

import pytest
import torch

from heitler.networks import ColumnFlow


def made(columns=2, **settings):
    """A flow with weights that matter: those that training starts from are nearly straight."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        flow = ColumnFlow(columns, 1, width=16, blocks=1, **settings)
        for line in flow.lines.parameters():
            torch.nn.init.normal_(line, std=0.3)
    return flow


def told(count=400, seed=1):
    return 2 * torch.rand(count, 1, generator=torch.Generator().manual_seed(seed)) - 1


def test_the_inverse_brings_rows_back():
    flow, c = made(3), told()
    x = 2 * torch.randn(len(c), 3, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        u = flow(x, c, torch.zeros_like(x))
        back = flow.inverse(u, c)
    assert float((u - x).abs().max()) > 0.1
    torch.testing.assert_close(back, x, rtol=1e-3, atol=1e-3)


def test_the_loss_is_minus_the_logarithm_of_a_density():
    """It integrates to one, up to the straight flanks, which hold next to nothing."""
    flow = made(1)
    x = torch.linspace(-25.0, 25.0, 20001)[:, None]
    for value in (-0.7, 0.4):
        with torch.no_grad():
            loss = flow.loss(x, torch.full_like(x, value))
        density = torch.exp(-loss) / (2 * torch.pi) ** 0.5
        assert float(torch.trapezoid(density[:, 0], x[:, 0])) == pytest.approx(1.0, abs=0.005)


def test_a_row_far_out_pulls_no_harder_than_one_at_the_end():
    flow, c = made(1), torch.zeros(1, 1)
    slopes = []
    for value in (60.0, 600.0):
        x = torch.full((1, 1), value, requires_grad=True)
        flow.loss(x, c).sum().backward()
        slopes.append(float(x.grad))
    assert slopes[0] > 0
    assert slopes[1] == pytest.approx(slopes[0])


def test_rows_that_are_all_the_same_are_a_point():
    flow, c = made(2), told(50)
    with torch.no_grad():
        for p in flow.parameters():
            p.zero_()
        for head, law in zip(flow.heads, ([0.3, -9.0], [0.7, 0.0]), strict=True):
            head.end[-1].bias[:2] = torch.tensor(law)
        x = flow.inverse(torch.randn(50, 2), c)
        filler = torch.randn(50, 2)
        u = flow(x, c, filler)
        density = torch.exp(-flow.loss(x, c))
    assert torch.equal(u[:, 0], filler[:, 0])
    assert not bool((u[:, 1] == filler[:, 1]).any())
    assert float(density[:, 0].max()) <= math.exp(7.01)
    torch.testing.assert_close(x[:, 0], torch.full((50,), 0.3), rtol=0, atol=0.01)
    assert len(x[:, 1].unique()) == 50


def skewed(count, seed):
    """An exponential law of the mean 1 + c / 2 that ends at 3 c: no normal one is near."""
    generator = torch.Generator().manual_seed(seed)
    c = 2 * torch.rand(count, 1, generator=generator) - 1
    u = torch.rand(count, 1, generator=generator).clamp(min=1e-6)
    return 3 * c + (1 + c / 2) * u.log(), c


def test_an_edge_that_moves_with_the_conditions_is_learnt():
    flow = made(1)
    steps = 400
    optimizer = torch.optim.Adam(flow.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 0.01 * (1 - k / steps))
    for step in range(steps):
        optimizer.zero_grad()
        flow.loss(*skewed(500, step)).mean().backward()
        optimizer.step()
        schedule.step()
    x, c = skewed(20000, 1000)
    with torch.no_grad():
        u = flow(x, c, torch.zeros_like(x))
        drawn = flow.inverse(torch.randn(20000, 1), c)
    for low in (-1.0, 0.0):
        inside = (c >= low) & (c < low + 1)
        assert float(u[inside].mean()) == pytest.approx(0.0, abs=0.06)
        assert float(u[inside].std()) == pytest.approx(1.0, abs=0.06)
    # A normal law of the right mean and width has a sixth of its rows beyond the edge.
    beyond = drawn > 3 * c + 0.1
    assert float(beyond.double().mean()) < 0.01
