"""The laws of GFLASH: normalisation, moments, limits, published numbers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma

from heitler.detectors import load_detector, parse_detector
from heitler.simulators.gflash.medium import Medium, Slices
from heitler.simulators.gflash.parameters import cumulative, longitudinal, radial, slices, spots


def crystal(length=300.0, layers=10):
    """Lead tungstate without anything else."""
    slab = {"material": "lead_tungstate", "thickness": length / layers, "active": True}
    return parse_detector(
        {
            "name": "crystal",
            "description": "A block.",
            "hit_threshold": 0.1,
            "stack": [{"repeat": layers, "slabs": [slab]}],
            "geometry": {"type": "VoxelGrid", "rows": 9, "columns": 9, "cell": [20.0, 20.0]},
        }
    )


SILICON = Medium.of(load_detector("ild_ecal"))
CRYSTAL = Medium.of(crystal())
ENERGY = np.array([1e3, 1e4, 1e5])


def test_a_medium_has_the_effective_numbers_of_its_stack():
    detector = load_detector("clic_ecal")
    medium = Medium.of(detector)
    mass_w, mass_si, mass_air = 3.0 * 19.3, 0.5 * 2.329, 2.0 * 1.205e-3
    passive = (74 * mass_w + 7.37 * mass_air) / (mass_w + mass_air)
    total = mass_w + mass_si + mass_air
    assert medium.e_mip == pytest.approx(1 / (1 + 0.007 * (passive - 14)))
    assert medium.atomic_number == pytest.approx(
        (74 * mass_w + 14 * mass_si + 7.37 * mass_air) / total
    )
    assert 1 / medium.spacing == pytest.approx(detector.radiation_length / 5.5)
    assert medium.critical_energy == pytest.approx(detector.critical_energy)
    assert not medium.homogeneous


def test_a_medium_without_passive_plates_is_homogeneous():
    assert CRYSTAL.homogeneous
    assert (CRYSTAL.spacing, CRYSTAL.e_mip, CRYSTAL.resolution) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("name", ["calochallenge_ds1_photons", "calochallenge_ds1_pions"])
def test_a_detector_without_a_stack_is_refused(name):
    with pytest.raises(ValueError, match=f"GFLASH needs the stack .* of {name} has none"):
        Medium.of(load_detector(name))


@pytest.mark.parametrize("name", ["ild_ecal", "clic_ecal", "calochallenge_ds2"])
def test_slices_part_the_depth_between_layers(name):
    detector = load_detector(name)
    slices = Slices.of(detector)
    z = detector.geometry.layer_z.numpy() - detector.face_z
    assert len(slices.shares) == detector.geometry.layers
    assert (slices.edges[:-1] < z).all()
    assert (slices.edges[1:] > z).all()
    assert slices.depth(slices.edges[-1:])[0] == pytest.approx(detector.radiation_lengths)
    active = sum(s.thickness * s.material.minimum_loss for s in detector.stack if s.active)
    loss = np.interp(
        slices.edges,
        slices.boundaries,
        np.cumsum([0, *(s.thickness * s.material.minimum_loss for s in detector.stack)]),
    )
    assert (slices.shares * np.diff(loss)).sum() == pytest.approx(active)


@pytest.mark.parametrize("name", ["ild_ecal", "calochallenge_ds2"])
def test_a_slice_ends_behind_the_last_active_plate_of_its_layer(name):
    detector = load_detector(name)
    slices_, last = Slices.of(detector), detector.stack[-1]
    planes, active = detector.planes_per_layer, [s.active for s in detector.stack]
    ends = np.cumsum([s.thickness for s in detector.stack])[active][planes - 1 :: planes]
    assert slices_.edges[1:-1] == pytest.approx(ends[:-1])
    assert slices_.edges[-1] == pytest.approx(ends[-1] + (0 if last.active else last.thickness))
    assert slices_.spacing.sum() * planes == pytest.approx(detector.radiation_lengths)


def test_the_cells_of_ild_have_two_lengths():
    spacing = Slices.of(load_detector("ild_ecal")).spacing
    assert spacing[:20] == pytest.approx(np.full(20, 0.605), abs=5e-3)
    assert spacing[20:] == pytest.approx(np.full(10, 1.205), abs=5e-3)


@pytest.mark.parametrize("cells", [np.full(30, 0.8), np.repeat([0.6, 1.2], [20, 10])])
def test_plates_see_the_homogeneous_profile_where_they_are(cells):
    """An independent reading of the terms in 1/F_S: half of a cell, from end to middle."""
    whole = replace(CRYSTAL, spacing=0.0)
    energy, edges = np.array([[5e4]]), np.concatenate([[0.0], np.cumsum(cells)])[None]
    law, sampled = (longitudinal(whole, energy, s) for s in (np.zeros((1, 1)), cells[None]))
    top, alpha = (np.exp(value).item() for value in (law.log_t, law.log_alpha))
    there = gamma(alpha, scale=top / (alpha - 1)).pdf(edges[0, 1:]) * cells
    read = slices(edges, np.exp(sampled.log_t), np.exp(sampled.log_alpha))[0]
    strong = there > 0.5 * there.max()
    assert read[strong] == pytest.approx(there[strong], rel=0.06)


@pytest.mark.parametrize(("top", "alpha"), [(5.0, 3.6), (6.3, 4.3), (7.9, 5.4)])
@pytest.mark.parametrize("cell", [0.4, 0.8, 1.2])
def test_most_of_the_terms_in_the_spacing_is_half_of_a_cell(top, alpha, cell):
    """Moments of a gamma law read off at the ends of cells and set down at their middles."""
    ends = cell * np.arange(1, int(60 / cell))
    weight = gamma(alpha, scale=top / (alpha - 1)).pdf(ends)
    mean = np.average(ends - cell / 2, weights=weight)
    variance = np.average((ends - cell / 2 - mean) ** 2, weights=weight)
    shape = mean**2 / variance
    assert (top - mean * (shape - 1) / shape) / cell == pytest.approx(0.61, abs=0.045)
    assert (alpha - shape) / cell == pytest.approx(0.5, abs=0.06)


def test_slices_of_a_homogeneous_detector_see_everything():
    slices = Slices.of(crystal())
    assert slices.shares == pytest.approx(np.ones(10))
    assert np.diff(slices.edges) == pytest.approx(np.full(10, 30.0))
    assert (slices.spacing == 0).all()


def test_the_cumulative_profile_is_that_of_equation_2():
    t, top, alpha = np.array([0.5, 3.0, 9.0]), 5.0, 4.2
    beta = (alpha - 1) / top
    law = gamma(alpha, scale=1 / beta)
    assert cumulative(t, np.array(top), np.array(alpha)) == pytest.approx(law.cdf(t))
    depths = np.linspace(0.01, 20, 20_000)
    assert depths[law.pdf(depths).argmax()] == pytest.approx(top, abs=2e-3)


def test_means_of_a_homogeneous_shower_are_those_of_the_paper():
    y = np.log(ENERGY / CRYSTAL.critical_energy)
    law = longitudinal(CRYSTAL, ENERGY, CRYSTAL.spacing)
    assert np.exp(law.log_t) == pytest.approx(y - 0.812)
    assert np.exp(law.log_alpha) == pytest.approx(0.81 + (0.458 + 2.26 / 68.36) * y)
    assert law.sigma_t == pytest.approx(1 / (-1.4 + 1.26 * y))
    assert law.sigma_alpha == pytest.approx(1 / (-0.58 + 0.86 * y))
    assert law.rho == pytest.approx(0.705 - 0.023 * y)


def test_a_sampling_shower_is_shorter_than_a_homogeneous_one_of_the_same_medium():
    solid = Medium(*(getattr(SILICON, n) for n in SILICON.__slots__[:4]), 0.0, 1.0, 0.0)
    sampled, whole = (
        longitudinal(SILICON, ENERGY, SILICON.spacing),
        longitudinal(solid, ENERGY, solid.spacing),
    )
    shift = 0.55 * SILICON.spacing + 0.69 * (1 - SILICON.e_mip)
    assert np.exp(whole.log_t) - np.exp(sampled.log_t) == pytest.approx(np.full(3, shift))
    drop = np.exp(whole.log_alpha) - np.exp(sampled.log_alpha)
    assert drop == pytest.approx(np.full(3, 0.476 * SILICON.spacing))


@pytest.mark.parametrize("medium", [SILICON, CRYSTAL], ids=["sampling", "homogeneous"])
def test_fluctuations_have_the_stated_moments(medium):
    energy = np.full(200_000, 5e4)
    law = longitudinal(medium, energy, medium.spacing)
    maximum, alpha = law.fluctuate(*np.random.default_rng(1).standard_normal((2, len(energy))))
    log_t, log_alpha = np.log(maximum), np.log(alpha)
    assert log_t.mean() == pytest.approx(law.log_t[0], abs=2e-3)
    assert log_alpha.mean() == pytest.approx(law.log_alpha[0], abs=2e-3)
    assert log_t.std() == pytest.approx(law.sigma_t[0], rel=0.01)
    assert log_alpha.std() == pytest.approx(law.sigma_alpha[0], rel=0.01)
    assert np.corrcoef(log_t, log_alpha)[0, 1] == pytest.approx(law.rho[0], abs=0.01)


@pytest.mark.parametrize("medium", [SILICON, CRYSTAL], ids=["sampling", "homogeneous"])
@pytest.mark.parametrize("energy", [100.0, 1e6])
def test_at_the_ends_of_the_range_the_laws_stay_laws(medium, energy):
    energies = np.array([energy])
    law = longitudinal(medium, energies, medium.spacing)
    assert np.isfinite([law.log_t, law.log_alpha, law.rho]).all()
    assert 0 < law.sigma_t[0] <= 0.5
    assert 0 < law.sigma_alpha[0] <= 0.5
    maximum, alpha = law.fluctuate(np.array([-4.0]), np.array([0.0]))
    number, top, shape = spots(medium, energies, maximum, alpha)
    assert number > 0
    assert top > 0
    assert shape > 1
    profile = radial(medium, energies[:, None], np.linspace(0, 6, 50)[None], medium.spacing)
    assert (profile.core >= 0).all()
    assert (profile.tail >= 0).all()
    assert ((profile.weight >= 0) & (profile.weight <= 1)).all()


def test_core_and_tail_are_normalised_and_half_of_each_lies_within_its_radius():
    profile = radial(SILICON, np.array(5e4), np.array(1.0), SILICON.spacing)
    for width in (float(profile.core), float(profile.tail)):
        law = lambda r, w=width: 2 * r * w * w / (r * r + w * w) ** 2  # noqa: E731
        assert quad(law, 0, np.inf)[0] == pytest.approx(1, abs=1e-6)
        assert quad(law, 0, width)[0] == pytest.approx(0.5, abs=1e-6)


def test_radial_numbers_at_the_maximum():
    """By hand, from the appendix: Z = 68.36, 10 GeV, tau = 1."""
    log_e, z = np.log(10), 68.36
    profile = radial(CRYSTAL, np.array(1e4), np.array(1.0), CRYSTAL.spacing)
    assert profile.core == pytest.approx(0.0251 + 0.00319 * log_e + 0.1162 - 0.000381 * z)
    k4 = 0.3585 + 0.0421 * log_e
    tail = (0.659 - 0.00309 * z) * (np.exp(-2.59 * 0.355) + np.exp(k4 * 0.355))
    assert profile.tail == pytest.approx(tail)
    x = (0.401 + 0.00187 * z - 1) / (1.313 - 0.0686 * log_e)
    assert profile.weight == pytest.approx((2.632 - 0.00094 * z) * np.exp(x - np.exp(x)))


def test_about_nine_tenths_of_the_energy_lie_within_one_moliere_radius():
    law = longitudinal(CRYSTAL, np.array([5e3]), CRYSTAL.spacing)
    top, alpha = np.exp(law.log_t), np.exp(law.log_alpha)
    depth = np.linspace(0, 30, 600)
    profile = radial(CRYSTAL, np.array([5e3]), (depth[1:] + depth[:-1]) / 2 / top, CRYSTAL.spacing)
    inside = profile.weight / (1 + profile.core**2) + (1 - profile.weight) / (1 + profile.tail**2)
    assert (np.diff(cumulative(depth, top, alpha)) * inside).sum() == pytest.approx(0.9, abs=0.03)


def test_the_core_widens_with_depth():
    profile = radial(SILICON, np.array(5e4), np.linspace(0.5, 4, 20), SILICON.spacing)
    assert (np.diff(profile.core) > 0).all()


def test_numbers_of_spots():
    one = np.ones(3)
    number, top, shape = spots(CRYSTAL, ENERGY, 6 * one, 4 * one)
    assert number == pytest.approx(93 * np.log(68.36) * (ENERGY / 1e3) ** 0.876)
    assert top == pytest.approx(6 * (0.698 + 0.00212 * 68.36) * one)
    assert shape == pytest.approx(4 * (0.639 + 0.00334 * 68.36) * one)
    number, _, _ = spots(SILICON, ENERGY, 6 * one, 4 * one)
    assert number == pytest.approx(10.3 / SILICON.resolution * (ENERGY / 1e3) ** 0.959)
