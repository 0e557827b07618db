"""Clusters of showers: every hit once, energies kept, order by energy."""

from __future__ import annotations

import time

import pytest
import torch

from heitler.detectors import load_detector
from heitler.formats import open_showers
from heitler.hits import Hits
from heitler.reconstruction import Clustering
from heitler.showers import SparseShowers

CLUSTERING = Clustering(12.0, 15.0, 15.0, 0.8)


@pytest.fixture(scope="module")
def clusters(toy_showers):
    return CLUSTERING(toy_showers(count=30).sparse())


def test_energy_is_kept_and_falls_from_the_leading_cluster_on(clusters):
    hits, inside = clusters.showers.hits, clusters.labels >= 0
    assert clusters.energies.sum() == pytest.approx(float(hits.energies[inside].double().sum()))
    assert clusters.offsets[-1] == len(clusters.energies)
    assert int(clusters.counts.max()) > 1
    assert (~inside).any()
    for row in range(len(hits)):
        start, stop = hits.offsets[row], hits.offsets[row + 1]
        label, energy = clusters.labels[start:stop], hits.energies[start:stop].double()
        own = clusters.energies[clusters.offsets[row] : clusters.offsets[row + 1]]
        assert (own.diff() <= 0).all()
        for number, value in enumerate(own.tolist()):
            assert float(energy[label == number].sum()) == pytest.approx(value)


def test_leading_and_clustered_hits(clusters):
    leading, clustered = clusters.leading(), clusters.clustered()
    first = clusters.energies[clusters.offsets[:-1][clusters.counts > 0]]
    sums = leading.dense().deposits.double().sum(dim=1)[clusters.counts > 0]
    torch.testing.assert_close(sums, first)
    assert clustered.hits.energies.numel() == int((clusters.labels >= 0).sum())


def test_the_order_of_the_hits_does_not_matter(toy_showers):
    showers = toy_showers(count=1).sparse()
    order = torch.randperm(showers.hits.cells.numel(), generator=torch.Generator().manual_seed(1))
    hits = Hits(showers.hits.offsets, showers.hits.cells[order], showers.hits.energies[order])
    other = CLUSTERING(SparseShowers(hits, showers.particles, showers.detector))
    assert torch.equal(other.labels, CLUSTERING(showers).labels)


def test_showers_without_hits_have_no_clusters(toy_showers):
    showers = toy_showers(count=3)
    empty = SparseShowers(Hits.of(torch.zeros(3, 60)), showers.particles, showers.detector)
    assert CLUSTERING(empty).counts.tolist() == [0, 0, 0]


def test_photons_are_one_cluster_in_milliseconds(shared_data):
    path = shared_data("geant4/ild_photons_perpendicular.h5")
    with open_showers(path) as reader:
        showers = reader.read_sparse(0, 100)
    kept = showers.hits.energies > 0.1
    before = torch.nn.functional.pad(kept.cumsum(0), (1, 0))[showers.hits.offsets]
    hits = Hits(before, showers.hits.cells[kept], showers.hits.energies[kept])
    showers = SparseShowers(hits, showers.particles, showers.detector)
    clustering = Clustering.of(showers.detector, 0.2)
    clustering(showers[:1])  # compiles
    start = time.process_time()
    clusters = clustering(showers)
    assert time.process_time() - start < 0.5 * len(showers) / 100
    share = clusters.leading().hits.energies.sum() / showers.hits.energies.sum()
    assert float(share) > 0.99


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        Clustering(0.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="say the distances"):
        Clustering.of(load_detector("calochallenge_ds1_photons"), 0.2)
