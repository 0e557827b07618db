"""Splines are monotone maps with a known slope, and flows of them are densities."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.networks.splines import SplineFlow, rational_quadratic

seeds = st.integers(0, 10_000)
bins = st.integers(1, 8)
spreads = st.floats(0.0, 3.0)


def spline(seed, bins, spread, points=200):
    """Points inside and outside of the interval, and random splines, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    x = 12.0 * torch.rand(points, generator=generator, dtype=torch.float64) - 6.0
    size = (points, 3 * bins - 1)
    return x, spread * torch.randn(size, generator=generator, dtype=torch.float64)


def flow(seed=1, size=3, conditions=2, **settings):
    """A flow with random weights: the one that training starts from is a Gaussian."""
    made = SplineFlow(size, conditions, **settings).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in made.parameters():
            p.copy_(0.4 * torch.randn(p.shape, generator=generator, dtype=torch.float64))
    return made


@given(seeds, bins, spreads)
def test_the_inverse_brings_back_what_forward_took(seed, bins, spread):
    x, parameters = spline(seed, bins, spread)
    for first in (False, True):
        y, slope = rational_quadratic(x, parameters, inverse=first)
        back, other = rational_quadratic(y, parameters, inverse=not first)
        torch.testing.assert_close(back, x, rtol=0, atol=1e-5)
        torch.testing.assert_close(other, -slope, rtol=1e-4, atol=1e-4)


@given(seeds, bins, spreads, st.booleans())
def test_the_slope_is_the_numerical_derivative(seed, bins, spread, inverse):
    x, parameters = spline(seed, bins, spread)
    step = 1e-6
    low, _ = rational_quadratic(x - step, parameters, inverse=inverse)
    high, _ = rational_quadratic(x + step, parameters, inverse=inverse)
    _, slope = rational_quadratic(x, parameters, inverse=inverse)
    wanted = ((high - low) / (2 * step)).log()
    # Up to the clamp at the ends, and to knots, where the slope is continuous but bends.
    smooth = (x.abs() - 4.0).abs() > 1e-4
    assert float((slope - wanted)[smooth].abs().quantile(0.95)) < 1e-3
    assert float((slope - wanted)[smooth].abs().max()) < 0.2


@given(seeds, bins, spreads, st.booleans())
def test_splines_rise_and_stay_inside(seed, bins, spread, inverse):
    _, parameters = spline(seed, bins, spread, points=1)
    x = torch.linspace(-5.0, 5.0, 1001, dtype=torch.float64)
    y, _ = rational_quadratic(x, parameters.expand(1001, -1), inverse=inverse)
    assert bool((y.diff() > 0).all())
    inside = x.abs() < 4.0
    assert bool((y[inside].abs() <= 4.0).all())


@given(seeds, bins, spreads, st.booleans())
def test_outside_they_are_the_identity(seed, bins, spread, inverse):
    x, parameters = spline(seed, bins, spread)
    y, slope = rational_quadratic(x, parameters, inverse=inverse)
    outside = x.abs() >= 4.0
    assert bool(outside.any())
    assert torch.equal(y[outside], x[outside])
    assert bool((slope[outside] == 0.0).all())


@given(seeds, bins)
def test_splines_of_zeros_are_the_identity(seed, bins):
    x, parameters = spline(seed, bins, 0.0)
    y, slope = rational_quadratic(x, parameters)
    # The least slope is added behind the softplus that is one.
    torch.testing.assert_close(y, x, rtol=0, atol=3e-3)
    torch.testing.assert_close(slope, torch.zeros_like(x), rtol=0, atol=2e-3)


