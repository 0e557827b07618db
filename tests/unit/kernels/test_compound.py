"""The compiled sampler against the law that it samples."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy import stats

from heitler.kernels import Prescription, compound, compound_twin
from heitler.kernels.lists import room


def many(todo, shower, count):
    """The same shower over and over, with keys of its own each time."""
    rows = [np.repeat(a[shower : shower + 1], count, axis=0) for a in todo]
    rng = np.random.default_rng(5)
    rows[-1] = rng.integers(0, 2**32, (count, 2), dtype=np.uint32)
    return Prescription(*rows)


def cells_of(law, todo, shower):
    """Bin and weight of each cell of the grid as a shower sees it, (L, rows, columns)."""
    y, x = np.mgrid[: law.rows, : law.columns]
    bins, weights = [], []
    for layer in range(todo.y.shape[1]):
        phase = todo.phase[shower, layer]
        place = law.place[phase]
        m = place[
            y - todo.y[shower, layer] + place.shape[0] // 2,
            x - todo.x[shower, layer] + place.shape[1] // 2,
        ]
        bins.append(law.record[phase, m, 3])
        weights.append(law.record[phase, m, 2])
    return np.array(bins).astype(int), np.array(weights, float)


def rates_of(law, todo, shower):
    """lambda of each layer and bin."""
    line = law.bias.astype(float)
    line = line + np.einsum("lk,lkb->lb", todo.coefficients[shower], law.basis)
    return np.exp(np.clip(line[:, : line.shape[1] // 3], *law.ranges[0]))


@pytest.mark.parametrize("shower", [0, 1])
def test_cells_are_hit_as_often_as_the_rates_say(toy, toys, shower):
    """By layer and bin: chi-square of hits against 1 - exp(-lambda w)."""
    law, todo = toys.plain(*toy)
    count = 4000
    drawn = compound.sample(law, many(todo, shower, count))
    bins, weights = cells_of(law, todo, shower)
    rates = rates_of(law, todo, shower)
    p = -np.expm1(
        -np.take_along_axis(rates, bins.reshape(len(bins), -1), 1) * weights.reshape(len(bins), -1)
    )
    hits = np.bincount(drawn.cells, minlength=p.size).reshape(p.shape)
    flat = (np.arange(len(bins))[:, None] * rates.shape[1] + bins.reshape(p.shape)).ravel()
    sums = [np.bincount(flat, a.ravel()) for a in (hits, count * p, count * p * (1 - p))]
    rich = sums[1] > 20
    error = sums[2][rich] + (1e-3 * sums[1][rich]) ** 2  # exp is a power of its series
    z = (sums[0][rich] - sums[1][rich]) / np.sqrt(error)
    assert rich.sum() > 100
    assert np.abs(z).max() < 5
    assert stats.chi2.sf((z**2).sum(), rich.sum()) > 1e-3


def test_points_are_independent(toy, toys):
    """Without field and clusters the number of hits is a sum of Bernoulli numbers."""
    law, todo = toys.plain(*toy)
    drawn = compound.sample(law, many(todo, 0, 4000))
    bins, weights = cells_of(law, todo, 0)
    rates = rates_of(law, todo, 0)
    p = -np.expm1(-np.array([r[b] for r, b in zip(rates, bins, strict=True)]) * weights)
    numbers = np.diff(drawn.offsets)
    assert numbers.mean() == pytest.approx(p.sum(), rel=0.005)
    assert numbers.var() == pytest.approx((p * (1 - p)).sum(), rel=0.15)


def test_children_are_where_kappa_says(toy, toys):
    """Sparse, even rates: pairs of hits at a displacement, less those of chance.

    Children at different displacements are independent, so that pairs of parent and child, and of
    two children, are products of the chances that at least one child is there.
    """
    law, todo = toys.plain(*toy)
    mean = 0.6
    number = np.cumsum(stats.poisson.pmf(np.arange(8), mean))
    number[-1] = 1.0
    rng = np.random.default_rng(2)
    steps = np.array([[0, 1], [2, -1], [-1, -3]])[rng.choice(3, 4096, p=[0.5, 0.3, 0.2])]
    third = law.bias.shape[1] // 3
    bias = law.bias.copy()
    bias[:, :third] = -6.0
    law = law._replace(
        bias=bias,
        basis=np.zeros_like(law.basis),
        weight=np.ones_like(law.weight),
        child_number=np.tile(number.astype(np.float32), (len(bias), 1)),
        child_dy=steps[:, 0].astype(np.int32),
        child_dx=steps[:, 1].astype(np.int32),
    )
    record = law.record.copy()
    record[:, :, 2] = 1.0
    law = law._replace(record=record, run_most=np.sign(law.run_most))
    count = 6000
    drawn = compound.sample(law, many(todo, 0, count))
    layers = todo.y.shape[1]
    image = np.zeros((count, layers * law.rows * law.columns), bool)
    image[np.repeat(np.arange(count), np.diff(drawn.offsets)), drawn.cells] = True
    image = image.reshape(count * layers, law.rows, law.columns).astype(np.float32)
    seen = {}
    for dy in range(-3, 4):
        for dx in range(-4, 5):
            here = image[
                :, max(-dy, 0) : law.rows - max(dy, 0), max(-dx, 0) : law.columns - max(dx, 0)
            ]
            there = image[
                :, max(dy, 0) : law.rows + min(dy, 0), max(dx, 0) : law.columns + min(dx, 0)
            ]
            seen[dy, dx] = (here * there).sum() / here[0].size
    parents = -count * layers * np.expm1(-np.exp(-6.0))
    share = {tuple(d): (steps == d).all(1).mean() for d in np.unique(steps, axis=0)}
    born = {d: -np.expm1(-mean * s) for d, s in share.items()}  # at least one child there
    for (dy, dx), pairs in seen.items():
        if (dy, dx) == (0, 0):
            continue
        one = born.get((dy, dx), 0.0) + born.get((-dy, -dx), 0.0)
        two = sum(k * born.get((y + dy, x + dx), 0.0) for (y, x), k in born.items())
        chance = parents * (1 + sum(born.values())) ** 2 * np.exp(-6.0)
        expected = parents * (one + two) + chance
        cells = (law.rows - abs(dy)) * (law.columns - abs(dx))
        error = np.sqrt(expected / cells) + 0.01 * expected
        assert abs(pairs - expected) < 5 * error, (dy, dx)


def test_books_balance(toy, toys, monkeypatch):
    """Visible energy, mean depth, width and spread are the goal's, shower by shower."""
    law, todo = toy
    monkeypatch.setattr(
        compound_twin, "factors", lambda above, fixed, goal: torch.ones_like(above)
    )
    monkeypatch.setattr(
        compound_twin, "tilts", lambda at, square, *rest: torch.ones(len(square)).double()
    )
    raw = toys.moments(law, todo, compound_twin.sample(law, todo))
    goal = raw * [1.05, 1.0, 0.98, 1.03] + [0.0, 0.1, 0.0, 0.0]
    made = toys.moments(law, todo, compound.sample(law, todo._replace(goal=goal)))
    np.testing.assert_allclose(made[:, 0], goal[:, 0], rtol=1e-5)
    miss = np.abs(made - goal)
    assert (miss[:, 1:3].max(axis=1) < 1e-4).mean() > 0.98
    assert (miss[:, 3] < 1e-4).mean() > 0.95  # others ask for more than the largest slope


