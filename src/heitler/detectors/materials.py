r"""Materials of calorimeters and what a shower feels of them.

Radiation length X0, critical energy E_c (electrons, Rossi's definition as tabulated) and density
are those of the Particle Data Group, "Atomic and nuclear properties of materials", S. Navas et
al., Phys. Rev. D 110, 030001 (2024). The Moliere radius follows from them (PDG review "Passage of
particles through matter", section 34.4.2):

    R_M = X0 E_s / E_c,   E_s = sqrt(4 pi / alpha) m_e c^2 = 21.2052 MeV,

and mixtures of layers combine as

    1 / X0 = sum_j w_j / X_j,   1 / R_M = (1 / E_s) sum_j w_j E_cj / X_j,

with w_j the share of the mass (lengths in g/cm2) or of the depth (lengths in mm). The loss of a
minimum-ionising particle is the same source's; the atomic number of a compound is the mean over
its elements weighted with their mass.
"""

from __future__ import annotations

from dataclasses import dataclass

from heitler.units import MeV, cm

__all__ = ["MATERIALS", "SCALE_ENERGY", "Material", "material"]

SCALE_ENERGY = 21.2052 * MeV


@dataclass(frozen=True, slots=True)
class Material:
    """A homogeneous material.

    Arguments:
        name: Name in detector files.
        density: Density in g/cm3.
        radiation_length: X0 in mm.
        critical_energy: E_c for electrons in MeV.
        minimum_loss: Energy loss of a minimum-ionising particle in MeV/mm.
        atomic_number: Z, of a compound its mean by mass.
        geant4: Name in Geant4's NIST material table.
        elements: Atomic numbers of its elements, rising.
    """

    name: str
    density: float
    radiation_length: float
    critical_energy: float
    minimum_loss: float
    atomic_number: float
    geant4: str
    elements: tuple[int, ...]

    @property
    def moliere_radius(self) -> float:
        """R_M = X0 E_s / E_c in mm."""
        return self.radiation_length * SCALE_ENERGY / self.critical_energy


def _material(
    name: str,
    density: float,
    length_g_cm2: float,
    critical_energy: float,
    loss_cm2_g: float,
    atomic_number: float,
    geant4: str,
    *elements: int,
) -> Material:
    return Material(
        name,
        density,
        length_g_cm2 / density * cm,
        critical_energy,
        loss_cm2_g * density / cm,
        atomic_number,
        geant4,
        elements,
    )


MATERIALS: dict[str, Material] = {
    entry.name: entry
    for entry in (
        _material("air", 1.205e-3, 36.62, 87.92, 1.815, 7.37, "G4_AIR", 6, 7, 8, 18),
        _material("aluminium", 2.699, 24.01, 42.70, 1.615, 13.0, "G4_Al", 13),
        _material("caesium_iodide", 4.510, 8.39, 11.17, 1.243, 54.02, "G4_CESIUM_IODIDE", 53, 55),
        _material("copper", 8.960, 12.86, 19.42, 1.403, 29.0, "G4_Cu", 29),
        _material("iron", 7.874, 13.84, 21.68, 1.451, 26.0, "G4_Fe", 26),
        _material("lead", 11.350, 6.37, 7.43, 1.122, 82.0, "G4_Pb", 82),
        _material("lead_tungstate", 8.300, 7.39, 9.64, 1.229, 68.36, "G4_PbWO4", 8, 74, 82),
        _material("liquid_argon", 1.396, 19.55, 32.84, 1.508, 18.0, "G4_lAr", 18),
        _material(
            "plastic_scintillator",
            1.032,
            43.90,
            94.11,
            1.956,
            5.57,
            "G4_PLASTIC_SC_VINYLTOLUENE",
            1,
            6,
        ),
        _material("silicon", 2.329, 21.82, 40.19, 1.664, 14.0, "G4_Si", 14),
        _material("sodium_iodide", 3.667, 9.49, 13.37, 1.305, 46.56, "G4_SODIUM_IODIDE", 11, 53),
        _material("tungsten", 19.300, 6.76, 7.97, 1.145, 74.0, "G4_W", 74),
    )
}


def material(name: str) -> Material:
    """The material called `name`.

    Raises:
        ValueError: There is none; the message lists those that exist.
    """
    if name not in MATERIALS:
        msg = f"unknown material '{name}'; known are {', '.join(sorted(MATERIALS))}"
        raise ValueError(msg)
    return MATERIALS[name]
