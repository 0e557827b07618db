"""The published binning files against the catalogue."""

import pytest
import torch

from heitler.detectors import load_detector
from heitler.formats import read_binning


@pytest.mark.parametrize(
    ("file", "particle", "name", "voxels", "layers", "pdg"),
    [
        ("1_photons", "photon", "calochallenge_ds1_photons", 368, 5, 22),
        ("1_pions", "pion", "calochallenge_ds1_pions", 533, 7, 211),
        ("2", None, "calochallenge_ds2", 6480, 45, 11),
        ("3", None, "calochallenge_ds3", 40500, 45, 11),
    ],
)
def test_published_voxels(file, particle, name, voxels, layers, pdg, shared_data, monkeypatch):
    path = shared_data(f"third_party/calochallenge/binning_dataset_{file}.xml")
    detector, code = read_binning(path, particle)
    assert (detector.name, code) == (name, pdg)
    # The file alone, without the catalogue to fall back on.
    monkeypatch.setattr("heitler.formats.binning.detector_names", list)
    alone = read_binning(path, particle).detector.geometry
    known = load_detector(name).geometry
    assert (alone.cells, alone.layers) == (voxels, layers)
    assert alone.layer_ids == known.layer_ids
    assert alone.angular_bins == known.angular_bins
    assert all(map(torch.equal, alone.radial_edges, known.radial_edges))
    assert torch.equal(alone.cell_centres[:, :2], known.cell_centres[:, :2])
