"""The simulator without and with Geant4: what it refuses, what it builds, seeds, dead children."""

import os
import signal
import sys
import threading
import time
from math import pi
from pathlib import Path

import pytest
import torch

from heitler.detectors import MATERIALS, load_detector, parse_detector
from heitler.formats import open_showers
from heitler.particles import IncidentParticles
from heitler.simulators import (
    MeteredSimulator,
    ParticleGun,
    SparseSimulator,
    generate,
)
from heitler.simulators.geant4 import Geant4Simulator, MissingDataError, worker


def sandwich(**changes):
    """3 layers of two silicon planes each, 4 x 6 cells (y, x)."""
    slabs = [
        {"material": "lead", "thickness": 4.0},
        {"material": "silicon", "thickness": 1.0, "active": True},
    ]
    return parse_detector(
        {
            "name": "sandwich",
            "description": "Lead and silicon.",
            "hit_threshold": 0.1,
            "stack": [{"repeat": 6, "slabs": slabs}],
            "planes_per_layer": 2,
            "geometry": {"type": "VoxelGrid", "rows": 4, "columns": 6, "cell": [20.0, 10.0]},
            **changes,
        }
    )


def beam(detector, energy=500.0, count=25, **settings):
    settings = {"impact": detector.impact, "depth": detector.face_z, **settings}
    return IncidentParticles.beam(torch.full((count,), energy), **settings)


@pytest.fixture(scope="module")
def simulator(geant4_data):
    with Geant4Simulator(sandwich(), data=geant4_data) as simulator:
        yield simulator


def same(a, b):
    names = ("offsets", "cells", "energies")
    return all(torch.equal(getattr(a.hits, name), getattr(b.hits, name)) for name in names)


def test_a_detector_without_a_stack_cannot_be_built():
    with pytest.raises(ValueError, match=r"needs a stack of materials; calochallenge_ds1_ph.* no"):
        Geant4Simulator(load_detector("calochallenge_ds1_photons"))


@pytest.mark.parametrize(
    ("edges", "angles"),
    [
        ([[0.0, 1.0, 3.0]], [4]),
        ([[1.0, 2.0, 3.0]], [4]),
        ([[0.0, 1.0, 2.0]] * 3, [4, 4, 8]),
        ([[0.0, 1.0, 2.0], [0.0, 1.0], [0.0, 1.0, 2.0]], [4, 4, 4]),
        ([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 2.0, 4.0]], [4, 4, 4]),
    ],
)
def test_cylindrical_layers_that_differ_or_are_uneven_cannot_be_built(edges, angles):
    cells = {"type": "CylindricalLayers", "radial_edges": edges, "angular_bins": angles}
    with pytest.raises(
        ValueError, match=r"same angles and the same rings of equal width.*not: Cy"
    ):
        Geant4Simulator(sandwich(geometry=cells))


@pytest.mark.geant4
def test_particles_beside_a_disc_are_refused(geant4_data):
    """The corner of its square is inside a box, but not on the disc."""
    cells = {"type": "CylindricalLayers", "radial_edges": [[0.0, 5.0]], "angular_bins": [1]}
    detector = sandwich(geometry=cells)
    with Geant4Simulator(detector, data=geant4_data, margin=5.0) as simulator:
        for impact, ok in (((6.9, 6.9), True), ((7.2, 7.2), False)):
            incident = beam(detector, count=1, impact=impact)
            if ok:
                assert len(simulator.simulate_sparse(incident, seed=1)) == 1
            else:
                with pytest.raises(ValueError, match="must enter the face"):
                    simulator.simulate_sparse(incident, seed=1)


def test_without_data_there_are_three_lines(monkeypatch):
    monkeypatch.delenv("HEITLER_GEANT4_DATA", raising=False)
    with pytest.raises(MissingDataError, match=r"^Geant4 lacks its data.*\n.*\n.*\Z"):
        Geant4Simulator(sandwich())


