"""Packaged samples: found by name, real showers, with their origin."""

import pytest

from heitler.data import resolve, samples
from heitler.formats import open_showers


def test_a_path_comes_first_and_then_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("ild_photons_coarse").is_file()
    (tmp_path / "ild_photons_coarse").write_text("")
    assert resolve("ild_photons_coarse").resolve() == tmp_path / "ild_photons_coarse"
    with pytest.raises(ValueError, match=r"neither a file nor a packaged sample \(ild_photons_c"):
        resolve("nothing")


@pytest.mark.parametrize("name", samples())
def test_samples_are_photons_that_geant4_made(name):
    with open_showers(resolve(name)) as reader:
        assert len(reader) >= 5000
        showers = reader.read(0, 500)
        assert "geant4" in str(reader.provenance).lower()
    energy = showers.particles.energy
    assert set(showers.particles.pdg.tolist()) == {22}
    assert float(energy.min()) >= 1e4
    assert float(energy.max()) <= 1e5
    # Silicon takes a few per cent of the energy, in proportion to it.
    response = showers.deposits.double().sum(dim=1) / energy
    assert 0.005 < float(response.mean()) < 0.05
    assert float(response.std() / response.mean()) < 0.15
