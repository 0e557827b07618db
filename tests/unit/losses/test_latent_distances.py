"""MMD and Sinkhorn divergence beside sums by hand, another library and known laws."""

import numpy as np
import ot
import pytest
import torch

from heitler.losses import sinkhorn_divergence, squared_mmd


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def normal(rows, columns, generator):
    return torch.randn(rows, columns, generator=generator, dtype=torch.float64)


def test_mmd_is_the_sum_over_pairs(generator):
    x, y = normal(5, 3, generator), normal(5, 3, generator) + 1
    scales = (0.5, 2.0)

    def k(a, b):
        return np.mean([6 * s / (6 * s + float((a - b).square().sum())) for s in scales])

    expected = np.mean(
        [
            k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i])
            for i in range(5)
            for j in range(5)
            if i != j
        ]
    )
    assert float(squared_mmd(x, y, scales=scales)) == pytest.approx(expected, rel=1e-12)


def test_mmd_has_no_bias_even_where_rows_share_a_number(generator):
    values = []
    for _ in range(300):
        shared = 3 * normal(20, 1, generator)
        x, y = (torch.cat([normal(20, 2, generator), shared], dim=1) for _ in range(2))
        values.append(float(squared_mmd(x, y)))
    assert abs(np.mean(values)) < 4 * np.std(values) / 300**0.5
    assert min(values) < 0 < max(values)


def test_mmd_sees_shift_spread_and_dependence(generator):
    x, y = normal(500, 2, generator), normal(500, 2, generator)
    tied = torch.cat([y[:, :1], 0.8 * y[:, :1] + 0.6 * y[:, 1:]], dim=1)
    floor = float(squared_mmd(x, y))
    for other in (y + 0.5, 1.5 * y, tied):
        assert float(squared_mmd(x, other)) > 3 * abs(floor)


def entropic_cost(x, y, epsilon):
    """<P, C> + epsilon KL(P | a b), P by another library."""
    cost = ot.dist(x, y) / 2
    n, m = cost.shape
    plan = ot.sinkhorn(
        np.ones(n) / n, np.ones(m) / m, cost, epsilon, method="sinkhorn_log", numItermax=20_000
    )
    return float((plan * cost).sum() + epsilon * (plan * np.log(plan * n * m)).sum())


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_the_divergence_of_another_library(epsilon, generator):
    x, y = normal(12, 2, generator), 0.5 * normal(15, 2, generator) + 1
    a, b = x.numpy(), y.numpy()
    expected = entropic_cost(a, b, epsilon)
    expected -= 0.5 * (entropic_cost(a, a, epsilon) + entropic_cost(b, b, epsilon))
    got = float(sinkhorn_divergence(x, y, epsilon=epsilon, iterations=300))
    assert got == pytest.approx(expected, rel=2e-4)
    assert float(sinkhorn_divergence(x, y, epsilon=epsilon)) == pytest.approx(expected, rel=0.03)


def test_the_divergence_tends_to_the_transport_cost(generator):
    x, y = normal(12, 2, generator), normal(12, 2, generator) + 2
    weights = np.ones(12) / 12
    expected = ot.emd2(weights, weights, ot.dist(x.numpy(), y.numpy()) / 2)
    got = float(sinkhorn_divergence(x, y, epsilon=1e-3, iterations=1000))
    assert got == pytest.approx(expected, rel=1e-2)


def test_a_shifted_sample_is_half_the_squared_shift_away(generator):
    x = normal(30, 3, generator)
    shift = torch.tensor([0.3, -0.4, 0.0], dtype=torch.float64)
    for epsilon in (0.05, 0.5, 5.0):
        got = sinkhorn_divergence(x, x + shift, epsilon=epsilon, iterations=400)
        assert float(got) == pytest.approx(0.125, rel=1e-3)


def test_equal_samples_are_at_no_distance_and_at_a_minimum(generator):
    x = normal(20, 3, generator).requires_grad_()
    y = x.detach().clone()
    value = sinkhorn_divergence(x, y, epsilon=0.5, iterations=300)
    value.backward()
    assert float(value.detach()) == pytest.approx(0.0, abs=1e-9)
    assert float(x.grad.abs().max()) < 1e-4  # of another sample it is about 0.05


def test_the_gradient_is_that_of_the_value(generator):
    x, y = normal(8, 2, generator), normal(8, 2, generator) + 1

    def value(a, b):
        return sinkhorn_divergence(a, b, epsilon=0.5, iterations=400)

    a, b = x.clone().requires_grad_(), y.clone().requires_grad_()
    value(a, b).backward()
    step = torch.zeros_like(x)
    step[3, 1] = 1e-5
    by_x = float(value(x + step, y) - value(x - step, y)) / 2e-5
    by_y = float(value(x, y + step) - value(x, y - step)) / 2e-5
    assert float(a.grad[3, 1]) == pytest.approx(by_x, rel=1e-4)
    assert float(b.grad[3, 1]) == pytest.approx(by_y, rel=1e-4)
