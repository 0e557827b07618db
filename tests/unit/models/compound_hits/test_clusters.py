"""Clusters: what is measured in pairs of hits is what made them."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import convolve2d

from heitler.detectors import VoxelGrid
from heitler.hits import Hits
from heitler.models.compound_hits.clusters import (
    REACH,
    accompanied,
    children,
    displacements,
    kernel,
    mirror,
    pair_covariance,
    shares,
)
from heitler.models.compound_hits.sample import Seen
from heitler.models.compound_hits.stencil import Stencil

SIDE = 2 * REACH + 1
LAYERS = 6


def law(seed, total, width=1.5, floor=1e-3):
    """A random kernel that falls with the distance and is even, with a sum."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1]
    kappa = (floor + rng.random((SIDE, SIDE))) * np.exp(-np.hypot(y, x) / width)
    kappa = kappa + kappa[::-1, ::-1]
    kappa[REACH, REACH] = 0.0
    return kappa * (total / kappa.sum())


def neyman_scott(kappa):
    siblings = convolve2d(kappa, kappa)[REACH:-REACH, REACH:-REACH]
    gamma = (2 * kappa + siblings) / (1 + kappa.sum())
    gamma[REACH, REACH] = 0.0
    return gamma


def make(rows=31, columns=31, phases=(1, 1)):
    geometry = VoxelGrid(rows, columns, (5.0, 5.0), layer_z=range(LAYERS))
    return Stencil(geometry.cell_centres, LAYERS, phases)


def test_hits_with_a_hit_beside_them_are_accompanied():
    """By hand, in a layer of 13 x 13: neither corners nor the other end of a row are beside."""
    stencil = make(SIDE, SIDE)
    size = (3, LAYERS, SIDE, SIDE)
    deposits = torch.zeros(size)
    for place in [(0, 1, 4, 4), (0, 1, 4, 5), (0, 1, 6, 6), (0, 1, 7, 7), (0, 2, 4, 6)]:
        deposits[place] = 1.0
    for place in [(1, 0, 3, 12), (1, 0, 4, 0), (1, 0, 5, 0), (2, 0, 0, 0), (2, 5, 12, 12)]:
        deposits[place] = 1.0
    deposits = deposits.view(3, -1)
    seen = Seen.of(Hits.of(deposits), stencil.aim(torch.zeros(3, 4)), stencil)
    near = accompanied(seen, seen.shower < 3, stencil)
    assert near.tolist() == [True, True, False, False, False, False, True, True, False, False]
    np.testing.assert_array_equal(accompanied(seen, seen.shower < 1, stencil), near[:5])


@given(st.integers(0, 1000), st.floats(0.01, 1.0))
def test_the_kernel_of_a_covariance_is_the_one_that_made_it(seed, total):
    kappa = law(seed, total)
    got = kernel(neyman_scott(kappa))
    np.testing.assert_allclose(neyman_scott(got), neyman_scott(kappa), rtol=0.02)
    np.testing.assert_allclose(got, kappa, rtol=1e-3, atol=1e-3 * kappa.max())


def test_the_kernel_of_neighbours_only():
    """Diagonals correlate through siblings only, and have no children of their own."""
    kappa = np.zeros((SIDE, SIDE))
    for y, x in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        kappa[REACH + y, REACH + x] = 0.1
    gamma = neyman_scott(kappa)
    assert gamma[REACH + 1, REACH + 1] == pytest.approx(0.02 / 1.4)
    assert gamma[REACH, REACH + 2] == pytest.approx(0.01 / 1.4)
    np.testing.assert_allclose(kernel(gamma), kappa, atol=2e-3)


def test_hits_that_repel_have_no_children():
    gamma = neyman_scott(law(1, 0.3))
    gamma[0] = -0.1
    got = kernel(gamma)
    assert (got >= 0).all()
    assert (got[0] == 0).all()
    np.testing.assert_array_equal(kernel(np.full((SIDE, SIDE), -0.1)), np.zeros((SIDE, SIDE)))


