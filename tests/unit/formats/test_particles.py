"""Lists of incident particles: tables and shower files."""

from math import pi

import pytest
import torch

from heitler.formats import read_particles, write_particles
from heitler.particles import IncidentParticles
from heitler.units import GeV, degree


@pytest.fixture
def table(tmp_path, toy_detector):
    """`table("energy_GeV\\n50", ...)`: the particles of a table."""

    def read(text, **settings):
        (tmp_path / "beam.csv").write_text(text)
        return read_particles(tmp_path / "beam.csv", toy_detector, **settings)

    return read


def test_particles_enter_at_the_point_of_impact_or_where_they_are_told(table, toy_detector):
    text = "energy_GeV,theta_deg\n50,60\n20,90\n"
    face = toy_detector.face_z
    assert table(text).position.tolist() == [[*toy_detector.impact, face]] * 2
    told = table(text, impact=(1.0, 2.0), phi=-0.5)
    assert told.position.tolist() == [[1.0, 2.0, face]] * 2
    assert told.phi.tolist() == pytest.approx([-0.5, pi / 2])
    assert told.direction[1].tolist() == [0.0, 0.0, 1.0]


def test_columns_come_before_defaults(table):
    header = "pdg,x_mm,y_mm,energy_GeV,theta_deg,phi_deg"
    told = table(f"{header}\n11,3,4,50,60,-90\n", impact=(1.0, 2.0), phi=0.5)
    assert told.position[0, :2].tolist() == [3.0, 4.0]
    assert float(told.phi) / degree == pytest.approx(-90)
    assert told.pdg.tolist() == [11]
    half = table("energy_GeV,y_mm\n50,7\n", impact=(1.0, 2.0))
    assert half.position[0, :2].tolist() == [1.0, 7.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("energy_GeV,z_mm\n50,1\n", "perhaps theta_deg, phi_deg, pdg, x_mm and y_mm"),
        ("energy_GeV,x_mm\n50,left\n", "left"),
        ("energy_GeV,x_mm\n50\n", "NoneType"),
    ],
)
def test_tables_that_are_none(text, message, table):
    with pytest.raises(ValueError, match=message):
        table(text)


def test_what_is_written_comes_back(tmp_path, toy_detector):
    generator = torch.Generator().manual_seed(1)
    unit = torch.rand(50, 5, dtype=torch.float64, generator=generator)
    particles = IncidentParticles.beam(
        unit[:, 0] * 100 * GeV,
        pdg=torch.tensor([22, 11] * 25),
        theta=torch.where(unit[:, 1] > 0.5, pi / 2, unit[:, 1] + 0.5),
        phi=6 * unit[:, 2] - 3,
        impact=unit[:, 3:],
        depth=toy_detector.face_z,
    )
    write_particles(tmp_path / "beam.csv", particles)
    again = read_particles(tmp_path / "beam.csv", toy_detector)
    for name in IncidentParticles.__slots__:
        torch.testing.assert_close(getattr(again, name), getattr(particles, name))
    upright = particles.theta == pi / 2
    assert torch.equal(again.direction[upright], particles.direction[upright])
