"""The contract of every transform and of every condition."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import VoxelGrid
from heitler.measured import MeasuredTracks
from heitler.particles import IncidentParticles
from heitler.preprocessing import (
    Angle,
    Condition,
    Conditioning,
    Features,
    LogCells,
    LogEnergy,
    LogMomentum,
    ParticleType,
    Power,
    Preprocessing,
    Response,
    Threshold,
    Transform,
)
from heitler.tables import Column, Table
from heitler.tracks import Tracks

# How a test makes each, where the constructor needs something.
ARGUMENTS = {
    "CherenkovLight": (1.0014, (0.025, 0.3)),
    "Differences": ([None, 0, 0, 2, *[None] * 16],),
    "Measured": (["dll"],),
    "ParticleType": ([11, 22],),
    "Relative": ([0, 3],),
    "Snap": ([0.1] * 20,),
    "Threshold": (0.1,),
}


def concrete(base):
    for child in base.__subclasses__():
        if child.__module__.startswith("heitler."):
            if not child.__abstractmethods__:
                yield child
            yield from concrete(child)


TRANSFORMS = {t.__name__: t for t in concrete(Transform)}
CONDITIONS = {c.__name__: c for c in concrete(Condition)}
every_transform = pytest.mark.parametrize("name", TRANSFORMS)
every_condition = pytest.mark.parametrize("name", CONDITIONS)


def make(name):
    made = {**TRANSFORMS, **CONDITIONS}[name](*ARGUMENTS.get(name, ()))
    if name in TRANSFORMS:
        made.see(VoxelGrid(2, 2, (5.0, 5.0), layer_z=range(5)))
    return made


def showers(count=50, seed=1, scale=1.0):
    """Deposits in MeV with a third of the cells empty, and incident energies."""
    generator = torch.Generator().manual_seed(seed)
    energy = 1e4 + 9e4 * torch.rand(count, generator=generator)
    cells = torch.empty(count, 20).exponential_(generator=generator) * energy[:, None] / 1e4
    cells[torch.rand(count, 20, generator=generator) < 0.3] = 0.0
    return Features(torch.randn(count, 2, generator=generator), cells * scale), energy


def test_there_are_transforms_and_conditions():
    assert {"LogCells", "Response", "Threshold"} <= set(TRANSFORMS)
    assert {"Angle", "LogEnergy", "ParticleType"} <= set(CONDITIONS)


@every_transform
@pytest.mark.parametrize("seed", [1, 2])
def test_the_inverse_brings_back_what_forward_took(name, seed):
    transform = make(name)
    features, energy = showers()
    transform.fit(features, energy)
    fresh, energy = showers(seed=seed)
    if transform.loses:
        # What is lost is lost once: behind the first round trip nothing changes any more.
        fresh = transform.inverse(transform(fresh, energy), energy)
    back = transform.inverse(transform(fresh, energy), energy)
    torch.testing.assert_close(back.cells, fresh.cells, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(back.quantities, fresh.quantities, rtol=0, atol=0)


@every_transform
def test_forward_adds_what_it_says(name):
    transform = make(name)
    features, energy = showers()
    transform.fit(features, energy)
    out = transform(features, energy)
    assert out.quantities.shape == (50, 2 + transform.adds)
    assert torch.equal(out.quantities[:, :2], features.quantities)
    assert out.cells.shape == features.cells.shape
    back = transform.inverse(out, energy)
    assert back.quantities.shape == features.quantities.shape


@every_transform
def test_input_is_left_alone(name):
    transform = make(name)
    features, energy = showers()
    transform.fit(features, energy)
    transform.inverse(transform(features, energy), energy)
    untouched, _ = showers()
    assert torch.equal(features.cells, untouched.cells)
    assert torch.equal(features.quantities, untouched.quantities)


@every_transform
def test_what_was_fitted_is_saved_and_takes_no_gradient(name):
    transform = make(name)
    features, energy = showers()
    transform.fit(Features(features.quantities, features.cells.requires_grad_()), energy)
    assert not any(value.requires_grad for value in transform.state_dict().values())
    assert not list(transform.parameters())
    other = make(name)
    other.load_state_dict(transform.state_dict())
    fresh, energy = showers(seed=3)
    assert torch.equal(other(fresh, energy).quantities, transform(fresh, energy).quantities)
    assert torch.equal(other(fresh, energy).cells, transform(fresh, energy).cells)


@every_transform
def test_empty_showers_stay_empty(name):
    transform = make(name)
    features, energy = showers()
    transform.fit(features, energy)
    empty = features._replace(cells=torch.zeros_like(features.cells))
    out = transform(empty, energy)
    assert bool(torch.isfinite(out.quantities).all())
    assert bool(torch.isfinite(out.cells).all())
    back = transform.inverse(out, energy)
    assert torch.equal(back.cells, empty.cells)


@every_transform
def test_rows_do_not_mix(name):
    transform = make(name)
    features, energy = showers()
    transform.fit(features, energy)
    out = transform(features, energy)
    one = transform(Features(features.quantities[7:8], features.cells[7:8]), energy[7:8])
    torch.testing.assert_close(one.cells, out.cells[7:8])
    torch.testing.assert_close(one.quantities, out.quantities[7:8])


CHAINS = {
    "nothing": (),
    "response": (Response,),
    "logarithm behind response": (Response, LogCells),
    "threshold first": (lambda: Threshold(0.1), Response, LogCells),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_preprocessing_is_the_composition(chain):
    features, energy = showers()
    deposits = torch.where(features.cells < 0.1, 0.0, features.cells)
    preprocessing = Preprocessing([make() for make in CHAINS[chain]])
    preprocessing.fit(deposits, energy)
    x = preprocessing(deposits, energy)
    assert x.shape == (50, preprocessing.quantities + 20)
    torch.testing.assert_close(preprocessing.inverse(x, energy), deposits, rtol=1e-5, atol=1e-5)
    by_hand = Features(deposits.new_zeros(50, 0), deposits)
    for transform in preprocessing.transforms:
        by_hand = transform(by_hand, energy)
    assert torch.equal(x, torch.cat(by_hand, dim=1))


def test_preprocessing_without_transforms_knows_that_it_is_the_identity():
    deposits, energy = torch.rand(3, 5), torch.full((3,), 1e4)
    empty = Preprocessing([])
    assert empty.identity
    assert torch.equal(empty(deposits, energy), deposits)
    assert torch.equal(empty.inverse(deposits, energy), deposits)
    assert not Preprocessing([Threshold(0.1)]).identity


def test_the_response_is_standardised_and_scales_any_cells():
    features, energy = showers()
    response = Response()
    response.fit(features, energy)
    out = response(features, energy)
    assert float(out.quantities[:, -1].mean()) == pytest.approx(0.0, abs=1e-5)
    assert float(out.quantities[:, -1].std()) == pytest.approx(1.0, rel=1e-5)
    scaled = out._replace(cells=out.cells * 17.0)
    back = response.inverse(scaled, energy)
    torch.testing.assert_close(back.cells, features.cells, rtol=1e-5, atol=1e-6)


@given(st.floats(-1e3, 1e3))
def test_responses_far_from_the_training_sample_are_cut(value):
    features, energy = showers()
    response = Response()
    response.fit(features, energy)
    seen = torch.log(features.cells.sum(dim=1) / energy)
    drawn = Features(torch.full((50, 1), value), features.cells)
    got = torch.log(response.inverse(drawn, energy).cells.sum(dim=1) / energy)
    assert float(got.min()) >= float(seen.min() - seen.std()) - 1e-4
    assert float(got.max()) <= float(seen.max() + seen.std()) + 1e-4


def test_logarithm_of_cells():
    features, energy = showers()
    cells = LogCells(unit=0.5)(features, energy).cells
    torch.testing.assert_close(cells, torch.log(1 + features.cells / 0.5))


def test_a_power_of_the_cells():
    features, energy = showers()
    out = Power(0.5, unit=4.0)(features, energy)
    torch.testing.assert_close(out.cells, torch.sqrt(features.cells) / 2)
    with pytest.raises(ValueError, match=r"must be positive, got 0\.0 and 20\.0"):
        Power(0.0)


def test_a_threshold_empties_what_is_below_and_keeps_what_is_at_it():
    cells = torch.tensor([[0.05, 0.1, 0.2]])
    features = Features(torch.zeros(1, 0), cells)
    out = Threshold(0.1)(features, torch.ones(1)).cells
    assert out.tolist() == [[0.0, cells[0, 1].item(), cells[0, 2].item()]]


def beam(energies, **settings):
    return IncidentParticles.beam(energies, **settings)


STANDARDISED = {"LogMomentum", "Multiplicity", "Pseudorapidity"}
OF_TRACKS = STANDARDISED | {"CherenkovLight"}
OF_MEASURED = {"Measured"}


def causes(name, energies, **settings):
    """What a condition is of: particles or tracks of these energies or momenta."""
    if name not in OF_TRACKS | OF_MEASURED:
        return beam(energies, **settings)
    count = len(energies)
    tracks = Tracks([22] * count, energies, range(count), range(1, count + 1))
    if name in OF_TRACKS:
        return tracks
    values = torch.as_tensor(energies, dtype=torch.float64)[:, None]
    return MeasuredTracks.join(tracks, Table((Column("dll", "likelihood"),), values))


@every_condition
def test_a_condition_is_columns_of_float32(name):
    condition = make(name)
    particles = causes(name, [1e4, 2e4, 5e4], theta=torch.tensor([1.0, 1.2, 1.5]))
    condition.fit(particles)
    out = condition(particles)
    assert out.shape == (3, condition.size)
    assert out.dtype == torch.float32
    assert bool(torch.isfinite(out).all())
    other = make(name)
    other.load_state_dict(condition.state_dict())
    assert torch.equal(other(particles), out)


@every_condition
def test_particles_that_are_all_alike_give_finite_columns(name):
    condition = make(name)
    for particles in (causes(name, [5e4] * 4)[[0, 0, 0, 0]], causes(name, [5e4])):
        condition.fit(particles)
        assert bool(torch.isfinite(condition(particles)).all())
        assert bool(torch.isfinite(condition(causes(name, [6e4]))).all())


@pytest.mark.parametrize("name", ["LogEnergy", "Angle", *sorted(STANDARDISED)])
def test_columns_are_standardised(name):
    condition = make(name)
    energies, angles = torch.linspace(1e4, 1e5, 100), torch.linspace(0.5, 1.5, 100)
    particles = causes(name, energies, theta=angles)
    condition.fit(particles)
    out = condition(particles)
    assert float(out.mean()) == pytest.approx(0.0, abs=1e-5)
    assert float(out.std()) == pytest.approx(1.0, rel=1e-5)
    assert bool((out[:, 0].diff() > 0).all())


def test_the_logarithm_of_energies():
    condition = LogEnergy()
    e = torch.tensor([1e4, 1e5], dtype=torch.float64)
    assert condition(beam(e))[:, 0].tolist() == pytest.approx(e.log().tolist())


def test_the_logarithm_of_momenta_and_the_types_of_tracks():
    tracks = causes("LogMomentum", [1e4, 1e5])
    assert LogMomentum()(tracks)[:, 0].tolist() == pytest.approx(tracks.momentum.log().tolist())
    assert ParticleType([22])(tracks).tolist() == [[1.0], [1.0]]


def test_the_types_of_particles():
    condition = ParticleType([11, 22])
    out = condition(beam([1e4] * 3, pdg=torch.tensor([22, 11, 22])))
    assert out.tolist() == [[0, 1], [1, 0], [0, 1]]
    with pytest.raises(ValueError, match=r"knows the particle codes \[11, 22\], got \[13\]"):
        condition(beam([1e4] * 2, pdg=torch.tensor([13, 22])))


def test_conditions_stand_side_by_side():
    conditioning = Conditioning([LogEnergy(), Angle(), ParticleType([11, 22])])
    particles = beam([1e4, 2e4, 4e4], theta=torch.tensor([1.0, 1.2, 1.5]))
    conditioning.fit(particles)
    assert conditioning.size == 4
    out = conditioning(particles)
    expected = [condition(particles) for condition in conditioning.conditions]
    assert torch.equal(out, torch.cat(expected, dim=1))
