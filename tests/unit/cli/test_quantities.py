"""Energies and angles as words of the command line."""

from argparse import ArgumentTypeError
from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heitler.cli.quantities import (
    parse_angles,
    parse_azimuths,
    parse_energies,
    parse_energy,
    parse_lengths,
)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("50GeV", 5e4, 5e4),
        ("10..100GeV", 1e4, 1e5),
        ("0.5..2 TeV", 5e5, 2e6),
        ("100keV", 0.1, 0.1),
        ("1e3MeV", 1e3, 1e3),
        ("1...5GeV", 1e3, 500.0),
        (".5..1.5GeV", 500.0, 1500.0),
    ],
)
def test_energies(text, low, high):
    if high < low:
        with pytest.raises(ArgumentTypeError, match="runs backwards"):
            parse_energies(text)
    else:
        assert parse_energies(text) == pytest.approx((low, high))


@given(st.floats(1e-3, 1e6), st.floats(0, 1e6))
def test_any_range(low, width):
    text = f"{low!r}..{low + width!r}GeV"
    assert parse_energies(text) == pytest.approx((low * 1e3, (low + width) * 1e3))


@pytest.mark.parametrize("text", ["50", "GeV", "", "50gev", "5GeV..6GeV", "1..2..3GeV", "nan GeV"])
def test_what_is_no_energy(text):
    with pytest.raises(ArgumentTypeError, match=r"such as 50GeV or 10\.\.100GeV, got"):
        parse_energies(text)


@pytest.mark.parametrize("text", ["0GeV", "-5GeV", "-5..5GeV"])
def test_energies_are_positive(text):
    with pytest.raises(ArgumentTypeError, match="must be positive"):
        parse_energies(text)


def test_one_energy():
    assert parse_energy("0.1MeV") == pytest.approx(0.1)
    with pytest.raises(ArgumentTypeError, match="expected one energy"):
        parse_energy("1..2MeV")


def test_angles():
    assert parse_angles("30..90deg") == pytest.approx((pi / 6, pi / 2))
    assert parse_angles("1.2rad") == pytest.approx((1.2, 1.2))
    assert parse_angles("60..120deg") == pytest.approx((pi / 3, 2 * pi / 3))
    for text in ("0deg", "180deg", "-10deg", "4rad"):
        with pytest.raises(ArgumentTypeError, match="between 0 and 180 degrees"):
            parse_angles(text)


def test_azimuths_are_at_most_a_turn():
    assert parse_azimuths("0..360deg") == pytest.approx((0.0, 2 * pi))
    assert parse_azimuths("-90deg") == pytest.approx((-pi / 2, -pi / 2))
    with pytest.raises(ArgumentTypeError, match="at most a turn"):
        parse_azimuths("0..361deg")


def test_lengths():
    assert parse_lengths("-20..20mm") == (-20.0, 20.0)
    assert parse_lengths("2.5cm") == (25.0, 25.0)
    with pytest.raises(ArgumentTypeError, match="mm"):
        parse_lengths("3deg")
