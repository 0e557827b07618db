"""The autoencoder that families share: images of hits."""

import pytest
import torch

from heitler.models import ShowerShape
from heitler.models.hit_autoencoder import HitAutoencoder

SHAPE = ShowerShape((3, 5), globals=1, conditions=1)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


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
