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


@pytest.mark.parametrize(("first", "known"), [(0, True), (1, False)])
def test_layer_numbers_belong_to_a_published_binning(first, known, tmp_path):
    edges = ",".join(f"{4.65 * ring:g}" for ring in range(10))
    layers = "".join(
        f'<Layer id="{first + number}" r_edges="{edges}" n_bin_alpha="16"/>'
        for number in range(45)
    )
    (tmp_path / "b.xml").write_text(f'<Bins><Bin pid="11" name="e">{layers}</Bin></Bins>')
    detector, _ = read_binning(tmp_path / "b.xml")
    assert (detector.name == "calochallenge_ds2") == known
