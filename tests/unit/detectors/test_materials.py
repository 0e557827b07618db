"""Materials beside the tables of the Particle Data Group and of Geant4."""

import pytest

from heitler.detectors import MATERIALS, material

# Radiation lengths in mm that Geant4 prints for its NIST materials.
GEANT4_LENGTHS = {"tungsten": 3.504, "silicon": 93.66}
# Moliere radii in mm, PDG "Atomic and nuclear properties of materials"; of sodium iodide that of
# its table of inorganic scintillators.
PDG_MOLIERE = {
    "tungsten": 9.33,
    "lead": 16.0,
    "copper": 15.68,
    "iron": 17.19,
    "sodium_iodide": 41.3,
}
# Radiation lengths in mm, the same source.
PDG_LENGTHS = {
    "aluminium": 88.97,
    "copper": 14.36,
    "iron": 17.57,
    "lead": 5.612,
    "lead_tungstate": 8.903,
    "liquid_argon": 140.0,
    "caesium_iodide": 18.60,
    "plastic_scintillator": 425.4,
    "sodium_iodide": 25.9,
}


@pytest.mark.parametrize(("name", "length"), [*GEANT4_LENGTHS.items(), *PDG_LENGTHS.items()])
def test_radiation_lengths(name, length):
    assert material(name).radiation_length == pytest.approx(length, rel=5e-3)


@pytest.mark.parametrize(("name", "radius"), PDG_MOLIERE.items())
def test_moliere_radii(name, radius):
    assert material(name).moliere_radius == pytest.approx(radius, rel=1e-2)


@pytest.mark.parametrize("name", MATERIALS)
def test_every_material_is_plausible(name):
    entry = MATERIALS[name]
    assert entry.name == name
    assert entry.geant4.startswith("G4_")
    assert 5 < entry.critical_energy < 100
    # X0 in g/cm2 falls slowly with the atomic number and never leaves these bounds.
    assert 5 < entry.radiation_length / 10 * entry.density < 50


def test_an_unknown_material_is_an_error_that_lists_the_known():
    with pytest.raises(ValueError, match=r"unknown material 'wolfram'; known are air, .*tungsten"):
        material("wolfram")