@pytest.mark.parametrize("phases", [(1, 1), (2, 1), (1, 3)])
def test_the_mean_over_symmetries(phases):
    stencil = make(9, 9, phases)
    values = np.random.default_rng(1).random((SIDE, SIDE))
    got = mirror(values, stencil)
    assert got.sum() == pytest.approx(values.sum())
    np.testing.assert_allclose(got, got[::-1, ::-1])
    np.testing.assert_allclose(mirror(got, stencil), got)
    assert np.allclose(got, got[:, ::-1]) == (phases[1] == 1)
    assert np.allclose(got, got.T) == (phases == (1, 1))


def clustered(rng, kappa, rate, showers, side):
    """Cells hit by a Neyman-Scott process with the intensity `rate` of hits of a cell."""
    wide = side + 2 * REACH
    parents = rng.poisson(rate / (1 + kappa.sum()), (showers, LAYERS, wide, wide))
    counts = parents.copy()
    n, layer, y, x = np.repeat(np.argwhere(parents), parents[parents > 0], axis=0).T
    number = rng.poisson(kappa.sum(), len(n))
    n, layer, y, x = (np.repeat(a, number) for a in (n, layer, y, x))
    step = rng.choice(kappa.size, len(n), p=kappa.ravel() / kappa.sum())
    dy, dx = np.divmod(step, SIDE)
    y, x = y + dy - REACH, x + dx - REACH
    inside = (y >= 0) & (y < wide) & (x >= 0) & (x < wide)
    np.add.at(counts, (n[inside], layer[inside], y[inside], x[inside]), 1)
    hit = counts[:, :, REACH:-REACH, REACH:-REACH] > 0
    return torch.from_numpy(hit.reshape(showers, -1)).float()


def measure(deposits, rate):
    stencil = make()
    aim = stencil.aim(torch.zeros(len(deposits), 4))
    seen = Seen.of(Hits.of(deposits), aim, stencil)
    rates = torch.full((len(deposits), LAYERS, stencil.count), rate)
    return pair_covariance(seen, rates, aim, stencil, len(deposits))[0]


def test_pairs_of_a_cluster_process_have_its_covariance():
    rng = np.random.default_rng(1)
    rate, showers, side = 0.02, 300, 31
    kappa = law(2, 0.4, width=1.0)
    gamma = measure(clustered(rng, kappa, rate, showers, side), rate)
    assert gamma.shape == (SIDE, SIDE)
    assert gamma[REACH, REACH] == 0.0
    np.testing.assert_allclose(gamma, gamma[::-1, ::-1], atol=1e-6)
    # A cell is hit once: of order rate is lost. The error is that of the number of pairs.
    wanted = neyman_scott(kappa)
    hits = showers * LAYERS * side**2 * rate
    error = np.sqrt((rate + wanted) * (1 + wanted.sum()) / hits)
    pull = (gamma - wanted) / (error + 2 * rate * wanted)
    pull[REACH, REACH] = 0.0
    assert np.abs(pull).max() < 4.5
    assert np.sqrt((pull**2).mean()) < 1.5
    assert gamma[wanted > 0.02].sum() == pytest.approx(wanted[wanted > 0.02].sum(), rel=0.08)
    # And the kernel comes back from what was measured.
    assert kernel(mirror(gamma, make())).sum() == pytest.approx(0.4, abs=0.1)


def test_independent_hits_have_no_covariance():
    generator = torch.Generator().manual_seed(1)
    chance = -np.expm1(-0.03)
    hit = torch.rand(200, LAYERS * 31**2, generator=generator) < chance
    gamma = measure(hit.float(), 0.03)
    assert np.abs(gamma).max() < 4.5 / np.sqrt(200 * LAYERS * 31**2)


def test_crowded_cells_do_not_count():
    """Above 8 per cent nothing is sparse, whatever the hits do."""
    gamma = measure(torch.ones(3, LAYERS * 31**2), 0.2)
    np.testing.assert_array_equal(gamma, 0.0)


