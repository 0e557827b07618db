"""Point clouds: points to cells."""

import h5py
import numpy as np
import pytest

from heitler.formats import open_showers


@pytest.fixture
def write(tmp_path):
    def make(points, features=4):
        with h5py.File(tmp_path / "x", "w") as file:
            file.attrs["showerdata_version"] = "0.7.0"
            clouds = file.create_dataset("showers", (1,), h5py.vlen_dtype(np.float32))
            clouds[0] = np.asarray(points, dtype=np.float32).reshape(-1)
            file["shape"] = np.array([1, len(points), features])
            file["energies"] = np.array([[20.0]], dtype=np.float32)
            file["directions"] = np.array([[0.0, 0.6, 0.8]], dtype=np.float32)
            file["pdg"] = np.array([211], dtype=np.int32)
        return tmp_path / "x"

    return make


def test_points_are_summed_in_their_cells(write, toy_detector):
    # Rows of 10 mm centred on 0: y = 24 is row 4 of 5, x = -6 is column 0 of 3.
    path = write([[-6, 24, 2, 0.25], [-14, 16, 2, 0.5], [0, 0, 0, 1.0], [0, 0, 0, 0]])
    with open_showers(path, detector=toy_detector) as reader:
        grid = reader.read(0, 1).grid[0]
        assert grid[2, 4, 0] == 750.0
        assert grid[0, 2, 1] == 1000.0
        assert grid.count_nonzero() == 2
        assert reader.particles.energy.tolist() == [20000.0]
        assert reader.particles.pdg.tolist() == [211]
        assert reader.particles.direction[0].tolist() == pytest.approx([0, 0.6, 0.8])
        assert reader.left_out == {"points": 0, "energy": 0.0}


def test_points_outside_are_counted(write, toy_detector):
    # Outside in y, before the first layer, behind the last, and one of no energy (padding).
    points = [[0, 26, 0, 1], [0, 0, -1, 2], [0, 0, 4, 4], [0, 0, 9, 0], [0, 0, 1, 8]]
    with open_showers(write(points), detector=toy_detector) as reader:
        assert reader.read(0, 1).deposits.sum() == 8000.0
        assert reader.left_out == {"points": 3, "energy": 7000.0}


def test_time_is_skipped(write, toy_detector):
    points = [[0, 0, 0, 1, 99], [0, 0, 1, 2, 99]]
    with open_showers(write(points, features=5), detector=toy_detector) as reader:
        assert reader.read(0, 1).grid[0, :, 2, 1].tolist() == [1000.0, 2000.0, 0.0, 0.0]


@pytest.mark.parametrize("energy", [-1.0, np.nan, np.inf])
def test_energies_that_make_no_sense_are_refused(write, energy, toy_detector):
    path = write([[0, 0, 0, energy], [0, 0, 0, 5.0]])
    with (
        open_showers(path, detector=toy_detector) as reader,
        pytest.raises(ValueError, match="energies of points must be finite and not negative"),
    ):
        reader.read(0, 1)


def test_points_fit_any_detector_so_it_must_be_given(write):
    with pytest.raises(ValueError, match=r"holds points .* say which .* clic_ecal, .*ild_ecal"):
        open_showers(write([[0, 0, 0, 1]]))


def test_incident_particles_alone_are_no_showers(write, toy_detector):
    path = write([[0, 0, 0, 1]])
    with h5py.File(path, "a") as file:
        del file["showers"]
    with pytest.raises(ValueError, match="incident particles only"):
        open_showers(path, detector=toy_detector)


def test_the_third_coordinate_counts_layers_as_the_package_does(write, toy_detector):
    # Its observables take the integer part of z + 0.1.
    points = [[0, 0, 0.7, 1], [0, 0, 0.95, 2], [0, 0, 3.8, 4]]
    with open_showers(write(points), detector=toy_detector) as reader:
        assert reader.read(0, 1).grid[0, :, 2, 1].tolist() == [1000.0, 2000.0, 0.0, 4000.0]
