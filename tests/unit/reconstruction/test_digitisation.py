"""Threshold, noise, saturation, MIP."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import kstest, norm, truncnorm

from heitler.detectors import load_detector
from heitler.reconstruction import Digitisation, stack_mip
from heitler.showers import Showers, SparseShowers

MIP = 0.2


def test_without_noise_it_is_a_cut_and_a_clip(toy_showers):
    showers = toy_showers(count=20)
    read = Digitisation(MIP, threshold=2.0, noise=0.0, saturation=8.0)(showers, seed=1)
    wanted = showers.deposits.clamp(max=8.0 * MIP) * (showers.deposits > 2.0 * MIP)
    assert isinstance(read, Showers)
    torch.testing.assert_close(read.deposits, wanted)
    assert (wanted > 0).any()
    assert (showers.deposits > 8.0 * MIP).any()


def test_both_forms_are_read_out_alike(toy_showers):
    showers = toy_showers(count=20)
    digitisation = Digitisation(MIP, noise=0.3)
    sparse = digitisation(showers.sparse(), seed=4)
    assert isinstance(sparse, SparseShowers)
    torch.testing.assert_close(sparse.dense().deposits, digitisation(showers, seed=4).deposits)


def test_noise_depends_on_the_seed_and_the_number_of_the_shower_only(toy_showers):
    showers = toy_showers(count=9)
    digitisation = Digitisation(MIP, noise=0.3)
    whole = digitisation(showers, seed=4).deposits
    part = digitisation(showers[5:], seed=4, first=5).deposits
    torch.testing.assert_close(part, whole[5:])
    assert not torch.equal(digitisation(showers, seed=5).deposits, whole)


def test_empty_cells_pass_as_often_and_as_high_as_all_cells_of_pure_noise(toy_showers):
    """Binomial number and tail are those of drawing every cell."""
    showers = toy_showers(count=400)
    empty = Showers(torch.zeros_like(showers.deposits), showers.particles, showers.detector)
    hits = Digitisation(MIP, threshold=0.5, noise=0.4)(empty.sparse(), seed=2).hits
    cells = empty.deposits.numel()
    expected = cells * norm.sf(0.5 / 0.4)
    assert abs(hits.cells.numel() - expected) < 4 * expected**0.5
    energies = hits.energies.numpy() / (0.4 * MIP)
    assert kstest(energies, truncnorm(0.5 / 0.4, float("inf")).cdf).pvalue > 1e-3
    assert kstest(hits.cells / empty.geometry.cells, "uniform").statistic < 0.05


def test_noise_adds_to_deposits_in_quadrature(toy_showers):
    showers = toy_showers(count=200)
    filled = Showers(torch.full_like(showers.deposits, 2.0), showers.particles, showers.detector)
    read = Digitisation(MIP, noise=0.3)(filled, seed=1).deposits
    assert float(read.mean()) == pytest.approx(2.0, abs=4 * 0.06 / read.numel() ** 0.5)
    assert float(read.std()) == pytest.approx(0.3 * MIP, rel=0.03)


def test_the_mip_of_half_a_millimetre_of_silicon(toy_detector):
    """1.664 MeV cm2/g x 2.329 g/cm3 x 0.05 cm (PDG)."""
    assert stack_mip(load_detector("ild_ecal")) == pytest.approx(0.19377, rel=1e-4)
    assert stack_mip(load_detector("clic_ecal_51")) > 0
    assert Digitisation.of(toy_detector).mip == pytest.approx(0.19377, rel=1e-4)
    assert Digitisation.of(load_detector("ild_ecal")).mip == 0.2


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="threshold between"):
        Digitisation(MIP, threshold=3.0, saturation=2.0)
    with pytest.raises(ValueError, match="positive MIP"):
        Digitisation(0.0)
    with pytest.raises(ValueError, match="say how many MeV a MIP is"):
        Digitisation.of(load_detector("calochallenge_ds1_photons"))