def test_no_cell_is_hit_twice(toy):
    law, todo = toy
    drawn = compound.sample(law, todo)
    assert drawn.cells.min() >= 0
    assert drawn.cells.max() < todo.y.shape[1] * law.rows * law.columns
    assert (drawn.energies > 0).all()
    for start, stop in zip(drawn.offsets[:-1], drawn.offsets[1:], strict=True):
        assert len(np.unique(drawn.cells[start:stop])) == stop - start


def test_equal_keys_give_equal_showers_whatever_is_beside_them(toy):
    law, todo = toy
    one, two = compound.sample(law, todo), compound.sample(law, todo)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    alone = compound.sample(law, Prescription(*(a[17:18] for a in todo)))
    first, last = one.offsets[17], one.offsets[18]
    np.testing.assert_array_equal(alone.cells, one.cells[first:last])
    np.testing.assert_array_equal(alone.energies, one.energies[first:last])
    other = compound.sample(law, todo._replace(key=todo.key ^ np.uint32(1)))
    assert len(other.cells) != len(one.cells) or (other.cells != one.cells).any()


def test_what_does_not_fit_is_made_next(toy, monkeypatch):
    law, todo = toy
    wide = compound.sample(law, todo)
    layers = todo.y.shape[1]
    cells = layers * law.rows * law.columns
    assert len(wide.cells) > 3 * cells
    monkeypatch.setattr(compound, "ROOM", 0)  # the first room is one shower's
    narrow = compound.sample(law, todo)
    for a, b in zip(wide, narrow, strict=True):
        np.testing.assert_array_equal(a, b)
    offsets = np.zeros(len(todo.y) + 1, np.int64)
    out = np.full(10, -7, np.int32)
    lists = room(law)
    assert compound.fill(law, todo, lists, 0, offsets, out, np.zeros(10, np.float32)) == 0
    assert (out == -7).all()


def test_runs_with_many_points(toy, toys):
    """Poisson numbers of eight and more: the cells of dense, distant rings are all hit."""
    law, todo = toys.plain(*toy)
    bins = law.share.shape[1]
    count = 2000
    for lam in (0.3, 3.0):
        bias = law.bias.copy()
        bias[:, :bins] = np.log(lam)
        flat = law._replace(
            bias=bias, basis=np.zeros_like(law.basis), record=law.record.copy(),
            run_most=np.where(law.run_count > 0, np.float32(1.0), np.float32(0.0)),
        )  # fmt: skip
        flat.record[:, :, 2] = 1.0
        drawn = compound.sample(flat, many(todo, 0, count))
        hits = np.bincount(drawn.cells, minlength=law.rows * law.columns * todo.y.shape[1])
        far = cells_of(flat, todo, 0)[0].ravel()
        zone = law.zone[far]
        assert (zone == 4).sum() > 20
        p = -np.expm1(-lam)
        z = (hits[zone == 4] - count * p) / np.sqrt(count * p * (1 - p))
        assert np.abs(z).max() < 5
        assert abs(z.mean()) < 5 / np.sqrt(len(z))


def test_threads_do_not_share_lists(toy):
    """The compiled loop lets other threads run."""
    law, todo = toy
    alone = compound.sample(law, todo)
    with ThreadPoolExecutor(4) as pool:
        for drawn in pool.map(lambda _: compound.sample(law, todo), range(16)):
            np.testing.assert_array_equal(drawn.cells, alone.cells)
            np.testing.assert_array_equal(drawn.energies, alone.energies)
