"""heitler's own files."""

import h5py
import numpy as np
import pytest
import torch

from heitler.detectors import load_detector
from heitler.formats import create_showers, open_showers
from heitler.formats.native import NativeWriter
from heitler.hits import Hits
from heitler.showers import SparseShowers


@pytest.fixture
def path(toy_showers, tmp_path):
    showers = toy_showers()
    with create_showers(tmp_path / "x.h5", showers.detector) as writer:
        writer.write(showers)
    return tmp_path / "x.h5"


def test_hits_are_stored_sparsely(path, toy_showers):
    deposits = toy_showers().deposits.numpy()
    with h5py.File(path) as file:
        hits = file["hits"]
        assert hits["cell"].dtype == np.uint16
        assert hits["energy"].dtype == np.float32
        assert len(hits["cell"]) == len(hits["energy"]) == np.count_nonzero(deposits)
        assert np.diff(hits["offset"]).tolist() == np.count_nonzero(deposits, axis=1).tolist()


def test_a_hit_takes_at_most_8_bytes_on_disk(toy_showers, tmp_path):
    showers = toy_showers(load_detector("ild_ecal"), 20)
    with create_showers(tmp_path / "x.h5", showers.detector) as writer:
        writer.write(showers)
    hits = int((showers.deposits > 0).sum())
    assert (tmp_path / "x.h5").stat().st_size < 8 * hits


def test_more_than_65536_cells_have_wider_indices(toy_showers, tmp_path):
    from heitler.detectors import parse_detector

    definition = {
        "name": "large",
        "description": "A cell more than 16 bits can number.",
        "hit_threshold": 0.0,
        "geometry": {
            "type": "VoxelGrid",
            "rows": 2**16 + 1,
            "columns": 1,
            "cell": [1, 1],
            "layer_z": [0],
        },
    }
    showers = toy_showers(parse_detector(definition), 1)
    showers.deposits[0, -1] = 1.0
    with create_showers(tmp_path / "x.h5", showers.detector) as writer:
        writer.write(showers)
    with open_showers(tmp_path / "x.h5") as reader:
        assert torch.equal(reader.read(0, 1).deposits, showers.deposits)


def test_the_file_describes_its_detector(path, toy_detector):
    with open_showers(path) as reader:
        assert reader.detector.definition == toy_detector.definition
        assert reader.detector.impact == toy_detector.impact


def test_an_incomplete_file_is_recognised(toy_showers, tmp_path):
    showers = toy_showers()
    writer = NativeWriter(tmp_path / "x.h5", showers.detector, {})
    writer.write(showers)
    writer.abandon()
    with pytest.raises(ValueError, match=r"x\.h5: the file was not completed; make it again"):
        open_showers(tmp_path / "x.h5")


def test_a_later_version_is_refused(path):
    with h5py.File(path, "a") as file:
        file.attrs["heitler_format"] = "showers 99"
    with pytest.raises(ValueError, match="version 99 of the layout"):
        open_showers(path)


@pytest.mark.parametrize("key", ["hits/offset", "hits/energy", "particles/pdg"])
def test_a_missing_data_set_is_named(path, key):
    with h5py.File(path, "a") as file:
        del file[key]
    with pytest.raises(ValueError, match=key.split("/")[1]), open_showers(path) as reader:
        reader.read(0, 2)


def test_a_cell_that_does_not_exist_is_damage(path):
    with h5py.File(path, "a") as file:
        file["hits/cell"][0] = 60
    with open_showers(path) as reader, pytest.raises(ValueError, match=r"x\.h5, .*damaged"):
        reader.read(0, 2)
    with open_showers(path) as reader, pytest.raises(ValueError, match=r"x\.h5, .* got 60 in"):
        reader.read_sparse(0, 2)


def test_the_particle_is_in_the_file(path):
    with pytest.raises(ValueError, match="states its particles itself"):
        open_showers(path, pdg=11)


def test_another_detector_is_refused(path):
    with pytest.raises(ValueError, match="made for detector toy, whose cells are not clic_ecal's"):
        open_showers(path, detector=load_detector("clic_ecal"))


def shuffled(showers):
    """The same sparse showers with the hits of each in another order."""
    hits = showers.hits
    order = torch.arange(hits.cells.numel()).flip(0)
    order = order[hits.showers[order].argsort(stable=True)]
    mixed = Hits(hits.offsets, hits.cells[order], hits.energies[order])
    return SparseShowers(mixed, showers.particles, showers.detector)


def test_files_are_the_same_whatever_the_form_of_the_showers(toy_showers, tmp_path):
    showers = toy_showers()
    forms = {"dense": showers, "sparse": showers.sparse(), "mixed": shuffled(showers.sparse())}
    assert not torch.equal(forms["mixed"].hits.cells, forms["sparse"].hits.cells)
    for name, form in forms.items():
        with create_showers(tmp_path / name, showers.detector) as writer:
            writer.write(form[:3])
            writer.write(form[3:])
    contents = {name: (tmp_path / name).read_bytes() for name in forms}
    assert contents["dense"] == contents["sparse"] == contents["mixed"]


def test_sparse_showers_are_written_without_making_them_dense(toy_showers, tmp_path, monkeypatch):
    showers = toy_showers().sparse()
    with monkeypatch.context() as patch:
        patch.setattr(SparseShowers, "dense", None)
        patch.setattr(Hits, "dense", None)
        with create_showers(tmp_path / "x.h5", showers.detector) as writer:
            writer.write(showers)
        with open_showers(tmp_path / "x.h5") as reader:
            again = reader.read_sparse(0, len(reader))
    assert torch.equal(again.hits.offsets, showers.hits.offsets)
    assert torch.equal(again.hits.cells, showers.hits.cells)
    assert torch.equal(again.hits.energies, showers.hits.energies)


def test_a_cell_that_comes_twice_is_not_written(toy_showers, tmp_path):
    showers = toy_showers(count=1)
    hits = Hits(torch.tensor([0, 2]), torch.tensor([7, 7]).int(), torch.ones(2))
    with (
        pytest.raises(ValueError, match="shower 0 has 1 cells twice, such as cell 7"),
        create_showers(tmp_path / "x.h5", showers.detector) as writer,
    ):
        writer.write(SparseShowers(hits, showers.particles, showers.detector))
    assert not list(tmp_path.iterdir())
