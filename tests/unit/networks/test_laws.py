"""One-dimensional laws: what is drawn has the distribution whose loss is least."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from heitler.networks import Gaussian, Mixture, Quantiles

LAWS = {"normal": Gaussian(), "mixture": Mixture(3), "quantiles": Quantiles(15)}
every_law = pytest.mark.parametrize("name", LAWS)


def parameters(law, count, seed=1):
    return torch.randn(count, law.size, generator=torch.Generator().manual_seed(seed))


@every_law
@given(seed=st.integers(0, 50))
def test_draws_rise_with_z(name, seed):
    law = LAWS[name]
    t = parameters(law, 1, seed).expand(41, -1)
    x = law.draw(t, torch.linspace(-3.5, 3.5, 41))
    assert bool(torch.isfinite(x).all())
    assert bool((x.diff() >= 0).all())


@every_law
def test_a_row_has_its_own_parameters(name):
    law = LAWS[name]
    t, z = parameters(law, 6), torch.linspace(-2, 2, 6)
    together = law.draw(t, z)
    for i in range(6):
        torch.testing.assert_close(law.draw(t[i : i + 1], z[i : i + 1])[0], together[i])
        losses = law.loss(t, together)
        torch.testing.assert_close(law.loss(t[i : i + 1], together[i : i + 1])[0], losses[i])


def test_the_losses_are_known_densities():
    x = torch.linspace(-2, 2, 9)
    t = torch.tensor([[0.3, -0.5]]).expand(9, -1)
    expected = -stats.norm.logpdf(x.numpy(), 0.3, torch.tensor(-0.5).exp().item())
    assert Gaussian().loss(t, x).tolist() == pytest.approx(expected.tolist(), rel=1e-5)
    mixture = Mixture(2)
    t = torch.tensor([[0.0, 1.0, 0.2, 0.1, -1.0, 0.0]]).expand(9, -1)
    share = torch.softmax(torch.tensor([0.0, 1.0]), dim=0).tolist()
    density = sum(
        p * stats.norm.pdf(x.numpy(), mean, width)
        for p, mean, width in zip(share, (-0.8, 1.1), (0.36787944, 1.0), strict=True)
    )
    assert mixture.loss(t, x).exp().reciprocal().tolist() == pytest.approx(list(density), rel=1e-4)


def test_the_pinball_loss_by_hand():
    law = Quantiles(2)
    t = torch.tensor([[1.0, 0.0]])
    quantiles = law.draw(t.expand(2, -1), torch.tensor([-2.5, 2.5]))
    assert quantiles.tolist() == pytest.approx([-4.0, 1.0])
    tau = stats.norm.cdf(2.5)
    expected = 0.5 * ((1 - tau) * 7.0 + tau * 2.0)
    assert float(law.loss(t, torch.tensor([3.0]))) == pytest.approx(expected, rel=1e-5)


@every_law
def test_the_true_law_is_learnt(name):
    """Normal numbers of mean 0.7 and width 0.4, the parameters free."""
    law = LAWS[name]
    generator = torch.Generator().manual_seed(1)
    x = 0.7 + 0.4 * torch.randn(4000, generator=generator)
    t = torch.zeros(1, law.size, requires_grad=True)
    optimizer = torch.optim.Adam([t], lr=0.1)
    for _ in range(120):
        optimizer.zero_grad()
        law.loss(t.expand(len(x), -1), x).mean().backward()
        optimizer.step()
    z = torch.randn(4000, generator=generator)
    drawn = law.draw(t.detach().expand(len(z), -1), z)
    assert stats.ks_2samp(drawn.numpy(), x.numpy()).statistic < 0.04


@pytest.mark.parametrize(("law", "message"), [(Mixture, "one component"), (Quantiles, "two lev")])
def test_laws_need_parameters(law, message):
    with pytest.raises(ValueError, match=message):
        law(0)
