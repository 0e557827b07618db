"""The summary of deliberately bad Geant4 showers names what is wrong with them, worst first."""

import h5py
import pytest
import torch

from heitler.detectors import load_detector
from heitler.formats import create_showers, open_showers
from heitler.particles import IncidentParticles
from heitler.showers import Showers
from heitler.validation.comparison import Comparison
from heitler.validation.diagnosis import diagnose
from heitler.validation.sample import collect
from heitler.validation.selection import energy_bins, select
from heitler.validation.summary import findings

SIZE = 500


@pytest.fixture(scope="module")
def geant4(shared_data):
    """Four times SIZE showers of Geant4."""
    detector = load_detector("ild_ecal")
    with h5py.File(shared_data("geant4/ild_photons_perpendicular.h5")) as file:
        deposits = torch.from_numpy(file["30x30/layers"][: 4 * SIZE]).reshape(4 * SIZE, -1)
        energy = torch.from_numpy(file["30x30/energy"][: 4 * SIZE, 0]).double() * 1000
    particles = IncidentParticles.beam(energy, impact=detector.impact, depth=detector.face_z)
    return Showers(deposits, particles, detector)


def spoil(showers, grid):
    return Showers(
        showers.geometry.from_grid(grid).contiguous(), showers.particles, showers.detector
    )


def widened(grid, share):
    """A share of each cell's energy moves to its four neighbours."""
    beside = sum(grid.roll(step, axis) for step in (1, -1) for axis in (-1, -2)) / 4
    return (1 - share) * grid + share * beside


def bright_wide_and_dead(showers):
    grid = widened(showers.grid * 1.03, 0.05).clone()
    grid[:, 12] = 0.0
    return spoil(showers, grid)


def smeared(showers):
    noise = torch.randn(showers.grid.shape, generator=torch.Generator().manual_seed(1))
    return spoil(showers, showers.grid * (0.3 * noise - 0.3**2 / 2).exp())


@pytest.fixture(scope="module")
def lines(geant4, tmp_path_factory):
    """Lines of the summary of each candidate, of which `good` is Geant4 as well."""
    last = geant4[3 * SIZE :]
    samples = {
        "reference": geant4[: 2 * SIZE],
        "good": geant4[2 * SIZE : 3 * SIZE],
        "bad": bright_wide_and_dead(last),
        "smeared": smeared(last),
    }
    tables = {}
    for name, showers in samples.items():
        path = tmp_path_factory.mktemp("bad") / f"{name}.h5"
        with create_showers(path, showers.detector) as writer:
            writer.write(showers)
        with open_showers(path) as reader:
            tables[name] = collect(
                name, reader, detector=showers.detector, threshold=None, examples=()
            )
    reference = tables.pop("reference")
    found = {}
    for name, table in tables.items():
        selection = select(reference, [table], None, 1)
        comparison = Comparison(
            reference=reference,
            candidates=(table,),
            floor=None,
            detector=geant4.detector,
            energies=energy_bins(reference.energy, 1),
            rows=(),
            size=selection.size,
            threshold=None,
            seed=1,
            notes=(),
            defects=tuple(diagnose(selection, geant4.detector)),
        )
        found[name] = findings(comparison, table)
    return found


@pytest.mark.geant4
def test_geant4_beside_geant4_is_right(lines):
    (only,) = lines["good"]
    assert only.verdict == "floor"
    assert only.text.startswith("Right within errors: energy scale (")


@pytest.mark.geant4
def test_the_defects_of_a_bad_candidate_come_first(lines):
    texts = [line.text for line in lines["bad"]]
    assert len(texts) <= 10
    assert texts[0].startswith("Layer 12 holds no energy (")
    assert any(text.startswith("Lateral core too wide") for text in texts[:4])
    scale = next(text for text in texts[:4] if text.startswith("Energy scale +"))
    assert 2.0 < float(scale.split()[2]) < 4.0
    assert "leaving out 1 broken layer" in scale
    assert lines["bad"][0].verdict == "far"
    assert "linearity" in texts[-1]


@pytest.mark.geant4
def test_a_smeared_mip_region_is_named(lines):
    texts = [line.text for line in lines["smeared"] if line.verdict != "floor"]
    assert any(text.startswith("MIP region smeared") for text in texts)
    assert not any(text.startswith(("Energy scale", "Layer", "Lateral")) for text in texts)
