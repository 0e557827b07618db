"""Steps that other programs could have written, without data from outside."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heitler.detectors import load_detector
from heitler.formats import open_showers, recognise
from heitler.formats.steps import Steps, merge_within_cell


def cell(layer=1, x=0, y=0, system=16):
    return system | 10 << 11 | layer << 16 | (x & 0xFFFF) << 32 | (y & 0xFFFF) << 48


@pytest.fixture
def write(tmp_path):
    """`write(event_id=..., ...)`: a file of steps of two photons."""

    def make(without=(), events=(3, 5), **columns):
        steps = {
            "event_id": [3, 3, 3, 5],
            "cell_id": [cell(1), cell(1), cell(2, 1, -1), cell(48, x=99)],
            "energy": [0.001, 0.002, 0.004, 0.008],
            **columns,
        }
        kinds = {"event_id": "i4", "cell_id": "u8", "energy": "f4"}
        with h5py.File(tmp_path / "steps", "w") as file:
            for key in steps.keys() - set(without):
                file[f"steps/{key}"] = np.array(steps[key], dtype=kinds[key])
            count = len(events)
            file["primary/event_id"] = np.array(events, dtype="i4")
            file["primary/pdg"] = np.full(count, 22, dtype="i4")
            file["primary/momentum"] = np.tile(np.float32([0.0, 20.0, 0.0]), (count, 1))
            file["primary/vertex"] = np.tile(np.float32([0.0, 1250.0, 0.0]), (count, 1))
        return tmp_path / "steps"

    return make


def test_steps_go_to_their_cells(write):
    with open_showers(write()) as reader:
        showers = reader.read(0, 2)
        assert showers.detector == load_detector("odd_ecal")
        assert showers.grid[0, 0, 25, 25].item() == pytest.approx(3.0)
        assert showers.grid[0, 1, 24, 26].item() == pytest.approx(4.0)
        assert showers.deposits.double().sum(dim=1).tolist() == pytest.approx([7.0, 0.0])
        assert reader.left_out["points"] == 1
        assert reader.left_out["energy"] == pytest.approx(8.0)
        assert reader.particles.energy.tolist() == pytest.approx([2e4, 2e4])
        assert len(reader.read(1, 9)) == 1


def test_an_event_without_steps_is_an_empty_shower(write):
    with open_showers(write(events=(1, 3, 5))) as reader:
        assert reader.read(0, 3).deposits.double().sum(dim=1).tolist() == pytest.approx([0, 7, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"without": ["cell_id"]}, "steps without 'cell_id' cannot be summed"),
        ({"event_id": [5, 3, 3, 3]}, "by rising event"),
        ({"events": (5, 3)}, "by rising event"),
        ({"event_id": [3, 3, 4, 5]}, "no primary particle"),
        ({"cell_id": [100, 100, 101, 7]}, "not those of one detector of the catalogue"),
    ],
)
def test_what_cannot_be_read(change, message, write):
    path = write(**change)
    assert recognise(path) == ["step2point"]
    with pytest.raises(ValueError, match=message):
        open_showers(path)


@pytest.mark.parametrize("energy", [-1.0, np.nan])
def test_energies_must_be_energies(energy, write):
    with (
        open_showers(write(energy=[energy, 1, 1, 1])) as reader,
        pytest.raises(ValueError, match="finite and not negative"),
    ):
        reader.read(0, 1)


def test_a_given_detector_needs_a_readout_and_a_given_particle_is_too_much(write):
    path = write()
    with pytest.raises(ValueError, match="ild_ecal does not say how its cells are numbered"):
        open_showers(path, detector=load_detector("ild_ecal"))
    with pytest.raises(ValueError, match="leave the particle out"):
        open_showers(path, pdg=22)
    with open_showers(path, detector=load_detector("odd_ecal")) as reader:
        assert "assumed" not in reader.provenance


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.floats(0.0, 10.0))))
def test_merging_conserves_energy_and_means(entries):
    event, ids, energy = np.array(entries, dtype=np.float64).reshape(-1, 3).T
    position = np.stack([energy, ids, event], axis=1)
    steps = Steps(event.astype(np.int64), ids.astype(np.uint64), energy, position, energy)
    merged = merge_within_cell(steps)
    assert list(zip(merged.event, merged.cell_id, strict=True)) == sorted(
        {(int(e), int(i)) for e, i in zip(event, ids, strict=True)}
    )
    for number in range(3):
        of_steps, of_cells = steps.event == number, merged.event == number
        assert merged.energy[of_cells].sum() == pytest.approx(energy[of_steps].sum())
        assert (merged.energy * merged.time)[of_cells].sum() == pytest.approx(
            (energy * steps.time)[of_steps].sum()
        )
    # All steps of a cell have its number and its event as position: so do their means.
    np.testing.assert_allclose(merged.position[:, 1], merged.cell_id.astype(float))
    np.testing.assert_allclose(merged.position[:, 2], merged.event)
