"""Rectified normal numbers beside scipy, and where a generator starts."""

import pytest
import scipy.stats
import torch

from heitler.networks import CellGenerator, RectifiedNormal, rectified_normal


@pytest.mark.parametrize(("location", "width"), [(-1.0, 1.0), (0.3, 0.5), (4.0, 1.0), (-2.0, 0.7)])
def test_the_law_is_found_from_its_moments(location, width):
    law = scipy.stats.norm(location, width)
    mean = law.expect(lambda r: r, lb=0.0)
    square = law.expect(lambda r: r**2, lb=0.0)
    got = rectified_normal(*torch.tensor([[mean], [square]], dtype=torch.float64))
    wanted = location, width, law.sf(0.0)
    for value, expected in zip(got, wanted, strict=True):
        assert float(value) == pytest.approx(expected, rel=0.02, abs=0.01)


def linear_showers(count=4000, seed=1):
    """Roots of energies that are linear in a condition and in one hidden number."""
    generator = torch.Generator().manual_seed(seed)
    c, hidden = torch.randn(2, count, 1, generator=generator)
    noise = torch.randn(count, 7, generator=generator)
    trend = torch.tensor([[1.0, 0.0, 0.5, 0.5, 0.2, 0.0, 0.0]])
    shared = torch.tensor([[0.5, 1.0, -1.0, 0.8, 0.4, -0.4, 0.0]])
    base = torch.tensor([0.0, 8.0, 8.0, 8.0, 6.0, 6.0, -1.0])
    number = base + c @ trend + hidden @ shared + 0.4 * noise
    return torch.cat([number[:, :1], number[:, 1:].relu().square()], dim=1), c


def test_a_generator_starts_at_the_linear_model():
    x, c = linear_showers()
    end = RectifiedNormal(1, 6, 2, 1)
    end.start_at(x, c)
    generator = torch.Generator().manual_seed(2)
    t = torch.cat([torch.randn(len(c), 2, generator=generator), c], dim=1)
    with torch.no_grad():
        y = end(torch.zeros(len(c), 2, 7), t, torch.randn(len(c), 7, generator=generator))
    torch.testing.assert_close(y[:, 1:].mean(0), x[:, 1:].mean(0), rtol=0.03, atol=0.02)
    torch.testing.assert_close(y.std(0), x.std(0), rtol=0.1, atol=0.05)
    # What cells share, with c and with each other.
    seen, made = (torch.corrcoef(torch.cat([each, c], dim=1).T) for each in (x, y))
    seen, made = (each[[0, 1, 2, 3, 4, 5, 7]][:, [0, 1, 2, 3, 4, 5, 7]] for each in (seen, made))
    torch.testing.assert_close(made, seen, rtol=0.0, atol=0.12)


def test_a_start_may_have_more_latent_numbers_than_showers():
    x, c = linear_showers(5)
    end = RectifiedNormal(1, 6, 9, 1)
    end.start_at(x, c)
    assert bool(torch.isfinite(end.start).all() and torch.isfinite(end.slope).all())


def test_empty_showers_leave_cells_empty():
    end = RectifiedNormal(0, 4, 1, 1)
    end.start_at(torch.zeros(20, 4), torch.randn(20, 1))
    made = end(torch.zeros(3, 2, 4), torch.zeros(3, 2), torch.zeros(3, 4))
    assert float(made.detach().max()) < 1e-6


def test_columns_of_a_generator_follow_their_noise():
    generator = CellGenerator(2, 1, 1, (2, 3), hidden=(4,), rank=2)
    latent, noise, c = torch.zeros(1, 2), torch.full((1, 6), 2.0), torch.zeros(1, 1)
    with torch.no_grad():
        more = generator(latent, noise + torch.eye(6)[3], c) - generator(latent, noise, c)
    assert more[0].nonzero().flatten().tolist() == [3]
    assert float(more[0, 3]) > 0
