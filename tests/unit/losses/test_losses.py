"""Losses beside independent implementations and values known in closed form."""

import numpy as np
import pytest
import scipy.stats
import torch
from scipy.spatial.distance import cdist
from torch.distributions import Bernoulli, Gamma, Normal, kl_divergence

from heitler.losses import (
    bernoulli_nll,
    constrainer_loss,
    cramer_critic,
    cramer_generator_loss,
    discriminator_loss,
    gamma_nll,
    generator_loss,
    gradient_penalty,
    kl_to_standard_normal,
    slope_penalty,
    wasserstein_critic_loss,
)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def test_kl_of_normals(generator):
    mean, log_variance = torch.randn(2, 7, 5, generator=generator, dtype=torch.float64)
    normal = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(normal, Normal(torch.zeros(()), torch.ones(()))).sum(dim=1)
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), expected)


def test_kl_is_zero_for_the_standard_normal_only():
    zero = torch.zeros(3, 4)
    assert kl_to_standard_normal(zero, zero).tolist() == [0.0] * 3
    assert bool((kl_to_standard_normal(zero + 0.1, zero) > 0).all())
    assert bool((kl_to_standard_normal(zero, zero - 0.1) > 0).all())


def test_free_nats_are_the_least_that_a_latent_number_costs():
    mean = torch.tensor([[0.0, 0.1, 2.0]])
    each = 0.5 * mean.square()[0]
    got = kl_to_standard_normal(mean, torch.zeros(1, 3), free_nats=0.5)
    assert float(got) == pytest.approx(0.5 + 0.5 + float(each[2]))
    collapsed = torch.zeros(1, 3, requires_grad=True)
    kl_to_standard_normal(collapsed + 0.1, torch.zeros(1, 3), free_nats=0.5).sum().backward()
    assert collapsed.grad.tolist() == [[0.0, 0.0, 0.0]]


def test_bernoulli(generator):
    logit = 3 * torch.randn(6, 9, generator=generator, dtype=torch.float64)
    hit = (torch.rand(6, 9, generator=generator) < 0.5).double()
    expected = -Bernoulli(logits=logit).log_prob(hit).sum(dim=1)
    torch.testing.assert_close(bernoulli_nll(hit, logit), expected)


def test_bernoulli_is_finite_where_it_is_certain():
    assert float(bernoulli_nll(torch.ones(1, 1), torch.tensor([[-200.0]]))) == pytest.approx(200.0)


@pytest.mark.parametrize("shape", [0.3, 1.0, 2.5, 40.0])
def test_gamma(shape, generator):
    energy = torch.empty(50, dtype=torch.float64).exponential_(generator=generator)
    log_mean = torch.randn(50, generator=generator, dtype=torch.float64)
    k = torch.tensor(shape, dtype=torch.float64)
    got = gamma_nll(energy, log_mean, k)
    torch.testing.assert_close(got, -Gamma(k, k / log_mean.exp()).log_prob(energy))
    scale = np.exp(log_mean.numpy()) / shape
    expected = -scipy.stats.gamma(shape, scale=scale).logpdf(energy.numpy())
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-9, atol=1e-9)


def test_the_gamma_law_is_best_at_the_mean():
    energy = torch.tensor([0.5, 1.0, 4.5], dtype=torch.float64)
    level = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    gamma_nll(energy, level, torch.tensor(1.7, dtype=torch.float64)).sum().backward()
    at_mean = energy.mean().log().detach().requires_grad_()
    gamma_nll(energy, at_mean, torch.tensor(1.7, dtype=torch.float64)).sum().backward()
    assert float(at_mean.grad) == pytest.approx(0.0, abs=1e-12)
    assert float(level.grad) < 0


def test_the_critic_loss_is_the_difference_of_means():
    real, generated = torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [6.0], [7.0]])
    assert float(wasserstein_critic_loss(real, generated)) == 4.0


def test_the_best_linear_critic_finds_the_distance_of_shifted_samples(generator):
    real = torch.randn(100, 1, generator=generator)
    # D(x) = x is 1-Lipschitz and optimal for a shift to smaller values.
    assert float(-wasserstein_critic_loss(real, real - 2.5)) == pytest.approx(2.5, rel=1e-6)


@pytest.mark.parametrize(("weights", "penalty"), [((3.0, 4.0), 16.0), ((0.6, 0.8), 0.0)])
def test_the_penalty_of_a_linear_critic(weights, penalty, generator):
    w = torch.tensor(weights)[:, None]
    real, generated = torch.randn(2, 8, 2, generator=generator)
    mix = torch.rand(8, 1, generator=generator)
    got = gradient_penalty(lambda x: x @ w, real, generated, mix)
    assert float(got.detach()) == pytest.approx(penalty, abs=1e-6)


@pytest.mark.parametrize(("weights", "penalty"), [((3.0, 4.0), 16.0), ((0.3, 0.4), 0.0)])
def test_only_slopes_above_one_are_penalised(weights, penalty, generator):
    """And one that is flat, as between equal distributions, has a gradient that is a number."""
    w = torch.tensor(weights)[:, None].requires_grad_()
    real, generated = torch.randn(2, 8, 2, generator=generator)
    mix = torch.rand(8, 1, generator=generator)
    got = slope_penalty(lambda x: x @ w, real, generated, mix)
    assert float(got.detach()) == pytest.approx(penalty, abs=1e-5)
    flat = torch.zeros(2, 1, requires_grad=True)
    slope_penalty(lambda x: x @ flat, real, generated, mix).backward()
    assert flat.grad is not None
    assert torch.equal(flat.grad, torch.zeros(2, 1))


