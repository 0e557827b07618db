"""Opening files of unknown origin."""

import h5py
import numpy as np
import pytest

from heitler.detectors import load_detector
from heitler.formats import create_showers, open_showers


@pytest.fixture
def path(toy_showers, tmp_path):
    showers = toy_showers()
    with create_showers(tmp_path / "x.h5", showers.detector, convention="getting_high") as writer:
        writer.write(showers)
    return tmp_path / "x.h5"


def unlabelled(path):
    with h5py.File(path, "a") as file:
        del file.attrs["heitler_detector"]
    return path


def test_a_truncated_file(path):
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2])
    with pytest.raises(ValueError, match=rf"truncated.*: {size // 2} of {size} bytes are there"):
        open_showers(path)


@pytest.mark.parametrize("content", [b"", b"showers", b"\x89HDF\r\n\x1a\n", b"root"])
def test_what_is_not_hdf5(content, tmp_path):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match=r"is not an HDF5 file|truncated or damaged"):
        open_showers(tmp_path / "x")


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(OSError, match="there is no such file"):
        open_showers(tmp_path / "x")
    with pytest.raises(OSError, match="it is a folder"):
        open_showers(tmp_path)


def test_an_unknown_layout_lists_keys_and_conventions(tmp_path):
    with h5py.File(tmp_path / "x", "w") as file:
        file["something"] = [1]
    with pytest.raises(ValueError, match=r"keys are 'something'; known are native: .*showerdata"):
        open_showers(tmp_path / "x")


def test_an_ambiguous_layout_lists_the_candidates(path):
    with h5py.File(path, "a") as file:
        file["showers"] = np.zeros((8, 60), dtype=np.float32)
        file["incident_energies"] = np.ones((8, 1))
    with pytest.raises(ValueError, match=r"several conventions: getting_high, calochallenge"):
        open_showers(path)
    with open_showers(path, convention="calochallenge") as reader:
        assert reader.convention == "calochallenge"


def test_a_convention_that_does_not_fit_or_exist(path):
    with pytest.raises(ValueError, match=r"is not a threedgan file.*looks like getting_high"):
        open_showers(path, convention="threedgan")
    with pytest.raises(ValueError, match="unknown convention 'root'; known are native"):
        open_showers(path, convention="root")


def test_cells_of_no_known_detector(path):
    with pytest.raises(ValueError, match=r"4 x 5 x 3 cells and does not state.*no detector"):
        open_showers(unlabelled(path))


def test_a_detector_with_other_cells(path):
    message = r"holds 4 x 5 x 3 cells, but detector ild_ecal has 30 x 30 x 30"
    with pytest.raises(ValueError, match=message):
        open_showers(unlabelled(path), detector=load_detector("ild_ecal"))


def test_a_given_detector(path, toy_detector):
    with open_showers(unlabelled(path), detector=toy_detector) as reader:
        assert reader.detector is toy_detector
        assert "assumed" not in reader.provenance


def test_attributes_of_other_programs_are_provenance(path):
    with h5py.File(path, "a") as file:
        file.attrs["note"] = np.bytes_(b"by someone")
        file.attrs["list"] = np.arange(2)
        file.attrs["empty"] = h5py.Empty("f4")
    with open_showers(path) as reader:
        wanted = {"note": "by someone", "list": [0, 1], "empty": None}
        assert wanted.items() <= reader.provenance.items()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("layers", np.nan, r"x\.h5, showers 4 to 7: .*not negative, got nan MeV in cell 0"),
        ("layers", -1.0, "not negative, got -1.0 MeV"),
        ("energy", -5.0, r"x\.h5: incident energies must be positive .* got -5000.0 MeV"),
    ],
)
def test_values_that_make_no_sense_name_the_file(path, key, value, message):
    with h5py.File(path, "a") as file:
        data = file[f"5x3/{key}"]
        data[(6, *[0] * (data.ndim - 1))] = value

    def read():
        with open_showers(path) as reader:
            list(reader.batches(4))

    with pytest.raises(ValueError, match=message):
        read()


def test_provenance_cannot_make_a_file_look_like_another(toy_detector, toy_showers, tmp_path):
    provenance = {"showerdata_version": "0.7.0", "heitler_detector": "mine"}
    with create_showers(tmp_path / "x", toy_detector, provenance=provenance) as writer:
        writer.write(toy_showers())
    with open_showers(tmp_path / "x") as reader:
        assert reader.convention == "native"
        assert reader.detector == toy_detector
        assert reader.provenance == provenance
