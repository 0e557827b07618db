"""Showers are checked when they are made."""

import pytest
import torch

from heitler.detectors import load_detector
from heitler.hits import Hits
from heitler.showers import Showers, SparseShowers


def test_the_grid_holds_layers_rows_and_columns(toy_showers):
    showers = toy_showers(count=2)
    assert showers.grid.shape == (2, 4, 5, 3)
    assert torch.equal(showers.grid.flatten(1), showers.deposits)
    assert showers.geometry is showers.detector.geometry


@pytest.mark.parametrize("value", [-1e-6, float("nan"), float("inf"), float("-inf")])
def test_bad_deposits_are_named(value, toy_showers):
    showers = toy_showers(count=3)
    deposits = showers.deposits.clone()
    deposits[1, 7] = value
    with pytest.raises(ValueError, match=r"MeV in cell 7 of shower 1 \(1 cells are wrong\)") as e:
        Showers(deposits, showers.particles, showers.detector)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("shape", [(3, 59), (2, 60), (3, 4, 5, 3), (180,)])
def test_shapes_are_checked(shape, toy_showers):
    showers = toy_showers(count=3)
    with pytest.raises(ValueError, match=r"3 particles in toy must have shape \(3, 60\)"):
        Showers(torch.zeros(shape), showers.particles, showers.detector)


def test_deposits_are_float32_and_zero_is_allowed(toy_showers):
    particles = toy_showers(count=2).particles
    showers = Showers(torch.zeros(2, 60, dtype=torch.float64), particles, toy_showers().detector)
    assert showers.deposits.dtype == torch.float32


def test_no_showers_are_showers(toy_showers):
    assert len(toy_showers(count=3)[:0]) == 0


@pytest.mark.parametrize("index", [slice(1, 3), torch.tensor([2, 0])])
def test_parts_keep_deposits_and_particles_together(index, toy_showers):
    whole = toy_showers(count=3)
    part = whole[index]
    assert torch.equal(part.deposits, whole.deposits[index])
    assert torch.equal(part.particles.energy, whole.particles.energy[index])


def test_concatenation_is_the_inverse_of_cutting(toy_showers):
    whole = toy_showers(count=4)
    again = Showers.concatenate([whole[:1], whole[1:]])
    assert torch.equal(again.deposits, whole.deposits)
    assert torch.equal(again.particles.energy, whole.particles.energy)


def test_only_showers_of_one_detector_are_concatenated(toy_showers):
    parts = [toy_showers(count=1), toy_showers(load_detector("clic_ecal"), 1)]
    with pytest.raises(ValueError, match=r"one detector, got \['clic_ecal', 'toy'\]"):
        Showers.concatenate(parts)
    with pytest.raises(ValueError, match="one detector"):
        Showers.concatenate([])


def test_sparse_showers_are_the_same_showers(toy_showers):
    showers = toy_showers(count=5)
    sparse = showers.sparse()
    assert len(sparse) == 5
    assert sparse.geometry is showers.geometry
    assert sparse.hits.cells.numel() == int((showers.deposits > 0).sum())
    assert torch.equal(sparse.dense().deposits, showers.deposits)
    assert sparse.dense().particles is showers.particles
    assert len(toy_showers(count=0).sparse().dense()) == 0


@pytest.mark.parametrize("index", [slice(1, 3), torch.tensor([2, 0])])
def test_parts_of_sparse_showers_keep_hits_and_particles_together(index, toy_showers):
    whole = toy_showers(count=3)
    part = whole.sparse()[index]
    assert torch.equal(part.dense().deposits, whole.deposits[index])
    assert torch.equal(part.particles.energy, whole.particles.energy[index])


def sparse(toy_showers, offsets, cells, energies):
    particles = toy_showers(count=3).particles
    hits = Hits(
        torch.tensor(offsets),
        torch.tensor(cells, dtype=torch.int32),
        torch.tensor(energies, dtype=torch.float32),
    )
    return SparseShowers(hits, particles, toy_showers().detector)


@pytest.mark.parametrize("value", [0.0, -1e-6, float("nan"), float("inf"), float("-inf")])
def test_bad_energies_of_hits_are_named(value, toy_showers):
    with pytest.raises(ValueError, match=r"MeV in cell 9 of shower 2 \(1 hits are wrong\)"):
        sparse(toy_showers, [0, 1, 1, 3], [5, 9, 5], [1.0, value, 2.0])


@pytest.mark.parametrize("cell", [-1, 60])
def test_cells_that_do_not_exist_are_named(cell, toy_showers):
    with pytest.raises(ValueError, match=rf"toy are 0 to 59, got {cell} in shower 0 \(1 hits"):
        sparse(toy_showers, [0, 1, 1, 3], [cell, 9, 5], [1.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("offsets", "cells", "energies", "message"),
    [
        ([0, 1, 2], [1, 2], [1.0, 1.0], "3 particles must have 4 offsets"),
        ([1, 1, 2, 2], [1, 2], [1.0, 1.0], "must rise from 0 to the number of hits, got 1 to 2"),
        ([0, 2, 1, 2], [1, 2], [1.0, 1.0], "must rise from 0"),
        ([0, 1, 2, 3], [1, 2], [1.0, 1.0], r"got 0 to 3 with \(2,\) cells"),
        ([0, 1, 2, 2], [1, 2], [1.0], r"\(1,\) energies"),
        ([0.0, 1.0, 2.0, 2.0], [1, 2], [1.0, 1.0], "int64 offsets"),
    ],
)
def test_lists_of_hits_are_checked(offsets, cells, energies, message, toy_showers):
    with pytest.raises(ValueError, match=message):
        sparse(toy_showers, offsets, cells, energies)