def test_the_penalty_is_taken_between_the_samples():
    # D = |x|^2 / 2 has the gradient x: at real (mix 1) its norm is 3, at generated 1, midway 2.
    def critic(x):
        return 0.5 * x.square().sum(dim=1, keepdim=True)

    real, generated = torch.tensor([[3.0]]), torch.tensor([[1.0]])
    for mix, penalty in ((1.0, 4.0), (0.0, 0.0), (0.5, 1.0)):
        got = gradient_penalty(critic, real, generated, torch.tensor([[mix]]))
        assert float(got.detach()) == pytest.approx(penalty, abs=1e-6)


def test_the_penalty_trains_the_critic_and_works_without_gradients():
    w = torch.tensor([[3.0], [4.0]], requires_grad=True)
    real, mix = torch.randn(4, 2), torch.rand(4, 1)
    gradient_penalty(lambda x: x @ w, real, real + 1, mix).backward()
    # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w|
    torch.testing.assert_close(w.grad, 8.0 * w.detach() / 5.0)
    with torch.no_grad():
        value = gradient_penalty(lambda x: x @ w, real, real + 1, mix)
    assert float(value) == pytest.approx(16.0, rel=1e-5)


def test_the_discriminator_loss_is_the_binary_cross_entropy(generator):
    real, fake = torch.randn(2, 7, 1, generator=generator, dtype=torch.float64)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = entropy(real, torch.ones_like(real)) + entropy(fake, torch.zeros_like(fake))
    torch.testing.assert_close(discriminator_loss(real, fake), expected)
    torch.testing.assert_close(generator_loss(fake), entropy(fake, torch.ones_like(fake)))


def test_the_best_discriminator_knows_the_jensen_shannon_divergence():
    # p = (0.8, 0.2) and q = (0.3, 0.7) on two points: D* = ln p / q (Goodfellow et al., eq. 4).
    p, q = torch.tensor([0.8, 0.2]), torch.tensor([0.3, 0.7])
    logit = (p / q).log()
    rows = (10 * p).long(), (10 * q).long()
    got = discriminator_loss(*(logit.repeat_interleave(counts) for counts in rows))
    mixed = (p + q) / 2
    divergence = 0.5 * (p * (p / mixed).log() + q * (q / mixed).log()).sum()
    assert float(got) == pytest.approx(float(2 * np.log(2) - 2 * divergence), rel=1e-6)


def test_the_generator_has_a_slope_where_its_samples_are_seen_through():
    logit = torch.tensor([[-30.0]], requires_grad=True)
    generator_loss(logit).backward()
    assert float(logit.grad) == pytest.approx(-1.0, rel=1e-6)


def test_the_cramer_critic_by_hand():
    h, other = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 4.0]])
    assert float(cramer_critic(h, other)) == pytest.approx(3.0 - 5.0)


def test_the_cramer_losses_are_the_energy_distance(generator):
    """Over all pairs, with |h(x) - h(x')| added, they are scipy's sum of distances."""
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(40, 3, generator=generator, dtype=torch.float64) + 1.0
    first, second = torch.meshgrid(torch.arange(40), torch.arange(40), indexing="ij")
    first, second = first.flatten(), second.flatten()
    between = cdist(x.numpy(), y.numpy()).mean()
    inside = cdist(y.numpy(), y.numpy()).mean()
    # Over all pairs, y and y' run through the same sample.
    pairs = cramer_generator_loss(x[first], y[second], y[second])
    assert float(pairs) == pytest.approx(2 * between, rel=1e-5)
    assert float(cramer_generator_loss(x, y, y.roll(1, 0))) < float(cramer_generator_loss(x, y, y))
    f = cramer_critic(x[first], y[second]).mean() - cramer_critic(y[first], y[second]).mean()
    origin = x.norm(dim=1).mean() - y.norm(dim=1).mean()
    assert float(f) == pytest.approx(between - inside - float(origin), rel=1e-5)


def test_the_cramer_losses_have_slopes_at_equal_features():
    h = torch.zeros(2, 3, requires_grad=True)
    (cramer_generator_loss(h, h * 2, h * 3) + cramer_critic(h, h).mean()).backward()
    assert bool(torch.isfinite(h.grad).all())


def test_the_constrainer_compares_errors_of_the_same_truth():
    truth = torch.tensor([[1.0], [2.0]])
    real, generated = torch.tensor([[1.5], [2.0]]), torch.tensor([[0.0], [4.0]])
    # Errors of 1/4 and 0 against 1 and 4: the mean of 3/4 and 4.
    assert float(constrainer_loss(real, generated, truth)) == pytest.approx(2.375)
    assert float(constrainer_loss(real, 2 * truth - real, truth)) == 0.0
    assert float(constrainer_loss(real, truth, truth)) == pytest.approx(0.125)
