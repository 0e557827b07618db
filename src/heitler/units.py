"""The units of heitler: MeV, mm, ns and rad are one.

Multiply by a unit to bring a number into heitler, divide by it to take one out:
``energy = 50 * GeV`` is 50000.0 and ``energy / GeV`` is 50.0 again. Only ``formats`` and
``cli`` do so; everything between them holds MeV, mm, ns and rad.
"""

from math import pi

__all__ = ["GeV", "MeV", "cm", "degree", "eV", "keV", "mm", "ns", "rad"]

MeV = 1.0
keV = 1e-3 * MeV  # noqa: N816 (the name of the unit)
eV = 1e-6 * MeV  # noqa: N816
GeV = 1e3 * MeV

mm = 1.0
cm = 10.0 * mm

ns = 1.0

rad = 1.0
degree = pi / 180.0 * rad
