"""Units: numbers from outside times a unit, numbers for outside divided by it."""

from math import pi

import pytest

from heitler import units
from heitler.units import GeV, MeV, cm, degree, keV, mm, ns, rad


def test_the_internal_units_are_one():
    assert (MeV, mm, ns, rad) == (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("quantity", "same"),
    [
        (50 * GeV, 50_000 * MeV),
        (1 * MeV, 1000 * keV),
        (2.5 * cm, 25 * mm),
        (180 * degree, pi * rad),
    ],
)
def test_conversions(quantity, same):
    assert quantity == pytest.approx(same, rel=1e-15)


def test_all_units_are_listed():
    assert set(units.__all__) == {"GeV", "MeV", "cm", "degree", "eV", "keV", "mm", "ns", "rad"}
