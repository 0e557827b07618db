"""Lists of incident particles: those of a shower file, or a CSV table.

The table has a header; columns are ``energy_GeV`` and, if wanted, ``theta_deg`` (angle to the
face, default 90), ``pdg`` (default 22). Particles enter at the detector's point of impact.
"""

from __future__ import annotations

import csv
from pathlib import Path

import torch

from heitler.detectors import Detector
from heitler.formats.registry import open_showers
from heitler.particles import PHOTON, IncidentParticles
from heitler.units import GeV, degree

__all__ = ["read_particles", "write_particles"]

_COLUMNS = {"energy_GeV", "theta_deg", "pdg"}


def read_particles(path: str | Path, detector: Detector) -> IncidentParticles:
    """Incident particles from a file.

    Arguments:
        path: A shower file of any convention, or a table whose name ends in ``.csv``.
        detector: Particles of a table enter at its point of impact, on its face.

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
    if "energy_GeV" not in columns or columns - _COLUMNS:
        msg = f"{path}: expected a column energy_GeV and perhaps theta_deg and pdg"
        raise ValueError(msg)
    try:
        energy = torch.tensor([float(row["energy_GeV"]) for row in rows], dtype=torch.float64)
        theta = [float(row.get("theta_deg", 90.0)) for row in rows]
        pdg = [int(row.get("pdg", PHOTON)) for row in rows]
        return IncidentParticles.beam(
            energy * GeV,
            pdg=torch.tensor(pdg),
            theta=torch.tensor(theta, dtype=torch.float64) * degree,
            impact=detector.impact,
            depth=detector.face_z,
        )
    except (TypeError, ValueError) as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def write_particles(path: Path, particles: IncidentParticles) -> None:
    """Writes a table that `read_particles` reads; points of entry are not kept.

    Arguments:
        path: A file whose name ends in ``.csv``.
        particles: What to write.
    """
    columns = (particles.energy / GeV, particles.theta / degree, particles.pdg)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["energy_GeV", "theta_deg", "pdg"])
        table.writerows(zip(*(column.tolist() for column in columns), strict=True))
