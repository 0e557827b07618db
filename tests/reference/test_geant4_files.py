"""The Geant4 showers in ../shared: what is known of them comes out of the readers."""

from math import pi

import h5py
import numpy as np
import pytest
import torch

from heitler.formats import convert, open_showers

pytestmark = pytest.mark.geant4

FILES = {
    "ild_photons_perpendicular": (6000, "ild_ecal", 22, (10, 100), (0.0255, 0.0285)),
    "ild_photons_tilted": (
        3500,
        "ild_ecal_tilted",
        22,
        (10, 100),
        (0.028, 0.031),
    ),  # more in the fine layers
    "clic_electrons": (2100, "clic_ecal", 11, (10, 500), (0.021, 0.023)),
}


@pytest.mark.parametrize("name", FILES)
def test_what_the_readme_says(name, shared_data):
    count, detector, pdg, energies, fractions = FILES[name]
    with open_showers(shared_data(f"geant4/{name}.h5")) as reader:
        assert len(reader) == count
        assert reader.detector.name == detector
        assert reader.particles.pdg.unique().tolist() == [pdg]
        energy = reader.particles.energy / 1000
        assert energies[0] <= energy.min() < energies[0] * 1.05
        assert energies[1] * 0.95 < energy.max() <= energies[1]
        assert reader.provenance["simulation"].startswith("Geant4 11.4.1")
        showers = reader.read(0, 200)
        fraction = showers.deposits.double().sum(dim=1) / showers.particles.energy
        assert fractions[0] < fraction.mean() < fractions[1]


def test_showers_are_where_the_beam_is(shared_data):
    """Means in x and y agree with the point of entry, which fixes the order of the axes."""
    for name in ("ild_photons_perpendicular", "clic_electrons"):
        with open_showers(shared_data(f"geant4/{name}.h5")) as reader:
            mean = centre(reader.read(0, 200))
            impact = torch.tensor(reader.detector.impact)
            torch.testing.assert_close(mean[:2].float(), impact, atol=0.15, rtol=0)


def test_tilted_showers_lean_as_their_direction_says(shared_data):
    with open_showers(shared_data("geant4/ild_photons_tilted.h5")) as reader:
        showers = reader.read(0, 400)
        tilted = (showers.particles.theta > pi / 4) & (showers.particles.theta < pi / 3)
        mean = centre(showers[tilted])
        direction = showers.particles.direction[tilted].mean(dim=0)
        entry = showers.particles.position[0]
        slope = (mean[1] - entry[1]) / (mean[2] - entry[2])
        assert slope == pytest.approx(float(direction[1] / direction[2]), rel=0.05)
        assert mean[0] == pytest.approx(float(entry[0]), abs=0.3)


def centre(showers):
    """Energy-weighted mean position in mm."""
    weight = showers.deposits.double().sum(dim=0)
    return weight @ showers.geometry.cell_centres / weight.sum()


def test_a_conversion_there_and_back_is_equal_bit_by_bit(shared_data, tmp_path):
    with h5py.File(shared_data("geant4/ild_photons_perpendicular.h5")) as file:
        layers, energy = (file[f"30x30/{key}"][:300] for key in ("layers", "energy"))
    with h5py.File(tmp_path / "in", "w") as part:
        part["30x30/layers"], part["30x30/energy"] = layers, energy
    convert(tmp_path / "in", tmp_path / "native")
    convert(tmp_path / "native", tmp_path / "back", to="getting_high")
    with h5py.File(tmp_path / "back") as back:
        assert np.array_equal(back["30x30/layers"], layers)
        assert np.array_equal(back["30x30/energy"], energy)
    with h5py.File(tmp_path / "native") as native:
        hits = len(native["hits/cell"])
    assert (tmp_path / "native").stat().st_size < 4 * hits
