"""The Cherenkov detector: photons and likelihoods of tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from heitler.kernels import cherenkov_twin
from heitler.metrics import classifier_auc, kolmogorov_smirnov, separation_power, wasserstein
from heitler.models import WGANGP, ShowerShape, draw
from heitler.preprocessing import (
    ArcSinh,
    Conditioning,
    LogMomentum,
    Multiplicity,
    ParticleType,
    Preprocessing,
)
from heitler.simulators import RichSimulator, ShowerSimulator, Simulator
from heitler.simulators.rich import LHCB
from heitler.tables import Table
from heitler.tracks import CHARGED, MASSES, Tracks
from heitler.units import GeV

RICH1, RICH2 = LHCB
BOTH = 3.2
"""A pseudorapidity that both radiators see."""


def beam(name, momentum, count=400, *, pseudorapidity=BOTH, multiplicity=100):
    """Tracks that are all alike; momentum in GeV."""
    ones = torch.ones(count, dtype=torch.float64)
    return Tracks(
        ones * CHARGED[name], ones * momentum * GeV, ones * pseudorapidity, ones * multiplicity
    )


def mean(table, name):
    return float(table.column(f"dll_{name}").mean())


@pytest.fixture(scope="module")
def rich():
    return RichSimulator()


def separation(rich, momentum, **settings):
    """Distance of the DLL(K - pi) of kaons and pions in units of their spread."""
    kaons, pions = (
        rich.simulate(beam(name, momentum, 2000, **settings), seed=1).column("dll_K")
        for name in ("K", "pi")
    )
    return float((kaons.mean() - pions.mean()) / ((kaons.var() + pions.var()) / 2).sqrt())


def test_it_is_a_simulator_without_a_detector_of_cells(rich):
    assert isinstance(rich, Simulator)
    assert not isinstance(rich, ShowerSimulator)


def test_the_response_is_a_table(rich):
    table = rich.simulate(beam("K", 20, 7), seed=1)
    assert isinstance(table, Table)
    assert len(table) == 7
    assert table.names == ("dll_K", "dll_p", "dll_mu", "dll_e")
    assert len(rich.simulate(beam("K", 20, 0), seed=1)) == 0


def test_equal_seeds_give_equal_rows(rich):
    tracks = beam("pi", 20, 50)
    one, again, other = (rich.simulate(tracks, seed=seed).values for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not bool((one == other).any())


def test_rows_do_not_depend_on_how_tracks_are_cut(rich, monkeypatch):
    tracks = Tracks.concatenate([beam(name, 12, 40) for name in MASSES])
    whole = rich.simulate(tracks, seed=1).values
    assert torch.equal(rich.simulate(tracks[:77], seed=1).values, whole[:77])
    monkeypatch.setattr("heitler.simulators.rich.simulator._CHUNK", 13)
    assert torch.equal(rich.simulate(tracks, seed=1).values, whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_are_those_of_the_plain_kernel(rich, monkeypatch, seed):
    tracks = Tracks.concatenate([beam(name, p, 20) for name in MASSES for p in (3, 10, 30, 90)])
    fast = rich.simulate(tracks, seed=seed).values
    monkeypatch.setattr("heitler.kernels.likelihoods", cherenkov_twin.likelihoods)
    plain = rich.simulate(tracks, seed=seed).values
    torch.testing.assert_close(plain, fast, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("radiator", "place"), [(RICH1, 0), (RICH2, 1)])
def test_mean_number_of_photons(rich, radiator, place):
    for name, momentum in (("pi", 50), ("K", 20), ("K", 5), ("p", 60)):
        photons = rich.photons(beam(name, momentum, 2000), seed=1)[place]
        s = 1 - (1 + (MASSES[name] / (momentum * GeV)) ** 2) / radiator.mean_index**2
        expected = radiator.light * max(s, 0.0) / (1 - radiator.mean_index**-2)
        error = (expected / 2000) ** 0.5
        assert photons.own / 2000 == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize(("place", "low", "high"), [(0, 0.045, 0.05), (1, 0.02, 0.03)])
def test_background_grows_with_the_number_of_tracks(rich, place, low, high):
    few, many = (rich.photons(beam("p", 5, 500, multiplicity=m), seed=1)[place] for m in (50, 200))
    assert few.own == many.own == 0
    assert len(many.angle) / len(few.angle) == pytest.approx(4.0, rel=0.03)
    inside = many.angle[(many.angle > low) & (many.angle < high)]
    ring = np.pi * (high**2 - low**2)
    expected = 500 * ring * float(LHCB[place].background(np.array(200.0)))
    assert len(inside) == pytest.approx(expected, rel=0.03)


@pytest.fixture(scope="module")
def quiet():
    """Photons of 3000 pions of 80 GeV without background, with large errors of tracks."""
    radiators = [replace(r, crowding=1e-9, tracking=2 * r.tracking) for r in LHCB]
    return radiators, RichSimulator(radiators).photons(beam("pi", 80, 3000), seed=1)


@pytest.mark.parametrize("place", [0, 1])
def test_the_mean_angle_averages_over_the_ring(quiet, place):
    """sigma / sqrt(N), with all terms in sigma: a displaced ring has the same mean."""
    radiator, photons = quiet[0][place], quiet[1][place]
    number = torch.bincount(photons.track, minlength=3000)
    means = torch.bincount(photons.track, photons.angle.double(), 3000) / number
    momentum = np.array(80 * GeV)
    s = radiator.sine_squared(momentum, np.array(MASSES["pi"]))
    expected = float(radiator.error(s, momentum)) * float((1.0 / number).mean()) ** 0.5
    assert float(means.std()) == pytest.approx(expected, rel=0.05)
    assert float(means.mean()) == pytest.approx(float(np.arcsin(s**0.5)), abs=1e-4)


@pytest.mark.parametrize("place", [0, 1])
def test_photons_of_a_track_share_the_error_of_its_direction(quiet, place):
    """A displaced ring is wide in all its parts.

    Squares of residuals of two parts of a ring go together: their covariance over tracks is the
    variance of offset^2 / 2, which is the fourth power of the error in one plane.
    """
    radiator, photons = quiet[0][place], quiet[1][place]
    residual = photons.angle.double() - photons.angle.double().mean()
    even = torch.arange(len(residual)) % 2 == 0
    squares = []
    for part in (even, ~even):
        number = torch.bincount(photons.track[part], minlength=3000)
        squares.append(torch.bincount(photons.track[part], residual[part] ** 2, 3000) / number)
    covariance = float(torch.cov(torch.stack(squares))[0, 1])
    expected = float(radiator.track_error(np.array(80 * GeV))) ** 4
    assert covariance / expected == pytest.approx(1.0, abs=0.3)


def test_an_ideal_ring_separates_as_the_textbook_figure():
    """n = 1.0005, 25 photons, 0.64 mrad: beyond 4 sigma up to 80 GeV, below 3 at 100 GeV.

    Reference: Wikipedia, Ring-imaging Cherenkov detector, figure 4.
    """
    ideal = replace(
        RICH2,
        photons=(3.0996e-6, 3.0996e-6),
        light=25.0,
        emission=0.64e-3,
        pixel=0.0,
        tracking=0.0,
        thickness=1e-9,
        crowding=1e-6,
    )
    rich = RichSimulator([ideal])
    assert separation(rich, 60) > 5
    assert separation(rich, 80) == pytest.approx(4.3, abs=0.4)
    assert separation(rich, 100) == pytest.approx(2.8, abs=0.2)


@pytest.mark.parametrize("name", ["K", "p", "mu", "e"])
@pytest.mark.parametrize("momentum", [6, 12, 25])
def test_mean_likelihoods_have_the_right_sign(rich, name, momentum):
    assert mean(rich.simulate(beam("pi", momentum), seed=1), name) < 0
    own = mean(rich.simulate(beam(name, momentum), seed=1), name)
    assert (
        own > -0.2 if (name, momentum) == ("mu", 25) else own > 0
    )  # hardly apart, and errors that photons share count as theirs


def test_hypotheses_that_see_the_same_have_the_same_likelihood(rich):
    """Kaons and protons are both dark at 5 GeV."""
    table = rich.simulate(beam("K", 5), seed=1)
    assert torch.equal(table.column("dll_K"), table.column("dll_p"))
    assert float(table.column("dll_K").abs().min()) > 0


def test_a_detector_of_pions_only_cannot_tell(monkeypatch):
    """With equal masses every difference is 0."""
    masses = dict.fromkeys(MASSES, MASSES["pi"])
    monkeypatch.setattr("heitler.simulators.rich.simulator.MASSES", masses)
    assert float(RichSimulator().simulate(beam("K", 20), seed=1).values.abs().max()) == 0.0


def test_below_all_thresholds_there_is_nothing_to_tell(rich):
    """At 1.5 GeV only electrons make light: the other hypotheses are the same."""
    table = rich.simulate(beam("p", 1.5), seed=1)
    for name in ("K", "p", "mu"):
        assert float(table.column(f"dll_{name}").abs().max()) == 0.0
    assert mean(table, "e") < -10


@pytest.mark.parametrize("pseudorapidity", [1.6, 5.2])
def test_tracks_outside_have_zeros(rich, pseudorapidity):
    table = rich.simulate(beam("K", 20, pseudorapidity=pseudorapidity), seed=1)
    assert float(table.values.abs().max()) == 0.0


def test_acceptances_are_those_of_the_radiators(rich):
    for pseudorapidity, seen in ((2.2, (True, False)), (3.2, (True, True)), (4.6, (False, True))):
        tracks = beam("pi", 50, 50, pseudorapidity=pseudorapidity)
        assert tuple(p.own > 0 for p in rich.photons(tracks, seed=1)) == seen


def test_separation_falls_with_momentum_above_the_thresholds(rich):
    values = [separation(rich, momentum) for momentum in (22, 35, 50, 70, 100)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 5
    assert values[-1] < 3


def test_separation_falls_with_the_number_of_tracks(rich):
    values = [separation(rich, 40, multiplicity=m) for m in (10, 100, 400)]
    assert values == sorted(values, reverse=True)


def test_the_second_radiator_takes_over_at_high_momentum():
    first, second = RichSimulator([RICH1]), RichSimulator([RICH2])
    assert separation(first, 12) > separation(second, 12)
    assert separation(first, 60) < separation(second, 60)


def test_antiparticles_are_particles(rich):
    tracks = beam("K", 20, 20)
    other = Tracks(-tracks.pdg, tracks.momentum, tracks.pseudorapidity, tracks.multiplicity)
    one, two = (rich.simulate(t, seed=1).values for t in (tracks, other))
    assert torch.equal(one, two)


def test_what_is_not_covered_is_refused_in_one_line(rich):
    tracks = beam("K", 20, 3)
    photon = Tracks([22, 321, 22], *(getattr(tracks, n) for n in Tracks.__slots__[1:]))
    with pytest.raises(ValueError, match=r"11, 13, 211, 321 and 2212 .* got \[22\]; leave"):
        rich.simulate(photon, seed=1)
    with pytest.raises(ValueError, match="needs one radiator or more, got none"):
        RichSimulator([])
    with pytest.raises(ValueError, match="a seed must not be negative, got -1"):
        rich.simulate(tracks, seed=-1)


def test_a_table_goes_through_transform_model_and_metrics(rich):
    """Columns are what cells are to a shower: nothing asks which one it holds."""
    tracks = beam("K", 25, 300)
    table = rich.simulate(tracks, seed=1)
    preprocessing = Preprocessing([ArcSinh(5.0)])
    values, scale = table.values.float(), tracks.momentum.float()
    preprocessing.fit(values, scale)
    back = Table(table.columns, preprocessing.inverse(preprocessing(values, scale), scale))
    torch.testing.assert_close(back.values, table.values, rtol=1e-5, atol=1e-4)
    for metric in (kolmogorov_smirnov, separation_power):
        assert metric(table.column("dll_K"), back.column("dll_K")).value < 0.02
    pions = rich.simulate(beam("pi", 25, 300), seed=2)
    assert separation_power(table.column("dll_K"), pions.column("dll_K")).value > 0.9
    assert wasserstein(table.column("dll_K"), pions.column("dll_K")).value > 10
    assert classifier_auc(table.values, pions.values, seed=1).value > 0.95

    conditioning = Conditioning([ParticleType([321]), LogMomentum(), Multiplicity()])
    conditioning.fit(tracks)
    c = conditioning(tracks)
    shape = ShowerShape((len(table.columns),), preprocessing.quantities, conditioning.size)
    torch.manual_seed(1)
    model = WGANGP(shape, latent=2, generator=[8], critic=[8]).eval()
    with torch.inference_mode():
        x = model(draw(model.noise, len(tracks), (1,)), c)
    assert len(Table(table.columns, preprocessing.inverse(x, scale))) == len(tracks)
