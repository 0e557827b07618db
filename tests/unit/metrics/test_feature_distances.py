"""Distances of feature vectors: laws, known answers, independent implementations, errors."""

import numpy as np
import ot
import pytest
from scipy import stats

from heitler.metrics import (
    METRICS,
    correlation_distance,
    coverage,
    density,
    energy_distance,
    frechet_physics_distance,
    kernel_physics_distance,
    maximum_mean_discrepancy,
    pearson_matrix,
    precision,
    recall,
    sinkhorn_divergence,
    sliced_wasserstein,
)
from heitler.metrics.physics_distances import frechet_distance, polynomial_discrepancy
from heitler.metrics.scaling import leading_components, standardised
from heitler.metrics.transport import entropic_potentials

SEEDED = ("sliced_wasserstein", "frechet_physics_distance", "kernel_physics_distance")
DISTANCES = (
    *SEEDED,
    "sinkhorn_divergence",
    "maximum_mean_discrepancy",
    "energy_distance",
    "correlation_distance",
)
SHARES = ("precision", "recall", "density", "coverage")


def measure(name, first, second):
    keywords = {"seed": 1} if name in SEEDED else {}
    return METRICS[name].function(first, second, **keywords)


def gaussians(seed, size=200, columns=4, shift=0.0):
    first, second = np.random.default_rng(seed).normal(size=(2, size, columns))
    return first, second + shift


def tilted(seed, tilt, size=150):
    """The first two columns correlate; all means and widths stay as they are."""
    first, second = gaussians(seed, size)
    second[:, 1] = tilt * second[:, 0] + (1 - tilt**2) ** 0.5 * second[:, 1]
    return first, second


@pytest.mark.parametrize("name", DISTANCES)
def test_a_distance_grows_with_the_distortion(name):
    make = tilted if name == "correlation_distance" else lambda s, x: gaussians(s, 150, shift=x)
    values = [measure(name, *make(1, strength)) for strength in (0.0, 0.3, 0.9)]
    assert values[0].value < values[1].value < values[2].value
    assert values[2].value - values[0].value > 3 * values[2].error
    assert values[0] == measure(name, *make(1, 0.0))


@pytest.mark.parametrize("name", [*DISTANCES, *SHARES])
def test_units_do_not_matter(name):
    first, second = gaussians(2, 100, shift=0.5)
    scale = np.array([1e6, 1e-3, 1.0, -4.0])
    value, scaled = measure(name, first, second), measure(name, first * scale, second * scale)
    if name == "sliced_wasserstein":  # the axes see a turned sign
        assert abs(value.value - scaled.value) < value.error
    else:
        assert scaled.value == pytest.approx(value.value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", [*DISTANCES, *SHARES])
def test_columns_that_never_vary_are_harmless(name):
    first, second = gaussians(3, 100, shift=0.5)
    estimate = measure(name, *(np.pad(x, ((0, 0), (0, 2))) for x in (first, second)))
    assert np.isfinite([estimate.value, estimate.error]).all()


@pytest.mark.parametrize("name", [*DISTANCES, *SHARES])
def test_other_features_are_refused(name):
    first, second = gaussians(4, 20)
    with pytest.raises(ValueError, match="same features, got 4 and 3"):
        measure(name, first, second[:, :3])


@pytest.mark.parametrize("shift", [0.0, 0.4])
@pytest.mark.parametrize("name", [*DISTANCES, *SHARES])
def test_the_error_covers_the_scatter(name, shift):
    repetitions = 12 if name in {"sinkhorn_divergence", "frechet_physics_distance"} else 40
    make = tilted if name == "correlation_distance" else lambda s, x: gaussians(s, 150, shift=x)
    estimates = [measure(name, *make(seed, shift)) for seed in range(repetitions)]
    scatter = np.std([estimate.value for estimate in estimates])
    # The standard deviation of 12 repetitions is itself known to a fifth.
    assert 0.6 < np.mean([estimate.error for estimate in estimates]) / scatter < 3


def test_sliced_wasserstein_is_that_of_pot():
    first, second = gaussians(5, shift=0.3)
    x, y = standardised(first, second[:150])
    axes = np.random.default_rng(7).normal(size=(30, 4))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    oracle = ot.sliced_wasserstein_distance(x, y, projections=axes.T, p=1)
    value = sliced_wasserstein(first, second[:150], seed=7, directions=30).value
    assert value == pytest.approx(oracle, rel=1e-12)


def test_sliced_wasserstein_of_shifted_normal_distributions():
    """On a random axis of three dimensions a shift is half as long in the mean."""
    first, second = gaussians(6, 3000, columns=3)
    second[:, 0] += 2.0
    assert sliced_wasserstein(first, second, seed=1).value == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.0])
