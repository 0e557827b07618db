"""Files of the CaloChallenge and their binning."""

import h5py
import numpy as np
import pytest

from heitler.detectors import detector_names
from heitler.formats import open_showers, read_binning

XML = """<Bins>
  <Bin pid="11" name="electron">
    <Layer id="0" r_edges="0,5,10" n_bin_alpha="4" />
    <Layer id="1" r_edges="0" n_bin_alpha="1"/>
    <Layer id="3" r_edges="2,7" n_bin_alpha="1"/>
  </Bin>
  <Bin pid="22" name="photon"><Layer id="0" r_edges="0,5" n_bin_alpha="1"/></Bin>
</Bins>"""


@pytest.mark.parametrize(
    ("voxels", "name", "pdg"),
    [
        (368, "calochallenge_ds1_photons", 22),
        (533, "calochallenge_ds1_pions", 211),
        (6480, "calochallenge_ds2", 11),
        (40500, "calochallenge_ds3", 11),
    ],
)
def test_the_number_of_voxels_tells_the_data_set(voxels, name, pdg, tmp_path):
    showers = np.random.default_rng(1).random((3, voxels))
    with h5py.File(tmp_path / "x", "w") as file:
        file["showers"] = showers
        file["incident_energies"] = [[256.0], [1e3], [4e6]]
    with open_showers(tmp_path / "x") as reader:
        assert reader.detector.name == name
        assert reader.particles.energy.tolist() == [256.0, 1e3, 4e6]
        assert reader.particles.pdg.tolist() == [pdg] * 3
        assert np.array_equal(reader.read(0, 3).deposits, showers.astype(np.float32))


@pytest.fixture
def binning(tmp_path):
    path = tmp_path / "binning.xml"
    path.write_text(XML)
    return path


@pytest.mark.parametrize("particle", ["electron", "11"])
def test_a_binning_is_a_detector(binning, particle):
    detector, pdg = read_binning(binning, particle)
    assert pdg == 11
    assert detector.name not in detector_names()
    assert detector.geometry.layer_ids == (0, 3)
    assert detector.geometry.layer_sizes == (8, 1)
    assert [edges.tolist() for edges in detector.geometry.radial_edges] == [[0, 5, 10], [2, 7]]


def test_a_particle_must_select_one_bin(binning):
    with pytest.raises(ValueError, match=r"binning\.xml: .*electron \(11\), photon \(22\)"):
        read_binning(binning)
    with pytest.raises(ValueError, match="expected one 'kaon'"):
        read_binning(binning, "kaon")


@pytest.mark.parametrize(
    "text",
    ["", "no xml", "<Bins/>", '<Bins><Bin pid="1"><Layer id="0" n_bin_alpha="1"/></Bin></Bins>'],
)
def test_what_is_no_binning_is_named(text, tmp_path):
    path = tmp_path / "b.xml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"b\.xml"):
        read_binning(path)
