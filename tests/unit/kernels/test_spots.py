"""Spots of showers: the compiled kernels and the plain ones, spot by spot."""

from __future__ import annotations

import numpy as np
import pytest

from heitler import kernels
from heitler.kernels import numbers, spots, spots_twin

LAYERS = 12


def cloud_of(rng, showers=20, counts=None, lean=0.6):
    """Clouds of any kind: slices without spots, upright and leaning axes."""
    shape = (showers, LAYERS)

    def between(low, high, size):
        return rng.uniform(low, high, size).astype(np.float32)

    leaning = between(-lean, lean, (showers, 2)) * (rng.random((showers, 1)) < 0.8)
    return kernels.Cloud(
        key=rng.integers(0, 2**32, (*shape, 2), dtype=np.uint32),
        counts=rng.integers(0, 200, shape) * (rng.random(shape) < 0.8)
        if counts is None
        else counts,
        core=between(0.5, 5.0, shape),
        tail=between(5.0, 20.0, shape),
        weight=between(0.2, 0.9, shape),
        edges=np.sort(between(-5.0, 60.0, LAYERS + 1)),
        planes=np.sort(between(0.0, 55.0, LAYERS)),
        start=between(-10.0, 10.0, (showers, 2)),
        slope=leaning * np.float32(1.2),
        lean=leaning.astype(np.float32),
        stretch=between(0.5, 1.5, (showers, 3)),
    )


@pytest.fixture(scope="module")
def cloud():
    return cloud_of(np.random.default_rng(1))


def test_both_draw_the_same_spots(cloud):
    one, two = spots.scatter(cloud), spots_twin.scatter(cloud)
    assert len(one.x) == cloud.counts.sum()
    assert 0.02 < (one.layer < 0).mean() < 0.5
    np.testing.assert_array_equal(two.layer, one.layer)
    np.testing.assert_allclose(two.x, one.x, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(two.y, one.y, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "name",
    ["core", "tail", "weight", "edges", "planes", "start", "slope", "lean", "stretch", "key"],
)
def test_every_ingredient_matters(cloud, name):
    """The comparison would see a twin that leaves one out."""
    values = getattr(cloud, name)
    grown = values + np.uint32(1) if name == "key" else values * np.float32(1.2)
    one, two = spots.scatter(cloud), spots_twin.scatter(cloud._replace(**{name: grown}))
    same = (two.layer == one.layer) & np.isclose(two.x, one.x) & np.isclose(two.y, one.y)
    assert same.mean() < 0.99


@pytest.mark.parametrize("function", [spots.scatter, spots_twin.scatter])
def test_spots_are_drawn_as_they_are_said_to_be(function):
    """Many spots of one upright shower: radii, azimuths and depths have their laws."""
    counts = np.zeros((1, LAYERS), np.int64)
    counts[0, 4] = 200_000
    cloud = cloud_of(np.random.default_rng(2), 1, counts, lean=0.0)
    still = cloud._replace(
        start=np.zeros((1, 2), np.float32), stretch=np.array([[1, 0, 1]], np.float32)
    )
    drawn = function(still)
    assert (drawn.layer == 4).mean() > 0.9999  # the sum may round up to the edge behind
    core, tail, weight = (float(a[0, 4]) for a in (cloud.core, cloud.tail, cloud.weight))
    radius, azimuth = np.hypot(drawn.x, drawn.y), np.arctan2(drawn.y, drawn.x)
    for r in (0.5, 2.0, 8.0, 30.0):
        inside = weight * r**2 / (r**2 + core**2) + (1 - weight) * r**2 / (r**2 + tail**2)
        assert (radius < r).mean() == pytest.approx(inside, abs=0.005)
    for k in (1, 2, 3):
        assert abs(np.exp(1j * k * azimuth).mean()) < 4 / np.sqrt(len(azimuth))
    # Slices of a tenth of the depth each find the layer where evenly drawn depths are.
    edges = np.linspace(0.0, 10.0, LAYERS + 1, dtype=np.float32)
    leaning = np.array([[1.0, 0.0]], np.float32)
    depth = np.repeat(edges[4], 200_000) + edges[1] * np.random.default_rng(3).random(200_000)
    moved = function(still._replace(edges=edges, lean=leaning))
    seen = np.searchsorted(edges, depth - drawn.x, side="right") - 1
    for layer in range(LAYERS):
        expected = (seen == layer).mean()
        assert (moved.layer == layer).mean() == pytest.approx(expected, abs=0.006)


def test_slices_do_not_depend_on_their_neighbours(cloud):
    whole = spots.scatter(cloud)
    counts = np.zeros_like(cloud.counts)
    counts[3, 5] = cloud.counts[3, 5]
    assert counts.sum() > 0
    alone = spots.scatter(cloud._replace(counts=counts))
    start = int(cloud.counts.ravel()[: 3 * LAYERS + 5].sum())
    np.testing.assert_array_equal(alone.x, whole.x[start : start + len(alone.x)])


def sums(rng, counts, size=50):
    energy = np.where(rng.random(counts.shape) < 0.8, rng.uniform(0.0, 2.0, counts.shape), 0.0)
    return counts, energy, rng.integers(-1, size, counts.sum(), dtype=np.int32), size


@pytest.mark.parametrize("function", [spots.collect, spots_twin.collect])
def test_hits_are_sums_of_spots(cloud, function):
    counts, energy, cell, size = sums(np.random.default_rng(3), cloud.counts)
    offsets, cells, energies = function(counts, energy, cell, size)
    assert (energies > 0).all()
    first = 0
    for n, per_slice in enumerate(counts):
        row = np.zeros(size)
        for each, count in zip(energy[n], per_slice, strict=True):
            for to in cell[first : first + count]:
                row[to] += each if to >= 0 else 0.0
            first += count
        mine = slice(offsets[n], offsets[n + 1])
        assert len(set(cells[mine])) == len(cells[mine]) == (row > 0).sum()
        np.testing.assert_allclose(energies[mine], row[cells[mine]], rtol=1e-6)


@pytest.mark.parametrize("kernel", [spots, spots_twin])
def test_no_showers_and_no_spots(cloud, kernel):
    for counts in (cloud.counts[:0], np.zeros_like(cloud.counts)):
        none = cloud._replace(counts=counts)
        drawn = kernel.scatter(none)
        assert len(drawn.x) == len(drawn.y) == len(drawn.layer) == 0
        offsets, cells, energies = kernel.collect(counts, counts * 1.0, drawn.layer, 9)
        assert offsets.tolist() == [0] * (len(counts) + 1)
        assert len(cells) == len(energies) == 0


def test_the_compiled_kernels_are_the_ones_in_use():
    assert numbers.COMPILED
    assert kernels.scatter is spots.scatter
    assert kernels.collect is spots.collect
