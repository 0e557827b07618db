"""Packaged samples: found by name, real showers, with their origin."""

from math import pi

import pytest
import torch

from heitler.data import resolve, samples
from heitler.formats import open_showers
from heitler.observables import OBSERVABLES

# Particle, least number, energies in MeV and response.
SAMPLES = {
    "clic_electrons": (11, 200, (1e4, 5e5), (0.021, 0.024)),
    "ild_photons_coarse": (22, 5000, (1e4, 1e5), (0.005, 0.05)),
    "ild_photons_tilted": (22, 300, (1e4, 1e5), (0.028, 0.031)),
}


def test_a_path_comes_first_and_then_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("ild_photons_coarse").is_file()
    (tmp_path / "ild_photons_coarse").write_text("")
    assert resolve("ild_photons_coarse").resolve() == tmp_path / "ild_photons_coarse"
    with pytest.raises(ValueError, match=r"neither a file nor a packaged sample \(clic_e"):
        resolve("nothing")


@pytest.mark.parametrize("name", samples())
def test_samples_are_showers_that_geant4_made(name):
    pdg, least, energies, response = SAMPLES[name]
    with open_showers(resolve(name)) as reader:
        assert len(reader) >= least
        showers = reader.read(0, 500)
        assert "geant4" in str(reader.provenance).lower()
        energy = reader.particles.energy
    assert set(showers.particles.pdg.tolist()) == {pdg}
    assert energies[0] <= float(energy.min()) < 1.3 * energies[0]
    assert 0.95 * energies[1] < float(energy.max()) <= energies[1]
    # Silicon takes a few per cent of the energy, in proportion to it.
    shares = showers.deposits.double().sum(dim=1) / showers.particles.energy
    assert response[0] < float(shares.mean()) < response[1]
    assert float(shares.std() / shares.mean()) < 0.15


@pytest.mark.parametrize("name", ["clic_electrons", "ild_photons_tilted"])
def test_small_samples_say_what_they_were_cut_from(name):
    path = resolve(name)
    assert path.stat().st_size < 2e6
    with open_showers(path) as reader:
        origin = reader.provenance
    assert origin["simulator"] == "geant4"
    assert origin["made_by"] == "benchmarks/make_sample.py"
    for key in ("made_from_sha256", "geant4_data_sha256"):
        assert len(origin[key]) == 64
    assert {"seed", "geant4", "geant4_physics", "geant4_commands"} <= set(origin)


def test_electrons_enter_at_the_centre_and_are_deeper_at_higher_energies():
    with open_showers(resolve("clic_electrons")) as reader:
        showers = reader.read(0, len(reader))
    energy = showers.particles.energy
    for centre in (OBSERVABLES["centre_x"], OBSERVABLES["centre_y"]):
        assert abs(float(centre(showers).mean())) < 0.3
    depth = OBSERVABLES["centre_z"](showers).double()
    growth = torch.corrcoef(torch.stack([energy.log(), depth]))[0, 1]
    assert float(growth) > 0.5


def test_tilted_photons_lean_as_their_direction_says():
    with open_showers(resolve("ild_photons_tilted")) as reader:
        showers = reader.read(0, len(reader))
    assert float(showers.particles.theta.min()) < pi / 6 + 0.05
    direction, entry = showers.particles.direction, showers.particles.position
    x, y, z = (OBSERVABLES[f"centre_{axis}"](showers).double() for axis in "xyz")
    travelled = (z - entry[:, 2]) / direction[:, 2]
    assert float((x - entry[:, 0]).abs().mean()) < 3.0
    apart = (y - entry[:, 1]) - travelled * direction[:, 1]
    assert float(apart.abs().median()) < 3.0
