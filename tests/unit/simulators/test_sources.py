"""Sources of particles: the same request gives the same particles."""

from math import pi

import pytest
import torch

from heitler.particles import IncidentParticles
from heitler.simulators import BLOCK, ParticleGun, ParticleList, TrainingRange, block_seed
from heitler.units import GeV, degree


@pytest.fixture
def gun(toy_detector):
    return ParticleGun(toy_detector, (10 * GeV, 100 * GeV), (0.5, 1.5), 11)


def columns(particles):
    return [getattr(particles, name) for name in IncidentParticles.__slots__]


def test_blocks_are_reproducible_and_differ(gun):
    shots = (columns(gun.shoot(3, 9, seed=1)) for _ in range(2))
    for one, again in zip(*shots, strict=True):
        assert torch.equal(one, again)
    first = gun.shoot(3, 9, seed=1).energy
    assert not torch.equal(first, gun.shoot(4, 9, seed=1).energy)
    assert not torch.equal(first, gun.shoot(3, 9, seed=2).energy)


def test_a_longer_request_begins_with_the_shorter(gun):
    assert torch.equal(gun.shoot(0, 5, seed=1).energy, gun.shoot(0, BLOCK, seed=1).energy[:5])


def test_particles_are_uniform_between_the_bounds(gun, toy_detector):
    particles = gun.shoot(0, BLOCK, seed=1)
    for values, (low, high) in ((particles.energy, gun.energy), (particles.theta, gun.theta)):
        assert low <= float(values.min())
        assert float(values.max()) <= high
        width = high - low
        assert float(values.mean()) == pytest.approx((low + high) / 2, abs=0.04 * width)
        assert float(values.std()) == pytest.approx(width / 12**0.5, rel=0.06)
    assert set(particles.pdg.tolist()) == {11}
    assert torch.equal(
        particles.position[0],
        torch.tensor([*toy_detector.impact, toy_detector.face_z], dtype=torch.float64),
    )


def test_a_single_value_is_exact(toy_detector):
    particles = ParticleGun(toy_detector, (5e4, 5e4)).shoot(0, 7, seed=1)
    assert particles.energy.tolist() == [5e4] * 7
    assert particles.direction.tolist() == [[0.0, 0.0, 1.0]] * 7


def seen(count=500, *, theta=None, **settings):
    generator = torch.Generator().manual_seed(1)
    unit = torch.rand(count, 2, dtype=torch.float64, generator=generator)
    angle = (30 + 60 * unit[:, 1]) * degree if theta is None else theta
    particles = IncidentParticles.beam(1e4 + 9e4 * unit[:, 0], theta=angle, **settings)
    return TrainingRange.of(particles)


def test_a_gun_within_a_range_shoots_what_the_model_has_seen(toy_detector):
    past = seen(phi=-0.7, impact=(3.0, 4.0), pdg=11)
    gun = ParticleGun.within(toy_detector, past, theta=past.theta)
    particles = gun.shoot(0, BLOCK, seed=1)
    past.check(particles)
    assert particles.position[:, :2].unique(dim=0).tolist() == [[3.0, 4.0]]
    assert float(particles.theta.min()) < 0.6
    assert gun.energy == past.energy
    with pytest.raises(ValueError, match="entry points x 3 y 4 mm, got x 10 y -20 mm"):
        past.check(ParticleGun(toy_detector, past.energy, pdg=11).shoot(0, 9, seed=1))


def test_a_gun_covers_a_range_of_points_and_azimuths(toy_detector):
    grid = torch.linspace(-2.0, 2.0, 500, dtype=torch.float64)
    past = seen(phi=grid, impact=torch.stack([grid, 1 + grid / 2], dim=1))
    particles = ParticleGun.within(toy_detector, past, theta=(1.0, 1.0)).shoot(0, BLOCK, seed=1)
    past.check(particles)
    low, high = particles.position.min(dim=0).values, particles.position.max(dim=0).values
    assert low[:2].tolist() == pytest.approx([-2.0, 0.0], abs=0.02)
    assert high[:2].tolist() == pytest.approx([2.0, 2.0], abs=0.02)
    assert float(particles.phi.std()) == pytest.approx(4 / 12**0.5, rel=0.06)


def test_a_gun_leans_to_both_sides_where_the_model_has_seen_both(toy_detector):
    past = seen(theta=torch.linspace(60, 120, 500) * degree)
    particles = ParticleGun.within(toy_detector, past, theta=past.theta).shoot(0, BLOCK, seed=1)
    past.check(particles)
    across, along, _ = particles.direction.unbind(dim=1)
    assert float(across.abs().max()) < 1e-12
    assert (float(along.min()), float(along.max())) == pytest.approx((-0.5, 0.5), abs=0.01)


def test_energies_and_angles_of_a_seed_do_not_depend_on_points_of_entry(gun, toy_detector):
    wide = ParticleGun(toy_detector, gun.energy, gun.theta, 11, ((0.0, 9.0), (1.0, 5.0)), (0, 3))
    one, other = gun.shoot(2, 9, seed=1), wide.shoot(2, 9, seed=1)
    assert torch.equal(one.energy, other.energy)
    torch.testing.assert_close(one.theta, other.theta)


def test_perpendicular_is_the_default_angle_only_where_it_was_seen(toy_detector):
    assert ParticleGun.within(toy_detector, seen()).theta == (pi / 2, pi / 2)
    tilted = seen(theta=torch.linspace(0.6, 1.2, 500))
    with pytest.raises(ValueError, match=r"not seen 90 degrees: .* --theta 34\.\.69deg"):
        ParticleGun.within(toy_detector, tilted)
    with pytest.raises(ValueError, match="--theta 60deg"):
        ParticleGun.within(toy_detector, seen(theta=60 * degree))
    assert ParticleGun.within(toy_detector, tilted, theta=(1.0, 1.1)).theta == (1.0, 1.1)


def test_a_list_is_gone_through_block_by_block():
    energy = torch.arange(1.0, 2 * BLOCK + 11.0, dtype=torch.float64)
    source = ParticleList(IncidentParticles.beam(energy))
    assert torch.equal(source.shoot(0, BLOCK, seed=1).energy, energy[:BLOCK])
    assert torch.equal(source.shoot(2, 10, seed=9).energy, energy[2 * BLOCK :])
    assert source.describe()["particles"] == 2 * BLOCK + 10


def test_descriptions_tell_requests_apart(gun, toy_detector):
    assert gun.describe() == {
        "energy": [1e4, 1e5],
        "theta": [0.5, 1.5],
        "azimuth": [pi / 2, pi / 2],
        "position": [[10.0, 10.0], [-20.0, -20.0]],
        "pdg": 11,
    }
    one, other = (ParticleList(IncidentParticles.beam([e])) for e in (1.0, 2.0))
    assert one.describe() == one.describe()
    assert one.describe() != other.describe()


def test_seeds_of_blocks_are_all_different():
    seeds = {block_seed(s, b, p) for s in range(8) for b in range(40) for p in range(7)}
    assert len(seeds) == 8 * 40 * 7
    assert min(seeds) >= 0


def test_the_meaning_of_a_seed_does_not_change():
    assert block_seed(1, 0, 0) == block_seed(1, 0, 0)
    assert BLOCK == 1000
    with pytest.raises(ValueError, match="a seed must not be negative, got -2"):
        block_seed(-2, 0, 0)