@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("couplings", [1, 2, 5])
def test_densities_belong_to_the_samples(size, couplings):
    """ln p(x) = ln N(z) - ln |det dx/dz|, the determinant by automatic differentiation."""
    made = flow(size=size, couplings=couplings, hidden=(6,))
    generator = torch.Generator().manual_seed(3)
    z, c = (torch.randn(40, n, generator=generator, dtype=torch.float64) for n in (size, 2))
    x = made.sample(z, c)
    assert x.shape == (40, size)
    assert not torch.allclose(x, z)

    def one(z, c):
        return made.sample(z[None], c[None])[0]

    jacobian = torch.stack([torch.func.jacrev(one)(*row) for row in zip(z, c, strict=True)])
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=1)
    wanted = normal - torch.linalg.slogdet(jacobian).logabsdet
    torch.testing.assert_close(made.log_prob(x, c), wanted, rtol=1e-4, atol=1e-4)


def test_two_couplings_change_every_number():
    made = flow(size=5, conditions=1, couplings=2, hidden=(6,))
    with torch.no_grad():
        for p in made.affine.parameters():
            p.zero_()
    z = torch.randn(20, 5, dtype=torch.float64).clamp(-3, 3)
    x = made.sample(z, torch.zeros(20, 1, dtype=torch.float64))
    assert bool(((x - z).abs().amax(dim=0) > 1e-3).all())


def test_it_starts_as_a_standard_normal_law():
    made = SplineFlow(3, 2)
    x, c = torch.randn(50, 3), torch.randn(50, 2)
    wanted = torch.distributions.Normal(0.0, 1.0).log_prob(x).sum(dim=1)
    torch.testing.assert_close(made.log_prob(x, c), wanted, rtol=0, atol=0.03)


def test_the_law_depends_on_the_conditions_and_integrates_to_one():
    made = flow(size=2, couplings=3, hidden=(6,))
    with torch.no_grad():
        for p in made.parameters():
            p.mul_(0.5)  # no spike is narrower than the grid
    line = torch.linspace(-12.0, 12.0, 601, dtype=torch.float64)
    points = torch.cartesian_prod(line, line)
    totals, peaks = [], []
    with torch.no_grad():
        for value in (-1.0, 1.0):
            c = torch.full((len(points), 2), value, dtype=torch.float64)
            density = made.log_prob(points, c).exp()
            totals.append(float(density.sum() * 0.04**2))
            peaks.append(int(density.argmax()))
    assert totals == pytest.approx([1.0, 1.0], abs=0.01)
    assert peaks[0] != peaks[1]


def banana(count, seed):
    """y = x^2 / 2 + 2 c + noise about the shifted parabola."""
    generator = torch.Generator().manual_seed(seed)
    c, u, v = torch.randn(3, count, 1, generator=generator)
    return torch.cat([u + c, 0.5 * u * u + 2.0 * c + 0.3 * v], dim=1), c


def test_it_learns_a_banana_that_no_gaussian_is():
    torch.manual_seed(1)
    made = SplineFlow(2, 1, couplings=4, hidden=(16, 16))
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-2)
    x, c = banana(2000, 1)
    for _ in range(200):
        optimizer.zero_grad()
        loss = -made.log_prob(x, c).mean()
        loss.backward()
        optimizer.step()
    x, c = banana(5000, 2)
    with torch.no_grad():
        reached = -float(made.log_prob(x, c).mean())
    # The best Gaussian that is linear in c: half ln det of the covariance of the rest.
    features = torch.cat([torch.ones_like(c), c], dim=1)
    rest = x - features @ torch.linalg.lstsq(features, x).solution
    gaussian = float(0.5 * torch.logdet(2 * torch.pi * torch.e * torch.cov(rest.T)))
    truth = float(0.5 * torch.log(torch.tensor((2 * torch.pi * torch.e) ** 2 * 0.3**2)))
    assert truth - 0.02 < reached < truth + 0.3 * (gaussian - truth)
    with torch.no_grad():
        made_x = made.sample(torch.randn(5000, 2), torch.ones(5000, 1))
    assert made_x.mean(dim=0).tolist() == pytest.approx([1.0, 2.5], abs=0.15)
