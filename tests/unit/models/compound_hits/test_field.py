"""The covariance of modes: factors of it, and the way to it by what generated showers lack."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import VoxelGrid
from heitler.hits import Hits
from heitler.kernels import MOST_WOBBLE
from heitler.models.compound_hits.field import (
    GROUPS,
    Scores,
    beside_wobble,
    covariance,
    factor,
    ranks,
    update,
    wobbling,
)
from heitler.models.compound_hits.sample import Seen
from heitler.models.compound_hits.stencil import Stencil

LAYERS = 6


def along(zones=2, width=(0.5, 0.3), length=3.0, tie=0.4):
    """A covariance of zones and layers that depends on the distance of layers only."""
    layer = np.arange(LAYERS)
    depth = np.exp(-((layer[:, None] - layer[None, :]) ** 2) / (2 * length**2))
    between = np.outer(width, width) * (tie + (1 - tie) * np.eye(zones))
    return np.kron(between, depth)


def scores(a, information, seed):
    """U and I of showers with the amplitudes a (N, zones * L): U = I a + noise of variance I."""
    rng = np.random.default_rng(seed)
    n = len(a)
    i = information * np.exp(0.3 * rng.standard_normal(a.shape))
    u = i * a + np.sqrt(i) * rng.standard_normal(a.shape)

    def shape(values):
        return torch.from_numpy(values.reshape(n, -1, LAYERS)).transpose(1, 2)

    return covariance(shape(u), shape(i))


def draw(wanted, count, seed):
    values, vectors = np.linalg.eigh(wanted)
    normal = np.random.default_rng(seed).standard_normal((count, len(wanted)))
    return normal * np.sqrt(np.maximum(values, 0)) @ vectors.T


def test_sums_go_zone_by_zone():
    generator = torch.Generator().manual_seed(1)
    u, i = torch.rand(2, 50, LAYERS, 3, generator=generator)
    uu, ii = covariance(u, i)
    assert uu.shape == ii.shape == (3 * LAYERS, 3 * LAYERS)
    first, second = (2 * LAYERS + 4, 1)  # zone 2, layer 4; zone 0, layer 1
    assert uu[first, second] == pytest.approx(float((u[:, 4, 2] * u[:, 1, 0]).sum()), rel=1e-5)
    assert ii[first, second] == pytest.approx(float((i[:, 4, 2] * i[:, 1, 0]).sum()), rel=1e-5)
    np.testing.assert_allclose(uu, uu.T)


@pytest.mark.parametrize(("information", "most"), [(0.5, 0.15), (30.0, 0.04)])
def test_rounds_of_updates_lead_to_the_covariance(information, most):
    """The noise of scores cancels, since generated showers have it too."""
    wanted, count = along(), 60_000
    data = scores(draw(wanted, count, 1), information, 2)
    present = np.zeros_like(wanted)
    for step in range(6):
        a, _ = factor(present, len(wanted))
        made = scores(draw((a @ a.T).double().numpy(), count, 10 + step), information, 20 + step)
        present = update(present, data, made, LAYERS, 0.7)
        np.testing.assert_allclose(present, present.T)
    # What counts is the positive part of it, since that is generated.
    a, _ = factor(present, len(wanted))
    assert np.abs((a @ a.T).numpy() - wanted).max() < most * wanted.max()


def test_nothing_stays_nothing():
    """Errors are shrunk away: what is left is a small part of what noise alone would give."""
    count, information = 2000, 1.0
    none = np.zeros((count, 2 * LAYERS))
    data, made = (scores(none, information, seed) for seed in (1, 2))
    zero = np.zeros((2 * LAYERS, 2 * LAYERS))
    got = update(zero, data, made, LAYERS, 1.0)
    raw = (data[0] - made[0]) / data[1]
    assert np.sqrt((got**2).mean()) < 0.6 * np.sqrt((raw**2).mean())


@pytest.mark.parametrize("information", [1e-6, 1e-4, 1e-2])
def test_a_hit_where_none_was_expected_is_no_field(information):
    """Rates of next to nothing: U is one in a single shower, and I tells nothing of it."""
    i = torch.full((500, LAYERS, 1), information)
    none, hit = -i, -i.clone()
    hit[7, 3, 0] += 1.0
    zero = np.zeros((LAYERS, LAYERS))
    got = zero
    for _ in range(8):
        got = update(got, covariance(hit, i), covariance(none, i), LAYERS, 0.7)
    assert np.abs(got).max() < 0.5


def test_showers_that_lack_nothing_change_nothing():
    wanted = along()
    data = scores(draw(wanted, 20_000, 1), 10.0, 2)
    np.testing.assert_allclose(
        update(wanted, data, data, LAYERS, 0.7), wanted, rtol=0.02, atol=1e-3
    )


def test_neighbours_along_the_depth_are_averaged():
    """One odd pair of layers is spread over the pairs at the same distance, of the same zones."""
    size = 2 * LAYERS
    ones = np.full((size, size), 1e6)
    data = np.zeros((size, size))
    data[2, LAYERS + 3] = data[LAYERS + 3, 2] = 1e6
    got = update(np.zeros((size, size)), (data, ones), (np.zeros((size, size)), ones), LAYERS, 1.0)
    zone_0_to_1 = got[:LAYERS, LAYERS:]
    assert zone_0_to_1[2, 3] > zone_0_to_1[1, 2] > zone_0_to_1[0, 1] > 0
    rest = zone_0_to_1.copy()
    rest[np.arange(LAYERS - 1), np.arange(1, LAYERS)] = 0.0
    np.testing.assert_allclose(rest, 0.0, atol=1e-12)
    np.testing.assert_allclose(got[:LAYERS, :LAYERS], 0.0, atol=1e-12)
    np.testing.assert_allclose(got, got.T)


@given(st.integers(0, 1000), st.integers(2, 12), st.integers(1, 12))
def test_factors_give_a_matrix_of_their_rank_back(seed, size, rank):
    rank = min(rank, size)
    made = np.random.default_rng(seed).standard_normal((size, rank))
    wanted = made @ made.T
    a, variance = factor(wanted, rank)
    assert a.shape == (size, rank)
    assert a.dtype == torch.float32
    np.testing.assert_allclose(a @ a.T, wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(variance, np.diag(wanted), rtol=1e-4, atol=1e-4)


@given(st.integers(0, 1000), st.integers(2, 10))
def test_a_matrix_that_is_not_positive_keeps_its_variances(seed, size):
    """Correlations give way; amplitudes without a variance of their own are none."""
    matrix = np.random.default_rng(seed).standard_normal((size, size))
    matrix = matrix + matrix.T
    wanted = np.maximum(np.diag(matrix), 0.0)
    wanted = np.where(wanted > 1e-10, wanted, 0.0)
    a, variance = factor(matrix, size)
    np.testing.assert_allclose(variance, wanted, rtol=1e-4)
    np.testing.assert_allclose(variance, (a**2).sum(1), rtol=1e-5)


def test_noise_in_correlations_does_not_raise_variances():
    """The nearest positive matrix would have variances several times as large."""
    size, noise = 60, 0.01
    random = np.random.default_rng(3).standard_normal((size, size)) * noise
    wanted = (random + random.T) / 2**0.5
    np.fill_diagonal(wanted, 0.005)
    _, variance = factor(wanted, size)
    np.testing.assert_allclose(variance, 0.005, rtol=1e-3)
    values = np.linalg.eigvalsh(wanted)
    assert np.maximum(values, 0.0).sum() > 3 * 0.005 * size


@given(st.integers(0, 1000), st.integers(1, 6))
def test_the_first_amplitudes_have_the_variance_one(seed, unit):
    made = np.random.default_rng(seed).standard_normal((8, 3))
    wanted = made @ made.T
    before = wanted.copy()
    a, variance = factor(wanted, 3, unit)
    np.testing.assert_array_equal(wanted, before)
    np.testing.assert_allclose(variance[:unit], 1.0, rtol=1e-4)
    np.testing.assert_allclose((a**2).sum(1), variance, rtol=1e-4)


def test_correlations_that_have_unit_variance_already_are_kept():
    wanted = along(width=(1.0, 0.4))
    a, variance = factor(wanted, 2 * LAYERS, LAYERS)
    np.testing.assert_allclose(a @ a.T, wanted, atol=2e-3)
    np.testing.assert_allclose(variance, np.diag(wanted), atol=2e-3)


@pytest.mark.parametrize("layers", [2, 6, 30])
def test_there_are_no_more_modes_than_amplitudes(layers):
    for rank, zones in zip(ranks(layers), GROUPS, strict=True):
        assert 0 < rank <= layers * len(zones)


@pytest.mark.parametrize("layers", [1, 2])
def test_few_layers_have_modes_too(layers):
    zero = np.zeros((layers * len(GROUPS[2]),) * 2)
    a, variance = factor(zero, ranks(layers)[2])
    assert float(a.abs().sum() + variance.sum()) == 0.0


def test_scores_are_those_of_every_cell_by_itself():
    side, layers, count = 11, 3, 5
    generator = torch.Generator().manual_seed(4)
    geometry = VoxelGrid(side, side, (5.0, 5.0), layer_z=range(layers))
    stencil = Stencil(geometry.cell_centres, layers, (1, 1))
    aim = stencil.aim(torch.zeros(count, 4))
    rate = 0.1 + torch.rand(count, layers, stencil.count, generator=generator)
    spread = 0.5 + torch.rand(rate.shape, generator=generator)
    dense = (torch.rand(count, layers * side**2, generator=generator) < 0.4).float()
    seen, every = (Seen.of(Hits.of(x), aim, stencil) for x in (dense, torch.ones_like(dense)))
    z = torch.randn(dense.shape, generator=generator)

    place = (seen.shower * layers + seen.layer) * stencil.count + seen.bin
    found = Scores(rate, spread, aim, stencil).covariances(seen, place, z[dense > 0])

    lam = rate[every.shower, every.layer, every.bin].view(dense.shape).double()
    soft = lam / torch.expm1(lam)
    load = (1 - soft) / spread[every.shower, every.layer, every.bin].view(dense.shape)
    p = -torch.expm1(-lam)
    u = dense * (lam / p + load * z) - lam
    info = lam**2 * torch.exp(-lam) / p + p * load**2
    zone = stencil.zone[every.bin].view(dense.shape)[0]
    trig = stencil.member_trig[every.phase, every.member].view(count, -1, 4)[0]
    layer = every.layer.view(dense.shape)[0]
    waves = [[torch.ones(len(zone))], [trig[:, 0], trig[:, 1]], [trig[:, 2], trig[:, 3]]]
    for zones, psis, (uu, ii) in zip(GROUPS, waves, found, strict=True):
        sums, infos = [], []
        for psi in psis:
            own = (zone == 0) & (len(psis) == 1)
            score, square = torch.where(own, dense * z, u * psi), torch.where(own, dense, info)
            cells = [(layer == k) & (zone == q) for q in zones for k in range(layers)]
            sums.append(torch.stack([score[:, c].sum(1) for c in cells], 1))
            weight = torch.where(own, 1.0, psi**2)
            infos.append(torch.stack([(square * weight)[:, c].sum(1) for c in cells], 1))
        for got, parts in ((uu, sums), (ii, infos)):
            wanted = torch.cat(parts).double()
            np.testing.assert_allclose(got, wanted.T @ wanted, rtol=1e-4, atol=1e-4)


@given(st.integers(0, 1000), st.integers(2, 8), st.floats(0.0, 2.0))
def test_the_wobble_keeps_variances_and_ties_amplitudes(seed, size, wobble):
    """Correlations become r + (1 - r) of what they were, with r = wobble / V up to its limit."""
    a = torch.from_numpy(np.random.default_rng(seed).standard_normal((size, 3))).float()
    visible = torch.tensor([1.0, 4.0], dtype=torch.float64)
    both = wobbling(torch.eye(4).repeat(2, 1), visible.repeat_interleave(4), torch.tensor(wobble))
    amplitudes = (both @ beside_wobble(a).T).view(2, 4, size).double()
    before = (a @ a.T).double()
    scale = before.diagonal().sqrt()
    for shower, energy in zip(amplitudes, visible, strict=True):
        r = min(wobble / float(energy), MOST_WOBBLE)
        after = shower.T @ shower
        torch.testing.assert_close(after.diagonal(), before.diagonal(), rtol=1e-4, atol=1e-5)
        wanted = (1 - r) * before + r * torch.outer(scale, scale)
        torch.testing.assert_close(after, wanted, rtol=1e-4, atol=1e-5)
