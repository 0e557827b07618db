"""Quantities with units on the command line: ``50GeV``, ``30..90deg``, ``-20..20mm``."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from heitler.units import GeV, MeV, cm, degree, keV, mm, rad

__all__ = [
    "parse_angles",
    "parse_azimuths",
    "parse_energies",
    "parse_energy",
    "parse_lengths",
    "parse_numbers",
]

_ENERGIES = {"keV": keV, "MeV": MeV, "GeV": GeV, "TeV": 1e3 * GeV}
_ANGLES = {"deg": degree, "rad": rad}
_LENGTHS = {"mm": mm, "cm": cm}
_NUMBER = r"([-+]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][-+]?\d+)?)"
_QUANTITY = re.compile(rf"{_NUMBER}(?:\.\.{_NUMBER})?\s*([A-Za-z]+)")


def parse_energies(text: str) -> tuple[float, float]:
    """An energy or a range of energies as two bounds in MeV.

    Raises:
        ArgumentTypeError: The text is neither, or an energy is not positive.
    """
    low, high = _parse(text, _ENERGIES, "50GeV or 10..100GeV")
    if low <= 0:
        msg = f"energies must be positive, got '{text}'"
        raise ArgumentTypeError(msg)
    return low, high


def parse_energy(text: str) -> float:
    """One energy in MeV.

    Raises:
        ArgumentTypeError: The text is not one energy.
    """
    low, high = _parse(text, _ENERGIES, "0.1MeV")
    if low != high:
        msg = f"expected one energy such as 0.1MeV, got '{text}'"
        raise ArgumentTypeError(msg)
    return low


def parse_angles(text: str) -> tuple[float, float]:
    """An angle or a range of angles to the face as two bounds in rad.

    Beyond 90 degrees a particle leans to the other side.

    Raises:
        ArgumentTypeError: The text is neither, or an angle is not in (0, 180) degrees.
    """
    low, high = _parse(text, _ANGLES, "60deg or 30..90deg")
    if low <= 0 or high >= 180 * degree:
        msg = f"angles to the face lie between 0 and 180 degrees, got '{text}'"
        raise ArgumentTypeError(msg)
    return low, high


def parse_azimuths(text: str) -> tuple[float, float]:
    """An azimuth or a range of azimuths as two bounds in rad.

    Raises:
        ArgumentTypeError: The text is neither, or the range is more than a turn.
    """
    low, high = _parse(text, _ANGLES, "90deg or 0..360deg")
    if high - low > 360 * degree + 1e-9:
        msg = f"a range of azimuths is at most a turn, got '{text}'"
        raise ArgumentTypeError(msg)
    return low, high


def parse_lengths(text: str) -> tuple[float, float]:
    """A length or a range of lengths as two bounds in mm.

    Raises:
        ArgumentTypeError: The text is neither.
    """
    return _parse(text, _LENGTHS, "2.5mm or -20..20mm")


def parse_numbers(text: str) -> tuple[float, float]:
    """A number or a range of numbers without a unit as two bounds.

    Raises:
        ArgumentTypeError: The text is neither.
    """
    match = re.fullmatch(rf"{_NUMBER}(?:\.\.{_NUMBER})?", text.strip())
    if match is None:
        msg = f"expected a number such as 3 or 1.6..5, got '{text}'"
        raise ArgumentTypeError(msg)
    return _bounds(text, match[1], match[2])


def _parse(text: str, units: dict[str, float], example: str) -> tuple[float, float]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[3] not in units:
        msg = f"expected a number with a unit ({', '.join(units)}) such as {example}, got '{text}'"
        raise ArgumentTypeError(msg)
    low, high = _bounds(text, match[1], match[2])
    return low * units[match[3]], high * units[match[3]]


def _bounds(text: str, first: str, second: str | None) -> tuple[float, float]:
    low = float(first)
    high = low if second is None else float(second)
    if high < low:
        msg = f"the range '{text}' runs backwards"
        raise ArgumentTypeError(msg)
    return low, high