def test_without_the_bindings_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("heitler.simulators.geant4.simulator.find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"heitler\[geant4\]"):
        Geant4Simulator(sandwich())


@pytest.mark.parametrize("wrong", [{"cut": 0.0}, {"margin": -1.0}])
def test_settings_that_make_no_sense(wrong):
    with pytest.raises(ValueError, match="cut must be positive and margin not negative"):
        Geant4Simulator(sandwich(), **wrong)


@pytest.mark.geant4
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pdg": 211}, r"particle codes \[211\]: hadrons"),
        ({"energy": 1e-4}, "energies of 1 keV to 100000 GeV"),
        ({"depth": 0.0}, "must enter the face of sandwich at z = -7 mm, got particle 0"),
        ({"impact": (300.0, 0.0)}, "must enter the face"),
        ({"theta": -pi / 2}, "must enter the face"),
    ],
)
def test_particles_that_are_refused(wrong, message, simulator):
    with pytest.raises(ValueError, match=message):
        simulator.simulate(beam(simulator.detector, **wrong), seed=1)


@pytest.mark.geant4
def test_a_negative_seed_is_refused(simulator):
    with pytest.raises(ValueError, match="a seed must not be negative, got -1"):
        simulator.simulate(beam(simulator.detector), seed=-1)


@pytest.mark.geant4
def test_it_is_a_simulator_of_both_forms(simulator):
    assert isinstance(simulator, SparseSimulator)
    assert isinstance(simulator, MeteredSimulator)
    incident = beam(simulator.detector, count=3)
    dense = simulator.simulate(incident, seed=2)
    assert torch.equal(
        dense.deposits, simulator.simulate_sparse(incident, seed=2).dense().deposits
    )
    assert len(simulator.simulate_sparse(incident[:0], seed=2)) == 0


@pytest.mark.geant4
def test_the_same_showers_with_any_number_of_workers_and_in_any_part(simulator, geant4_data):
    incident = beam(simulator.detector)
    one = simulator.simulate_sparse(incident, seed=4)
    with Geant4Simulator(simulator.detector, data=geant4_data, workers=2) as pair:
        assert same(pair.simulate_sparse(incident, seed=4), one)
    assert same(simulator.simulate_sparse(incident[:7], seed=4), one[:7])
    other = simulator.simulate_sparse(incident, seed=5)
    sums = torch.cat([s.dense().deposits.double().sum(dim=1) for s in (one, other)])
    assert len(sums[sums > 0].unique()) == int((sums > 0).sum()) > 40