@pytest.mark.filterwarnings("ignore")  # of POT on what it does not use
def test_sinkhorn_divergence_is_that_of_pot(shift):
    first, second = gaussians(8, 60, shift=shift)
    x, y = (sample / 2 for sample in standardised(first, second[:50]))  # |x - y|^2 / 4
    oracle = [
        ot.solve_sample(a, b, reg=0.3, reg_type="KL", max_iter=10_000, tol=1e-10).value
        for a, b in ((x, y), (x, x), (y, y))
    ]
    value = sinkhorn_divergence(first, second[:50]).value
    assert value == pytest.approx(oracle[0] - oracle[1] / 2 - oracle[2] / 2, abs=1e-5)


def test_entropic_transport_of_far_samples_stays_finite():
    f, g = entropic_potentials(np.array([[0.0, 1e6], [1e6, 0.0]]), 0.1)
    assert f.mean() + g.mean() == pytest.approx(0.1 * np.log(2), abs=1e-3)


def test_energy_distance_of_one_feature_is_that_of_scipy():
    first, second = gaussians(9, 80, columns=1, shift=0.5)
    x, y = (sample[:, 0] for sample in standardised(first, second[:60]))
    biased = stats.energy_distance(x, y) ** 2
    # With each shower's distance to itself: E|x - x'| and E|y - y'| are smaller by 1 - 1/n.
    within = [np.abs(np.subtract.outer(v, v)).mean() * (1 / (1 - 1 / len(v)) - 1) for v in (x, y)]
    value = energy_distance(first, second[:60]).value
    assert value == pytest.approx(biased - sum(within), rel=1e-9)


def test_discrepancies_by_hand():
    first, second = gaussians(10, 12)
    x, y = standardised(first, second[:9])
    lengths = [np.linalg.norm(x[i] - x[j]) for i in range(12) for j in range(i)]
    width = np.median(lengths)

    def k(a, b):
        return np.exp(-((np.linalg.norm(a - b) / width) ** 2) / 2)

    hand = np.mean([k(x[i], x[j]) for i in range(12) for j in range(12) if i != j])
    hand += np.mean([k(y[i], y[j]) for i in range(9) for j in range(9) if i != j])
    hand -= 2 * np.mean([k(a, b) for a in x for b in y])
    value = maximum_mean_discrepancy(first, second[:9]).value
    assert value == pytest.approx(hand, rel=1e-9)


@pytest.mark.parametrize("metric", [maximum_mean_discrepancy, energy_distance])
def test_unbiased_distances_vanish_in_the_mean(metric):
    estimates = [metric(*gaussians(seed, 40)) for seed in range(300)]
    values = np.array([estimate.value for estimate in estimates])
    assert abs(values.mean()) < 3 * values.std() / 300**0.5
    pulls = values / [estimate.error for estimate in estimates]
    assert 0.7 < pulls.std() < 1.2


def test_kernel_distance_is_unbiased_for_different_showers():
    values = np.array([polynomial_discrepancy(*gaussians(seed, 50)) for seed in range(300)])
    assert abs(values.mean()) < 3 * values.std() / 300**0.5


def test_frechet_distance_of_known_normal_distributions():
    """Independent features: |mu1 - mu2|^2 + sum (s1 - s2)^2."""
    rng = np.random.default_rng(11)
    first, second = rng.normal(size=(2, 100_000, 3))
    second = second * [1.0, 2.0, 0.5] + [1.0, 0.0, 0.5]
    assert frechet_distance(first, second) == pytest.approx(1.25 + 1.0 + 0.25, rel=0.02)
    turn = stats.ortho_group.rvs(3, random_state=1)
    turned = frechet_distance(first @ turn, second @ turn)
    assert turned == pytest.approx(frechet_distance(first, second), rel=1e-9)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)


