"""Parts that families share: images of hits, and hits with gradients."""

import pytest
import torch
from scipy.stats import kstest, weibull_min

from heitler.models import ShowerShape
from heitler.models.adversarial_hits import Discriminator, HitGenerator
from heitler.models.hit_autoencoder import HitAutoencoder

SHAPE = ShowerShape((3, 5), globals=1, conditions=1)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


@pytest.fixture
def fixed_hits(monkeypatch):
    """A generator whose cells all have p = 0.3, m = 2 MeV and k = 0.5."""
    torch.manual_seed(1)
    made = HitGenerator(SHAPE, latent=2, hidden=(8,), rank=2)
    values = torch.tensor([0.3 / 0.7, 2.0, torch.expm1(torch.tensor(0.4))]).log()
    cells = values[None, :, None].expand(-1, -1, SHAPE.cells).clone().requires_grad_()
    quantities = torch.zeros(1, 1)
    monkeypatch.setattr(
        made.decoder,
        "forward",
        lambda inputs: (quantities.expand(len(inputs), -1), cells.expand(len(inputs), -1, -1)),
    )
    return made, cells


def sample(made, count, generator):
    u = torch.rand(count, SHAPE.cells, generator=generator)
    return made(torch.zeros(count, 2), u, torch.zeros(count, 1))[:, 1:], u


def test_hits_are_as_frequent_as_asked_and_follow_the_law_of_weibull(fixed_hits, generator):
    cells, u = sample(fixed_hits[0], 3000, generator)
    cells = cells.detach()
    assert torch.equal(cells > 0, u < torch.sigmoid(torch.tensor(0.3 / 0.7).log()))
    assert float((cells > 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    law = weibull_min(2.0, scale=2.0)
    assert kstest(cells[cells > 0].numpy()[:4000], law.cdf).pvalue > 1e-3


def test_the_gradient_of_the_mean_energy_knows_of_hits_that_come_and_go(fixed_hits, generator):
    made, values = fixed_hits
    sample(made, 40_000, generator)[0].mean(dim=0).sum().backward()
    # The mean is p m Gamma(1 + k): its slope by ln(p / (1 - p)) is (1 - p) times it.
    mean = 0.3 * 2.0 * float(torch.lgamma(torch.tensor(1.5)).exp())
    slopes = values.grad[0].mean(dim=1)
    assert float(slopes[0]) == pytest.approx(0.7 * mean, rel=0.02)
    assert float(slopes[1]) == pytest.approx(mean, rel=0.02)


def test_a_generator_starts_at_the_mean_shower(generator):
    torch.manual_seed(1)
    made = HitGenerator(SHAPE, latent=2, hidden=(8,), rank=2)
    often, mean = torch.linspace(0.2, 0.9, 8), torch.linspace(0.5, 20.0, 8)
    gamma = torch.empty(3, 4000, 8).exponential_(generator=generator).mean(dim=0)
    truth = torch.where(torch.rand(4000, 8, generator=generator) < often, gamma * mean, 0.0)
    with torch.no_grad():
        made.start_at(truth)
        for p in (*made.decoder.cells.coefficients.parameters(), made.decoder.cells.basis):
            p.zero_()
        cells, _ = sample(made, 4000, generator)
    torch.testing.assert_close((cells > 0).float().mean(0), often, rtol=0, atol=0.03)
    torch.testing.assert_close(cells.mean(0), truth.mean(0), rtol=0.1, atol=0.02)
    torch.testing.assert_close(cells.std(0), truth.std(0), rtol=0.1, atol=0.02)


def test_a_discriminator_sees_groups_of_equal_weight_beside_showers_of_the_same_condition(
    generator,
):
    discriminator = Discriminator(SHAPE, hidden=(8, 4), others=2)
    c = torch.randn(500, 1, generator=generator)
    x = torch.empty(500, 9).exponential_(generator=generator) * torch.exp(c)
    discriminator.start_at(x, c)
    seen = []
    discriminator.body.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    discriminator(x, c, torch.randn(500, 2, generator=generator))
    groups = seen[0].split([1, 4, 8, 3], dim=1)
    totals = [float(group.var(dim=0).sum()) for group in groups]
    assert totals == pytest.approx([16 / 4] * 4, rel=0.15)
    for group in groups[:3]:
        assert float((group * c).mean(dim=0).abs().max()) < 1e-4
        assert float(group.mean(dim=0).abs().max()) < 1e-4


@pytest.fixture
def autoencoder():
    torch.manual_seed(1)
    return HitAutoencoder(SHAPE, latent=2, encoder=(8,), decoder=(8,), weight=3.0)


def test_the_cost_is_the_quadratic_form_of_image_and_sums(autoencoder, generator):
    x = torch.empty(2, 9).exponential_(generator=generator)
    x[:, 1::2] = 0.0
    c, t = torch.zeros(2, 1), torch.zeros(2, 2)
    autoencoder.cell_spread.fill_(2.0)
    autoencoder.layer_spread.fill_(4.0)
    v, p, m = autoencoder.decode(t, c)
    cells = x[:, 1:]
    off = torch.stack([(cells > 0).float() - p, torch.log1p(10 * cells) - p * m])
    sums = torch.stack([off[..., :3].sum(-1), off[..., 3:].sum(-1)], dim=-1)
    image = (off / 2).square().mean(dim=(0, 2)) + (sums / 4).square().mean(dim=(0, 2))
    expected = (x[:, :1] - v).square().sum(dim=1) + 3.0 * image
    torch.testing.assert_close(autoencoder.cost(x, t, c), expected)


def test_the_least_cost_is_at_the_conditional_means(autoencoder, generator):
    hit = torch.rand(20_000, 8, generator=generator) < 0.3
    energy = torch.empty(20_000, 8).exponential_(generator=generator)
    x = torch.cat([torch.zeros(20_000, 1), torch.where(hit, energy, 0.0)], dim=1)
    y = torch.log1p(10 * energy[hit]).mean()
    cells = torch.zeros(2, 8, requires_grad=True)
    autoencoder.decoder.forward = lambda inputs: (
        inputs.new_zeros(len(inputs), 1),
        cells.expand(len(inputs), -1, -1),
    )
    autoencoder.start(x)
    optimizer = torch.optim.LBFGS([cells], max_iter=40)

    def closure():
        optimizer.zero_grad()
        loss = autoencoder.cost(x, x.new_zeros(len(x), 2), x.new_zeros(len(x), 1)).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    _, p, m = autoencoder.decode(torch.zeros(1, 2), torch.zeros(1, 1))
    torch.testing.assert_close(p[0], torch.full((8,), 0.3), rtol=0, atol=0.02)
    torch.testing.assert_close(m[0], y.expand(8), rtol=0.03, atol=0)