@pytest.mark.geant4
def test_a_child_killed_at_its_work_changes_nothing(simulator, geant4_data, caplog):
    incident = beam(simulator.detector, 5e3, 40)
    with Geant4Simulator(simulator.detector, data=geant4_data) as victim:
        victim.simulate_sparse(incident[:1], seed=1)

        def kill():
            time.sleep(0.15)
            os.kill(victim._children.processes[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        showers = victim.simulate_sparse(incident, seed=6)
        killer.join()
    assert "SIGKILL" in caplog.text
    assert same(showers, simulator.simulate_sparse(incident, seed=6))


@pytest.mark.geant4
def test_particles_go_where_they_should(geant4_data):
    """Off centre in x and y, and leaning towards +x: the axis of the showers says so."""
    cells = {"type": "VoxelGrid", "rows": 40, "columns": 60, "cell": [2.0, 2.0]}
    detector = sandwich(geometry=cells, planes_per_layer=1)
    impact, theta, phi = (-12.0, -15.0), pi / 3, 0.0
    incident = beam(detector, 1e3, 60, impact=impact, theta=theta, phi=phi)
    with Geant4Simulator(detector, data=geant4_data) as simulator:
        deposits = simulator.simulate(incident, seed=7).deposits.double().sum(dim=0)
    centres = detector.geometry.cell_centres
    for layer in range(1, 6):
        here = detector.geometry.layer_of_cell == layer
        weights = deposits[here] / deposits[here].sum()
        x, y, z = (weights[:, None] * centres[here]).sum(dim=0).tolist()
        assert x == pytest.approx(impact[0] + (z - detector.face_z) / 3**0.5, abs=1.5)
        assert y == pytest.approx(impact[1], abs=1.5)


@pytest.mark.geant4
def test_planes_of_a_layer_are_summed(simulator, geant4_data):
    """The same seeds give the same showers, read out plane by plane or two by two."""
    fine = sandwich(planes_per_layer=1)
    with Geant4Simulator(fine, data=geant4_data) as other:
        planes = other.simulate(beam(fine), seed=8).grid.double()
    pairs = simulator.simulate(beam(simulator.detector), seed=8).grid.double()
    torch.testing.assert_close(planes.unflatten(1, (3, 2)).sum(dim=2), pairs, rtol=1e-5, atol=1e-6)


@pytest.mark.geant4
def test_missing_elements_are_found_beforehand(geant4_data, tmp_path):
    for part in geant4_data.iterdir():
        (tmp_path / part.name).symlink_to(part)
    (tmp_path / "G4EMLOW").unlink()
    (tmp_path / "G4EMLOW" / "brem_SB").mkdir(parents=True)
    with pytest.raises(MissingDataError, match="br6 is missing"):
        Geant4Simulator(sandwich(), data=tmp_path)


@pytest.mark.geant4
def test_every_material_has_the_elements_that_geant4_says(geant4_data):
    """The children compare them."""
    slabs = [{"material": name, "thickness": 1.0} for name in MATERIALS]
    slabs.append({"material": "silicon", "thickness": 1.0, "active": True})
    detector = sandwich(stack=[{"slabs": slabs}], planes_per_layer=1)
    with Geant4Simulator(detector, data=geant4_data) as simulator:
        assert simulator.provenance()["geant4"].startswith("11.")


@pytest.mark.geant4
def test_elements_that_geant4_does_not_confirm_are_an_error(geant4_data):
    with Geant4Simulator(sandwich(), data=geant4_data) as simulator:
        elements = {**simulator._setup.elements, "G4_Pb": (1,)}
        simulator._children._setup = simulator._setup._replace(elements=elements).message
        with pytest.raises(ChildProcessError, match=r"G4_Pb has the elements \(82,\), not \(1,\)"):
            simulator.provenance()


@pytest.mark.geant4
@pytest.mark.parametrize("command", [*worker.COMMANDS[1:], "/run/setCut"])
def test_commands_that_do_not_take_are_an_error(command, geant4_data, tmp_path, monkeypatch):
    """Geant4 ignores a command that it does not know: reading back finds out."""
    monkeypatch.setattr("heitler.simulators.geant4.children.TRIES", 1)
    program = tmp_path / "worker.py"
    text = Path(worker.__file__).read_text()
    assert command in text
    program.write_text(text.replace(command, command.replace("/", "/misspelt/", 1)))
    with Geant4Simulator(sandwich(), data=geant4_data) as simulator:
        simulator._children._command = [sys.executable, "-P", str(program)]
        with pytest.raises(ChildProcessError, match="Geant4 has"):
            simulator.provenance()


@pytest.mark.geant4
def test_files_say_what_a_shower_cost_and_how_it_was_made(simulator, tmp_path):
    gun = ParticleGun(simulator.detector, (200.0, 500.0))
    path = generate(
        simulator,
        gun,
        tmp_path / "out.h5",
        number=12,
        seed=1,
        provenance=simulator.provenance(),
        progress=False,
    )
    with open_showers(path) as reader:
        said = reader.provenance
    assert 1e-4 < said["geant4_cpu_seconds_per_shower"] < 0.1
    assert said["simulation"].startswith("Geant4 11.")
    assert said["production_cut_mm"] == 0.7
    assert "/process/msc/StepLimit UseSafety" in said["geant4_commands"]
    assert len(said["geant4_data_sha256"]) == 64