def test_frechet_physics_distance_is_over_the_largest_of_the_reference():
    first, second = gaussians(12, 5000)
    second[:, 0] += 0.5
    largest = np.abs(first[:, 0]).max()
    estimate = frechet_physics_distance(first, second, seed=1)
    assert abs(estimate.value - (0.5 / largest) ** 2) < 4 * estimate.error


def test_kernel_physics_distance_has_its_seed():
    pair = gaussians(13)
    assert kernel_physics_distance(*pair, seed=1) != kernel_physics_distance(*pair, seed=2)


def test_neighbours_against_every_pair_of_showers():
    first, second = gaussians(14, 40, shift=0.6)
    second = second[:30] * 0.7
    x, y = standardised(first, second)

    def far(a, b):
        return sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5

    def radii(points):
        return [sorted(far(a, b) for b in points)[5] for a in points]

    in_first = [[far(a, b) <= r for b in y] for a, r in zip(x, radii(x), strict=True)]
    in_second = [[far(a, b) <= r for a in x] for b, r in zip(y, radii(y), strict=True)]
    expected = {
        precision: sum(any(row[j] for row in in_first) for j in range(30)) / 30,
        recall: sum(any(row[i] for row in in_second) for i in range(40)) / 40,
        density: sum(map(sum, in_first)) / (5 * 30),
        coverage: sum(map(any, in_first)) / 40,
    }
    for metric, value in expected.items():
        assert metric(first, second).value == pytest.approx(value, abs=1e-12)


def test_density_and_coverage_of_equal_distributions_are_those_of_theory():
    values = [(density(*pair).value, coverage(*pair).value) for pair in map(gaussians, range(30))]
    values = np.array(values)
    error = values.std(axis=0) / 30**0.5
    # A ball is empty if the 5 nearest of the 399 other showers are all of the reference.
    expected = 1.0, 1 - np.prod([(199 - i) / (399 - i) for i in range(5)])
    assert np.all(np.abs(values.mean(axis=0) - expected) < 3.5 * error)


def test_a_model_that_repeats_the_typical_has_precision_and_nothing_else():
    first, second = gaussians(15)
    values = {name: measure(name, first, 0.05 * second).value for name in SHARES}
    assert values["precision"] == 1.0
    assert values["density"] > 1.5
    assert values["recall"] < 0.1
    assert values["coverage"] < 0.7


def test_neighbours_need_showers():
    with pytest.raises(ValueError, match="needs more than 5 showers, got 4"):
        precision(*gaussians(16, 4))


def test_the_pearson_matrix_is_that_of_numpy():
    values = np.random.default_rng(17).normal(size=(50, 4)) @ np.arange(16).reshape(4, 4)
    values[:, 2] = 3.0
    with np.errstate(invalid="ignore"):
        oracle = np.nan_to_num(np.corrcoef(values, rowvar=False))
    np.fill_diagonal(oracle, 1.0)
    assert pearson_matrix(values) == pytest.approx(oracle, abs=1e-12)


def test_correlations_of_known_strength():
    first, second = tilted(18, 0.6, size=20_000)
    # Two of the 16 entries differ.
    assert correlation_distance(first, second).value == pytest.approx(2 * 0.6 / 16, abs=0.01)


def test_all_components_keep_distances_and_the_leading_ones_hold_what_varies_together():
    first, second = gaussians(3)
    every = leading_components(first, second, count=4)
    scaled = standardised(first, second)
    for turned, straight in zip(every, scaled, strict=True):
        assert np.linalg.norm(turned, axis=1) == pytest.approx(np.linalg.norm(straight, axis=1))
    common = np.random.default_rng(4).normal(size=(300, 1))
    noise = np.random.default_rng(5).normal(size=(300, 6))
    (leading,) = leading_components(np.hstack([common + 0.1 * noise, noise[:, :1]]), count=1)
    assert abs(np.corrcoef(leading[:, 0], common[:, 0])[0, 1]) > 0.99


def test_correlations_with_the_incident_energy_see_showers_of_another_one():
    rng = np.random.default_rng(6)
    energy = rng.uniform(1, 2, size=(2, 400, 1))
    samples = [np.hstack([e, e * rng.normal(1, 0.05, size=(400, 3))]) for e in energy]
    again = correlation_distance(*samples)
    half = rng.permutation(400)[:200]
    samples[1][half, 0] = np.roll(samples[1][half, 0], 1)
    other = correlation_distance(*samples)
    assert other.value > again.value + 5 * np.hypot(again.error, other.error)