@given(st.integers(0, 1000), st.floats(0.01, 2.0))
def test_displacements_are_as_frequent_as_the_kernel_says(seed, total):
    kappa = law(seed, total)
    y, x = displacements(kappa)
    assert len(y) == len(x) == 4096
    counts = np.zeros((SIDE, SIDE))
    np.add.at(counts, (y.numpy() + REACH, x.numpy() + REACH), 1)
    assert np.abs(counts / 4096 - kappa / total).max() <= 1.01 / 4096


def test_a_single_displacement():
    kappa = np.zeros((SIDE, SIDE))
    kappa[REACH - 2, REACH + 3] = 0.1
    y, x = displacements(kappa)
    assert set(y.tolist()) == {-2}
    assert set(x.tolist()) == {3}


@given(st.integers(0, 1000), st.floats(0.0, 1.5))
def test_children_are_poisson(seed, total):
    function = children(law(seed, total) if total else np.zeros((SIDE, SIDE)), torch.ones(1))[0]
    assert function.shape == (8,)
    wanted = scipy.stats.poisson(total).cdf(np.arange(8))
    np.testing.assert_allclose(function[:7], wanted[:7], atol=1e-9)
    assert float(function[7]) == 1.0


def falling(stencil, most=0.3):
    """Rates that fall with the radius, alike in all layers."""
    rate = most * torch.exp(-stencil.radius / 3.0)
    return rate.float().expand(LAYERS, -1).contiguous()


GRIDS = [(9, 9, (1, 1)), (15, 9, (1, 1)), (13, 13, (3, 1)), (9, 9, (2, 2))]
every_grid = pytest.mark.parametrize(("rows", "columns", "phases"), GRIDS)


@every_grid
@pytest.mark.parametrize("total", [0.05, 0.8])
def test_points_make_up_a_share_of_the_rate(rows, columns, phases, total):
    stencil = make(rows, columns, phases)
    share = shares(law(3, total), torch.ones(LAYERS), falling(stencil), stencil)
    assert share.shape == (LAYERS, stencil.count)
    assert float(share.min()) > 0
    assert float(share.max()) <= 1.0
    assert float(share.mean()) < 1.0


@every_grid
def test_without_children_all_are_points(rows, columns, phases):
    stencil = make(rows, columns, phases)
    share = shares(np.zeros((SIDE, SIDE)), torch.ones(LAYERS), falling(stencil), stencil)
    torch.testing.assert_close(share, torch.ones_like(share), rtol=1e-4, atol=1e-4)


def test_in_a_uniform_field_the_share_is_one_over_one_plus_the_children():
    stencil = make(31, 31)
    kappa = law(4, 0.5, width=1.0)
    share = shares(kappa, torch.ones(LAYERS), torch.full((LAYERS, stencil.count), 1e-3), stencil)
    assert share[:, 0].tolist() == pytest.approx([1 / 1.5] * LAYERS, rel=0.03)


@settings(max_examples=10)
@given(st.floats(0.1, 1.0))
def test_points_and_children_together_have_the_rates(total):
    """l_c = beta_c l_c + sum_d kappa_d beta_{c-d} min(l_c, l_{c-d}) where hits are rare."""
    stencil = make(15, 15)
    kappa = mirror(law(5, total, width=1.0), stencil)
    rate = falling(stencil, most=0.01)
    share = shares(kappa, torch.ones(len(rate)), rate, stencil)[0].double().numpy()
    place = stencil.place[0].numpy()
    bins = stencil.member_bin[0].numpy()[place]
    lam, points = rate[0].double().numpy()[bins], (share * rate[0].double().numpy())[bins]
    beta = points / lam
    middle = place.shape[0] // 2
    for y, x in ((0, 0), (1, 0), (2, 1), (3, 3)):
        c = (middle + y, middle + x)
        got = points[c]
        for dy in range(-REACH, REACH + 1):
            for dx in range(-REACH, REACH + 1):
                d = (c[0] - dy, c[1] - dx)
                got += kappa[dy + REACH, dx + REACH] * beta[d] * min(lam[c], lam[d])
        assert got == pytest.approx(lam[c], rel=0.05)
