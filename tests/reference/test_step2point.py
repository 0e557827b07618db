"""Third-party showers with steps: ten photons of 10 GeV in the Open Data Detector.

Expected values are those of the data's README; sums are made here with plain numpy.
"""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import torch

from heitler.cli import main
from heitler.formats import open_showers, recognise
from heitler.formats.steps import merge_within_cell

pytest.importorskip("uproot", reason="needs heitler[root]")

NAME = "third_party/step2point/ODD_gamma_10ev_theta90deg_phi0deg_posX0mmY1250mmZ0mm_10GeV"
ENERGIES = [0.2820, 0.2555, 0.2512, 0.2731, 0.2415, 0.2539, 0.2543, 0.2766, 0.2642, 0.2755]
STEPS = [3604, 3700, 3480, 3844, 3288, 3337, 3419, 3617, 3855, 3676]
CELLS = [365, 367, 375, 370, 356, 349, 338, 358, 354, 372]


@pytest.fixture(scope="module")
def files(shared_data):
    ends = {"steps": ".h5", "merged": "_merge_within_cell_reference.h5", "root": "_edm4hep.root"}
    return {key: shared_data(NAME + end) for key, end in ends.items()}


@pytest.fixture(scope="module")
def table(files):
    """The columns of the steps, read without heitler."""
    with h5py.File(files["steps"]) as file:
        return {key: column[...] for key, column in file["steps"].items()}


def columns(path):
    with open_showers(path) as reader:
        return reader.read_steps()


def one_by_one(path):
    """The deposits of each shower, and what the reader left out of it, in MeV."""
    with open_showers(path) as reader:
        rows, left = [], []
        for index in range(len(reader)):
            before = reader.left_out["energy"]
            rows.append(reader.read(index, index + 1).deposits[0])
            left.append(reader.left_out["energy"] - before)
        return torch.stack(rows), np.array(left)


def test_the_conventions_are_recognised(files):
    assert recognise(files["steps"]) == recognise(files["merged"]) == ["step2point"]
    assert recognise(files["root"]) == ["edm4hep"]


@pytest.mark.parametrize("kind", ["steps", "merged", "root"])
def test_the_energy_of_every_event_is_accounted_for(kind, files, table):
    deposits, left = one_by_one(files[kind])
    sums = deposits.double().sum(dim=1).numpy() + left
    assert np.round(sums / 1e3, 4).tolist() == ENERGIES
    expected = np.bincount(table["event_id"], table["energy"].astype(np.float64)) * 1e3
    np.testing.assert_allclose(sums, expected, rtol=1e-6)


def test_root_and_hdf5_give_the_same_showers(files):
    (steps, _), (merged, _), (root, _) = (one_by_one(files[key]) for key in files)
    np.testing.assert_allclose(merged, steps, rtol=2e-7, atol=0)
    np.testing.assert_allclose(root, steps, rtol=3e-6, atol=0)
    ecal = [deposits.double().sum(dim=1) for deposits in (steps, root)]
    torch.testing.assert_close(*ecal, rtol=1e-6, atol=0)


def test_particles_are_the_same_and_tilted_a_little(files):
    with open_showers(files["steps"]) as first, open_showers(files["root"]) as second:
        for particles in (first.particles, second.particles):
            assert particles.pdg.tolist() == [22] * 10
            assert particles.energy[0] == pytest.approx(1e4 * np.hypot(1.0, 0.015001126), rel=1e-6)
            # px / py = 0.015, and the columns run along -X.
            assert particles.direction[0].tolist() == pytest.approx([-0.015, 0.0, 1.0], abs=2e-4)
            assert particles.position[0].tolist() == pytest.approx([-0.036, 0.0, 0.0], abs=1e-4)


def test_merging_gives_the_cells_of_the_reference(files):
    steps, reference = columns(files["steps"]), columns(files["merged"])
    merged = merge_within_cell(steps)
    order = np.lexsort((reference.cell_id, reference.event))
    assert len(merged.event) == len(reference.event) == 3604
    assert np.array_equal(merged.event, reference.event[order])
    assert np.array_equal(merged.cell_id, reference.cell_id[order])
    np.testing.assert_allclose(merged.energy, reference.energy[order], rtol=6.1e-8)
    np.testing.assert_allclose(merged.position, reference.position[order], atol=1.3e-4, rtol=0)
    np.testing.assert_allclose(merged.time, reference.time[order], rtol=1.1e-7)
    assert np.bincount(steps.event).tolist() == STEPS
    assert np.bincount(merged.event).tolist() == CELLS


def test_what_is_left_out_is_what_lies_elsewhere(files, table):
    with open_showers(files["steps"]) as reader:
        list(reader.batches(3))
        left = reader.left_out
    assert left["points in other subdetectors"] == (table["subdetector"] == 2).sum() == 56
    assert left["energy in other subdetectors"] == pytest.approx(5.7, abs=0.01)
    ids = table["cell_id"].view(np.int64)
    x, y, module = (ids << 16) >> 48, ids >> 48, (ids >> 11) & 15
    inside = (table["subdetector"] == 0) & (module == 10) & (abs(x) <= 25) & (abs(y) <= 25)
    assert left["points"] == (~inside).sum()
    assert left["energy"] == pytest.approx(table["energy"][~inside].sum() * 1e3, rel=1e-6)


def test_the_layers_are_those_of_the_cell_ids(files, table):
    with open_showers(files["steps"]) as reader:
        profile = reader.read(0, 10).grid.double().sum(dim=(0, 2, 3))
        assert reader.detector.geometry.layers == 48
    layer = (table["cell_id"].astype(np.int64) >> 16) & 63
    ecal = table["subdetector"] == 0
    expected = np.bincount(layer[ecal], table["energy"][ecal].astype(float), 49)[1:] * 1e3
    np.testing.assert_allclose(profile, expected, atol=1.0)  # 0.7 MeV lie beyond the grid
    assert int(profile.argmax()) + 1 in {15, 16}


def test_the_verb_says_what_it_left_out(files, tmp_path, capsys):
    target = tmp_path / "odd.h5"
    assert main(["convert", str(files["steps"]), str(target), "--to", "native"]) == 0
    said = capsys.readouterr().out
    assert "10 showers of odd_ecal" in said
    assert "69 points with 0.00641824 GeV" in said
    assert "points in other subdetectors: 56" in said
    with open_showers(target) as reader:
        assert reader.provenance["conversions"][0]["left_out"]["points"] == 69
        assert "times and positions" in reader.provenance["cells"]


def test_the_report_of_the_same_showers_in_two_formats(files, tmp_path, capsys):
    report = tmp_path / "report"
    assert main(["validate", str(files["steps"]), str(files["root"]), "-o", str(report)]) == 0
    said = capsys.readouterr()
    assert "100% of its showers are showers of the reference" in said.err
    found = json.loads((report / "metrics.json").read_text())
    assert [len(found["rows"]), found["reference"]["showers"]] == [0, 10]
    means = {row["observable"]: row for row in found["means"]}
    # What lies beyond the grid, 0.6 MeV a shower, is left out.
    expected = pytest.approx(1e3 * np.mean(ENERGIES), abs=1.0)
    assert means["visible_energy"]["reference"]["value"] == expected
    assert max(abs(row["difference"]["value"]) for row in means.values()) < 1e-5
