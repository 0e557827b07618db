"""Lists of incident particles: those of a shower file, or a CSV table.

The table has a header; columns are ``energy_GeV`` and, if wanted, ``theta_deg`` (angle to the
face, default 90), ``pdg`` (default 22), ``phi_deg`` (azimuth of the direction from +x towards +y),
``x_mm`` and ``y_mm`` (point of entry on the face).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from math import pi
from pathlib import Path

import torch
from torch import Tensor

from heitler.detectors import Detector
from heitler.formats.registry import open_showers
from heitler.particles import PHOTON, IncidentParticles
from heitler.units import GeV, degree

__all__ = ["read_particles", "write_particles"]

_COLUMNS = ("energy_GeV", "theta_deg", "phi_deg", "pdg", "x_mm", "y_mm")


def read_particles(
    path: str | Path,
    detector: Detector,
    *,
    impact: tuple[float, float] | None = None,
    phi: float = pi / 2,
) -> IncidentParticles:
    """Incident particles from a file.

    Arguments:
        path: A shower file of any convention, or a table whose name ends in ``.csv``.
        detector: Particles of a table enter on its face.
        impact: x and y in mm where particles of a table enter that does not say it; by default
            the detector's point of impact.
        phi: Azimuth in rad of the directions of a table that does not say it; pi/2 is +y.

    Raises:
        ValueError: The file does not exist or is neither.
    """
    path = Path(path)
    if path.suffix != ".csv":
        with open_showers(path) as reader:
            return reader.particles
    if not path.is_file():
        msg = f"{path} does not exist"
        raise ValueError(msg)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = set(rows[0]) if rows else set()
    if "energy_GeV" not in columns or columns - set(_COLUMNS):
        msg = (
            f"{path}: expected a column energy_GeV and perhaps theta_deg, phi_deg, pdg, x_mm "
            "and y_mm"
        )
        raise ValueError(msg)
    x, y = detector.impact if impact is None else impact
    try:
        return IncidentParticles.beam(
            _column(rows, "energy_GeV", 0.0) * GeV,
            pdg=_column(rows, "pdg", PHOTON, int),
            theta=_column(rows, "theta_deg", pi / 2 / degree) * degree,
            phi=_column(rows, "phi_deg", phi / degree) * degree,
            impact=torch.stack([_column(rows, "x_mm", x), _column(rows, "y_mm", y)], dim=1),
            depth=detector.face_z,
        )
    except (TypeError, ValueError) as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def _column(
    rows: list[dict[str, str]],
    name: str,
    default: float,
    convert: Callable[[str | float], float] = float,
) -> Tensor:
    """The numbers of a column, or as many times the default: (N,)."""
    values = [convert(row.get(name, default)) for row in rows]
    return torch.tensor(values, dtype=torch.int64 if convert is int else torch.float64)


def write_particles(path: Path, particles: IncidentParticles) -> None:
    """Writes a table that `read_particles` reads; they enter on the face of its detector.

    Arguments:
        path: A file whose name ends in ``.csv``.
        particles: What to write.
    """
    x, y, _ = particles.position.unbind(dim=1)
    angles = (particles.theta / degree, particles.phi / degree)
    columns = (particles.energy / GeV, *angles, particles.pdg, x, y)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        table.writerows(zip(*(column.tolist() for column in columns), strict=True))
